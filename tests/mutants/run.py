#!/usr/bin/env python3
"""run.py: tests the tests. Each row of faults.txt puts one fault, or several, into a function of
the library, by rule (mutate.py). All of them stand side by side in one build of a copy of the
sources, and MARGIN_MUTANT in the environment chooses one: so each costs only the tests that are
run until one fails. A mutant under which every test passes survives, and the run fails.

Tests that are the same in each build (the library's unit tests and those against the oracle) are
taken from CTest; nothing is listed twice. A test's failure counts when it passes without a fault.

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
import threading
import time
from collections import defaultdict, namedtuple
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path

import mutate

HERE = Path(__file__).resolve().parent
COPIED = ("CMakeLists.txt", "cmake", "include", "src", "common", "bench/stability", "tests")
# Tests of whole programs and scripts: no test of the library's numbers.
LEFT_OUT = ("cli", "separation", "plots", "scripts", "speed", "mutants", "python", "__pycache__",
            "results")
# exp over every float takes minutes: every 99991st is a part of that test, so its kill is a kill.
SAMPLED = re.compile(r"^exp_")
# Only for a mutant that everything else lets live, or the tests of a vocabulary that the CPU lacks.
SLOW = re.compile(r"^(test_against_oracle|bits_scalar|.*_simde)$")
# Their programs, which are not built before.
SLOW_PROGRAM = re.compile(r"(test_against_oracle|_simde)$")
# Golden bits notice any change: last, so that a kill by them says that nothing else noticed.
LAST = re.compile(r"^bits_")
SKIPPED = 77
# A test that has failed once has said all: cmocka's programs and those on check.h end there.
AT_FIRST = {"OMP_WAIT_POLICY": "passive", "CMOCKA_TEST_ABORT": "1", "MARGIN_TEST_FIRST": "1"}
Row = namedtuple("Row", "line function rule tests fault")
Mutant = namedtuple("Mutant", "number row path place")


# ---- the table and the mutated sources ----------------------------------------------------------

def load(path):
    rows = []
    for number, line in enumerate(path.read_text().splitlines(), 1):
        if line.strip() and not line.startswith("#"):
            parts = line.split(None, 3)
            if len(parts) < 4:
                raise mutate.RuleError(f"line {number}: not FUNCTION RULE TESTS FAULT")
            rows.append(Row(number, *parts[:2], parts[2].split(","), parts[3]))
    return rows


def find(functions, name):
    """The function of that name, or NAME@PART where the file's path holds PART."""
    name, _, part = name.partition("@")
    found = [f for f in functions.get(name, []) if part in f.path]
    if len(found) != 1:
        places = " ".join(f.path for f in found)
        raise mutate.RuleError(f"{name}: in several files, say which with @: {places}" if found else
                               f"{name}: no such function in src{part and ' in ' + part}")
    return found[0]


def plant(rows, src):
    """The mutants of the rows, and the text of each file that they change."""
    functions, faults, mutants, wrong = {}, {}, [], []
    for path in sorted(src.rglob("*.[ch]")):
        for f in mutate.functions_in(str(path.relative_to(src)), path.read_text()):
            functions.setdefault(f.name, []).append(f)
    for row in rows:
        try:
            function = find(functions, row.function)
            for edits in mutate.edits_of(function, row.rule):
                mutants.append(Mutant(len(mutants) + 1, row, function.path,
                                      mutate.context(function, edits)))
                place = faults.setdefault((function.path, function.tokens[function.first].start),
                                          (function, {}))
                place[1][len(mutants)] = edits
        except mutate.RuleError as error:
            wrong.append(f"line {row.line}: {error}")
    if wrong:
        raise mutate.RuleError("\n".join(wrong))
    texts = {}
    for path, start in sorted(faults, reverse=True):
        f, planted = faults[path, start]
        text, end = texts.get(path, f.text), f.tokens[f.close].end
        texts[path] = text[:start] + mutate.with_faults(f, planted) + text[end:]
    return mutants, texts


# ---- the copy and its tests ---------------------------------------------------------------------

