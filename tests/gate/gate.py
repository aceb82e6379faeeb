#!/usr/bin/env python3
"""gate.py: the library must not grow slower or larger unnoticed. Counts the instructions of small
calls (valgrind, on the AVX2 kernels: it knows no AVX-512) and the bytes of their workspace, and
compares them with limits.tsv. Never looks at a clock, so it says the same on a busy machine.

usage: gate.py GATE_CASE [--renew]
  GATE_CASE  the program that makes the calls (build/bin/gate_case)
  --renew    write what is measured as the new limits: say in the commit why they rise
"""

import os
import re
import subprocess
import sys
import tempfile

LIMITS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "limits.tsv")
ISA = "avx2"
GROWTH = 1.02  # of the instructions, with the compiler that the limits were written with
OTHER_COMPILER = 2.2  # with any other one: clang 14 needs up to 91 % more for exponentials
SLACK = 0.90  # below this the limit has become loose: a hint, no failure
HEAD = """\
# limits.tsv: what tests/gate/gate.py allows: instructions of one call (AVX2 kernels, one thread) and
# bytes of workspace (one thread, two threads). "-": not counted. Written by gate.py --renew.
"""


class GateError(Exception):
    """What cannot be measured or read."""


def fail(status, message):
    print(f"gate.py: {message}", file=sys.stderr)
    sys.exit(status)


def run(command):
    done = subprocess.run(command, capture_output=True, text=True, check=False,
                          env={**os.environ, "OMP_NUM_THREADS": "1", "MARGIN_ISA": ""})
    if done.returncode != 0:
        raise GateError(f"{' '.join(command)}: {done.stderr.strip()[-300:]}")
    return done


def instructions(program, case):
    """Of one call, as callgrind counts them."""
    with tempfile.TemporaryDirectory(prefix="margin-gate-") as folder:
        out = os.path.join(folder, "out")
        done = run(["valgrind", "--tool=callgrind", "--toggle-collect=gate_measured",
                    f"--callgrind-out-file={out}", program, case, ISA, "1"])
    found = re.search(r"Collected : (\d+)", done.stderr)
    if not found or int(found[1]) == 0:
        raise GateError(f"{case}: no instructions were counted: {done.stderr[-300:]}")
    return int(found[1])


def measure(program):
    """{case: (instructions or None, workspace with one thread, with two)}"""
    measured = {}
    for line in run([program, "--list"]).stdout.splitlines():
        case, counted = line.split()
        spaces = [int(run([program, case, ISA, threads]).stdout) for threads in ("1", "2")]
        measured[case] = (instructions(program, case) if counted == "1" else None, *spaces)
    return measured


def compiler_of(program):
    """As the compiler wrote it into the program."""
    text = run(["readelf", "-p", ".comment", program]).stdout
    found = re.findall(r"\]\s+(.+)", text)
    return " ".join(sorted(set(found))) if found else "unknown"


def read_limits(path=LIMITS):
    compiler, limits = None, {}
    try:
        with open(path, encoding="utf-8") as stream:
            for line in stream:
                fields = line.rstrip("\n").split("\t")
                if fields[0] == "compiler":
                    compiler = fields[1]
                elif not line.startswith("#"):
                    case, *numbers = fields
                    limits[case] = tuple(None if n == "-" else int(n) for n in numbers)
    except (OSError, ValueError, IndexError) as error:
        raise GateError(f"{path}: {error}") from error
    return compiler, limits


def write_limits(compiler, measured, path=LIMITS):
    with open(path + ".part", "w", encoding="utf-8") as stream:
        stream.write(HEAD + f"compiler\t{compiler}\n")
        for case, numbers in measured.items():
            fields = ["-" if n is None else str(n) for n in numbers]
            stream.write("\t".join([case, *fields]) + "\n")
    os.replace(path + ".part", path)


def judge(limits, measured, growth):
    """(faults, hints), one line each."""
    faults = [f"{case}: measured no more; renew the limits" for case in limits.keys() - measured]
    hints = []
    for case, (count, *spaces) in measured.items():
        if case not in limits:
            faults.append(f"{case}: has no limit; renew the limits")
            continue
        limit, *space_limits = limits[case]
        if (count is None) != (limit is None):
            faults.append(f"{case}: counted or not? renew the limits")
        elif count is not None and count > growth * limit:
            faults.append(f"{case}: {count} instructions, {count / limit - 1:+.1%} (limit {limit})")
        elif count is not None and count < SLACK * limit:
            hints.append(f"{case}: {count} instructions, {count / limit - 1:+.1%}: renew")
        for threads, space, most in zip((1, 2), spaces, space_limits):
            if space > most:
                faults.append(f"{case}: {space} bytes of workspace with {threads} threads "
                              f"(limit {most})")
    return sorted(faults), hints


def main(words):
    renew = "--renew" in words
    programs = [word for word in words if word != "--renew"]
    if len(programs) != 1 or programs[0].startswith("-"):
        fail(2, "usage: gate.py GATE_CASE [--renew]")
    try:
        compiler, measured = compiler_of(programs[0]), measure(programs[0])
        if renew:
            write_limits(compiler, measured)
            print(f"{len(measured)} limits written to {LIMITS}")
            return
        limits_compiler, limits = read_limits()
    except (GateError, OSError) as error:
        fail(1, str(error))
    growth = GROWTH if compiler == limits_compiler else OTHER_COMPILER
    faults, hints = judge(limits, measured, growth)
    for hint in hints:
        print(f"note: {hint}")
    for fault in faults:
        print(f"gate.py: {fault}", file=sys.stderr)
    if faults:
        fail(1, f"{len(faults)} limits broken; where that is meant: {sys.argv[0]} {programs[0]} "
                "--renew")
    print(f"{len(measured)} cases within {growth - 1:.0%} of their limits ({compiler})")


if __name__ == "__main__":
    main(sys.argv[1:])
