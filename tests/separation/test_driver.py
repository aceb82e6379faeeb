#!/usr/bin/env python3
"""bench_separation from outside: its JSON, its statistics computed once more from the features it
dumps, the same numbers for any number of threads, and its refusals.
usage: test_driver.py PROGRAM"""

import gzip
import json
import math
import os
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../scripts"))
from run_files import expanded  # noqa: E402

PROGRAM = sys.argv.pop(1)
LOSSES = ["softmax", "normsoftmax", "sphereface", "cosface", "arcface"]
FEW = ["--epochs", "1", "--samples", "50", "--seeds", "1"]


def drive(*arguments, **environment):
    return subprocess.run([PROGRAM, *arguments], capture_output=True, text=True, timeout=240,
                          env={**os.environ, "OMP_WAIT_POLICY": "passive", **environment})


def quantile(values, share):
    values = sorted(values)
    place = share * (len(values) - 1)
    below = int(place)
    above = min(below + 1, len(values) - 1)
    return values[below] + (place - below) * (values[above] - values[below])


def wrapped(angle):
    return math.remainder(angle, 2 * math.pi)


def mean(values):
    return sum(values) / len(values)


def nearest(angles):
    return mean([min(abs(wrapped(a - b)) for j, b in enumerate(angles) if i != j)
                 for i, a in enumerate(angles)])


def spread(angles):
    return {key: math.degrees(value) for key, value in
            [("mean", mean(angles)), ("p05", quantile(angles, 0.05)),
             ("p50", quantile(angles, 0.5)), ("p95", quantile(angles, 0.95))]}


def statistics(run):
    """By differences of polar angles: another way than the program's."""
    classes = range(run["classes"])
    polar = [[math.atan2(f["y"], f["x"]) for f in run["features"] if f["class"] == k]
             for k in classes]
    weights = [math.atan2(y, x) for x, y in run["centres"]]
    centres = [math.atan2(sum(map(math.sin, own)), sum(map(math.cos, own))) for own in polar]
    theta = [abs(wrapped(a - weights[k])) for k in classes for a in polar[k]]
    deviations = [[wrapped(a - centres[k]) for a in polar[k]] for k in classes]
    arcs = [(quantile(d, 0.01), quantile(d, 0.99)) for d in deviations]
    order = sorted(classes, key=lambda k: centres[k])
    def gaps_at(share):
        ends = [(quantile(d, 0.5 - share / 200), quantile(d, 0.5 + share / 200)) for d in deviations]
        return [(centres[b] - centres[a]) % (2 * math.pi) + ends[b][0] - ends[a][1]
                for a, b in zip(order, order[1:] + order[:1])]
    gaps = gaps_at(98)
    inside = [any(arcs[j][0] <= wrapped(a - centres[j]) <= arcs[j][1] for j in classes if j != k)
              for k in classes for a in polar[k]]
    found = {"w_ec_deg": mean([abs(wrapped(w - c)) for w, c in zip(weights, centres)]),
             "w_inter_deg": nearest(weights), "inter_deg": nearest(centres),
             "intra_deg": mean([abs(d) for own in deviations for d in own]),
             "gap_min_deg": min(gaps), "gap_median_deg": quantile(gaps, 0.5)}
    found = {key: math.degrees(value) for key, value in found.items()}
    found["overlap_share"] = mean(inside)
    found["gap_min_by_share_deg"] = [math.degrees(min(gaps_at(k))) for k in range(90, 101)]
    found["gap_median_by_share_deg"] = [math.degrees(quantile(gaps_at(k), 0.5))
                                        for k in range(90, 101)]
    found["theta_deg"] = spread(theta)
    found["other_deg"] = spread([min(abs(wrapped(a - weights[j])) for j in classes if j != k)
                                 for k in classes for a in polar[k]])
    whole = math.atan2(*(sum(f(a) for own in polar for a in own) for f in (math.sin, math.cos)))
    found["fisher"] = (sum(1 - math.cos(d) for own in deviations for d in own)
                       / sum(len(polar[k]) * (1 - math.cos(centres[k] - whole)) for k in classes))
    return found


