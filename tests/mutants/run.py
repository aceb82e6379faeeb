#!/usr/bin/env python3
"""run.py: tests the tests. For each row of mutants.toml it puts one fault into a copy of the
sources, builds what the tests need, and runs them until one fails: the mutant is killed. A mutant
under which every test passes survives, and the run fails.

The copy without a fault must pass first. One copy and one build folder serve all mutants, so each
costs one compilation of its file. Tests that are the same in each build (the library's unit tests
and those against the oracle) are taken from CTest; nothing is listed twice.

Exit status: 0 all killed, 1 a survivor or a faulty row of the table, 2 wrong usage, 77 skipped.
"""
import argparse
import json
import os
import re
import resource
import shutil
import subprocess
import sys
import time
from pathlib import Path

try:
    import tomllib
except ImportError:  # before Python 3.11
    sys.exit(77)

HERE = Path(__file__).resolve().parent
COPIED = ("CMakeLists.txt", "cmake", "include", "src", "common", "bench/stability", "tests")
# Tests of whole programs and scripts: no test of the library's numbers.
LEFT_OUT = ("cli", "separation", "plots", "scripts", "speed", "mutants", "__pycache__", "results")
NEEDED = {"id", "file", "find", "replace", "fault"}
# exp over every float takes minutes: every 997th is a part of that test, so its kill is a kill.
SAMPLED = re.compile(r"^exp_")
# Only for a mutant that everything else lets live.
SLOW = re.compile(r"^(test_against_oracle|bits_scalar|bits_.*_simde|exp_.*_simde)$")
# Golden bits notice any change: last, so that a kill by them says that nothing else noticed.
LAST = re.compile(r"^bits_")
SKIPPED = 77


class TableError(Exception):
    """A row of the table that is no mutant."""


# ---- the table ----------------------------------------------------------------------------------

def load(path):
    with open(path, "rb") as stream:
        rows = tomllib.load(stream)["mutant"]
    for row in rows:
        name = row.get("id", "a row without an id")
        if not NEEDED <= set(row):
            raise TableError(f"{name}: lacks {' '.join(sorted(NEEDED - set(row)))}")
        if not set(row) <= NEEDED | {"first", "nth"}:
            raise TableError(f"{name}: unknown {' '.join(sorted(set(row) - NEEDED))}")
    names = [row["id"] for row in rows]
    if len(set(names)) < len(names):
        raise TableError("two rows have the same id")
    return rows


def mutated(row, text):
    """The file's text with the row's fault."""
    parts = text.split(row["find"])
    nth = row.get("nth", 1)
    if len(parts) < 2 or nth >= len(parts) or ("nth" not in row and len(parts) != 2):
        raise TableError(f"{row['id']}: `find` occurs {len(parts) - 1} times in {row['file']}")
    if row["find"] == row["replace"]:
        raise TableError(f"{row['id']}: changes nothing")
    return row["find"].join(parts[:nth]) + row["replace"] + row["find"].join(parts[nth:])


# ---- the copy and its build ---------------------------------------------------------------------

def run(command, log, **options):
    with open(log, "w") as stream:
        done = subprocess.run(command, stdout=stream, stderr=subprocess.STDOUT, **options)
    return done.returncode


def no_core():
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


