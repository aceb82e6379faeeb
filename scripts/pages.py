#!/usr/bin/env python3
"""pages.py: writes what README.md, docs/performance.md, docs/scaling.md and docs/separation.md have of
the reference run, between <!-- NAME, of the reference run --> and <!-- end -->, from the run's tables;
and the numbers in docs/separation.md's sentences (pages_separation.py).
usage: pages.py RUN [PAGE ...] [--check]     (a folder; --check: 1 where a page says something else)
"""

import csv
import functools
import json
import os
import re
import sys
import textwrap

sys.dont_write_bytecode = True
from report import study  # noqa: E402

sys.dont_write_bytecode = True  # the folder may belong to somebody else
import pages_separation  # noqa: E402
import pages_strangers  # noqa: E402
from run_files import Files, Unusable, write_whole  # noqa: E402

HERE = os.path.dirname(os.path.abspath(__file__))
PAGES = [os.path.join(os.path.dirname(HERE), name)
         for name in ("README.md", "docs/performance.md", "docs/separation.md", "docs/scaling.md")]
NAMES = {"avx512": "AVX-512", "avx2": "AVX2", "neon": "NEON", "scalar": "scalar"}


def fail(message, status=1):
    print(f"pages.py: {message}", file=sys.stderr)
    sys.exit(status)


def rows_of(run, name):
    """A table's rows as dictionaries; the first two columns of series are `series` and `kind`."""
    path = os.path.join(run, "tables", name + ".tsv")
    try:
        with open(path, encoding="utf-8") as stream:
            lines = [line for line in stream.read().split("\n") if line]
    except OSError as error:
        fail(f"{path}: cannot read: {error.strerror}")
    lines[0] = lines[0].lstrip("#")
    return list(csv.DictReader(lines, delimiter="\t"))


table = pages_separation.table


def ratio(value):
    return "%.2f" % value if value < 10 else "%.0f" % value


def with_interval(row, name):
    if row is None or row.get(name, "-") in ("NaN", "-"):
        return ""
    middle, low, high = (float(row[name + end]) for end in ("", "_low", "_high"))
    return f"{ratio(middle)} ({ratio(low)}–{ratio(high)})"


def plain(row, name):
    return "" if row is None or row[name] in ("NaN", "-") else ratio(float(row[name]))


# ---- README.md -----------------------------------------------------------------------------------

def headline(run):
    """What a person can repeat, with machine and intervals."""
    try:
        with open(os.path.join(run, "machine.json"), encoding="utf-8") as stream:
            machine = json.load(stream)
    except (OSError, ValueError) as error:
        fail(f"{run}/machine.json: cannot read: {error}")
    row = next(row for row in rows_of(run, "summary") if row["loss"] == "arcface")
    sizes = re.search(r"N:(\d+)/D:(\d+)/C:(\d+)", row["case"])
    cost = ["%+.1f" % (100 * (float(row["vs_normsoftmax" + end]) - 1)) for end in ("", "_low", "_high")]
    promises = rows_of(run, "promises")
    judged, outside = (sum(int(row[key]) for row in promises) for key in ("judged", "outside"))
    worst = max(float(row["share"]) for row in promises)
    return ["> **Measured** (%s, %s, one thread, %s rows of %s dimensions, %s classes; %s, commit %s; intervals of 95 %%):"
            % (machine["cpu"], NAMES[machine["isa"]], *(f"{int(size):,}" for size in sizes.groups()),
               machine["date"][:10], machine["commit"][:7]),
            f"> ArcFace's loss with both gradients takes **{with_interval(row, 'vs_gemm3')}** times as long as its three "
            "matrix products by whichever installed BLAS is best",
            f"> at each; its margin costs **{cost[0]} %** ({cost[1]} to {cost[2]}) over normalised softmax. Of "
            f"{judged:,} results of the losses judged against 113-bit",
            f"> arithmetic {outside or 'none'} {'lie' if outside else 'lies'} outside what is promised; the worst uses "
            f"{100 * worst:.0f} % of its bound."]


# ---- docs/performance.md -------------------------------------------------------------------------