class Copy:
    """A copy of the sources with all faults, and the tests that its build offers."""

    def __init__(self, source, work, options, jobs, texts):
        self.tree, self.build, self.logs = work / "tree", work / "build", work / "logs"
        shutil.rmtree(work, ignore_errors=True)
        self.logs.mkdir(parents=True)
        self.tree.mkdir()
        ignore = shutil.ignore_patterns(*LEFT_OUT)
        for name in COPIED:
            if (source / name).is_dir():
                shutil.copytree(source / name, self.tree / name, ignore=ignore)
            else:
                shutil.copy2(source / name, self.tree / name)
        for path, text in texts.items():
            (self.tree / "src" / path).write_text(text)
        # -O1 compiles fast, and no bit of a result depends on it.
        self.must("configure", "cmake", "-S", self.tree, "-B", self.build, "-G", "Ninja",
                  "-DCMAKE_BUILD_TYPE=None", "-DMARGIN_INSTALL=OFF",
                  f"-DCMAKE_C_FLAGS=-O1 -w -include {HERE / 'choice.h'}", *options)
        listing = subprocess.run(["ninja", "-C", self.build, "-t", "targets", "all"], check=True,
                                 capture_output=True, text=True).stdout
        programs = re.findall("^bin/test_[^:]*", listing, re.M)
        self.make = ["ninja", "-C", self.build, f"-j{jobs}"]
        self.must("build", *self.make, *(p for p in programs if not SLOW_PROGRAM.search(p)))
        self.slow_programs = [p for p in programs if SLOW_PROGRAM.search(p)]
        self.slow = []
        self.tests = self.find_tests()
        self.clean = {}  # test -> its status and processor seconds without a fault
        self.building = threading.Lock()
        self.locks = defaultdict(threading.Lock)

    def must(self, what, *command):
        log = self.logs / f"{what}.log"
        with open(log, "w") as stream:
            if subprocess.run(command, stdout=stream, stderr=subprocess.STDOUT).returncode:
                sys.exit(f"run.py: cannot {what} the copy, see {log}")

    def find_tests(self):
        listing = subprocess.run(["ctest", "--test-dir", self.build, "-L", "unit",
                                  "--show-only=json-v1"], check=True, capture_output=True)
        tests = {}
        for test in json.loads(listing.stdout)["tests"]:
            command = [word for word in test.get("command", []) if word]
            if command and Path(command[0]).parent == self.build / "bin":
                sampled = ["99991"] if SAMPLED.match(test["name"]) else command[1:]
                tests[test["name"]] = command[:1] + sampled
        return tests

    def slow_tests(self, wanted=""):
        """The tests whose programs, those of this pattern, are built now, when they are needed."""
        with self.building:
            programs = [p for p in self.slow_programs if re.search(wanted, p)]
            if programs:
                self.must("build_slow", *self.make, *programs)
                self.slow_programs = [p for p in self.slow_programs if p not in programs]
                quick, self.tests = self.tests, self.find_tests()
                self.slow += [name for name in self.tests if name not in quick]
        return self.slow

    def run_test(self, name, number, limit):
        """Its status, the processor seconds it took, and its output. A limit on these, not on the
        time of day, ends what hangs: a busy machine kills no mutant."""
        log = self.logs / f"{number}.{name}.log"
        environment = {**os.environ, **AT_FIRST, "MARGIN_MUTANT": str(number)}
        with open(log, "w") as stream:
            process = subprocess.Popen(
                ["bash", "-c", f'ulimit -c 0 -t {int(limit)}; exec "$@"', "-", *self.tests[name]],
                stdout=stream, stderr=subprocess.STDOUT, env=environment)
            deadlock = threading.Timer(1200, process.kill)
            deadlock.start()
            _, status, usage = os.wait4(process.pid, 0)
            deadlock.cancel()
        process.returncode = os.waitstatus_to_exitcode(status)
        return process.returncode, usage.ru_utime + usage.ru_stime, log

    def without_fault(self, name):
        """The same without a fault; run once. It must not fail."""
        with self.locks[name]:
            if name not in self.clean:
                status, seconds, log = self.run_test(name, 0, 1000)
                if status not in (0, SKIPPED):
                    os._exit(print(f"run.py: {name} fails without a fault: this run says nothing; "
                                   f"see {log}", file=sys.stderr, flush=True) or 1)
                self.clean[name] = status, seconds
        return self.clean[name]

    def lacks(self, path):
        """The instruction set whose vocabulary this file is, where the CPU lacks it, or None."""
        vocabulary = re.fullmatch(r"simd/simd_(\w+)\.h", path)
        if vocabulary and all(self.without_fault(name)[0] == SKIPPED for name in list(self.tests)
                              if name.startswith("simd_" + vocabulary[1]) and name not in self.slow):
            return vocabulary[1]
        return None

    def elsewhere(self, isa):
        """The tests of such a vocabulary on any CPU, its own first; no other test runs its code."""
        return sorted((name for name in self.slow_tests("_simde$")
                       if name.endswith(f"_{isa}_simde")),
                      key=lambda name: (not name.startswith("simd_"), name))

    def runs(self, path):
        """Is this file of the library run here? A vocabulary that the CPU lacks may not be."""
        isa = self.lacks(path)
        return isa is None or bool(self.elsewhere(isa))

    def order(self, mutant):
        """Tests to try: those named first, then the others, golden bits, slow ones."""
        first, isa = mutant.row.tests, self.lacks(mutant.path)
        if isa is not None:
            yield from self.elsewhere(isa)
            return

        def rank(name):
            return (first.index(name) if name in first else len(first), bool(SLOW.match(name)),
                    bool(LAST.match(name)), self.clean.get(name, (0, 0))[1])
        quick = sorted(self.tests, key=rank)
        yield from quick
        self.slow_tests()
        yield from (name for name in sorted(self.tests, key=rank) if name not in quick)

    def killers(self, mutant, every):
        """The first test that fails with the fault in place, or all of them, and what it said."""
        found, why = [], ""
        for name in self.order(mutant):
            status, seconds = self.without_fault(name)
            if status != SKIPPED:
                status, _, log = self.run_test(name, mutant.number, 10 + 10 * seconds)
            if status not in (0, SKIPPED):
                found.append(name)
                why = why or first_complaint(log)
                if not every:
                    break
        return found, why