def numbers_of(path):
    """Everything that must not change from run to run."""
    with open(path) as file:
        result = json.load(file, object_hook=expanded)
    for run in result["runs"]:
        del run["seconds"]
    return result["runs"], result["notes"]


class Driver(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)

    def path(self, name):
        return os.path.join(self.folder.name, name)

    def run_to(self, name, *arguments, **environment):
        done = drive("--out", self.path(name), *arguments, **environment)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(done.stderr, "")
        return self.path(name)

    def test_json_is_complete(self):
        path = self.run_to("run.json", "--data", "sphere", "--seed", "5", *FEW)
        with open(path) as file:
            result = json.load(file, object_hook=expanded)
        self.assertEqual(result["schema"], 2)
        self.assertEqual(result["context"]["seed"], 5)
        self.assertEqual([run["loss"] for run in result["runs"]], LOSSES)
        for run in result["runs"]:
            self.assertEqual((run["data"], run["seed"], run["dim"], run["classes"], run["epochs"]),
                             ("sphere", 5, 2, 8, 1))
            self.assertEqual(len(run["centres"]), 8)
            self.assertEqual(len(run["embedding_centres"]), 8)
            self.assertEqual(len(run["features"]), 8 * 50)
            for key in "train_accuracy", "test_accuracy":
                self.assertTrue(0.0 <= run[key] <= 1.0, run[key])
            for key in "scale", "m1", "m2", "m3", "seconds", "final_loss":
                self.assertTrue(math.isfinite(run[key]))
            self.assertEqual(set(run["stats"]), set(run["train_stats"]))
        self.assertEqual(sorted(os.listdir(self.folder.name)), ["run.json", "tables"])

    def test_statistics_agree_with_the_features(self):
        path = self.run_to("run.json", "--data", "sphere", "--epochs", "6", "--samples", "200",
                           "--features", "200", "--seeds", "1", "--loss", "all")
        runs, _ = numbers_of(path)
        self.assertEqual(len(runs), 6)
        for run in runs:
            want = statistics(run)
            for key, value in run["stats"].items():
                if isinstance(value, dict):
                    for part in value:
                        self.assertAlmostEqual(value[part], want[key][part], 6)
                elif isinstance(value, list):
                    for a, b in zip(value, want[key], strict=True):
                        self.assertAlmostEqual(a, b, 6, msg=f"{run['loss']}, {key}")
                else:
                    self.assertAlmostEqual(value, want[key], 6, msg=f"{run['loss']}, {key}")

    def test_numbers_do_not_depend_on_threads(self):
        arguments = ["--data", "sphere", "--epochs", "3", "--samples", "60", "--seeds", "2"]
        one = numbers_of(self.run_to("one.json", *arguments, "--threads", "1"))
        self.assertEqual(one, numbers_of(self.run_to("two.json", *arguments, "--threads", "2")))
        self.assertEqual(one, numbers_of(self.run_to("five.json", *arguments, "--threads", "5")))
        self.assertEqual(one, numbers_of(self.run_to("env.json", *arguments, OMP_NUM_THREADS="3")))
        self.assertEqual(one, numbers_of(self.run_to("again.json", *arguments)))

    def test_one_run_shares_its_work(self):
        """Fewer runs than threads: what is left measures, and takes heads."""
        arguments = ["--data", "sphere", "--loss", "arcface", "--dim", "16", "--identities", "300",
                     "--unseen", "20", "--epochs", "1", "--samples", "5", "--seeds", "1"]
        one = numbers_of(self.run_to("one.json", *arguments, "--threads", "1"))
        self.assertEqual(one, numbers_of(self.run_to("four.json", *arguments, "--threads", "4")))

    def test_recipe_by_dimension(self):
        for name, hidden, *arguments in [("plane", [64, 32]), ("space", [128, 128], "--dim", "3"),
                                         ("space", [128, 128], "--dim", "64"),
                                         ("plane", [64, 32], "--dim", "64", "--recipe", "plane")]:
            with self.subTest(arguments=arguments):
                done = drive("--data", "sphere", "--loss", "arcface", *FEW, *arguments,
                             "--out", self.path("run.json"))
                run = numbers_of(self.path("run.json"))[0][0]
                self.assertEqual((run["recipe"], run["hidden"]), (name, hidden))
                self.assertIn(f" 1 {name} ", done.stdout)
                self.assertIn(f"recipe 1, {name}: hidden {hidden[0]},{hidden[1]}, ", done.stdout)

    def test_every_constant_is_an_option(self):
        """Each is recorded, each changes what is learned."""
        arguments = ["--data", "sphere", "--loss", "sphereface", "--epochs", "2", "--samples", "40",
                     "--seeds", "1"]
        usual = numbers_of(self.run_to("usual.json", *arguments))[0][0]
        for option, value, field in [
                ("hidden", [24, 8], "hidden"), ("weight-length", 3, "weight_length"), ("start", "random", "start"),
                ("epochs", 3, "epochs"), ("batch", 32, "batch"), ("rate", 0.01, "rate"),
                ("momentum", 0.5, "momentum"), ("decay", 0.1, "weight_decay"),
                ("clip", 0, "gradient_clip"), ("warmup", 0, "warmup_share"),
                ("scale-first", 8, "scale_first"),
                ("lambda-first", 10, "lambda_first"), ("lambda-last", 5, "lambda_last"),
                ("lambda-share", 0.2, "lambda_share"), ("lambda-power", 2, "lambda_power"),
                ("bend", 0.3, "bend"), ("map", 2019, "map"), ("latent-dim", 16, "latent_dim"),
                ("input-dim", 48, "input_dim"), ("test-samples", 11, None)]:
            with self.subTest(option=option):
                text = str(value).strip("[]").replace(" ", "")
                run = numbers_of(self.run_to("set.json", *arguments, "--" + option, text))[0][0]
                self.assertNotEqual(run["stats"], usual["stats"])
                if field is None:
                    self.assertEqual((run["train_count"], run["test_count"]), (8 * 40, 8 * value))
                    self.assertEqual(run["train_stats"], usual["train_stats"])
                else:
                    self.assertEqual(run[field], value)
                    self.assertNotEqual(usual[field], value)
                    self.assertNotEqual(run["train_stats"], usual["train_stats"])

    def test_sampled_classes(self):
        arguments = ["--data", "sphere", "--loss", "arcface", "--dim", "8", "--identities", "200",
                     "--epochs", "1", "--samples", "4", "--seeds", "1"]
        whole, _ = numbers_of(self.run_to("all.json", *arguments))
        some, _ = numbers_of(self.run_to("some.json", *arguments, "--sample-rate", "0.1"))
        every, _ = numbers_of(self.run_to("every.json", *arguments, "--sample-rate", "1"))
        self.assertEqual([run["sample_rate"] for run in (*whole, *some, *every)], [1, 0.1, 1])
        self.assertIn("r=0.1", some[0]["label"])
        self.assertEqual(whole[0]["stats"], every[0]["stats"])
        self.assertLess(some[0]["final_loss"], whole[0]["final_loss"] - 1)

    def test_lists_are_runs(self):
        """Every pair of a scale and a margin; what does not depend on one is made once."""
        arguments = ["--data", "sphere", "--loss", "softmax,normsoftmax,arcface", "--dim", "8", *FEW]
        runs, _ = numbers_of(self.run_to("list.json", *arguments, "--scale", "8,16", "--margin", "0.1,0.2"))
        self.assertEqual([(run["loss"], run["scale"], run["m2"]) for run in runs if run["loss"] != "softmax"],
                         [("normsoftmax", 8, 0), ("normsoftmax", 16, 0), ("arcface", 8, 0.1),
                          ("arcface", 8, 0.2), ("arcface", 16, 0.1), ("arcface", 16, 0.2)])
        self.assertEqual(len(runs), 7)
        alone, _ = numbers_of(self.run_to("one.json", *arguments, "--scale", "16", "--margin", "0.2"))
        self.assertEqual(alone[-1], runs[-1])
        self.assert_refused(2, "several values", "--figure", "fig3", "--scale", "8,16")

    def test_strangers_to_choose_by(self):
        """They change no other number; a brief run has the same ones of strangers, and no others."""
        arguments = ["--data", "sphere", "--loss", "arcface", "--dim", "8", "--identities", "10",
                     "--unseen", "12", *FEW]
        alone = numbers_of(self.run_to("alone.json", *arguments))[0][0]
        both = numbers_of(self.run_to("both.json", *arguments, "--validation", "6"))[0][0]
        brief = numbers_of(self.run_to("brief.json", *arguments, "--validation", "6", "--brief"))[0][0]
        chosen_by = both.pop("validation")
        self.assertEqual(both, alone)
        self.assertEqual((chosen_by["count"], chosen_by["classes"]), (6 * 50, 6))
        self.assertEqual(chosen_by["verification"]["genuine"], 6 * 50 * 49 // 2)
        self.assertNotEqual(chosen_by["verification"]["auc"], alone["verification"]["auc"])
        self.assertEqual(brief["validation"], chosen_by)
        for key in "verification", "identification", "final_loss":
            self.assertEqual(brief[key], alone[key])
        self.assertIsNone(brief["stats"]["intra_deg"])
        self.assertNotIn("unseen_stats", brief)

    def test_some_classes_of_images(self):
        self.write_set(classes=5)
        common = ["--data", self.folder.name, "--loss", "arcface", "--epochs", "1"]
        runs, _ = numbers_of(self.run_to("some.json", *common, "--identities", "3", "--seeds", "4"))
        self.assertEqual({(run["classes"], run["train_count"]) for run in runs}, {(3, 18)})
        self.assertGreater(len({run["final_loss"] for run in runs}), 1)
        whole, _ = numbers_of(self.run_to("whole.json", *common, "--seeds", "1"))
        all_of, _ = numbers_of(self.run_to("all.json", *common, "--seeds", "1", "--identities", "5"))
        self.assertEqual(whole, all_of)
        self.assert_refused(2, "has 5 classes to train", *common, "--identities", "6")
        self.assert_refused(2, "has 0 unseen classes", *common, "--validation", "2")

    def test_seeds_are_repetitions(self):
        both, _ = numbers_of(self.run_to("both.json", "--data", "sphere", "--loss", "arcface",
                                         "--epochs", "1", "--samples", "50", "--seeds", "2"))
        second, _ = numbers_of(self.run_to("second.json", "--data", "sphere", "--loss", "arcface",
                                           "--seed", "2", *FEW))
        self.assertEqual([run["seed"] for run in both], [1, 2])
        self.assertNotEqual(both[0]["stats"], both[1]["stats"])
        # The run that stands for both keeps its features.
        self.assertEqual(sorted(run["features"] == [] for run in both), [False, True])
        second[0]["features"] = both[1]["features"]
        self.assertEqual(both[1], second[0])

    def write_set(self, classes=3, count=30, size=4, cut=0):
        """Images of one bright pixel each, which tells the class; the training images gzipped."""
        for prefix in "train", "t10k":
            labels = bytes(i % classes for i in range(count))
            images = b"".join(
                bytes(200 + i % 50 if k == label else i % 20 for k in range(size * size))
                for i, label in enumerate(labels))
            header = bytes([0, 0, 8, 3, 0, 0, 0, count, 0, 0, 0, size, 0, 0, 0, size])
            with gzip.open(self.path(prefix + "-images-idx3-ubyte.gz"), "wb") as file:
                file.write((header + images)[:len(header + images) - cut])
            with open(self.path(prefix + "-labels-idx1-ubyte"), "wb") as file:
                file.write(bytes([0, 0, 8, 1, 0, 0, 0, count]) + labels)

    def test_own_images(self):
        self.write_set()
        done = drive("--data", self.folder.name + "/", "--loss", "arcface,softmax", "--seeds", "1",
                     "--epochs", "40", "--out", self.path("out.json"))
        self.assertEqual(done.returncode, 0, done.stderr)
        runs, _ = numbers_of(self.path("out.json"))
        self.assertEqual([run["loss"] for run in runs], ["softmax", "arcface"])
        for run in runs:
            self.assertEqual(run["classes"], 3)
            self.assertEqual(run["train_count"], 30)
            self.assertGreater(run["test_accuracy"], 0.9)
            self.assertNotIn("/", run["data"])

    def assert_refused(self, code, text, *arguments, **environment):
        done = drive(*arguments, **environment)
        self.assertEqual(done.returncode, code, done.stderr)
        self.assertEqual(done.stderr.count("\n"), 1, done.stderr)
        self.assertTrue(done.stderr.startswith("bench_separation: "), done.stderr)
        self.assertIn(text, done.stderr)
        self.assertEqual(done.stdout, "")

    def test_wrong_usage(self):
        for text, *arguments in [
                ("--nothing", "--nothing"), ("'extra'", "extra"), ("--out", "--out"),
                ("takes no value", "--quick=3"), ("exclude one another", "--quick", "--full"),
                ("did you mean --identities?", "--identites", "9"), ("'1.1'", "--flipped", "1.1"),
                ("'fig99'", "--figure", "arcface-fig4a,fig99"),
                ("--dim: not with --figure", "--figure", "arcface-fig3", "--dim", "2"), ("'arc'", "--loss", "arc"),
                ("did you mean arcface?", "--loss", "arc"), ("did you mean --loss?", "-loss", "arcface"),
                ("did you mean normsoftmax?", "--loss", "norm-softmax"),
                ("in degrees, write 0.489", "--data", "sphere", "--margin", "28"),
                ("''", "--loss", "arcface,"), ("''", "--data", ""),
                ("'0'", "--epochs", "0"), ("'-3'", "--samples", "-3"), ("'1e3'", "--seeds", "1e3"),
                ("'0'", "--threads", "0"), ("'x'", "--scale", "x"), ("'nan'", "--margin", "nan"),
                ("two layers", "--hidden", "3"), ("two hidden layers", "--hidden", "3,4,5"),
                ("'0'", "--hidden", "0,3"), ("'-1'", "--clip", "-1"), ("'2'", "--warmup", "2"),
                ("--brief", "--data", "sphere", "--brief"), ("'1'", "--validation", "1"),
                ("--brief", "--data", "sphere", "--brief", "--unseen", "5"),
                ("'1'", "--batch", "1"), ("at most --lambda-first, 1000", "--lambda-last", "2000"),
                ("did you mean plane?", "--recipe", "plan"), ("'here'", "--start", "here"),
                ("--recipe: not with --figure", "--recipe", "space", "--figure", "arcface-fig3"),
                ("'mmx'", "--isa", "mmx"), ("'99999999999999999999'", "--seed", "9" * 20),
                ("--seed", "--seed", str(2**64 - 1)), ("s=-1", "--data", "sphere", "--scale", "-1"),
                ("scale must be in (0,", "--data", "sphere", "--loss", "arcface", "--scale", "0"),
                ("m2=9", "--data", "sphere", "--loss", "arcface", "--margin", "9"),
                ("m1=0.5", "--data", "sphere", "--loss", "sphereface", "--margin", "0.5")]:
            with self.subTest(arguments=arguments):
                self.assert_refused(2, text, *arguments)

    def test_options_without_effect(self):
        """Refused, by name; where one run has a use for them, they are taken."""
        for text, *arguments in [
                ("--margin: of no use here: it is for losses with one", "--loss", "softmax,combined", "--margin", "0.3"),
                ("--scale: of no use here: it is for losses that normalise", "--loss", "softmax", "--scale", "8"),
                ("for losses with a margin", "--loss", "softmax,normsoftmax", "--warmup", "0.2"),
                ("for losses that normalise", "--loss", "softmax", "--weight-length", "3"),
                ("at most 8, normsoftmax's --scale", "--loss", "normsoftmax", "--scale", "64,8", "--scale-first", "9"),
                ("--lambda-share: of no use here: it is for sphereface", "--loss", "arcface", "--lambda-share", "0.3"),
                ("--start: of no use here: it is for two dimensions", "--dim", "3", "--start", "tour"),
                ("--features: of no use here", "--dim", "64", "--features", "3", "--out", self.path("x.json")),
                ("with --out", "--features", "3"), ("with --out", "--geometry"),
                ("with --out or --dump", "--dim", "64", "--validation", "9"),
                ("not with --brief", "--geometry", "--brief", "--unseen", "9", "--dim", "64", "--out", self.path("x.json"))]:
            with self.subTest(arguments=arguments):
                self.assert_refused(2, text, "--data", "sphere", *arguments)
        for text, *arguments in [
                ("--epochs: of no use here: nothing is trained", "bounds", "--epochs", "3"),
                ("--scale: of no use here: the figure has its own", "arcface-table3", "--scale", "8"),
                ("--clip: of no use here: the figure has its own", "sensitivity", "--clip", "3"),
                ("--folder: '' is empty", "bounds", "--folder", "")]:
            with self.subTest(arguments=arguments):
                self.assert_refused(2, text, "--folder", self.path("never"), "--figure", *arguments)
        self.write_set()
        for option in "unseen", "concentration", "bend", "map", "latent-dim", "input-dim", "imbalance":
            self.assert_refused(2, f"--{option}: of no use here: it is for identities of the hypersphere",
                                "--data", self.folder.name, "--" + option, "2")
        for option in "flipped", "outliers":
            self.assert_refused(2, f"--{option}: of no use here", "--data", self.folder.name, "--" + option, "0.1")
        self.assertFalse({"never", "x.json"} & set(os.listdir(self.folder.name)))
        self.run_to("y.json", "--data", "sphere", "--loss", "softmax,sphereface", "--scale", "8", "--margin", "2",
                    "--scale-first", "4", "--start", "random", "--lambda-last", "1", "--features", "3", *FEW)

    def test_too_much_is_said_before(self):
        self.assert_refused(1, "a training takes", "--data", "sphere", "--loss", "arcface", "--identities", "100000",
                            "--samples", "100000")
        self.run_to("batch.json", "--data", "sphere", "--loss", "arcface", "--batch", "65536", *FEW)

    def test_bad_data(self):
        self.assert_refused(2, "'nope' is none of sphere, fashion, characters, and no folder", "--data", "nope")
        self.assert_refused(2, "did you mean sphere?", "--data", "spheer")
        self.assert_refused(1, "/nowhere/train-images", "--data", "/nowhere")
        self.write_set(cut=7)
        self.assert_refused(1, "train-images-idx3-ubyte.gz: truncated", "--data", self.folder.name)
        out = self.path("missing/out.json")
        self.assert_refused(1, out + ": cannot write: No such file", "--data", "sphere", *FEW, "--out", out)
        before = os.listdir(self.folder.name)
        os.mkdir(self.path("folder"))
        done = drive("--data", "sphere", "--loss", "cosface", *FEW, "--out", self.path("folder"))
        self.assertEqual(done.returncode, 1)
        self.assertIn("folder: ", done.stderr)
        self.assertEqual(sorted(os.listdir(self.folder.name)), sorted(before + ["folder"]))

    def test_isa(self):
        runs, _ = numbers_of(self.run_to("auto.json", "--data", "sphere", *FEW))
        scalar, _ = numbers_of(self.run_to("scalar.json", "--data", "sphere", "--isa", "scalar",
                                           *FEW))
        for a, b in zip(runs, scalar):
            self.assertAlmostEqual(a["final_loss"], b["final_loss"], 2)
        self.assert_refused(2, "MARGIN_ISA: 'vax'", "--data", "sphere", *FEW, MARGIN_ISA="vax")

    def test_people_read_no_nan(self):
        """What a run does not have is a dash with a reason; a loss may be written as papers do."""
        done = drive("--data", "sphere", "--loss", "ArcFace,SOFTMAX", "--dim", "3", *FEW)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertNotIn("nan", done.stdout)
        rows = [line.split() for line in done.stdout.splitlines() if line.startswith("sphere")]
        self.assertEqual([row[2] for row in rows], ["softmax", "arcface"])
        self.assertEqual([row.count("-") for row in rows], [2, 2])  # gap and TAR
        self.assertIn("-: gaps are of the plane", done.stdout)

    def test_information(self):
        for arguments, text in [(["--help"], "usage: bench_separation"),
                                (["--version"], "bench_separation "),
                                (["--list", "--loss", "all"], "combined")]:
            done = drive(*arguments)
            self.assertEqual((done.returncode, done.stderr), (0, ""))
            self.assertIn(text, done.stdout)
            self.assertNotRegex(done.stdout, r"\bnan\b")
            if "--list" not in arguments:
                self.assertTrue(all(len(line) <= 100 for line in done.stdout.splitlines()))


if __name__ == "__main__":
    unittest.main()
