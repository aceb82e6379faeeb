#!/usr/bin/env python3
"""bench_separation's numbers once more from the embeddings that it dumps, by NumPy, SciPy and
scikit-learn.
usage: test_dumped.py PROGRAM"""

import json
import os
import subprocess
import sys
import tempfile
import unittest

import numpy as np
from scipy.spatial.distance import cdist, pdist
from sklearn.metrics import accuracy_score, roc_auc_score, roc_curve

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../scripts"))
from run_files import expanded  # noqa: E402

PROGRAM = sys.argv.pop(1)
# The program rounds scores to multiples of 2^-21: as many pairs may change sides as lie that near.
SCORE_STEP = 2.0 ** -21


def unit(rows):
    rows = rows.astype(np.float64)
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def angles(a, b):
    return np.degrees(np.arccos(np.clip(a @ b.T, -1, 1)))


def centres_of(x, labels):
    return unit(np.stack([x[labels == k].mean(axis=0) for k in range(labels.max() + 1)]))


def nearest(vectors):
    between = angles(vectors, vectors)
    np.fill_diagonal(between, np.inf)
    return between.min(axis=1).mean()


def spread(values):
    return {"mean": values.mean(), "p05": np.quantile(values, 0.05),
            "p50": np.median(values), "p95": np.quantile(values, 0.95)}


def statistics(x, labels, weights):
    """By arccos of matrix products: another way than the program's."""
    x = unit(x)
    centres = centres_of(x, labels)
    whole = unit(x.mean(axis=0, keepdims=True))
    within = (1 - (x * centres[labels]).sum(axis=1)).sum()
    between = (1 - (centres[labels] @ whole.T)).sum()
    found = {"intra_deg": np.degrees(np.arccos((x * centres[labels]).sum(axis=1))).mean(),
             "inter_deg": nearest(centres), "fisher": within / between}
    if weights is not None:
        w = unit(weights)
        theta = angles(x, w)
        own = theta[np.arange(len(x)), labels].copy()
        theta[np.arange(len(x)), labels] = np.inf
        found.update(w_ec_deg=np.diagonal(angles(w, centres)).mean(), w_inter_deg=nearest(w),
                     theta_deg=spread(own), other_deg=spread(theta.min(axis=1)))
    return found


def arcs_of(x, labels):
    polar = np.degrees(np.arctan2(x[:, 1], x[:, 0]).astype(np.float64))
    centres = centres_of(unit(x), labels)
    found = []
    for k, centre in enumerate(np.degrees(np.arctan2(centres[:, 1], centres[:, 0]))):
        away = (polar[labels == k] - centre + 180) % 360 - 180
        found.append((centre, *np.quantile(away, [0.01, 0.99])))
    return found


def geometry(x, labels, weights, deciding):
    """Neural collapse, alignment and uniformity, by matrices of all pairs."""
    x = unit(x)
    means = np.stack([x[labels == k].mean(axis=0) for k in range(labels.max() + 1)])
    centred = means - means.mean(axis=0)
    lengths = np.linalg.norm(centred, axis=1)
    apart = pdist(x, "sqeuclidean")
    same = pdist(labels[:, None].astype(float), "cityblock") == 0
    cosines = 1 - pdist(centred, "cosine")
    within = [((x[labels == k] - means[k]) ** 2).sum(axis=1).mean() for k in range(len(means))]
    found = {"within_between": np.mean(within) / (lengths ** 2).mean(),
             "length_spread": lengths.std() / lengths.mean(),
             "angle_deviation": np.sqrt(((cosines + 1 / (len(means) - 1)) ** 2).mean()),
             "alignment": apart[same].mean(), "uniformity": np.log(np.exp(-2 * apart).mean())}
    if weights is not None:
        w = unit(weights)
        by_mean = cdist(x, means if deciding is None else deciding).argmin(axis=1)
        found["weight_alignment"] = (w * unit(centred)).sum(axis=1).mean()
        found["nearest_mean"] = (by_mean == (x @ w.T).argmax(axis=1)).mean()
    return found, means