def head_table(run):
    """Time of arcface's head over the three products, a line per shape, the largest first."""
    rows = {(r["series"], r["shape"], r["threads"]): r for r in rows_of(run, "speed_shapes")
            if r["kind"] in ("isa", "peer")}
    shapes = sorted({(int(r["row"]), r["shape"]) for r in rows.values()}, reverse=True)
    best = next(name for name in NAMES if any(key[0] == name for key in rows))
    other = "avx2" if best == "avx512" else None
    head = ["N x D x C", f"{NAMES[best]}, 1 thread", "the same, quiet", f"{NAMES[best]}, 2 threads",
            "unfused, 1 thread", "2 threads over 1"]
    if other:
        head.insert(3, f"{NAMES[other]}, 1 thread")
    lines = []
    for _, shape in shapes:
        one, two = rows.get((best, shape, "1")), rows.get((best, shape, "2"))
        cells = [shape.replace("×", "x"), with_interval(one, "to_floor"),
                 with_interval(one, "quiet_to_floor"), with_interval(two, "to_floor"),
                 plain(rows.get(("blas-unfused", shape, "1")), "to_floor"), plain(two, "gain")]
        if other:
            cells.insert(3, with_interval(rows.get((other, shape, "1")), "to_floor"))
        lines.append(cells)
    return table(head, lines)


def how_sure(run):
    """What the run says of its own times."""
    rows = rows_of(run, "speed")
    unstable = [row for row in rows if row["unstable"] == "true"]
    two = sum(row["threads"] != "1" for row in unstable)
    return [f"Of its {len(rows)} cases {len(unstable)} are not known to 5 %, {two} of them on more than one thread."]


def rows_table(run):
    """The rows level: time per logit, and its reading and writing as a share of copying."""
    lines = [[f"{int(r['N'])} x {int(r['C']):,}", r["threads"],
              "%.2f" % (1e3 * float(r["median_us"]) / int(r["C"])),
              "%.0f" % (8 * int(r["C"]) / (1e3 * float(r["median_us"])))]
             for r in rows_of(run, "speed") if r["what"] == "rows" and r["loss"] == "arcface"
             and r["isa"] == "avx512" and int(r["C"]) >= 1000]
    return table(["shape", "threads", "ns per logit", "GB/s, read and written"], lines)


# ---- docs/scaling.md -----------------------------------------------------------------------------

def many(count):
    """Digits by threes; powers of ten from 10^6 on as people write them."""
    text = str(int(count))
    if len(text) > 6 and re.fullmatch("10*", text):
        return f"10^{len(text) - 1}"
    return f"{int(count):,}".replace(",", " ")


def short(value, form="%.3g"):
    return "–" if value in ("-", "NaN") else form % float(value)


def of_step(row):
    place = "mapped file" if row["weights"] == "file" else "memory"
    seconds = [short(row[key]) for key in ("seconds", "low", "high")]
    return [many(row["C"]), f"{short(row['weights_gib'])} GiB {row['type']}, {place}", row["dw"],
            "%s (%s–%s)" % tuple(seconds), short(row["cpu_seconds"]), short(row["model_seconds"]),
            "%.0f %%" % (100 * float(row["share"])),
            f"{short(row['peak_gib'])}, {short(row['anonymous_gib'], '%.2f')}",
            f"{float(row['read_gib']):.1f}, {float(row['written_gib']):.1f}"]


def large_steps(run):
    """Steps of one process with 10^6 classes and more."""
    head = ["C", "W", "dW", "seconds a step", "processors' seconds", "of the model",
            "share of its processors had", "peak GiB, of it no file's", "GiB read, written"]
    return table(head, map(of_step, rows_of(run, "scale_steps")))


def small_steps(run):
    """What the model's rates are of."""
    lines = [[r["N"], r["D"], many(r["C"]), r["terms"], "%.1f" % (1e3 * float(r["cpu_seconds"])),
              "%.1f" % (1e3 * float(r["model_seconds"])), "%.2f" % float(r["model_ratio"])]
             for r in rows_of(run, "scale_rates")]
    return table(["N", "D", "C", "terms", "processor's ms", "of the model", "over measured"], lines)


def speeds(run):
    r = rows_of(run, "scale_speeds")[0]
    return [f"{r['cpu']}, {NAMES[r['isa']]}, on {r['date'][:10]}, commit {r['commit'][:7]}: a processor does "
            f"{float(r['gflops']):.0f} GFLOP/s, {float(r['gexp']):.2f}·10^9 exponentials and "
            f"{float(r['gelements']):.2f}·10^9 elements of W a second."]


def over_ranks(run):
    lines = [[r["ranks"], r["threads"], many(r["C"]), "%.1f" % float(r["seconds"]),
              short(r["cpu_seconds"]), short(r["model_seconds"]), short(r["peak_gib"]),
              short(r["received_mib"])] for r in rows_of(run, "scale_ranks")]
    return table(["ranks", "threads of each", "C", "seconds a step", "processors' seconds of a rank",
                  "of the model", "peak GiB of a rank", "MiB received by a rank"], lines)


