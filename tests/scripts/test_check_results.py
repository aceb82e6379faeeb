#!/usr/bin/env python3
"""`margin check-results`: it accepts the reference run and every entry of results/machines, and a
copy of them with one thing wrong is refused by a line that names it. Exit 77 (skipped) without
jsonschema.
usage: test_check_results.py MARGIN"""

import glob
import json
import os
import shutil
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
REFERENCE = os.path.join(ROOT, "results", "reference")
ENTRIES = sorted(glob.glob(os.path.join(ROOT, "results", "machines", "*.json")))
MARGIN = sys.argv[1]


def check(*words, **environment):
    return subprocess.run([MARGIN, "check-results", *words], text=True, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, timeout=120, env={**os.environ, **environment})


def cell(table, match, column, value):
    """Put `value` into a column of the first row that has all of `match`."""
    row = next(row for row in table["rows"] if all(word in row for word in match))
    row[table["columns"].index(column)] = value


HEAD = "head/loss:arcface/isa:avx512/N:128/D:512/C:10000/threads:1"


def context_of(summary):
    return summary["speed"]["context"]


def case(summary, column, value):
    cell(summary["speed"]["cases"], [HEAD], column, value)


def verdict(summary, **fields):
    for column, value in fields.items():
        cell(summary["stability"]["verdicts"], ("loss", "arcface", "avx2"), column, value)


def head(entry, column, value):
    cell(entry["heads"], [128, 512, 10000, 1], column, value)


def without_libraries(table):
    table["rows"] = [row for row in table["rows"] if not row[0].startswith("gemm3/")]


# What is wrong: the file, what is done to it, and a part of the line that has to be said.
WRONG = [
    ("machine", lambda v: v.pop("cpus"), "machine.json: the file: 'cpus' is a required property"),
    ("machine", lambda v: v.update(date="today"), "machine.json: date: 'today' does not match"),
    ("machine", lambda v: v["fma_peaks"]["avx2"].update({"1": -1}), "fma_peaks.avx2.1: -1"),
    ("machine", lambda v: v.update(commit="0" * 40), "speed.json: commit '"),
    ("machine", lambda v: v.update(cpu="other"), "stability.json: cpu 'AMD EPYC', but machine"),
    ("machine", lambda v: v.update(dirty=True), "machine.json: the sources are no commit"),
    ("machine", lambda v: v.update(build_type="Debug"), "machine.json: a build of type 'Debug'"),
    ("summary", lambda v: v.update(schema=9), "summary.json: schema: 1 was expected"),
    ("summary", lambda v: context_of(v).update(cases=9), "434 cases, but its context says 9"),
    ("summary", lambda v: context_of(v).update(repetitions=12), "9 of 12 repetitions"),
    ("summary", lambda v: case(v, "error", "differs"), HEAD + ": not timed: differs"),
    ("summary", lambda v: case(v, "seconds", [0.02] * 9), HEAD + ": 1.66 of the measured peak"),
    ("summary", lambda v: case(v, "seconds", [-1.0] * 9), "].seconds[0]: -1"),
    ("summary", lambda v: verdict(v, outside=3), "loss of arcface on avx2: kept is True, with 3"),
    ("summary", lambda v: verdict(v, outside=3, kept=False), "loss of arcface on avx2: 3 of "),
    ("summary", lambda v: cell(v["stability"]["functions"], ["exp", "avx512"], "kept", False),
     "exp on avx512"),
    ("summary", lambda v: without_libraries(v["speed"]["cases"]), "a head has no floor"),
]
WRONG_ENTRY = [
    (lambda v: v.update(extra=1), "unfit: the file: Additional properties"),
    (lambda v: v.update(name="other"), "unfit: name: 'other' is not the file's"),
    (lambda v: v["build"].update(commit="unknown"), "unfit: build.commit: 'unknown'"),
    (lambda v: head(v, "low", 2), "is not within its interval, 2 to"),
    (lambda v: head(v, "high", 1.9), "wider than 25%"),
    (lambda v: head(v, "share_of_peak", 1.2), "1.2 of the measured peak"),
    (lambda v: head(v, "us_per_row", 900), "us_per_row 900 is 0."),
    (lambda v: head(v, "us_per_row", 100), "one of them is wrong"),
    (lambda v: head(v, "N", 64), "which stands for the machine, is missing"),
    (lambda v: cell(v["errors"], ["cosface"], "outside", 1), "unfit: errors: cosface: 1"),
    (lambda v: v["timing"].update(repetitions=3), "unfit: 3 repetitions"),
]


def changed(path, change):
    with open(path, encoding="utf-8") as stream:
        value = json.load(stream)
    change(value)
    with open(path, "w", encoding="utf-8") as stream:
        json.dump(value, stream)


def refused(path, line):
    done = check(path)
    assert done.returncode == 1 and done.stderr == "", (line, done)
    assert any(said.startswith("unfit: ") and line in said for said in done.stdout.split("\n")), \
        (line, done.stdout)
    assert f"{path}: not fit to be shown, for " in done.stdout, done.stdout


