#!/usr/bin/env python3
"""What docs/numerics.md says about the rows outside the aim, by stability_causes: the replayed
cosines are the library's, and wider ones bring the rows within. Usage: test_causes.py PROGRAM"""

import subprocess
import sys
import unittest

PROGRAM = ""
COLUMNS = ("rows", "loss", "by norms", "by elements", "by sums", "norms", "elements", "as is", "once",
           "half", "hundredth", "rest", "share", "dx", "own", "dx half", "halves", "hundredths")


class Causes(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        done = subprocess.run([PROGRAM, "--quick"], capture_output=True, text=True)
        if done.returncode == 77:
            raise unittest.SkipTest(done.stderr)
        assert done.returncode == 0, done.stderr
        cls.groups = {}
        lines = done.stdout.splitlines()
        head = next(k for k, line in enumerate(lines) if line.startswith("sweep "))
        for line in lines[head + 1:]:
            numbers = [float(word) for word in line[22:].replace("|", " ").split()]
            cls.groups[line[:22].strip()] = dict(zip(COLUMNS, numbers, strict=True))

    def test_every_sweep(self):
        self.assertTrue({"theta", "scale", "norm", "converged", "underflow", "special", "classes", "dim",
                         "shape", "map", "random", "adversarial", "shape, few dim."} <= set(self.groups))
        self.assertGreater(sum(group["loss"] for group in self.groups.values()), 300)

    def test_the_replay_is_the_library(self):
        """Else the kernels compute otherwise than replay.c, and docs/numerics.md is out of date."""
        for name, group in self.groups.items():
            self.assertEqual(group["rest"], 0, name)
            self.assertLess(group["share"], 0.5, name)
            self.assertEqual(group["as is"], group["loss"], name)

    def test_what_helps(self):
        for name, group in self.groups.items():
            self.assertEqual(group["hundredth"], 0, name)
            if not name.startswith(("random", "adversarial")) and "few" not in name:
                self.assertEqual(group["half"], 0, name)
                self.assertEqual(group["dx half"], group["own"], name)
        self.assertGreater(self.groups["adversarial"]["once"], 20)

    def test_wrong_usage(self):
        done = subprocess.run([PROGRAM, "--slow"], capture_output=True, text=True)
        self.assertEqual(done.returncode, 2)
        self.assertTrue(done.stderr.startswith("stability_causes: "), done.stderr)


if __name__ == "__main__":
    if len(sys.argv) < 2:
        raise SystemExit(__doc__)
    PROGRAM = sys.argv.pop(1)
    unittest.main()
