#!/usr/bin/env python3
"""Every figure of bench_separation that trains, alone and small: from data to picture; the claims'
intervals by SciPy; the same figures whatever the number of threads. Drawing takes most of the time:
pictures are drawn where they are looked into, and none where MARGIN_TEST_SANITIZED is set (under
sanitizers, which see nothing of gnuplot).
usage: test_figures.py PROGRAM"""

import json
import os
import re
import subprocess
import sys
import tempfile
import unittest
import xml.etree.ElementTree as xml

import numpy as np
from scipy import stats

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../scripts"))
from run_files import expanded  # noqa: E402

PROGRAM = sys.argv.pop(1)
DRAWN = "MARGIN_TEST_SANITIZED" not in os.environ
SVG = "{http://www.w3.org/2000/svg}"
SMALL = ["--seeds", "2", "--epochs", "1", "--samples", "6"]
# Name, the picture's name, whether it trains on Fashion-MNIST if that is there.
TRAINED = {"arcface-fig3": "toy_features_sphere", "arcface-fig4a": "target_angles",
           "constancy": "constancy", "annealing": "annealing", "cosface-fig4": "cosface_fig4",
           "sphereface-fig5": "sphereface_fig5", "amsoftmax-sphere": "amsoftmax_sphere",
           "arcface-table3": "table3", "sensitivity": "sensitivity", "sweep": "sweep",
           "geometry": "geometry"}


def drive(*arguments, **environment):
    return subprocess.run([PROGRAM, *arguments], capture_output=True, text=True, timeout=280,
                          env={**os.environ, "OMP_WAIT_POLICY": "passive", **environment})


