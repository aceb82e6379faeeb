#!/usr/bin/env python3
"""bench_stability as a program: a whole quick sweep within its bounds, its file, and its refusals.
Usage: test_bench_stability.py BENCH_STABILITY"""

import json
import math
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

PROGRAM = ""
LOSSES = {"softmax", "normsoftmax", "sphereface", "cosface", "arcface", "combined"}
ERRORS = ("loss_ulp", "loss_rel", "grad_x", "grad_w")


def run(*arguments):
    return subprocess.run([PROGRAM, *arguments], capture_output=True, text=True)


class Sweep(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        with tempfile.TemporaryDirectory() as folder:
            out = Path(folder) / "stability.json"
            cls.done = run("--quick", f"--out={out}")
            cls.file = json.loads(out.read_text())
            cls.left = [path.name for path in Path(folder).iterdir()]
            run("--quick", "--isa=scalar", f"--out={out}")
            cls.scalar = json.loads(out.read_text())

    def test_verdict(self):
        self.assertEqual(self.done.returncode, 0, self.done.stderr)
        self.assertEqual(self.done.stderr, "")
        self.assertIn("PASS", self.done.stdout)
        self.assertNotIn("FAIL", self.done.stdout)
        self.assertEqual(self.left, ["stability.json"])

    def test_what_the_table_says_is_in_the_file(self):
        limits = self.file["bounds"]
        for row in self.file["rows"]:
            if row["impl"] != "margin":
                continue
            loss = limits["loss"][0] + limits["loss"][1] * row["scale"]
            gradient = limits["gradient"][0] + limits["gradient"][1] * row["scale"]
            self.assertLessEqual(row["loss_rel"], loss, row)
            self.assertLessEqual(max(row["grad_x"], row["grad_w"]), gradient, row)
            self.assertEqual(row["nonfinite"], 0, row)

    def test_rows(self):
        rows = self.file["rows"]
        self.assertEqual(self.file["schema"], 1)
        self.assertEqual({row["loss"] for row in rows}, LOSSES)
        usable = set(self.file["context"]["isas_usable"])
        self.assertEqual({row["isa"] for row in rows if row["impl"] == "margin"}, usable)
        self.assertEqual({row["impl"] for row in rows} - {"margin"}, set(self.file["formulas"]))
        for row in rows:
            self.assertEqual(row["theta"] is None, row["sweep"] == "scale")
            self.assertTrue(all(row[e] is None or row[e] >= 0 for e in ERRORS))

    def test_angles_reach_both_ends(self):
        for loss in LOSSES:
            angles = [row["theta"] for row in self.file["rows"]
                      if row["loss"] == loss and row["sweep"] == "theta"]
            self.assertEqual(min(angles), 0)
            self.assertEqual(max(angles), math.pi)
            self.assertLess(min(a for a in angles if a > 0), 2e-7)
            self.assertLess(math.pi - max(a for a in angles if a < math.pi), 2e-7)

    def test_scales(self):
        for loss in LOSSES - {"softmax"}:
            scales = [row["scale"] for row in self.file["rows"]
                      if row["loss"] == loss and row["sweep"] == "scale"]
            self.assertEqual((min(scales), max(scales)), (1, 10000))

    def test_textbook_formulas_do_fail(self):
        """Else the comparison would show nothing: not finite at the ends, not exact between."""
        rows = [r for r in self.file["rows"] if r["loss"] == "arcface" and r["sweep"] == "theta"]
        self.assertTrue(any(r["nonfinite"] > 0 for r in rows if r["impl"] == "acos"))
        clamp = [r["grad_x"] for r in rows if r["impl"] == "clamp" and r["grad_x"] is not None]
        self.assertGreater(max(clamp), 1e-2)

    def test_curves(self):
        curves = self.file["curves"]
        self.assertEqual(len({point["label"] for point in curves}), 7)
        arc = {p["theta_deg"]: p for p in curves if p["label"].startswith("ArcFace")}
        self.assertAlmostEqual(arc[60]["psi"], 0.0236, delta=5e-5)
        self.assertAlmostEqual(arc[60]["slope"], 1.1544, delta=5e-5)
        self.assertIsNone(arc[0]["slope"])

    def test_one_isa_and_the_same_numbers_again(self):
        def errors(file):
            return [row for row in file["rows"] if row["isa"] in ("scalar", "none")]

        self.assertEqual({row["isa"] for row in self.scalar["rows"]}, {"scalar", "none"})
        self.assertEqual(errors(self.scalar), errors(self.file))


class CommandLine(unittest.TestCase):
    def refused(self, code, word, *arguments):
        done = run(*arguments)
        self.assertEqual(done.returncode, code, done)
        self.assertTrue(done.stderr.startswith("bench_stability: "), done.stderr)
        self.assertEqual(done.stderr.count("\n"), 1, done.stderr)
        self.assertIn(word, done.stderr)

    def test_help_version_list(self):
        for option in ("--help", "--version", "--list"):
            done = run(option)
            self.assertEqual((done.returncode, done.stderr), (0, ""))
        for loss in LOSSES:
            self.assertIn(f"theta/loss:{loss}/", done.stdout)
            self.assertIn(f"scale/loss:{loss}/", done.stdout)

    def test_wrong_usage(self):
        self.refused(2, "--isa", "--isa=mmx")
        self.refused(2, "--seed", "--seed=x")
        self.refused(2, "--threads", "--threads=-1")
        self.refused(2, "--wrong", "--wrong")
        self.refused(2, "stray", "stray")
        self.refused(2, "--out", "--out")

    def test_failed_run(self):
        with tempfile.TemporaryDirectory() as folder:
            self.refused(1, "missing", "--quick", "--isa=scalar",
                         f"--out={folder}/missing/stability.json")
            self.assertEqual(list(Path(folder).iterdir()), [])


if __name__ == "__main__":
    if len(sys.argv) < 2:
        raise SystemExit(__doc__)
    PROGRAM = sys.argv.pop(1)
    unittest.main()
