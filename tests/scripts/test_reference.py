#!/usr/bin/env python3
"""The committed results/reference: small, complete, and true to itself: what README and docs show
is there and nothing else, the report links to what is there, each number in the report's tables stands
in summary.json, machine.json or a table, and compare.sh can use it."""

import bisect
import html
import json
import os
import re
import subprocess
import sys
import zlib

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
FOLDER = os.path.join(ROOT, "results", "reference")
MOST, MOST_PACKED = 1_500_000, 500_000  # bytes in the tree; in the history, without an older one

sys.path.insert(0, os.path.join(ROOT, "tests", "plots"))
from report_reader import numbers_in, read, unit_of  # noqa: E402


def read_text(*parts):
    with open(os.path.join(FOLDER, *parts), encoding="utf-8") as stream:
        return stream.read()


def files():
    return sorted(os.path.relpath(os.path.join(where, name), FOLDER)
                  for where, _, names in os.walk(FOLDER) for name in names)


def check_size(names):
    sizes = [os.path.getsize(os.path.join(FOLDER, name)) for name in names]
    packed = 0
    for name in names:
        with open(os.path.join(FOLDER, name), "rb") as stream:
            packed += len(zlib.compress(stream.read()))
    print(f"{len(names)} files, {sum(sizes)} bytes, compressed {packed}")
    assert sum(sizes) < MOST and packed < MOST_PACKED, (sum(sizes), packed)


def check_files(names):
    pages = [os.path.join(ROOT, "README.md")]
    pages += [os.path.join(ROOT, "docs", name) for name in os.listdir(os.path.join(ROOT, "docs"))]
    shown = set()
    for page in pages:
        with open(page, encoding="utf-8") as stream:
            shown |= set(re.findall(r"results/reference/(figures/\w+\.\w+)", stream.read()))
    assert shown == {name for name in names if name.startswith("figures/")}, shown
    assert "tables/summary.tsv" in names, names
    kinds = {name.split("/")[0] if "/" in name else name for name in names}
    assert kinds == {"machine.json", "summary.json", "report.html", "tables", "figures"}, kinds


def check_links(page, names):
    links = {node.attributes["href"] for node in page.all("a")
             if not node.attributes["href"].startswith("#")}
    assert "summary.json" in links and links <= set(names), links - set(names)


def numbers_of(value):
    if isinstance(value, dict):
        value = [*value.keys(), *value.values()]
    if isinstance(value, list):
        return [number for item in value for number in numbers_of(item)]
    return [float(number) for number in numbers_in(str(value))]


def known_numbers(names):
    known = []
    for name in names:
        if name.endswith(".json"):
            known += numbers_of(json.loads(read_text(name)))
        elif name.endswith(".tsv"):
            known += numbers_of(read_text(name))
    return sorted(known)


def check_numbers(page, names):
    """What a cell is sorted by is in a table, letter for letter; what it shows is that, rounded."""
    words = {word for name in names if name.endswith(".tsv")
             for word in re.split(r"[\t\n]", read_text(name))}
    known, seen = known_numbers(names), 0
    for cell in page.all("td"):
        key = cell.attributes.get("data-sort")
        assert key is None or key in words, key
        for shown in numbers_in(html.unescape(cell.text()).replace(",", "")):
            unit = unit_of(shown)
            place = bisect.bisect_left(known, float(shown) - 0.501 * unit)
            assert place < len(known) and known[place] <= float(shown) + 0.501 * unit, \
                (cell.text(), shown)
            seen += 1
    assert seen > 2000, seen
    print(f"{seen} numbers of the report found")


def check_compare():
    done = subprocess.run([os.path.join(ROOT, "scripts", "compare.sh"), FOLDER, FOLDER], text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert done.returncode == 0 and done.stderr == "", (done.returncode, done.stderr)
    for part in ("Speed, ", "Exactness, ", "Separation, ", "Claims of the papers, "):
        assert part in done.stdout, done.stdout
    assert "skipped" not in done.stdout and "Not compared" not in done.stdout, done.stdout


def main():
    names = files()
    page = read(read_text("report.html"))
    check_size(names)
    check_files(names)
    check_links(page, names)
    check_numbers(page, names)
    check_compare()
    print("results/reference is small and whole")


main()
