#!/usr/bin/env python3
"""pages.py: writes the tables of docs/performance.md that are of the reference run, between
<!-- NAME, of the reference run --> and <!-- end -->, from the run's tables.
usage: pages.py RUN [--check]     (a folder; --check: 1 where the page says something else)
"""

import csv
import os
import re
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
PAGE = os.path.join(os.path.dirname(HERE), "docs", "performance.md")
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


def table(head, rows):
    lines = ["| " + " | ".join(head) + " |", "|" + "--|" * len(head)]
    return lines + ["| " + " | ".join(row) + " |" for row in rows]


def ratio(value):
    return "%.2f" % value if value < 10 else "%.0f" % value


def with_interval(row, name):
    if row is None or row[name] in ("NaN", "-"):
        return ""
    middle, low, high = (float(row[name + end]) for end in ("", "_low", "_high"))
    return f"{ratio(middle)} ({ratio(low)}–{ratio(high)})"


def plain(row, name):
    return "" if row is None or row[name] in ("NaN", "-") else ratio(float(row[name]))


def head_table(run):
    """Time of arcface's head over the three products, a line per shape, the largest first."""
    rows = {(r["series"], r["shape"], r["threads"]): r for r in rows_of(run, "speed_shapes")
            if r["kind"] in ("isa", "peer")}
    shapes = sorted({(int(r["row"]), r["shape"]) for r in rows.values()}, reverse=True)
    best = next(name for name in NAMES if any(key[0] == name for key in rows))
    other = "avx2" if best == "avx512" else None
    head = ["N x D x C", f"{NAMES[best]}, 1 thread", f"{NAMES[best]}, 2 threads", "unfused, 1 thread",
            "2 threads over 1"]
    if other:
        head.insert(2, f"{NAMES[other]}, 1 thread")
    lines = []
    for _, shape in shapes:
        one, two = rows.get((best, shape, "1")), rows.get((best, shape, "2"))
        cells = [shape.replace("×", "x"), with_interval(one, "to_floor"), with_interval(two, "to_floor"),
                 plain(rows.get(("blas-unfused", shape, "1")), "to_floor"), plain(two, "gain")]
        if other:
            cells.insert(2, with_interval(rows.get((other, shape, "1")), "to_floor"))
        lines.append(cells)
    return table(head, lines)


def rows_table(run):
    """The rows level: time per logit, and its reading and writing as a share of copying."""
    lines = [[f"{int(r['N'])} x {int(r['C']):,}", r["threads"],
              "%.2f" % (1e3 * float(r["median_us"]) / int(r["C"])),
              "%.0f" % (8 * int(r["C"]) / (1e3 * float(r["median_us"])))]
             for r in rows_of(run, "speed") if r["what"] == "rows" and r["loss"] == "arcface"
             and r["isa"] == "avx512" and int(r["C"]) >= 1000]
    return table(["shape", "threads", "ns per logit", "GB/s, read and written"], lines)


MAKERS = {"head over the products": head_table, "rows level": rows_table}


def main():
    words = [word for word in sys.argv[1:] if word != "--check"]
    if len(words) != 1 or words[0].startswith("-"):
        fail("usage: pages.py RUN [--check]", 2)
    with open(PAGE, encoding="utf-8") as stream:
        text = stream.read()

    def filled(match):
        lines = "\n".join(MAKERS[match.group(1)](words[0]))
        return f"<!-- {match.group(1)}, of the reference run -->\n{lines}\n<!-- end -->"

    new = re.sub(r"<!-- ([^,>]*), of the reference run -->\n.*?<!-- end -->", filled, text, flags=re.S)
    if "--check" in sys.argv:
        if new != text:
            fail(f"{PAGE} is not what {words[0]} says; run scripts/pages.py {words[0]}")
    elif new != text:
        with open(PAGE + ".part", "w", encoding="utf-8") as stream:
            stream.write(new)
        os.replace(PAGE + ".part", PAGE)


main()