def first_complaint(log):
    """The line of a failed test that says why, for the reader."""
    lines = [line.strip() for line in log.read_text(errors="replace").splitlines()]
    frame = re.compile(r"\[(=+| +RUN| +OK|-+| +PASSED)")
    telling = [line for line in lines if re.search(r"error|fail|differ|other|\d", line, re.I)
               and not frame.match(line)]
    return (telling or lines or ["no output: it crashed or hung"])[0]


# ---- the run ------------------------------------------------------------------------------------

def try_all(copy, mutants, options):
    """Mutants, killed, and the tests that killed each row's."""
    killed, here, killers = 0, 0, {}

    def one(mutant):
        start, row = time.monotonic(), mutant.row
        if not copy.runs(mutant.path):
            return mutant, None, "", 0.0
        return mutant, *copy.killers(mutant, options.every), time.monotonic() - start

    with ThreadPoolExecutor(options.jobs) as pool:
        for done in as_completed([pool.submit(one, mutant) for mutant in mutants]):
            mutant, found, why, seconds = done.result()
            row = mutant.row
            who = "(not on this machine)" if found is None else " ".join(found) or "SURVIVED"
            print(f"{mutant.number:4} {row.function:26} {row.rule:32} {who:20} {seconds:5.1f}  "
                  f"{row.fault}", flush=True)
            if options.why and found:
                print(f"       {why[:120]}", flush=True)
            here += found is not None
            killed += bool(found)
            killers.setdefault(row.line, []).extend(found or [])
    return here, killed, killers


def renew(path, killers):
    """Writes down which test kills a row's mutants, for the next run to try first."""
    lines = path.read_text().splitlines()
    for number, names in killers.items():
        if names:
            parts = lines[number - 1].split(None, 3)
            parts[2] = ",".join(dict.fromkeys(names))
            lines[number - 1] = f"{parts[0]:26} {parts[1]:36} {parts[2]:20} {parts[3]}"
    path.write_text("\n".join(lines) + "\n")


def parse():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--source", type=Path, default=HERE.parent.parent,
                        help="the tree to copy (default: the one this script is in)")
    parser.add_argument("--work", type=Path, help="an empty folder for the copy and its build")
    parser.add_argument("--cmake", action="append", default=[], metavar="-DNAME=VALUE",
                        help="an option of the copy's configuration, such as the compiler")
    parser.add_argument("--only", action="append", metavar="FUNCTION",
                        help="mutants of this function; may be repeated")
    parser.add_argument("--every", action="store_true", help="name every test that fails")
    parser.add_argument("--why", action="store_true", help="show what the test said")
    parser.add_argument("--list", action="store_true", help="print each mutant and stop")
    parser.add_argument("--renew", action="store_true", help="write the killers into the table")
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), metavar="N",
                        help="mutants tried at a time, and files compiled")
    parser.add_argument("--at-least", type=int, default=1, metavar="N",
                        help="fail when fewer mutants are tried")
    return parser, parser.parse_args()


def main():
    parser, options = parse()
    table, source = HERE / "faults.txt", options.source.resolve()
    try:
        rows = [row for row in load(table)
                if not options.only or row.function in options.only]
        mutants, texts = plant(rows, source / "src")
    except mutate.RuleError as error:
        print(f"{table.name}: {error}", file=sys.stderr)
        return 1
    if options.list:
        for mutant in mutants:
            print(f"{mutant.number:4} {mutant.row.function:26} {mutant.row.fault}\n"
                  f"     {mutant.place}")
        return 0
    if options.work is None:
        parser.error("--work is needed")
    if not all(map(shutil.which, ("cmake", "ctest", "ninja"))):
        print("run.py: skipped: cmake, ctest and ninja are needed")
        return SKIPPED
    copy = Copy(source, options.work.resolve(), options.cmake, options.jobs, texts)
    built = resource.getrusage(resource.RUSAGE_CHILDREN)
    here, killed, killers = try_all(copy, mutants, options)
    if options.renew:
        renew(table, killers)
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    print(f"{here} mutants, {killed} killed; {built.ru_utime + built.ru_stime:.0f} s of processor "
          f"time to build, {used.ru_utime - built.ru_utime + used.ru_stime - built.ru_stime:.0f} s "
          "to test")
    if here < options.at_least:
        print(f"run.py: fewer than {options.at_least} mutants", file=sys.stderr)
        return 1
    return 0 if killed == here else 1


if __name__ == "__main__":
    sys.exit(main())
