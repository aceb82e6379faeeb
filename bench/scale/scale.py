#!/usr/bin/env python3
"""scale.py: measures steps of the head with very many classes, alone and over ranks of MPI, holds a
model to them, and carries it to sizes that are not here. Writes JSON and, in tables/ beside it, what
the report, docs/scaling.md and the figure show; a part that is not measured now stays as the file
has it.

parts: rates (small steps that the model's rates come from), million (10^6 classes), ranks (10^6
classes over two ranks), scaling (one and two workers), bytes (what 2 to 7 ranks receive),
ten-million (10^7 classes, W a mapped file of 20 GiB), half (10^7 classes, W 10 GiB of bfloat16 in
memory)
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from datetime import datetime, timezone

sys.dont_write_bytecode = True
sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../scripts"))
import model  # noqa: E402 (the path is set above)
import tables  # noqa: E402
from run_files import write_whole  # noqa: E402

SMALL = [(rows, dim, classes) for rows in (16, 64, 128)
         for dim, classes in ((32, 150_000), (128, 60_000), (512, 40_000))]
RANKS = (2, 3, 4, 7)


def fail(message, status=1):
    print(f"scale.py: {message}", file=sys.stderr)
    sys.exit(status)


def output_of(command):
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode != 0:
        fail(f"{os.path.basename(command[0])} ended with {done.returncode}: {' '.join(command)}")
    return done.stdout


class Programs:
    def __init__(self, options):
        self.options = options

    def path(self, name):
        return os.path.join(self.options.build, "bin", name)

    def step(self, rows, dim, classes, *rest):
        """A run of bench_scale: its `step`; its context is kept."""
        with tempfile.TemporaryDirectory() as folder:
            out = os.path.join(folder, "step.json")
            numbers = {"--rows": rows, "--dim": dim, "--classes": classes, "--out": out}
            said = output_of([self.path("bench_scale"), *(str(x) for pair in numbers.items() for x in pair),
                              *map(str, rest)])
            print(said, end="", flush=True)
            with open(out, encoding="utf-8") as stream:
                found = json.load(stream)
        self.context = found["context"]
        return found["step"]

    def ranks(self, ranks, rows, dim, classes, threads=1, steps=3, *rest):
        """A run of bench_mpi."""
        command = [*self.options.mpirun.split(), "-n", ranks, self.path("bench_mpi"), "--rows", rows,
                   "--dim", dim, "--classes", classes, "--threads", threads, "--steps", steps, *rest]
        found = json.loads(output_of([str(word) for word in command]))
        print(f"{ranks} ranks x {threads} threads: {found['seconds']:.2f} s, "
              f"{found['cpu_seconds']:.2f} s of a processor", flush=True)
        return found


def smaller(shape, quick):
    """A shape, or for --quick one of a fiftieth of the classes and a quarter of the dimensions."""
    rows, dim, classes = shape
    return (rows, dim // 4, max(3000, classes // 50)) if quick else shape


# ---- the parts: each a list of objects -----------------------------------------------------------

def rates(run, options):
    """Rounds of all shapes, with terms kept and not, so that a busy moment falls on all."""
    found = {}
    for _ in range(options.rounds):
        for shape in SMALL:
            for workspace in ("128MiB", "5MiB") if shape[0] > 16 else ("128MiB",):
                step = run.step(*smaller(shape, options.quick), "--threads", 1, "--steps", 3,
                                "--judged", 1, "--workspace", workspace)
                found.setdefault((shape, workspace), []).append(step)
    return [middle(steps) for steps in found.values()]


def middle(steps):
    """One object for the same step in several rounds: medians, and the range of their ends."""
    first = dict(steps[0])
    first["cpu_seconds"] = statistics.median(s["cpu_seconds"] for s in steps)
    seconds = [s["seconds"] for s in steps]
    first["seconds"] = {"median": statistics.median(s["median"] for s in seconds),
                        "low": min(s["low"] for s in seconds), "high": max(s["high"] for s in seconds)}
    return first


def million(run, options):
    """dW stored and streamed, by turns; streamed with W in a file."""
    ways = (["--stored"], [], ["--map", options.map])
    found = [[] for _ in ways]
    for _ in range(options.rounds):
        for steps, way in zip(found, ways):
            steps.append(run.step(*smaller((64, 512, 1_000_000), options.quick), "--steps", 2, *way))
    return [middle(steps) for steps in found]


def ranks(run, options):
    shape = smaller((64, 512, 1_000_000), options.quick)
    return [run.ranks(1, *shape, 2), run.ranks(2, *shape, 1)]


def scaling(run, options):
    """1 rank x 1 thread, 1 x 2 and 2 x 1, by turns: the same head, then one of twice the classes."""
    found = {}
    rows, dim, classes = smaller((128, 512, 100_000), options.quick)
    cases = [("strong", 1, 1, classes), ("strong", 1, 2, classes), ("strong", 2, 1, classes),
             ("weak", 1, 1, classes), ("weak", 1, 2, 2 * classes), ("weak", 2, 1, 2 * classes)]
    for _ in range(options.rounds):
        for case in cases:
            kind, count, threads, here = case
            found.setdefault(case, []).append(run.ranks(count, rows, dim, here, threads, 2))
    return [{"kind": case[0], **steps[0],
             "seconds_of_rounds": [step["seconds"] for step in steps],
             "cpu_seconds": statistics.median(step["cpu_seconds"] for step in steps),
             "seconds": statistics.median(step["seconds"] for step in steps)}
            for case, steps in found.items()]


def bytes_of(run, options):
    shape = smaller((420, 512, 50_000), options.quick)
    return [run.ranks(count, *shape, 1, 1) for count in RANKS]


def ten_million(run, options):
    return [run.step(*smaller((64, 512, 10_000_000), options.quick), "--steps", options.steps,
                     "--map", options.map)]


def half(run, options):
    return [run.step(*smaller((64, 512, 10_000_000), options.quick), "--steps", options.steps,
                     "--type", "bfloat16")]


PARTS = {"rates": rates, "million": million, "ranks": ranks, "scaling": scaling, "bytes": bytes_of,
         "ten-million": ten_million, "half": half}


# ---- the file ------------------------------------------------------------------------------------

def read(path):
    try:
        with open(path, encoding="utf-8") as stream:
            return json.load(stream)
    except FileNotFoundError:
        return {"schema": 1, "parts": {}}
    except (OSError, ValueError) as error:
        fail(f"{path}: {error}")


def measured(file, options):
    run = Programs(options)
    for name in PARTS if options.only is None else options.only:
        part = {"steps": PARTS[name](run, options)}
        part["date"] = datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
        part["load"] = os.getloadavg()[0]
        file["parts"][name] = part
        file["context"] = getattr(run, "context", file.get("context"))
        write_whole(options.out, json.dumps(file, indent=1) + "\n")
    return file


def parsed():
    parser = argparse.ArgumentParser(prog="scale.py", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", required=True, metavar="FILE", help="scale.json of a run")
    parser.add_argument("--build", default="build", help="the build's folder (build)")
    parser.add_argument("--map", default=".", metavar="FOLDER", help="where W's file lies meanwhile")
    parser.add_argument("--mpirun", default="mpirun --oversubscribe --bind-to none", metavar="COMMAND",
                        help="(%(default)s: Open MPI would tie a rank to one core)")
    parser.add_argument("--only", default=None, metavar="PARTS", help="by commas; none: no step is run")
    parser.add_argument("--rounds", type=int, default=3, help="of the smaller parts (3)")
    parser.add_argument("--steps", type=int, default=2, help="with 10^7 classes (2)")
    parser.add_argument("--quick", action="store_true", help="small shapes, to try the program")
    options = parser.parse_args()
    if options.only is not None:
        options.only = [name for name in options.only.split(",") if name != "none"]
        for name in options.only:
            if name not in PARTS:
                parser.error(f"--only: no part {name}; there are {', '.join(PARTS)}")
    return options


def main():
    options = parsed()
    file = read(options.out)
    if options.only != ():
        file = measured(file, options)
    cuts = model.Cuts(os.path.join(options.build, "libmargin.so"))
    folder = os.path.join(os.path.dirname(os.path.abspath(options.out)), "tables")
    for name, text in tables.made(file, cuts).items():
        write_whole(os.path.join(folder, name + ".tsv"), text)


main()