def workers(run):
    lines = []
    for r in rows_of(run, "scale_workers"):
        gain, low, high = (ratio(float(r["gain" + end])) for end in ("", "_low", "_high"))
        lines.append([r["kind"], r["ranks"], r["threads"], many(r["C"]), "%.2f" % float(r["seconds"]),
                      f"{gain} ({low}–{high})", "%.2f" % float(r["cpu_ratio"])])
    return table(["scaling", "ranks", "threads of each", "C", "seconds a step",
                  "classes a second, over one worker's",
                  "processors' seconds a class, over one worker's"], lines)


def bytes_counted(run):
    found = {}
    for r in rows_of(run, "scale_bytes"):
        shape = tuple(int(r[key]) for key in ("ranks", "N", "D", "C"))
        found.setdefault(shape, []).append(f"{many(float(r['counted']))} ({float(r['model_ratio']):.2f})")
    return table(["ranks", "N", "D", "C", "rows", "class weights of labels", "statistics", "parts of dX"],
                 [[*map(many, shape), *cells] for shape, cells in found.items()])


def plan(run):
    times = ("compute", "exchange_1", "exchange_10", "exchange_100")
    lines = [[r["machines"], *(short(r[key]) for key in times), short(r["weights_gib"]),
              short(float(r["received_gib"]) * 1024)] for r in rows_of(run, "scale_plan")]
    return table(["machines", "computing, s", "exchange at 1 Gbit/s, s", "10 Gbit/s", "100 Gbit/s",
                  "GiB of W", "MiB received"], lines)


def tuned(run):
    """Tuned against tuned: the answers, and both data sets side by side."""
    rows, raw = rows_of(run, "study"), rows_of(run, "study_raw")
    said = []
    for data in study.data_of(rows):
        alone = [row for row in raw if row["data"] == data]
        line = "* " + study.answer(rows, data)
        line += f" {study.beyond_raw(alone)}" if alone else ""
        said += textwrap.wrap(line, 110, subsequent_indent="  ")
    return [*said, "", *table(*study.side_by_side(rows))]


MAKERS = {"headline": headline, "how sure": how_sure, "head over the products": head_table,
          "tuned against tuned": tuned, "rows level": rows_table, "large steps": large_steps,
          "small steps": small_steps, "speeds": speeds, "over ranks": over_ranks,
          "one and two workers": workers, "bytes": bytes_counted, "plan": plan}

SEPARATION = {**pages_separation.MAKERS, **pages_strangers.MAKERS}


class Separation:
    """The run as docs/separation.md asks for it."""

    def __init__(self, run):
        self.run = run

    def rows(self, name):
        return rows_of(self.run, name)

    @functools.cached_property
    def results(self):
        found = Files(self.run).get("separation")
        return found if found is not None else fail(f"{self.run}: no separation.json or summary.json")


def written(run, page, text):
    """The page's text with what the run says."""
    separation = Separation(run)

    def filled(match):
        name = match.group(1)
        lines = "\n".join(MAKERS[name](run) if name in MAKERS else SEPARATION[name](separation))
        return f"<!-- {name}, of the reference run -->\n{lines}\n<!-- end -->"

    text = re.sub(r"<!-- ([^,>]*), of the reference run -->\n.*?<!-- end -->", filled, text, flags=re.S)
    return pages_separation.fill(separation, text) if page.endswith("separation.md") else text


def main():
    words = [word for word in sys.argv[1:] if word != "--check"]
    names = [os.path.basename(page) for page in PAGES]
    if not words or words[0].startswith("-") or not set(words[1:]) <= set(names):
        fail(f"usage: pages.py RUN [{' '.join(names)}] [--check]", 2)
    run = words[0]
    for page in PAGES:
        if words[1:] and os.path.basename(page) not in words[1:]:
            continue
        with open(page, encoding="utf-8") as stream:
            text = stream.read()
        try:
            new = written(run, page, text)
        except (pages_separation.Missing, KeyError, Unusable) as error:
            fail(f"{page}: {run} lacks what it quotes: {error}")
        if "--check" in sys.argv:
            if new != text:
                fail(f"{page} is not what {run} says; run scripts/pages.py {run}")
        elif new != text:
            write_whole(page, new)


main()
