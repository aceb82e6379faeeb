#!/usr/bin/env python3
"""bench_stability as a program: a whole quick run that keeps its promises, its file, and its
refusals. Usage: test_bench_stability.py BENCH_STABILITY FOLDER, which run_stability.py has filled"""

import json
import math
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path
from types import SimpleNamespace

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "scripts"))
from run_files import expanded  # noqa: E402

PROGRAM = FOLDER = ""
LOSSES = {"softmax", "normsoftmax", "sphereface", "cosface", "arcface", "combined"}
SWEEPS = {"theta", "scale", "norm", "classes", "dim", "converged", "underflow", "special", "random",
          "adversarial", "map", "shape"}
SHAPES = {"few dimensions", "odd dimensions", "many classes", "many rows", "few classes"}
PROMISES = {"finite", "loss", "grad_x", "grad_w"}
GOALS = {"loss_goal", "grad_x_goal", "grad_w_goal"}
ERRORS = ("loss_rel", "grad_x", "grad_w")
OURS = ("loss_ulp", "loss_best", "grad_x_ulp", "grad_x_best", "grad_w_ulp", "grad_w_best")


def run(*arguments):
    return subprocess.run([PROGRAM, *arguments], capture_output=True, text=True)


class Sweep(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        run_folder = Path(FOLDER) / "run"
        cls.done = SimpleNamespace(**json.loads((Path(FOLDER) / "said.json").read_text()))
        cls.file = json.loads((run_folder / "stability.json").read_text(), object_hook=expanded)
        cls.left = [path.name for path in run_folder.iterdir()]
        with tempfile.TemporaryDirectory() as folder:
            out = Path(folder) / "stability.json"
            run("--quick", "--isa=scalar", f"--out={out}")
            cls.scalar = json.loads(out.read_text(), object_hook=expanded)

    def rows(self, **wanted):
        return [row for row in self.file["rows"]
                if all(row[key] == value for key, value in wanted.items())]

    def test_verdict(self):
        self.assertEqual(self.done.returncode, 0, self.done.stderr)
        self.assertEqual(self.done.stderr, "")
        self.assertIn("PASS", self.done.stdout)
        self.assertIn("39 losses and options", self.done.stdout)
        self.assertIn("every promise is kept.\nResults: ", self.done.stdout)
        self.assertNotIn("FAIL", self.done.stdout)
        self.assertEqual(sorted(self.left), ["stability.json", "tables"])

    def test_promises(self):
        verdicts, usable = self.file["verdicts"], set(self.file["context"]["isas_usable"])
        self.assertEqual({(v["promise"], v["loss"], v["isa"]) for v in verdicts},
                         {(p, loss, isa) for p in PROMISES | GOALS for loss in LOSSES
                          for isa in usable})
        for v in verdicts:
            self.assertEqual(v["kept"], v["outside"] == 0, v)
            self.assertGreater(v["judged"], 100, v)
            self.assertGreaterEqual(v["cases"], 4000, v)
            if v["promise"] in PROMISES:
                self.assertTrue(v["kept"], v)
            if v["promise"] != "finite":
                self.assertGreater(v["share"], 1e-3, v)
                self.assertEqual(v["share"] <= 1, v["kept"], v)
                witness = {key: v[key] for key in ("sweep", "loss", "option", "gradient", "isa")}
                self.assertIn(v["share"], [row[v["promise"] + "_share"]
                                           for row in self.rows(impl="margin", **witness)])

    def test_what_the_verdicts_say_is_in_the_rows(self):
        for v in self.file["verdicts"]:
            rows = self.rows(impl="margin", loss=v["loss"], isa=v["isa"])
            self.assertEqual(sum(row["cases"] for row in rows), v["cases"])
            if v["promise"] == "finite":
                self.assertEqual(max(row["nonfinite"] for row in rows), 0)
            else:
                self.assertEqual(max(row[v["promise"] + "_share"] for row in rows), v["share"])
            if v["promise"] in GOALS:
                self.assertEqual(sum(row[v["promise"] + "_outside"] for row in rows), v["outside"])

    def test_rows(self):
        rows = self.file["rows"]
        self.assertEqual(self.file["schema"], 3)
        self.assertEqual({row["loss"] for row in rows}, LOSSES)
        self.assertEqual({row["sweep"] for row in rows}, SWEEPS)
        self.assertEqual({row["impl"] for row in rows} - {"margin"}, set(self.file["formulas"]))
        for row in rows:
            self.assertTrue(all(row[e] is None or row[e] >= 0 for e in ERRORS), row)
            if row["impl"] == "margin":
                self.assertTrue(all(row[e] is None or row[e] >= row[e + "_mean"] * 0.999999
                                    for e in OURS), row)

    def test_every_option_in_every_sweep(self):
        for loss in LOSSES:
            options = {(row["option"], row["gradient"]) for row in self.rows(loss=loss)}
            self.assertEqual(len(options), {"sphereface": 16, "arcface": 10, "combined": 10}.get(loss, 1))
            for sweep in SWEEPS:
                self.assertEqual({(row["option"], row["gradient"])
                                  for row in self.rows(loss=loss, sweep=sweep)}, options)

    def test_angles_reach_both_ends(self):
        for loss in LOSSES:
            angles = [row["theta"] for row in self.rows(loss=loss, sweep="theta", default=True)
                      if row["theta"] is not None]
            self.assertEqual(min(angles), 0)
            self.assertEqual(max(angles), math.pi)
            self.assertAlmostEqual(min(a for a in angles if a > 0), 1e-12, delta=1e-18)
            self.assertAlmostEqual(math.pi - max(a for a in angles if a < math.pi), 1e-12, delta=5e-16)

    def test_angles_reach_the_break(self):
        """ArcFace's at pi - m, from both sides, in spite of float32 inputs."""
        near = [row["theta"] - (math.pi - 0.5) for row in self.rows(loss="arcface", sweep="theta")
                if row["theta"] is not None]
        for side in (-1, 1):
            self.assertAlmostEqual(min(side * d for d in near if side * d > 0), 1e-12, delta=2e-13)

    def test_scales_and_classes(self):
        for loss in LOSSES - {"softmax"}:
            scales = [row["scale"] for row in self.rows(loss=loss, sweep="scale", default=True)
                      if row["scale"]]
            self.assertEqual((min(scales), max(scales)), (1, 10000))
        for loss in LOSSES:
            classes = [row["classes"] for row in self.rows(loss=loss, sweep="classes")
                       if row["classes"]]
            self.assertEqual((min(classes), max(classes)), (2, 10000))

    def test_places_and_shapes(self):
        for loss in LOSSES:
            kinds = {row["kind"] for row in self.rows(loss=loss, sweep="special", default=True)}
            self.assertEqual(len(kinds), 9)
            self.assertIn("zero embedding, long weights", kinds)
            kinds = {row["kind"] for row in self.rows(loss=loss, sweep="shape", default=True)}
            self.assertEqual(kinds, SHAPES)
        for row in self.rows(sweep="shape", default=True, kind="many rows", isa="scalar"):
            self.assertEqual(row["cases"], 200)

    def test_settings(self):
        """The greatest and the median of each loss with its options, and the same in the rows."""
        settings, usable = self.file["settings"], self.file["context"]["isas_usable"]
        keys = ("loss", "option", "gradient", "isa")
        self.assertEqual(len({tuple(s[k] for k in keys) for s in settings}), len(settings))
        self.assertEqual(len(settings), 39 * len(usable))
        for s in settings:
            rows = self.rows(impl="margin", **{key: s[key] for key in keys})
            self.assertEqual(sum(row["cases"] for row in rows), s["cases"])
            for error in ERRORS + OURS:
                greatest = max(row[error] for row in rows if row[error] is not None)
                self.assertEqual(s[error], greatest)
                self.assertTrue(0 < s[error + "_median"] <= 1.1 * greatest, s)
            self.assertLess(s["loss_ulp_median"], 20, s)
            self.assertLess(s["grad_x_median"], 1e-5, s)

    def test_textbook_formulas_do_fail(self):
        """Else the comparison would show nothing: not finite at the ends, not exact between."""
        rows = self.rows(loss="arcface", sweep="theta")
        for impl in ("acos", "sincos"):
            self.assertTrue(any(r["nonfinite"] > 0 for r in rows if r["impl"] == impl))
        for impl in ("clamp-7", "clamp-4", "detached"):
            wrong = [r["grad_x"] for r in rows if r["impl"] == impl and r["grad_x"] is not None]
            self.assertGreater(max(wrong), 1e-2)
        naive = self.rows(loss="arcface", sweep="map", impl="naive")
        self.assertEqual(max(r["nonfinite"] for r in naive if r["scale"] < 50), 0)
        self.assertGreater(min(r["nonfinite"] for r in naive if r["scale"] > 500), 0)
        floor = self.rows(loss="cosface", sweep="scale", impl="floor")
        self.assertGreater(max(r["loss_rel"] for r in floor), 0.5)

    def test_functions(self):
        functions = self.file["functions"]
        usable = set(self.file["context"]["isas_usable"])
        self.assertEqual({f["isa"] for f in functions if f["function"] == "exp"}, usable)
        self.assertEqual({f["function"] for f in functions}, {"exp", "log", "log1p"})
        for f in functions:
            self.assertTrue(f["kept"], f)
            self.assertEqual(sum(f["bins"]), f["cases"])
            self.assertGreater(f["cases"], 1e6)
            self.assertTrue(0.49 < f["worst_ulp"] <= 1, f)
            self.assertEqual(float.fromhex(f["at_hex"]), f["at"])

    def test_curves(self):
        curves = [c for c in self.file["curves"] if c["figure"] == "target_logit"]
        self.assertEqual(len({point["label"] for point in curves}), 7)
        arc = {p["theta_deg"]: p for p in curves if p["label"].startswith("ArcFace")}
        self.assertAlmostEqual(arc[60]["psi"], 0.0236, delta=5e-5)
        self.assertAlmostEqual(arc[60]["slope"], 1.1544, delta=5e-5)
        self.assertIsNone(arc[0]["slope"])
        at_170 = {c["label"]: c["psi"] for c in self.file["curves"]
                  if c["figure"] == "past_pi" and c["theta_deg"] == 170}
        want = {"paper": -0.9475, "monotone": -1.0525, "taylor": -1.2245, "clamp": -1, "easy": -0.9848}
        self.assertEqual(set(at_170), set(want))
        for label, psi in want.items():
            self.assertAlmostEqual(at_170[label], psi, delta=1e-4)

    def test_one_isa_and_the_same_numbers_again(self):
        def sums(file):
            return [{key: v[key] for key in v} for v in file["verdicts"] if v["isa"] == "scalar"]

        self.assertEqual({row["isa"] for row in self.scalar["rows"]}, {"scalar", "none"})
        self.assertEqual(sums(self.scalar), sums(self.file))


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

    def shapes(self, *arguments):
        """N, D, C by (sweep, loss, option, gradient), of what has a shape of its own."""
        shapes = {}
        for line in run("--list", *arguments).stdout.splitlines():
            sweep, *fields = line.split("/")
            of = dict(field.split(":") for field in fields)
            key = (sweep, of["loss"], of["option"], of["gradient"])
            if of["D"] != "drawn":
                shapes.setdefault(key, set()).add(tuple(int(of[k]) for k in "NDC"))
        return shapes

    def test_list_of_shapes(self):
        """Each loss with each option goes every way that the library has for shapes."""
        for level in ("--quick", "--full"):
            shapes = {key: all for key, all in self.shapes(level).items() if key[0] == "shape"}
            self.assertEqual(len(shapes), 39)
            for key, all in shapes.items():
                self.assertTrue(any(d <= 8 and c >= 128 for n, d, c in all), key)
                self.assertTrue(any(d > 8 and d % 16 > 0 for n, d, c in all), key)
                self.assertTrue(any(d > 8 and c >= 2016 for n, d, c in all), key)
                self.assertTrue(any(n >= 200 for n, d, c in all), key)
        for key, all in shapes.items():
            self.assertTrue({2, 3, 8, 16, 19, 20, 33, 64} <= {d for n, d, c in all}, key)
            self.assertTrue({2016, 5000, 20000, 100000} <= {c for n, d, c in all if d > 8}, key)
            self.assertTrue({200, 513} <= {n for n, d, c in all}, key)

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
    if len(sys.argv) < 3:
        raise SystemExit(__doc__)
    PROGRAM, FOLDER = sys.argv[1:3]
    del sys.argv[1:3]
    unittest.main()
