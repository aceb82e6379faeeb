"""gallery: the page of all machines, on standard output; scripts/gallery.sh runs it. It computes
nothing: each number stands in an entry, results/machines/NAME.json.
usage: python3 gallery FOLDER"""

import glob
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from report import page, tables, text  # noqa: E402
from run_files import Unusable, read_object  # noqa: E402

CHOSEN = (128, 512, 10000)  # the shape that stands for a machine
ISAS = {"avx2": "AVX2", "avx512": "AVX-512", "neon": "NEON"}
WORDS = """<p>The head is loss and both gradients of ArcFace, from embeddings and class weights. \
<b>Over the floor</b>: its time over that of the three matrix products in it alone, the best library \
of each machine for each product, with a 95 % interval. <b>Share of the peak</b>: its multiply-adds \
over those that the machine was measured to do at most on as many threads. <b>Worst gradient</b>: \
the greatest relative error over the target’s angle from 0 to π, against 113-bit arithmetic. <b>Of \
what is promised</b>: how much of the bounds in docs/numerics.md is used up.</p>"""
JOIN = """<p>On the machine, and idle if it can be:</p><ul>\
<li><code>scripts/reproduce.sh --out results/mine</code> measures (12 minutes on 2 cores);</li>\
<li><code>build/bin/margin check-results results/mine</code> says whether the run is fit to be \
shown;</li>\
<li><code>scripts/machine.py results/mine NAME --cpu "what it is"</code> writes \
results/machines/NAME.json, which is what to send;</li>\
<li><code>scripts/gallery.sh</code> makes this page.</li></ul>"""


def fail(message):
    print(f"gallery.sh: {message}", file=sys.stderr)
    sys.exit(1)


def shape_of(row):
    return row["N"], row["D"], row["C"]


def head_of(entry, shape, threads):
    """The head of a shape; {} where the entry has none."""
    return next((row for row in entry["heads"]
                 if shape_of(row) == shape and row["threads"] == threads), {})


def over_floor(row):
    return tables.valued(row.get("over_floor"), "{:.2f}", row.get("low"), row.get("high"))


def share(row, key):
    value = row.get(key)
    return tables.valued(None if value is None else 100 * value, "{:.1f}", unit=" %")


def short(value):
    return tables.valued(value, text.four_digits(value))


# ---- the tables ----------------------------------------------------------------------------------

def at_a_glance(entries):
    columns = ["machine", "instructions",
               *((name, "Head over the floor") for name in ("1 thread", "all threads")),
               *((name, "Share of the peak") for name in ("1 thread", "all threads")),
               ("GFLOP/s, 1 thread", "Peaks"), ("copy, GB/s", "Peaks"),
               ("ns per exponential", "Peaks"),
               *((name, "Errors, all losses") for name in ("worst gradient", "of what is promised")),
               "cases not known to 5 %"]
    rows = []
    for entry in entries:
        heads = [head_of(entry, CHOSEN, threads) for threads in (1, entry["build"]["threads"])]
        peaks, timing = entry["peaks"], entry["timing"]
        worst = max((row["worst_gradient"] or 0 for row in entry["errors"]), default=None)
        used = max(entry["errors"], key=lambda row: row["share_of_bound"] or 0)
        rows.append([
            f'<a href="#{entry["name"]}">{entry["name"]}</a>',
            ISAS.get(entry["build"]["isa"], entry["build"]["isa"]),
            *map(over_floor, heads), *(share(row, "share_of_peak") for row in heads),
            *(short(peaks[key]) for key in ("fma_gflops", "copy_gbs", "exp_ns")),
            (text.scientific(worst), worst), share(used, "share_of_bound"),
            (f'{timing["unstable_cases"]} of {timing["cases"]}',
             timing["unstable_cases"] / max(timing["cases"], 1))])
    shape = " × ".join(map(str, CHOSEN))
    return tables.build(f"Head: N × D × C = {shape}; intervals of 95 %; a time is known to 5 % where "
                        "the interval of its quiet number is narrower", columns, rows)


