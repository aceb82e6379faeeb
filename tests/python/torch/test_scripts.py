#!/usr/bin/env python3
"""The scripts that compare PyTorch's heads with the library's: what they write and say. Their times
depend on the machine, their errors and memory do not."""

import json
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]


def run(script, *options):
    command = [sys.executable, "-B", str(ROOT / script), *map(str, options)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


class Peers(unittest.TestCase):
    def test_every_head_is_timed_and_judged(self):
        with tempfile.TemporaryDirectory() as folder:
            out = Path(folder, "torch.json")
            done = run("bench/speed/peers_torch.py", "--shapes", "24x64x200", "--rounds", 5,
                       "--seconds", 0.1, "--out", out)
            self.assertEqual(done.returncode, 0, done.stderr)
            results = json.loads(out.read_text())
            self.assertEqual(sorted(path.name for path in Path(folder).iterdir()), ["tables", "torch.json"])
            lines = Path(folder, "tables", "pareto.tsv").read_text().splitlines()
        heads = {row["run_name"].split("/")[1][5:]: row for row in results["benchmarks"]}
        missing = results["context"]["missing"]
        self.assertEqual(set(heads) | set(missing),
                         {"margin", "margin-c", "unfused", "torch-eager", "torch-detached", "torch-compiled",
                          "torch-fused", "pml"})
        ours, eager, detached = (heads[k] for k in ("margin", "torch-eager", "torch-detached"))
        for kind in ("hard", "middle", "converged"):
            self.assertLess(ours[f"error_loss_{kind}"], 1e-5)
            self.assertLess(ours[f"error_dx_{kind}"], 1e-5)
        self.assertLess(eager["error_dx_hard"], 1e-5)
        self.assertGreater(eager["error_dx_converged"], 0.01)  # what the usual formula loses
        self.assertGreater(detached["error_dx_middle"], 0.01)  # a margin without a derivative
        self.assertEqual(ours["ratio_margin"], 1.0)
        self.assertLess(heads["unfused"]["error_dx_hard"], 1e-5)
        # The figure's table: a line for each head that is judged, and kind of rows.
        cells = [line.split("\t") for line in lines if line and line[0] != "#"]
        self.assertEqual(len(cells), 3 * (len(heads) - 1))
        for cell in cells:
            error = heads[cell[0]][f"error_dx_{cell[4]}"]
            self.assertEqual(cell[8], "-" if error is None else f"{error:.3g}")
        for name, row in heads.items():
            self.assertGreater(row["real_time"], 0.0, name)
            self.assertIn(f"\n{name} ", done.stdout)

    def test_a_shape_that_is_none_is_refused(self):
        done = run("bench/speed/peers_torch.py", "--shapes", "24x64")
        self.assertEqual(done.returncode, 2)
        self.assertIn("24x64", done.stderr)


class Fashion(unittest.TestCase):
    def test_both_heads_learn(self):
        with tempfile.TemporaryDirectory() as folder:
            out = Path(folder, "fashion.json")
            done = run("examples/fashion_torch.py", "--seeds", 2, "--epochs", 1, "--json", out)
            self.assertEqual(done.returncode, 0, done.stderr)
            found = json.loads(out.read_text())
        for name in ("margin", "eager"):
            self.assertGreater(found[f"accuracy_{name}"], 0.6)
        self.assertLess(abs(found["accuracy_margin"] - found["accuracy_eager"]), 0.1)
        self.assertGreater(found["inside_band"], 0.9)

    def test_missing_images_are_named(self):
        done = run("examples/fashion_torch.py", "--data", "/nowhere")
        self.assertEqual(done.returncode, 1)
        self.assertIn("/nowhere/train-images", done.stderr)
        self.assertEqual(done.stderr.count("\n"), 1)


if __name__ == "__main__":
    unittest.main()
