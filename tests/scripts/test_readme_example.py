#!/usr/bin/env python3
"""The C example of the README, compiled by the command that the README gives, prints the loss that
an independent computation gives. usage: test_readme_example.py BUILD_DIR"""

import math
import os
import re
import shlex
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def expected():
    """ArcFace, s = 64, m = 0.5, on the example's two samples, by the formula."""
    rows = [((1, 2, 2), 0), ((0, 3, 4), 1)]
    weights = [(1, 0, 0), (0, 0, 1)]
    total = 0.0
    for x, label in rows:
        cosines = [sum(a * b for a, b in zip(x, w)) / math.hypot(*x) for w in weights]
        target = 64 * math.cos(math.acos(cosines[label]) + 0.5)
        others = sum(math.exp(64 * c - target) for j, c in enumerate(cosines) if j != label)
        total += math.log1p(others)
    return total / len(rows)


def main():
    build = os.path.abspath(sys.argv[1])
    with open(os.path.join(ROOT, "README.md"), encoding="utf-8") as stream:
        readme = stream.read()
    code = re.search(r"^```c\n(.*?)^```", readme, re.M | re.S).group(1)
    command = re.search(r"^cc .*example\.c.*$", readme, re.M).group(0)
    assert len(code.strip().splitlines()) <= 20, "the example has grown"
    with tempfile.TemporaryDirectory() as folder:
        with open(os.path.join(folder, "example.c"), "w", encoding="utf-8") as stream:
            stream.write(code)
        os.symlink(os.path.join(ROOT, "include"), os.path.join(folder, "include"))
        os.symlink(build, os.path.join(folder, "build"))
        subprocess.run(shlex.split(command) + ["-Wall", "-Wextra", "-Wpedantic", "-Werror"],
                       cwd=folder, check=True)
        printed = subprocess.run(["./example"], cwd=folder, check=True, text=True,
                                 stdout=subprocess.PIPE).stdout
    loss = float(re.search(r"[-+0-9.e]+", printed).group(0))
    print(f"printed {loss}, expected {expected():.6f}")
    if not math.isclose(loss, expected(), rel_tol=2e-6, abs_tol=1e-6):
        sys.exit("FAILED: the README's example prints another loss")


main()
