#!/usr/bin/env python3
"""How sure scripts/compare.sh is: runs bench_speed again and again, unchanged, beside a neighbour, and
compares each run with the one before. A change that is called is a false alarm. Then the same with
every time of the later run multiplied by 1.05: a change that is not called is missed.
usage: alarms.py BENCH_SPEED --out DIR [--pairs 20] [--planted 5] [--beside KIND] [-- OPTIONS OF BENCH_SPEED]

DIR keeps the runs, so that an interrupted experiment goes on; alarms.json is the result. The
neighbour is a process that sweeps the last cache (sweep, the default: bench_speed --neighbour), one
that computes and keeps to itself (busy), or none.
"""

import argparse
import contextlib
import json
import os
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path[:0] = [os.path.join(ROOT, "scripts"), os.path.join(ROOT, "scripts", "compare")]
sys.dont_write_bytecode = True
import intervals  # noqa: E402 (the path is set above)
import speed  # noqa: E402
from run_files import write_whole  # noqa: E402
from runs import Run  # noqa: E402

THRESHOLD = 0.03  # that of compare.sh
USUAL = ["--quick", "--processes", "3", "--min-time", "0.03", "--loss", "arcface,normsoftmax", "--filter",
         "(head|gemm3|rows)/.*/N:(64|128|256)(/D:(64|128|512))?/C:1000/threads:1"]


def fail(message, status=1):
    print(f"alarms.py: {message}", file=sys.stderr)
    sys.exit(status)


def arguments():
    split = sys.argv.index("--") if "--" in sys.argv else len(sys.argv)
    parser = argparse.ArgumentParser(prog="alarms.py", usage=__doc__.split("usage: ")[1].split("\n")[0])
    parser.add_argument("bench")
    parser.add_argument("--out", required=True)
    parser.add_argument("--pairs", type=int, default=20)
    parser.add_argument("--planted", type=float, default=5.0)
    parser.add_argument("--beside", choices=["sweep", "busy", "none"], default="sweep")
    given = parser.parse_args(sys.argv[1:split])
    given.options = sys.argv[split + 1:] or USUAL
    if given.pairs < 1:
        fail("--pairs: at least 1", 2)
    return given


@contextlib.contextmanager
def beside(kind):
    """A process that computes for as long as the run lasts, if it is to be beside such a one."""
    busy = subprocess.Popen([sys.executable, "-c", "while True: pass"]) if kind == "busy" else None
    try:
        yield
    finally:
        if busy:
            busy.kill()
            busy.wait()


def make_run(given, number):
    """The run's folder; made unless it is there."""
    folder = os.path.join(given.out, f"run{number:02d}")
    path = os.path.join(folder, "speed.json")
    if not os.path.exists(path):
        os.makedirs(folder, exist_ok=True)
        command = [given.bench, *given.options, *["--neighbour"] * (given.beside == "sweep"), "--out", path]
        with beside(given.beside):
            done = subprocess.run(command, stdout=subprocess.DEVNULL)
        if done.returncode != 0:
            fail(f"{given.bench} ended with {done.returncode}")
    return folder


def plant(run, percent):
    """The library's own cases of a run get slower."""
    for row in run.files["speed"]["benchmarks"]:
        if "/impl:" not in row["name"] and "real_time" in row:
            row["real_time"] *= 1 + percent / 100
    return run


def changed(a, b):
    rows = [row for row in speed.compare(a, b, THRESHOLD)["rows"] if not row["others"]]
    return rows, [row for row in rows if row["verdict"] in ("slower", "faster")]


def pair_of(given, number):
    folders = [make_run(given, k) for k in (number, number + 1)]
    rows, alarms = changed(*(Run(f, f) for f in folders))
    _, found = changed(Run(folders[0], folders[0]), plant(Run(folders[1], folders[1]), given.planted))
    context = Run(folders[1], folders[1]).files["speed"]["context"]
    return {"cases": len(rows), "alarms": [row["case"] for row in alarms],
            "found": sum(row["verdict"] == "slower" for row in found),
            "within_percent": intervals.median([speed.within(row) for row in rows]),
            "unstable": context["unstable_cases"], "timed": context["cases"]}


def main():
    given = arguments()
    pairs = []
    for number in range(given.pairs):
        if sys.stderr.isatty():
            print(f"\rpair {number + 1} of {given.pairs}", end="", file=sys.stderr)
        pairs.append(pair_of(given, number))
    if sys.stderr.isatty():
        print(file=sys.stderr)
    cases = sum(pair["cases"] for pair in pairs)
    result = {"schema": 1, "options": given.options, "beside": given.beside, "planted_percent": given.planted,
              "threshold_percent": 100 * THRESHOLD, "pairs": pairs,
              "pairs_with_alarm": sum(bool(pair["alarms"]) for pair in pairs),
              "alarms": sum(len(pair["alarms"]) for pair in pairs), "compared": cases,
              "found_share": sum(pair["found"] for pair in pairs) / cases,
              "unstable_share": sum(p["unstable"] for p in pairs) / sum(p["timed"] for p in pairs)}
    path = os.path.join(given.out, "alarms.json")
    write_whole(path, json.dumps(result, indent=1) + "\n")
    print(f"{given.pairs} comparisons of unchanged code, {cases} cases in all: "
          f"{result['alarms']} false alarms in {result['pairs_with_alarm']} of them;\n"
          f"a planted {given.planted:g} % was found in {result['found_share']:.1%} of the cases; "
          f"{result['unstable_share']:.1%} of the timed cases were unstable")


main()