class Copy:
    """A copy of the sources and the tests that its build offers."""

    def __init__(self, source, work, options):
        self.tree, self.build_folder, self.logs = work / "tree", work / "build", work / "logs"
        shutil.rmtree(work, ignore_errors=True)
        self.logs.mkdir(parents=True)
        self.tree.mkdir()
        ignore = shutil.ignore_patterns(*LEFT_OUT)
        for name in COPIED:
            if (source / name).is_dir():
                shutil.copytree(source / name, self.tree / name, ignore=ignore)
            else:
                shutil.copy2(source / name, self.tree / name)
        # -O1 compiles fast, and no bit of a result depends on it.
        configure = ["cmake", "-S", self.tree, "-B", self.build_folder, "-G", "Ninja",
                     "-DCMAKE_BUILD_TYPE=None", "-DCMAKE_C_FLAGS=-O1", *options]
        if run(configure, self.logs / "configure.log"):
            sys.exit(f"run.py: cannot configure the copy, see {self.logs / 'configure.log'}")
        if not self.build([], "build.log"):
            sys.exit(f"run.py: cannot build the copy, see {self.logs / 'build.log'}")
        self.tests = self.find_tests()
        self.clean = {}  # test -> seconds it takes unmutated

    def build(self, targets, log):
        command = ["cmake", "--build", self.build_folder]
        if targets:
            command += ["--target", *targets]
        return run(command, self.logs / log) == 0

    def find_tests(self):
        listing = subprocess.run(["ctest", "--test-dir", self.build_folder, "-L", "unit",
                                  "--show-only=json-v1"], check=True, capture_output=True)
        tests = {}
        for test in json.loads(listing.stdout)["tests"]:
            command = [word for word in test.get("command", []) if word]
            if command and Path(command[0]).parent == self.build_folder / "bin":
                sampled = ["997"] if SAMPLED.match(test["name"]) else command[1:]
                tests[test["name"]] = command[:1] + sampled
        return tests

    def run_test(self, name, log):
        """0: passed; SKIPPED: cannot run here; anything else: failed."""
        limit = max(60.0, 20.0 * self.clean.get(name, 0.0))
        try:
            return run(self.tests[name], self.logs / log, timeout=limit, preexec_fn=no_core,
                       env={**os.environ, "OMP_WAIT_POLICY": "passive"})
        except subprocess.TimeoutExpired:
            return -1

    def passes_unmutated(self, name):
        """Runs it on the copy as it is, which must be without a fault; once."""
        if name not in self.clean:
            self.build([Path(self.tests[name][0]).name], "build.log")
            start = time.monotonic()
            status = self.run_test(name, f"{name}.log")
            if status == SKIPPED:
                del self.tests[name]
                return False
            if status != 0:
                sys.exit(f"run.py: {name} fails without a fault: this run says nothing; "
                         f"see {self.logs / name}.log")
            self.clean[name] = time.monotonic() - start
        return True

    def order(self, first):
        """Tests to try: those named first, then quick ones by time, golden bits, slow ones."""
        def rank(name):
            place = first.index(name) if name in first else len(first)
            return (place, bool(SLOW.match(name)), bool(LAST.match(name)), self.clean.get(name, 0))
        return sorted(self.tests, key=rank)


# ---- one mutant ---------------------------------------------------------------------------------

class Outcome:
    def __init__(self, killer, why, start):
        self.killer, self.why, self.seconds = killer, why, time.monotonic() - start


def first_complaint(log):
    """The line of a failed test that says why, for the reader."""
    lines = [line.strip() for line in log.read_text(errors="replace").splitlines()]
    frame = re.compile(r"\[(=+| +RUN| +OK|-+| +PASSED)")
    telling = [line for line in lines if re.search(r"error|fail|differ|other|\d", line, re.I)
               and not frame.match(line)]
    return (telling or lines or ["no output: it crashed or hung"])[0]


def killed_by(copy, row, tests):
    """The first test that fails with the fault in place, and what it said."""
    for name in tests:
        if not copy.build([Path(copy.tests[name][0]).name], f"{row['id']}.build.log"):
            raise TableError(f"{row['id']}: does not compile, see "
                             f"{copy.logs / row['id']}.build.log")
        log = f"{row['id']}.{name}.log"
        if copy.run_test(name, log) not in (0, SKIPPED):
            return name, first_complaint(copy.logs / log)
    return None, ""


def try_mutant(copy, row, every):
    """Applies the row, finds its killers, takes it back."""
    start = time.monotonic()
    path = copy.tree / "src" / row["file"]
    original = path.read_text()
    tests, killers, why = copy.order(row.get("first", [])), [], ""
    try:
        path.write_text(mutated(row, original))
        while tests:
            name, complaint = killed_by(copy, row, tests)
            if name is None:
                break
            killers.append(name)
            why = why or complaint
            tests = tests[tests.index(name) + 1:] if every else []
    finally:
        path.write_text(original)
    if killers and not copy.passes_unmutated(killers[0]):
        raise TableError(f"{row['id']}: {killers[0]} cannot run here")
    return Outcome(" ".join(killers), why, start)