def by_shape(entries, caption, threads_of):
    shapes = sorted({shape_of(row) for entry in entries for row in entry["heads"]})
    columns = ["N × D × C", *((name, entry["name"]) for entry in entries
                              for name in ("over the floor", "of the peak", "µs per row"))]
    rows = []
    for index, shape in enumerate(shapes):
        heads = [head_of(entry, shape, threads_of(entry)) for entry in entries]
        rows.append([(" × ".join(map(str, shape)), str(index)),
                     *(cell for row in heads for cell in
                       (over_floor(row), share(row, "share_of_peak"), short(row.get("us_per_row"))))])
    return tables.build(caption, columns, rows)


def errors(entries):
    names = dict.fromkeys(row["loss"] for entry in entries for row in entry["errors"])
    columns = ["loss", *((name, entry["name"]) for entry in entries
                         for name in ("worst gradient", "of what is promised"))]
    rows = []
    for name in names:
        cells = []
        for entry in entries:
            row = next((row for row in entry["errors"] if row["loss"] == name), {})
            worst = row.get("worst_gradient")
            cells += [(text.scientific(worst), worst), share(row, "share_of_bound")]
        rows.append([text.loss_name(name), *cells])
    return tables.build("Errors against 113-bit arithmetic", columns, rows)


def size(count):
    for unit, bytes_ in (("GiB", 2**30), ("MiB", 2**20), ("KiB", 2**10)):
        if count >= bytes_:
            return f"{count / bytes_:.3g} {unit}"
    return f"{count} B"


def facts(entry):
    machine, build, timing = entry["machine"], entry["build"], entry["timing"]
    foreign = timing["foreign_cpus"]
    said = {
        "CPU": f'{entry["cpu"]}, {machine["architecture"]}, {machine["cpus"]} processors',
        "memory": f'{size(machine["memory_bytes"] or 0)}; caches '
                  + ", ".join(map(size, machine.get("cache_bytes", []))),
        "system": f'{machine["os"]}, {machine["kernel"]}',
        "build": f'{build["version"]}, commit {build["commit"][:12]}, {build["compiler"]} '
                 + build["flags"],
        "measured": f'{build["date"][:10]}, {timing["cases"]} cases of {timing["repetitions"]} '
                    + "repetitions"
                    + ("" if foreign is None else f"; others kept {foreign:.2f} CPUs busy"),
        "libraries of the floor": "; ".join(entry["libraries"].values())}
    rows = "".join(f'<tr><th scope="row">{key}</th><td>{text.escape(value)}</td></tr>\n'
                   for key, value in said.items())
    return (f'<h3 id="{entry["name"]}">{entry["name"]}</h3>'
            f'<div class="scroll" role="region" tabindex="0" aria-label="{entry["name"]}">'
            f'<table class="facts"><tbody>{rows}</tbody></table></div>')


# ---- the page ------------------------------------------------------------------------------------

def body(entries):
    parts = [
        ("answers", "At a glance", at_a_glance(entries) + WORDS),
        ("shapes", "Shapes", by_shape(entries, "One thread", lambda entry: 1)
         + by_shape(entries, "All threads of each machine",
                    lambda entry: entry["build"]["threads"])),
        ("errors", "Errors", errors(entries)),
        ("machines", "Machines and builds", "".join(map(facts, entries))),
        ("join", "Another machine", JOIN)]
    links = "".join(f'<li><a href="#{name}">{title}</a></li>' for name, title, _ in parts)
    return (f'<header><h1>Margin-softmax losses, machines side by side</h1><p class="soft">'
            + "<br>".join(f'{entry["name"]}: {text.escape(entry["cpu"])}' for entry in entries)
            + "</p>"
            f'<nav aria-label="Contents"><ul>{links}</ul></nav></header>\n<main>\n'
            + "".join(page.section(name, title, "", inside) for name, title, inside in parts)
            + f'</main>\n<script>\n{page.beside("sort.js")}</script>')


def main():
    folder = sys.argv[1]
    paths = sorted(glob.glob(os.path.join(folder, "*.json")))
    if not paths:
        fail(f"{folder}: no entries (*.json) there; scripts/machine.py RUN NAME makes one")
    try:
        entries = [read_object(path) for path in paths]
        html = body(entries)
    except Unusable as error:
        fail(error)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        fail(f"{folder}: not all are entries ({type(error).__name__}: {error}); "
             "margin check-results FILE says which and why")
    head = page.head().replace("<title>margin: a run</title>", "<title>margin: machines</title>")
    sys.stdout.write(f"{head}<body>{html}</body></html>\n")


main()
