"""test_separation.py BIN LAUNCH...: bench_separation over two ranks gives one process's numbers.

Every number of the results is compared, but for times and for how the program was called.
"""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

COMMON = "--data sphere --dim 16 --seeds 1 "
CASES = (  # heads of one cell, and of two; how many trainings
    (COMMON + "--identities 10 --unseen 10 --epochs 2 --samples 60 "
     "--loss softmax,normsoftmax,arcface,cosface,sphereface", 5),
    (COMMON + "--identities 1800 --epochs 1 --samples 2 --loss arcface", 1),
)


def results(command, options, out):
    """Run the program and return its results without what may differ."""
    done = subprocess.run([*command, *options.split(), "--out", out], capture_output=True,
                          text=True, check=False)
    if done.returncode != 0:
        sys.exit(f"{command} fails:\n{done.stderr}")
    found = json.loads(Path(out).read_text(encoding="utf-8"))
    del found["context"]
    return without_times(found)


def without_times(value):
    """Leave out every field that is a time."""
    if isinstance(value, dict):
        return {k: without_times(v) for k, v in value.items() if "seconds" not in k}
    return [without_times(v) for v in value] if isinstance(value, list) else value


def compare(folder, launch, options, trainings):
    """Compare the results of one process with those of two ranks."""
    with tempfile.TemporaryDirectory() as work:
        one = results([folder / "bench_separation"], options, f"{work}/one.json")
        two = results([*launch, "-n", "2", folder / "bench_separation_mpi"], options,
                      f"{work}/two.json")
    runs = one["runs"]
    if len(runs) != trainings or not all(run.get("final_loss", 0) > 0 for run in runs):
        sys.exit(f"no trainings to compare: {json.dumps(runs)[:500]}")
    if one != two:
        differ = [a["loss"] for a, b in zip(runs, two["runs"]) if a != b]
        sys.exit(f"two ranks give other numbers than one process: {differ}")
    print(f"{len(runs)} trainings: the numbers of one process on two ranks")


for case in CASES:
    compare(Path(sys.argv[1]), sys.argv[2:], *case)