# ---- the run ------------------------------------------------------------------------------------

def possible(copy, row):
    """Some test that ought to notice can run on this machine."""
    wanted = row.get("first", [])
    return not wanted or any(name in copy.tests for name in wanted)


def check_copy(copy):
    start = time.monotonic()
    for name in list(copy.tests):
        if not SLOW.match(name):
            copy.passes_unmutated(name)
    if not copy.clean:
        sys.exit("run.py: no test can run here")
    waiting = len(copy.tests) - len(copy.clean)
    print(f"without a fault: {len(copy.clean)} tests pass ({time.monotonic() - start:.1f} s); "
          f"{waiting} slow ones wait for a survivor", flush=True)


def run_table(copy, rows, options):
    width = max(len(row["id"]) for row in rows)
    killed = survived = 0
    print(f"{'mutant':{width}}  {'killed by':20}  seconds  fault", flush=True)
    for row in rows:
        if not possible(copy, row):
            print(f"{row['id']:{width}}  {'(not on this machine)':20}  {'':7}  {row['fault']}")
            continue
        outcome = try_mutant(copy, row, options.every)
        killed += bool(outcome.killer)
        survived += not outcome.killer
        print(f"{row['id']:{width}}  {outcome.killer or 'SURVIVED':20}  {outcome.seconds:7.1f}  "
              f"{row['fault']}", flush=True)
        if options.why and outcome.killer:
            print(f"{'':{width}}    {outcome.why[:120]}", flush=True)
    print(f"{killed + survived} mutants, {killed} killed")
    return killed, survived


def parse():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--source", type=Path, default=HERE.parent.parent,
                        help="the tree to copy (default: the one this script is in)")
    parser.add_argument("--work", type=Path, help="an empty folder for the copy and its build")
    parser.add_argument("--cmake", action="append", default=[], metavar="-DNAME=VALUE",
                        help="an option of the copy's configuration, such as the compiler")
    parser.add_argument("--only", action="append", metavar="ID",
                        help="this mutant; may be repeated")
    parser.add_argument("--every", action="store_true", help="name every test that fails")
    parser.add_argument("--why", action="store_true", help="show what the test said")
    parser.add_argument("--list", action="store_true", help="print the table and stop")
    parser.add_argument("--at-least", type=int, default=1, metavar="N",
                        help="fail when fewer mutants are tried")
    return parser, parser.parse_args()


def choose(parser, options):
    rows = load(HERE / "mutants.toml")
    unknown = set(options.only or []) - {row["id"] for row in rows}
    if unknown:
        parser.error(f"no mutant {' '.join(sorted(unknown))}")
    for row in rows:
        mutated(row, (options.source / "src" / row["file"]).read_text())
    return [row for row in rows if not options.only or row["id"] in options.only]


def main():
    parser, options = parse()
    try:
        rows = choose(parser, options)
        if options.list:
            for row in rows:
                print(f"{row['id']:24} {row['file']:22} {row['fault']}")
            return 0
        if options.work is None:
            parser.error("--work is needed")
        if not all(map(shutil.which, ("cmake", "ctest", "ninja"))):
            print("run.py: skipped: cmake, ctest and ninja are needed")
            return SKIPPED
        copy = Copy(options.source.resolve(), options.work.resolve(), options.cmake)
        check_copy(copy)
        killed, survived = run_table(copy, rows, options)
    except TableError as error:
        print(f"run.py: {error}", file=sys.stderr)
        return 1
    if killed + survived < options.at_least:
        print(f"run.py: fewer than {options.at_least} mutants", file=sys.stderr)
        return 1
    return 1 if survived else 0


if __name__ == "__main__":
    sys.exit(main())