class Figures(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(cls.folder.cleanup)
        nothing = os.path.join(cls.folder.name, "draw.sh")
        with open(nothing, "w", encoding="utf-8") as stream:
            stream.write("#!/bin/sh\n")
        os.chmod(nothing, 0o755)
        cls.undrawn = {"MARGIN_PLOTS": cls.folder.name}

    def make(self, names, folder, *arguments, drawn=False):
        path = os.path.join(self.folder.name, folder)
        done = drive("--figure", names, "--folder", path, *SMALL, *arguments,
                     **({} if drawn and DRAWN else self.undrawn))
        self.assertEqual((done.returncode, done.stderr), (0, ""), done.stderr)
        with open(os.path.join(path, "separation.json"), encoding="utf-8") as stream:
            return path, json.load(stream, object_hook=expanded)

    def series(self, path, drawn):
        tree = xml.parse(os.path.join(path, "figures", f"fig_{drawn}.svg"))
        return [group.find(SVG + "title").text for group in tree.iter(SVG + "g")
                if group.find(SVG + "title") is not None]

    def check_shown(self, path, drawn, wanted):
        if DRAWN:
            self.assertLessEqual(set(wanted), set(self.series(path, drawn)))

    def test_each_is_drawn(self):
        listed = re.findall(r"^  (\S+)", drive("--list").stdout.split("figures:")[1], re.M)
        self.assertLessEqual(set(TRAINED), set(listed))
        for name, drawn in TRAINED.items():
            if name == "sweep":
                continue  # below, on its own
            with self.subTest(figure=name):
                path, found = self.make(name, name, drawn=True)
                self.assertTrue(all(name in run["figures"] for run in found["runs"]))
                self.check_groups(found)
                if DRAWN:
                    self.assertGreaterEqual(len(self.series(path, drawn)), 3)
                    with open(os.path.join(path, "figures", f"fig_{drawn}.png"), "rb") as stream:
                        self.assertEqual(stream.read(8), b"\x89PNG\r\n\x1a\n")

    def test_sweep(self):
        path, _ = self.make("sweep", "sweep", "--seeds", "1", "--samples", "4", drawn=True)
        self.check_shown(path, "sweep", (
            f"{loss} {varied} {row}" for loss in ("normsoftmax", "sphereface", "cosface", "arcface")
            for varied in ("scale", "margin") for row in range(1, 6)
            if (loss, varied) != ("normsoftmax", "margin")))

    def check_groups(self, found):
        """Means and intervals once more, from the runs."""
        keys = {"gap": lambda run: run["stats"]["gap_median_deg"],
                "train_w_ec": lambda run: run["train_stats"]["w_ec_deg"],
                "intra": lambda run: run["stats"]["intra_deg"],
                "tar_1e2": lambda run: run["verification"]["roc"][20]["tar"]}
        for group in found["groups"]:
            runs = [run for run in found["runs"]
                    if (run["label"], run["dim"], run["classes"]) ==
                       (group["label"], group["dim"], group["classes"])
                    and (group["setting"] is None or self.setting_of(run) == group["setting"])]
            self.assertEqual(len(runs), 2)
            for key, of in keys.items():
                if key in group["values"]:
                    self.check_interval(group["values"][key], [of(run) for run in runs])

    @staticmethod
    def setting_of(run):
        """The one that is not the toy's."""
        given = {"concentration": (37, {20: "concentration 20", 80: "concentration 80"}),
                 "gradient_clip": (1, {0: "no gradient clipped", 5: "gradients clipped at 5"}),
                 "start": ("tour", {"random": "first class weights anywhere"}),
                 "map": (0, {2019: "one map for all seeds"})}
        names = [found[run[key]] for key, (usual, found) in given.items() if run[key] != usual]
        return names[0] if names else "500 samples a class"

    def check_interval(self, interval, values):
        low, high = stats.t.interval(0.95, len(values) - 1, np.mean(values),
                                     max(stats.sem(values), 1e-300))
        for got, want in zip(interval, (np.mean(values), low, high)):
            self.assertAlmostEqual(got, want, delta=1e-6 * max(1, abs(want)))

    def test_claims_are_about_their_runs(self):
        """Differences of two losses, pair by pair, and slopes; on test samples, beside them the same
        on training samples and of the least gap; and under the settings of the sensitivity."""
        _, found = self.make("fig3,sensitivity", "claims")
        stats = {"test": "stats", "train": "train_stats"}

        def gaps(run, split="test", which="median"):
            return run[stats[split]][f"gap_{which}_deg"]

        runs = {(run["label"], run["seed"]): run for run in found["runs"]
                if any(name.endswith("fig3") for name in run["figures"])}
        claims = {(c["claim"], c["measured"]): c for c in found["claims"]}
        for less, label in (("norm-softmax", "normsoftmax s=64"),
                            ("SphereFace that asks for as much (m = 4.50)", "sphereface m=4.504 s=64"),
                            ("CosFace that asks for as much (m = 0.189)", "cosface m=0.1894 s=64")):
            claim = claims["ArcFace's gap is the largest", "median gap, ArcFace less " + less]
            self.assertEqual((claim["split"], claim["other_split"]["split"]), ("test", "train"))
            for k, seed in enumerate((1, 2)):
                pair = runs["arcface m=0.5 s=64", seed], runs[label, seed]
                self.assertAlmostEqual(claim["values"][k], gaps(pair[0]) - gaps(pair[1]))
                self.assertAlmostEqual(claim["other_split"]["values"][k],
                                       gaps(pair[0], "train") - gaps(pair[1], "train"))
            least = [gaps(runs["arcface m=0.5 s=64", seed], which="min")
                     - gaps(runs[label, seed], which="min") for seed in (1, 2)]
            self.assertAlmostEqual(claim["least_gap"]["mean"], np.mean(least))
        for seed in (1, 2):
            for name, loss, asked, count in (
                    ("ArcFace's gap grows with m", "arcface", lambda r: np.degrees(r["m2"]), 7),
                    ("SphereFace's gap follows what it asks for one for one", "sphereface",
                     lambda r: 45 * (r["m1"] - 1) / (r["m1"] + 1), 3),
                    ("CosFace's gap follows what it asks for one for one", "cosface",
                     lambda r: np.degrees(2 * np.arcsin(r["m3"] / 2 / np.sin(np.pi / 8))), 3)):
                claim = next(c for c in found["claims"] if c["claim"] == name)
                mine = [run for key, run in runs.items()
                        if run["loss"] == loss and key[1] == seed and asked(run) > 0]
                self.assertEqual(len(mine), count)
                for part, split in (claim, "test"), (claim["other_split"], "train"):
                    self.assertAlmostEqual(part["values"][seed - 1], np.polyfit(
                        [asked(run) for run in mine], [gaps(run, split) for run in mine], 1)[0])
        claim = claims["ArcFace's gap is clearly positive", "median gap, ArcFace"]
        self.assertEqual(len(claim["settings"]), 7)
        for row in claim["settings"]:
            mine = [run for run in found["runs"] if run["loss"] == "arcface" and run["seed"] in (1, 2)
                    and "sensitivity" in run["figures"] and self.setting_of(run) == row["setting"]]
            self.assertEqual(len(mine), 2)
            self.assertAlmostEqual(row["mean"], np.mean([gaps(run) for run in mine]))

    def test_gaps_over_shares(self):
        path, found = self.make("fig3", "shares", drawn=True)
        runs = [run for run in found["runs"] if run["loss"] == "arcface" and run["m2"] == 0.5]
        rows = {(row["label"], row["split"], row["share_percent"]): row for row in found["gap_share"]}
        self.assertEqual(len(rows), 5 * 2 * 11)
        for k, share in enumerate(range(90, 101)):
            for split, stats_of in ("test", "stats"), ("train", "train_stats"):
                row = rows["arcface m=0.5 s=64", split, share]
                for which in "median", "least":
                    key = f"gap_{which.replace('least', 'min')}_by_share_deg"
                    self.check_interval([row[which + end] for end in ("_deg", "_low", "_high")],
                                        [run[stats_of][key][k] for run in runs])
        for run in runs:
            for which in "min", "median":
                self.assertEqual(run["stats"][f"gap_{which}_by_share_deg"][8],
                                 run["stats"][f"gap_{which}_deg"])
        self.check_shown(path, "gap_share", (f"arcface {split} {row}" for split in ("test", "train")
                                             for row in (1, 2)))

    def test_what_margins_ask_for_without_a_network(self):
        """docs/figures.md: ArcFace's gap is the same at any spacing, SphereFace's grows, CosFace's
        shrinks."""
        _, found = self.make("constancy", "asked")
        rows = found["figures"]["constancy"]["free_features"]
        slopes = {loss: np.polyfit(*zip(*((360 / row["classes"], row["gap_deg"]) for row in rows
                                          if row["loss"] == loss)), 1)[0]
                  for loss in ("sphereface", "cosface", "arcface")}
        self.assertAlmostEqual(slopes["arcface"], 0, 2)
        self.assertAlmostEqual(slopes["sphereface"], 0.5, 2)
        self.assertAlmostEqual(slopes["cosface"], -0.37, 2)

    def test_the_median_seed_is_drawn(self):
        """The seed whose gap is the median of the seeds', each the mean over the losses."""
        path = os.path.join(self.folder.name, "median")
        done = drive("--loss", "softmax,arcface,cosface", "--data", "sphere", "--seeds", "5",
                     "--epochs", "2", "--samples", "30", "--out", path + ".json")
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        with open(path + ".json", encoding="utf-8") as stream:
            runs = json.load(stream, object_hook=expanded)["runs"]
        means = [np.mean([run["stats"]["gap_median_deg"] for run in runs if run["seed"] == seed])
                 for seed in range(1, 6)]
        typical = int(np.argsort(means)[2]) + 1
        self.assertEqual({run["seed"] for run in runs if run["features"]}, {typical})
        with open(os.path.join(self.folder.name, "tables/toy_features_sphere_panels.tsv"),
                  encoding="utf-8") as stream:
            rows = [line.split("\t") for line in stream if line.strip()]
        self.assertEqual([row[-3:] for row in rows[1:]], [[str(typical), "5", "sphere\n"]] * 3)
        accuracy = {(run["loss"], run["seed"]): run["test_accuracy"] for run in runs}
        for row in rows[1:]:
            self.assertEqual(float(row[7]), accuracy[row[1], typical])

    def test_one_seed_gives_no_verdicts(self):
        _, found = self.make("arcface-table3,arcface-fig4a", "quick", "--seeds", "1")
        self.assertEqual({claim["verdict"] for claim in found["claims"]}, {None})
        self.assertFalse(any("60 epochs" in claim["measured"] for claim in found["claims"]))
        done = drive("--figure", "arcface-fig3", "--folder", os.path.join(self.folder.name, "said"),
                     *SMALL, "--seeds", "1", **self.undrawn)
        self.assertIn("One seed: no verdicts", done.stdout)
        self.assertFalse(re.search(r"^(holds|does not|undecided)", done.stdout, re.M))

    def test_what_comes_is_said_before(self):
        """Of sentences that are not judged, and of a training of hours."""
        words = [PROGRAM, "--figure", "fig3", "--folder", os.path.join(self.folder.name, "long"), "--scale", "8",
                 "--hidden", "1000,1000", "--epochs", "99999", "--threads", "1"]
        with subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as begun:
            said = [begun.stderr.readline(), begun.stderr.readline()]
            begun.kill()
        self.assertRegex(said[0], r"^bench_separation: \d\S* operations of training: \d+ hours at 1e\+11 in a second\n")
        self.assertIn("--scale: sentences about runs with the usual one are left out", said[1])

    def test_old_names_are_valid(self):
        """In commands; results have the papers' names."""
        _, found = self.make("fig4a,TABLE3,arcface-table3", "old")
        self.assertEqual({name for run in found["runs"] for name in run["figures"]},
                         {"arcface-fig4a", "arcface-table3"})
        listed = drive("--list").stdout
        for old, new in ("fig3", "arcface-fig3"), ("fig4a", "arcface-fig4a"), ("table3", "arcface-table3"):
            self.assertRegex(listed, rf"\n  {new} .*also called {old}\)\n")

    def test_the_toy_along_its_training(self):
        """toy.json: its last frames are the figure's runs of the median seed; arcs from features;
        the target's logit by the formula."""
        path, found = self.make("fig3", "toy", "--epochs", "3", "--samples", "30", "--seeds", "3")
        with open(os.path.join(path, "toy.json"), encoding="utf-8") as stream:
            toy = json.load(stream)
        drawn = {run["seed"] for run in found["runs"] if run["features"]}
        self.assertEqual({toy["seed"]}, drawn)
        runs = {run["label"]: run for run in found["runs"] if run["seed"] == toy["seed"]}
        both = [run for run in toy["runs"] if run["label"] in runs]
        self.assertGreaterEqual(len(both), 10)
        for run in both:
            self.check_last_frame(run["frames"][-1], runs[run["label"]], toy)
        for run in toy["runs"]:
            self.assertEqual([frame["epoch"] for frame in run["frames"]], [0, 1, 2, 3])
            self.assertEqual(run["frames"][-1]["margin_share"], 1)
            self.assertLess(run["frames"][0]["margin_share"], 0.1)
        self.assertEqual(len({(run["loss"], run["margin"], run["scale"]) for run in toy["runs"]}),
                         len(toy["runs"]))
        self.check_psi(toy)

    def check_last_frame(self, frame, run, toy):
        for part, stats in ("test", run["stats"]), ("train", run["train_stats"]):
            for key in "gap_median_deg", "gap_min_deg":
                self.assertEqual(frame[part][key], stats[key])
            self.assertEqual(frame[part]["theta_mean_deg"], stats["theta_deg"]["mean"])
            self.assertEqual(frame[part]["accuracy"], run[part + "_accuracy"])
        self.assertEqual(frame["final_loss"], run["final_loss"])
        for k, arc in enumerate(run["arcs"]):
            begin = (arc["centre_deg"] + arc["low_deg"]) % 360
            self.assertLess(abs((frame["test"]["arcs"][2 * k] / 10 - begin + 180) % 360 - 180), 0.051)
            self.assertAlmostEqual(frame["test"]["arcs"][2 * k + 1] / 10,
                                   arc["high_deg"] - arc["low_deg"], delta=0.051)
        if run["features"]:
            kept = [np.degrees(np.arctan2(f["y"], f["x"])) % 360 for f in run["features"]]
            self.assertEqual(toy["feature_classes"], [f["class"] for f in run["features"]])
            self.assertLess(np.max(np.abs((np.array(frame["features"]) / 10 - kept + 180) % 360 - 180)),
                            0.051)

    def check_psi(self, toy):
        theta = np.radians(np.arange(61) * 3)
        for run in toy["runs"]:
            phi = run["m1"] * theta + run["m2"]
            turns = np.floor(phi / np.pi) * (run["loss"] == "sphereface")
            want = (-1) ** turns * np.cos(phi) - 2 * turns - run["m3"]
            inner = slice(0, 60)  # at pi itself rounding decides the turn
            self.assertLess(np.max(np.abs(np.array(run["psi"])[inner] / 1000 - want[inner])), 6e-4)

    def test_threads_and_interruption_change_nothing(self):
        def numbers(found):
            for run in found["runs"]:
                del run["seconds"]
            return found["runs"], found["groups"], found["claims"]

        kept = os.path.join(self.folder.name, "kept")
        names = "arcface-table3,sphereface-fig5,geometry"
        _, one = self.make(names, "one", "--threads", "1", "--checkpoints", kept)
        self.assertEqual(len(os.listdir(kept)), len(one["runs"]))
        _, two = self.make(names, "two", "--threads", "2")
        _, again = self.make(names, "again", "--checkpoints", kept)
        first = numbers(one)
        self.assertEqual(first, numbers(two))
        self.assertEqual(first, numbers(again))

    def test_refusals(self):
        for text, *arguments in [
                ("'fig9'", "--figure", "fig9"), ("--loss: not with", "--figure", "arcface-fig3", "--loss", "all"),
                ("--folder in place", "--figure", "arcface-fig3", "--out", "x.json"),
                ("only with --figure", "--folder", "x"), ("'1.5'", "--flipped", "1.5"),
                ("together", "--flipped", "0.6", "--outliers", "0.6"),
                ("'0.5'", "--imbalance", "0.5"), ("'1'", "--dim", "1")]:
            with self.subTest(arguments=arguments):
                done = drive(*arguments)
                self.assertEqual(done.returncode, 2, done.stderr)
                self.assertIn(text, done.stderr)
                self.assertEqual(done.stderr.count("\n"), 1)
                self.assertTrue(done.stderr.startswith("bench_separation: "))


if __name__ == "__main__":
    unittest.main()