class Dumped(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(cls.folder.cleanup)
        cls.runs = cls.drive("many", "--dim", "16", "--identities", "12", "--unseen", "20",
                             "--validation", "9", "--concentration", "30", "--loss", "all",
                             "--geometry")
        cls.plane = cls.drive("plane", "--loss", "normsoftmax,arcface", "--flipped", "0.1",
                              "--imbalance", "4")

    @classmethod
    def drive(cls, name, *arguments):
        folder = os.path.join(cls.folder.name, name)
        out = folder + ".json"
        subprocess.run([PROGRAM, "--data", "sphere", "--samples", "60", "--epochs", "4", "--seeds",
                        "1", "--dump", folder, "--out", out, *arguments], check=True, timeout=240,
                       stdout=subprocess.DEVNULL)
        with open(out, encoding="utf-8") as stream:
            return [(run, folder) for run in json.load(stream, object_hook=expanded)["runs"]]

    def load(self, run, folder, part, what):
        label = run["label"].replace(" ", "_").replace("=", "").replace(",", "")
        path = os.path.join(folder, f"sphere-{run['dim']}d-{label}-seed1-{part}-{what}.npy")
        return np.load(path) if os.path.exists(path) else None

    def parts(self, run, folder, part):
        return [self.load(run, folder, part, what) for what in ("embeddings", "labels", "weights")]

    def assert_close(self, got, want, message):
        if isinstance(want, dict):
            for key, value in want.items():
                self.assert_close(got[key], value, f"{message}, {key}")
        else:
            self.assertAlmostEqual(got, want, delta=2e-5 * max(1, abs(want)), msg=message)

    def test_angles(self):
        for run, folder in self.runs + self.plane:
            for part, key in ("train", "train_stats"), ("test", "stats"), ("unseen", "unseen_stats"):
                x, labels, weights = self.parts(run, folder, part)
                if x is None:
                    self.assertEqual((part, run["unseen_count"]), ("unseen", 0))
                    continue
                self.assertEqual(weights is None, part == "unseen")
                for name, value in statistics(x, labels, weights).items():
                    self.assert_close(run[key][name], value, f"{run['label']}, {part}, {name}")

    def test_geometry(self):
        for run, folder in self.runs:
            moments = run["geometry"]
            deciding = None
            self.assertEqual([(row["part"], row["epoch"]) for row in moments],
                             [(part, epoch) for part in ("train", "test", "unseen")
                              for epoch in (0, 1, 2, 4)])
            for row in moments[3::4]:
                x, labels, weights = self.parts(run, folder, row["part"])
                wanted, means = geometry(x, labels, weights, deciding)
                deciding = means if deciding is None else deciding
                self.assertEqual(row["nearest_mean"] is None, weights is None)
                self.assertEqual(row["weight_alignment"] is None, weights is None)
                # A sample between two classes may fall to either in float32.
                if weights is not None:
                    self.assertAlmostEqual(row["nearest_mean"], wanted.pop("nearest_mean"),
                                           delta=1.5 / len(labels))
                self.assert_close(row, wanted, f"{run['label']}, {row['part']}")
        self.assertFalse(any("geometry" in run for run, _ in self.plane))

    def test_accuracy(self):
        for run, folder in self.runs + self.plane:
            if run["loss"] == "softmax":
                continue  # its bias is not dumped
            for part in "train", "test":
                x, labels, weights = self.parts(run, folder, part)
                predicted = (unit(x) @ unit(weights).T).argmax(axis=1)
                self.assertAlmostEqual(run[part + "_accuracy"], accuracy_score(labels, predicted),
                                       delta=1.5 / len(labels), msg=run["label"])

    def test_accuracy_by_size(self):
        self.assertFalse(any("test_accuracy_thirds" in run for run, _ in self.runs))
        for run, folder in self.plane:
            sizes = np.bincount(self.load(run, folder, "train", "labels"), minlength=8)
            x, labels, weights = self.parts(run, folder, "test")
            right = (unit(x) @ unit(weights).T).argmax(axis=1) == labels
            # Three classes, three and two: the place in the order of sizes times 3 / 8.
            by_size = np.lexsort((np.arange(8), -sizes))
            for got, classes in zip(run["test_accuracy_thirds"], np.split(by_size, [3, 6])):
                chosen = np.isin(labels, classes)
                self.assertAlmostEqual(got, right[chosen].mean(), delta=1.5 / chosen.sum())

    def test_verification(self):
        for run, folder in self.runs:
            self.check_verification(run, run["verification"], *self.parts(run, folder, "unseen")[:2])
            x, labels, weights = self.parts(run, folder, "validation")
            self.assertIsNone(weights)
            self.assertEqual((run["validation"]["count"], len(set(labels))), (len(x), 9))
            self.check_verification(run, run["validation"]["verification"], x, labels)

    def test_identification(self):
        """The first sample of each identity of even number is the gallery, all others are probes."""
        for run, folder in self.runs:
            for part, found in (("unseen", run["identification"]),
                                ("validation", run["validation"]["identification"])):
                x, labels, _ = self.parts(run, folder, part)
                first = np.r_[True, labels[1:] != labels[:-1]] & (labels % 2 == 0)
                scores, mated = unit(x[~first]) @ unit(x[first]).T, labels[~first] % 2 == 0
                own = labels[~first][:, None] == labels[first][None, :]
                best = np.where(own, -2, scores).max(axis=1)
                mine = np.where(own, scores, -2).max(axis=1)
                hit = mated & (mine > best)
                self.assertEqual((found["mated"], found["unmated"]), (mated.sum(), (~mated).sum()))
                self.assertAlmostEqual(found["rank_1"], hit.sum() / mated.sum(), places=9)
                others = np.sort(best[~mated])[::-1]
                for point, limit in zip(found["tpir"], (0.1, 0.01)):
                    floor = others[int(np.floor(limit * len(others) + 1e-9))]
                    near = (np.abs(mine[hit] - floor) < 2 * SCORE_STEP).sum() / mated.sum()
                    self.assertEqual(point["limit"], limit)
                    self.assertAlmostEqual(point["tpir"], (mine[hit] > floor).sum() / mated.sum(),
                                           delta=near + 1e-9)

    def check_verification(self, run, found, x, labels):
        """By scikit-learn."""
        same = pdist(labels[:, None].astype(float), "cityblock") == 0
        scores = 1 - pdist(x.astype(np.float64), "cosine")
        self.assertEqual((found["genuine"], found["impostor"]), (same.sum(), (~same).sum()))
        self.assertAlmostEqual(found["auc"], roc_auc_score(same, scores), delta=2e-6)
        far, tar, _ = roc_curve(same, scores, drop_intermediate=False)
        self.check_roc(found["roc"], scores, same, run["label"])
        cross = np.argmax(far >= 1 - tar)
        share = np.interp(0, [far[cross - 1] + tar[cross - 1] - 1, far[cross] + tar[cross] - 1],
                          [0, 1])
        eer = far[cross - 1] + share * (far[cross] - far[cross - 1])
        self.assertAlmostEqual(found["eer"], eer, delta=1e-5)

    def check_roc(self, points, scores, same, label):
        """The lowest threshold whose FAR is within the limit; sorted scores, counted."""
        impostor = np.sort(scores[~same])[::-1]
        genuine = scores[same]
        self.assertEqual(len(points), 51)
        for point in points:
            allowed = int(np.floor(point["limit"] * len(impostor) * (1 + 1e-12)))
            if allowed < 1:
                self.assertIsNone(point["tar"])
                continue
            floor = impostor[allowed] if allowed < len(impostor) else -np.inf
            tar = (genuine > floor).mean()
            near = (np.abs(genuine - floor) < 2 * SCORE_STEP).mean()
            self.assertAlmostEqual(point["tar"], tar, delta=near + 1e-12,
                                   msg=f"{label}, FAR {point['limit']}")

    def test_arcs(self):
        for run, folder in self.plane:
            x, labels, _ = self.parts(run, folder, "test")
            wanted = arcs_of(x, labels)
            for arc, (centre, low, high) in zip(run["arcs"], wanted):
                self.assert_close(arc["centre_deg"], centre, "centre")
                self.assert_close(arc["low_deg"], low, "low")
                self.assert_close(arc["high_deg"], high, "high")
            order = sorted(range(len(wanted)), key=lambda k: wanted[k][0])
            gaps = [(wanted[b][0] - wanted[a][0]) % 360 + wanted[b][1] - wanted[a][2]
                    for a, b in zip(order, order[1:] + order[:1])]
            self.assert_close(run["stats"]["gap_median_deg"], np.median(gaps), "median gap")
            self.assert_close(run["stats"]["gap_min_deg"], min(gaps), "least gap")

    def test_data_are_as_asked(self):
        for run, folder in self.plane:
            _, labels, _ = self.parts(run, folder, "train")
            self.assertEqual(len(labels), run["train_count"])
            clean = np.repeat(np.arange(8), [round(60 * 4 ** (-k / 7)) for k in range(8)])
            self.assertEqual(len(clean), len(labels))
            self.assertAlmostEqual((clean != labels).mean(), 0.1,
                                   delta=4 * np.sqrt(0.09 / len(labels)))


if __name__ == "__main__":
    unittest.main()