def check_accepted():
    for path in (REFERENCE, *ENTRIES):
        done = check(path)
        assert done.returncode == 0 and done.stderr == "", (path, done)
        assert done.stdout.endswith(f"{path}: fit to be shown\n"), done
        assert "unfit" not in done.stdout, done
    assert len(ENTRIES) >= 2, ENTRIES


def check_below_floor(work):
    """A head that is faster than its products is no fault, but is to be looked at."""
    path = shutil.copy(ENTRIES[0], work)
    changed(path, lambda v: [head(v, *pair) for pair in
                             (("low", 0.7), ("over_floor", 0.75), ("high", 0.8))])
    done = check(path)
    assert done.returncode == 0 and "threads 1: over_floor is at most 0.8: " in done.stdout, done
    os.remove(path)


def check_renewed(work):
    """What bench_separation says may be renewed alone in a summary."""
    for file in ("machine.json", "summary.json"):
        shutil.copy(os.path.join(REFERENCE, file), work)
    changed(os.path.join(work, "summary.json"), lambda v: v["separation"]["context"].update(commit="0" * 40))
    done = check(work)
    assert done.returncode == 0 and "note: separation.json: commit '000" in done.stdout, done


def check_refused(work):
    for name, change, line in WRONG:
        for file in ("machine.json", "summary.json"):
            shutil.copy(os.path.join(REFERENCE, file), work)
        changed(os.path.join(work, name + ".json"), change)
        refused(work, line)
    os.remove(os.path.join(work, "machine.json"))
    refused(work, "machine.json: no such file")
    with open(os.path.join(work, "machine.json"), "w", encoding="utf-8") as stream:
        stream.write('{"cpu": NaN')
    refused(work, "machine.json: ")
    for change, line in WRONG_ENTRY:
        path = shutil.copy(ENTRIES[0], work)
        changed(path, change)
        refused(path, line)


def check_whole():
    """What speed.json has and a summary has not: repetitions in rows, and intervals of medians."""
    sys.path.append(os.path.join(ROOT, "scripts", "check_results"))
    import suspicious
    name = "gemm3/impl:openblas/N:128/D:512/C:10000/threads:1"
    times = [{"run_name": name, "run_type": "iteration", "real_time": 40 + k, "time_unit": "ms"}
             for k in range(5)]
    median = {"run_name": name, "run_type": "aggregate", "real_time": 42, "time_low": 41,
              "time_high": 43, "unstable": True}
    context = {"cases": 1, "repetitions": 5, "fma_peaks": {"avx2": {"1": 118}}}

    def said(*rows, **changes):
        results = {"context": {**context, **changes}, "benchmarks": rows}
        return [finding.line for finding in suspicious.speed(results)]

    spread = "note: 1 of 1 cases are not known to 5 %"
    assert said(*times, median) == [spread], said(*times, median)
    (line, _) = said(*times, {**median, "time_high": 41.5})
    assert line.endswith("time 42 is not within its interval, 41 to 41.5"), line
    (line, _) = said(*times[1:], median)
    assert line.endswith("4 of 5 repetitions are there"), line
    (line, _) = said(*times, median, fma_peaks={"avx2": {"1": 50}})
    assert "1.87 of the measured peak" in line, line
    (line,) = said({"run_name": name, "error_occurred": True, "error_message": "dX differs"})
    assert line.endswith(": not timed: dX differs"), line


def check_usage(work):
    """Wrong usage, and what is missing, in one line."""
    empty = os.path.join(work, "empty")
    os.mkdir(empty)
    for status, said, words, path in ((2, "a RUN is missing", (), None),
                                      (2, "one RUN at a time", ("a", "b"), None),
                                      (1, "none: no such folder", ("none",), None),
                                      (1, "none.json: No such file", ("none.json",), None),
                                      (1, "python3: No such file", (REFERENCE,), empty)):
        done = check(*words, **({"PATH": path} if path else {}))
        assert done.returncode == status and done.stdout == "", (words, done)
        assert said in done.stderr and done.stderr.count("\n") == 1, done.stderr
        assert done.stderr.startswith(("margin: ", "margin check-results: ")), done.stderr


def check_place(work):
    """The checker is looked for beside the program."""
    alone = os.path.join(work, "bin", "margin")
    os.mkdir(os.path.dirname(alone))
    shutil.copy(MARGIN, alone)
    done = subprocess.run([alone, "check-results", REFERENCE], text=True, capture_output=True)
    assert done.returncode == 1, done
    assert "share/margin/scripts/check_results: No such file" in done.stderr, done


def main():
    if subprocess.run(["python3", "-c", "import jsonschema"], capture_output=True).returncode != 0:
        print("no jsonschema: skipped")
        sys.exit(77)
    check_accepted()
    check_whole()
    with tempfile.TemporaryDirectory() as work:
        check_below_floor(work)
        check_renewed(work)
        check_refused(work)
        check_usage(work)
        check_place(work)
    print(f"{len(ENTRIES)} entries accepted, {len(WRONG) + len(WRONG_ENTRY) + 2} faults named")


main()
