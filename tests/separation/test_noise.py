#!/usr/bin/env python3
"""The figures of false labels, long tails and room, small: their tables once more from the runs, gains
paired within a seed, advice from the command, and that noise costs what it must. Where
MARGIN_TEST_SANITIZED is set, one seed trains for an epoch, in which nothing has been learnt that could
cost.
usage: test_noise.py BENCH_SEPARATION MARGIN"""

import csv
import json
import os
import subprocess
import sys
import tempfile
import unittest

import numpy as np
from scipy import stats

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../scripts"))
from run_files import expanded  # noqa: E402

PROGRAM, COMMAND = sys.argv.pop(1), sys.argv.pop(1)
SANITIZED = "MARGIN_TEST_SANITIZED" in os.environ
SEEDS, EPOCHS = (1, 1) if SANITIZED else (2, 3)
DEFAULTS = {"normsoftmax": 0.0, "cosface": 0.35, "arcface": 0.5}
SMALL = {"cosface": 0.1, "arcface": 0.2}
FIELD = {"cosface": "m3", "arcface": "m2", "normsoftmax": "m3"}


def rows_of(folder, name):
    with open(os.path.join(folder, "tables", name + ".tsv"), encoding="utf-8") as stream:
        lines = [line for line in stream.read().lstrip("#").split("\n") if line]
    return list(csv.DictReader(lines, delimiter="\t"))


def tar(run):
    return run["verification"]["roc"][30]["tar"]


def tail(run):
    return run.get("test_accuracy_thirds", [run["test_accuracy"]] * 3)[2]


class Noise(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.folder = folder.name
        done = subprocess.run(
            [PROGRAM, "--figure", "noise,tails,room", "--folder", cls.folder, "--seeds", str(SEEDS),
             "--epochs", str(EPOCHS), "--samples", "12", "--test-samples", "8"], capture_output=True,
            text=True, timeout=280, env={**os.environ, "OMP_WAIT_POLICY": "passive"})
        assert (done.returncode, done.stderr) == (0, ""), done.stderr
        with open(os.path.join(cls.folder, "separation.json"), encoding="utf-8") as stream:
            cls.runs = json.load(stream, object_hook=expanded)["runs"]

    def runs_at(self, loss, margin, **wanted):
        usual = {"dim": 64, "classes": 100, "flipped_share": 0, "outlier_share": 0, "imbalance": 1,
                 "scale": 64}
        return [run for run in self.runs if run["loss"] == loss and
                run[FIELD[loss]] == margin and
                all(run[key] == value for key, value in {**usual, **wanted}.items())]

    def check(self, row, name, values):
        self.assertEqual(len(values), SEEDS)
        wanted_of = {"": np.mean(values)}
        if SEEDS > 1:
            wanted_of["_low"], wanted_of["_high"] = stats.t.interval(
                0.95, SEEDS - 1, np.mean(values), max(stats.sem(values), 1e-300))
        for end, wanted in wanted_of.items():
            self.assertAlmostEqual(float(row[name + end]), wanted, delta=1e-6, msg=f"{row}, {name}")

    def check_row(self, row, loss, margin, **wanted):
        found = self.runs_at(loss, margin, **wanted)
        plain = self.runs_at("normsoftmax", 0.0, **{**wanted, "scale": 64})
        for name, of in ("tar", tar), ("accuracy", lambda run: run["test_accuracy"]), ("tail", tail):
            values = [of(run) for run in found]
            self.check(row, name, values)
            self.assertTrue(all(0 <= value <= 1 for value in values))
            self.check(row, name + "_gain", np.array(values) - [of(run) for run in plain])

    def test_noise(self):
        rows = rows_of(self.folder, "noise")
        self.assertEqual(len(rows), 2 * 5 * 4)
        for row in rows:
            kind, margin = row["series"].split()
            key = {"flipped": "flipped_share", "outliers": "outlier_share"}[kind]
            margin = (SMALL if margin == "small" else DEFAULTS)[row["loss"]]
            self.check_row(row, row["loss"], margin, **{key: float(row["share"])})

    @unittest.skipIf(SANITIZED, "nothing learnt")
    def test_noise_costs(self):
        """Planted: with 40 % of the samples false each loss does worse than with none."""
        for clean, worst in zip(rows_of(self.folder, "noise")[0::4], rows_of(self.folder, "noise")[3::4]):
            self.assertEqual((clean["share"], worst["share"]), ("0", "0.4"))
            self.assertEqual((clean["series"], clean["loss"]), (worst["series"], worst["loss"]))
            self.assertLess(float(worst["tar"]), float(clean["tar"]), worst)
            self.assertLess(float(worst["accuracy"]), float(clean["accuracy"]) - 0.1, worst)

    def test_tails(self):
        rows = rows_of(self.folder, "tails")
        self.assertEqual(len(rows), 5 * 3)
        for row in rows:
            margin = (SMALL if row["series"].endswith("small") else DEFAULTS)[row["loss"]]
            self.check_row(row, row["loss"], margin, imbalance=float(row["imbalance"]))
            if row["imbalance"] == "100" and not SANITIZED:
                self.assertGreater(float(row["head"]), float(row["tail"]) + 0.1)
        counts = {run["imbalance"]: run["train_count"] for run in self.runs if run["classes"] == 100
                  and run["flipped_share"] == run["outlier_share"] == 0 and run["dim"] == 64}
        self.assertEqual(sorted(counts), [1, 10, 100])
        for count in counts.values():
            self.assertAlmostEqual(count, 1200, delta=30)

    def test_room(self):
        rows = rows_of(self.folder, "room")
        self.assertEqual(len(rows), 3 * 3 * 3)
        advised = {}
        for row in rows:
            classes, dim = int(row["series"].split()[0]), int(row["dim"])
            self.check_row(row, row["loss"], DEFAULTS[row["loss"]], classes=classes, dim=dim)
            if (classes, dim) not in advised:
                said = json.loads(subprocess.check_output(
                    [COMMAND, "advise", "--json", "--classes", str(classes), "--dim", str(dim)]))
                advised[classes, dim] = {a["loss"]: a for a in said["advice"]}
            said = advised[classes, dim][row["loss"]]
            self.assertAlmostEqual(float(row["scale_least"]), said["scale_centre"], delta=1e-6)
            if said["margin_most"] is None:
                self.assertEqual(row["margin_most"], "NaN")
            else:
                self.assertAlmostEqual(float(row["margin_most"]), said["margin_most"], delta=1e-9)
        self.assertEqual(len(advised), 9)

    def test_drawn(self):
        for name in "noise", "tails", "room":
            with open(os.path.join(self.folder, "figures", f"fig_{name}.svg"), encoding="utf-8") as stream:
                text = stream.read()
            for loss in DEFAULTS:
                self.assertIn(f"default {loss}</title>", text)


if __name__ == "__main__":
    unittest.main()
