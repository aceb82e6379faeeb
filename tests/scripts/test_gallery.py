#!/usr/bin/env python3
"""scripts/machine.py and scripts/gallery.sh: the entry of the reference run is what the committed
one is; a run that is not fit makes none; the page has each machine with its numbers, and nothing from
elsewhere. Exit 77 (skipped) without jsonschema."""

import csv
import filecmp
import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
REFERENCE = os.path.join(ROOT, "results", "reference")
MACHINES = os.path.join(ROOT, "results", "machines")

sys.path[:0] = [os.path.join(ROOT, "tests", "plots"), os.path.join(ROOT, "scripts")]
from report_reader import read  # noqa: E402
from run_files import read_object  # noqa: E402


def call(script, *words):
    return subprocess.run([os.path.join(ROOT, "scripts", script), *words], text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=120)


def failed(done, status, line):
    assert done.returncode == status and line in done.stderr and done.stderr.count("\n") == 1, done


def names():
    return sorted(name[:-len(".json")] for name in os.listdir(MACHINES))


def entry_of(name):
    return read_object(os.path.join(MACHINES, name + ".json"))


def of_reference():
    """The name of the reference run's entry."""
    date = read_object(os.path.join(REFERENCE, "machine.json"))["date"]
    found = [name for name in names() if entry_of(name)["build"]["date"] == date]
    assert found, "make it: scripts/machine.py results/reference NAME --cpu '...'"
    return found[0]


def check_entry(work, name):
    done = call("machine.py", REFERENCE, name, "--cpu", entry_of(name)["cpu"], "--out", work)
    assert done.returncode == 0, done
    made, committed = os.path.join(work, name + ".json"), os.path.join(MACHINES, name + ".json")
    assert filecmp.cmp(made, committed, False), f"{made} is not {committed}: make it again"
    assert os.path.getsize(made) < 8000


def check_refusals(work):
    run = shutil.copytree(REFERENCE, os.path.join(work, "run"))
    machine = read_object(os.path.join(run, "machine.json"))
    with open(os.path.join(run, "machine.json"), "w", encoding="utf-8") as stream:
        json.dump({**machine, "dirty": True}, stream)
    folder = os.path.join(work, "none")
    done = call("machine.py", run, "mine", "--out", folder)
    failed(done, 1, "machine.py: run: not accepted")
    assert "the sources are no commit" in done.stdout and not os.path.exists(folder), done
    failed(call("machine.py", REFERENCE, "Not a name"), 2, "a NAME of small letters")
    failed(call("machine.py", REFERENCE, "name", "--cpu"), 2, "--cpu: no such option, or without")
    page = os.path.join(work, "no.html")
    failed(call("gallery.sh", "--machines", run, "--out", page), 1, "not all are entries")
    failed(call("gallery.sh", "--machines", folder, "--out", page), 1, "no entries")
    assert not [name for name in os.listdir(work) if name.startswith("no.html")]


def check_time(head):
    """The entry's time is that of the run's headline, which takes another way."""
    with open(os.path.join(REFERENCE, "tables", "summary.tsv"), encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream, delimiter="\t"))
    arcface = next(row for row in rows if row["loss"] == "arcface")
    assert abs(head["us_per_row"] / float(arcface["us_per_row"]) - 1) < 1e-3, (head, arcface)


def check_page(work, ours):
    path = os.path.join(work, "gallery.html")
    done = call("gallery.sh", "--out", path)
    assert done.returncode == 0 and done.stdout == path + "\n", done
    with open(path, encoding="utf-8") as stream:
        text = stream.read()
    assert not re.search(r"(src|href)=\"(?!#)|url\(|@import|https?://", text), "not offline"
    tree = read(text)
    at_a_glance = next(tree.first("section", id="answers").all("tbody"))
    rows = {row.first("th").text(): [cell.text() for cell in row.all("td")]
            for row in at_a_glance.all("tr")}
    assert sorted(rows) == names(), rows
    entry = entry_of(ours)
    head = next(row for row in entry["heads"]
                if (row["N"], row["D"], row["C"], row["threads"]) == (128, 512, 10000, 1))
    check_time(head)
    cells = rows[ours]
    assert cells[0] == "AVX-512" and entry["cpu"] in tree.first("header").text(), cells
    assert cells[1] == f"{head['over_floor']:.2f} {head['low']:.2f} to {head['high']:.2f}", cells
    assert cells[3] == f"{100 * head['share_of_peak']:.1f} %", cells
    assert cells[7] == f"{entry['peaks']['exp_ns']:.4f}", cells
    for name in names():
        assert tree.first("h3", id=name).text() == name
    print(f"{len(rows)} machines on a page of {len(text)} bytes")


def main():
    if importlib.util.find_spec("jsonschema") is None:
        print("no jsonschema: skipped")
        sys.exit(77)
    with tempfile.TemporaryDirectory() as work:
        ours = of_reference()
        check_entry(work, ours)
        check_refusals(work)
        check_page(work, ours)


main()
