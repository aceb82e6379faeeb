"""test_measures.py: `margin angles` and `margin verify` against NumPy, SciPy and scikit-learn on the
same files, and what they refuse. Needs these three."""
import json
import math
import unittest

import numpy
from scipy.interpolate import interp1d
from scipy.optimize import brentq
from scipy.spatial.distance import pdist
from sklearn.metrics import roc_auc_score, roc_curve

from harness import CommandTest

STEP = 2.0 ** -21  # scores are multiples of it


class Measured(CommandTest):
    def save(self, **arrays):
        for name, values in arrays.items():
            numpy.save(self.path(name + ".npy"), values)

    def measured(self, command, *arguments, **files):
        words = [command, "--json", *arguments]
        for option, name in {"embeddings": "X.npy", "labels": "y.npy", **files}.items():
            words += ["--" + option, name]
        run = self.run_margin(*words)
        self.assertEqual((run.returncode, run.stderr), (0, ""))
        return json.loads(run.stdout)


def unit(rows):
    rows = rows.astype(float)
    return rows / numpy.linalg.norm(rows, axis=1, keepdims=True)


def clusters(seed, rows, dim, classes, spread):
    draw = numpy.random.default_rng(seed)
    weights = draw.standard_normal((classes, dim))
    labels = draw.integers(0, classes, rows)
    samples = weights[labels] + spread * draw.standard_normal((rows, dim))
    samples *= draw.uniform(0.1, 9, (rows, 1))
    return samples.astype("f4"), weights.astype("f4"), labels


class Verify(Measured):
    def pairs(self, samples, labels):
        """(genuine?, cosine) of every pair."""
        kept = labels != -1
        samples, labels = unit(samples[kept]), labels[kept]
        return pdist(labels[:, None], lambda a, b: a[0] == b[0]), 1 - pdist(samples, "cosine")

    def check(self, found, genuine, scores, tolerance):
        far, tar, _ = roc_curve(genuine, scores, drop_intermediate=False)
        impostors = int((genuine == 0).sum())
        self.assertEqual(found["genuine_pairs"], int(genuine.sum()))
        self.assertEqual(found["impostor_pairs"], impostors)
        self.assertAlmostEqual(found["auc"], roc_auc_score(genuine, scores), delta=tolerance)
        eer = brentq(lambda x: 1 - x - interp1d(far, tar)(x), 0, 1, xtol=1e-14)
        self.assertAlmostEqual(found["eer"], eer, delta=max(tolerance, 1e-12))
        self.assertEqual(len(found["roc"]), 51)
        for point in found["roc"]:
            limit = point["far_limit"]
            if limit * impostors < 1:
                self.assertIsNone(point["tar"])
                continue
            best = numpy.flatnonzero(far <= limit)[-1]
            self.assertAlmostEqual(point["tar"], tar[best], delta=tolerance)
            self.assertAlmostEqual(point["far"], far[best], delta=tolerance)
            accepted = scores >= point["threshold"] - STEP / 2
            self.assertAlmostEqual(point["tar"], accepted[genuine == 1].mean(), delta=1e-12)
        self.assertEqual(found["tar_at_far"], [found["roc"][10 * d] for d in range(1, 6)])

    def test_as_scikit_learn(self):
        for seed, rows, dim, classes, spread in ((1, 400, 16, 40, 0.8), (2, 301, 3, 9, 0.3),
                                                 (3, 250, 129, 100, 2.0)):
            samples, _, labels = clusters(seed, rows, dim, classes, spread)
            labels[::17] = -1
            self.save(X=samples, y=labels)
            found = self.measured("verify")
            genuine, scores = self.pairs(samples, labels)
            with self.subTest("rounded", seed=seed):
                self.check(found, genuine, numpy.floor((scores + 1) / STEP + 0.5) * STEP - 1, 1e-12)
            with self.subTest("every digit", seed=seed):
                far, tar, _ = roc_curve(genuine, scores, drop_intermediate=False)
                self.assertAlmostEqual(found["auc"], roc_auc_score(genuine, scores), delta=1e-6)
                for point in found["tar_at_far"]:
                    if point["tar"] is not None:
                        at = numpy.interp(point["far_limit"], far, tar)
                        self.assertAlmostEqual(point["tar"], at, delta=0.02)

    def test_ties(self):
        draw = numpy.random.default_rng(5)
        samples = draw.integers(-1, 2, (200, 3)).astype("f4") + numpy.float32(0)
        samples[(samples == 0).all(axis=1)] = (0, 0, 2)
        labels = (samples[:, 0] * 3 + samples[:, 1] + draw.integers(0, 2, 200)).astype("i4") + 9
        self.save(X=samples, y=labels)
        genuine, scores = self.pairs(samples, labels)
        scores = numpy.floor((scores + 1) / STEP + 0.5) * STEP - 1
        self.assertLess(len(numpy.unique(scores)), 100)
        self.check(self.measured("verify"), genuine, scores, 1e-12)

    def test_labels_are_names(self):
        samples, _, labels = clusters(6, 100, 8, 10, 0.5)
        self.save(X=samples, y=labels)
        expected = self.measured("verify")
        self.assertEqual(expected["identities"], len(set(labels)))
        self.save(y=labels * 10**15 + 77)
        self.assertEqual(self.measured("verify"), expected)
        self.assertEqual(self.measured("verify", "--threads", "3"), expected)

    def test_text(self):
        samples, _, labels = clusters(7, 100, 8, 10, 0.3)
        self.save(X=samples, y=labels)
        run = self.run_margin("verify", "--embeddings", "X.npy", "--labels", "y.npy")
        self.assertEqual((run.returncode, run.stderr), (0, ""))
        found = self.measured("verify")
        self.assertIn("TAR at FAR 1e-1  %.2f %%" % (100 * found["tar_at_far"][0]["tar"]), run.stdout)
        self.assertIn("TAR at FAR 1e-5  -  (takes at least 100000 impostor pairs)", run.stdout)
        self.assertIn("AUC              %.6f" % found["auc"], run.stdout)

    def test_no_pairs(self):
        words = ["verify", "--embeddings", "X.npy", "--labels", "y.npy"]
        for labels, fault in (([4] * 7, "no impostor pair"), ([-1] * 7, "no impostor pair"),
                              (range(7), "no genuine pair"), ([-1, 2, 3, 4, 5, 6, 7], "no genuine")):
            self.save(y=numpy.array(labels))
            self.assert_refused(words, 1, "y.npy: ", fault)


class Angles(Measured):
    def expected(self, samples, labels, weights):
        """By the definitions, with NumPy."""
        samples, classes = unit(samples), sorted(set(labels) - {-1})
        centres = unit(numpy.array([samples[labels == k].mean(axis=0) for k in classes]))
        angle = lambda a, b: numpy.degrees(numpy.arccos(numpy.clip((a * b).sum(axis=-1), -1, 1)))

        def nearest(rows):
            table = angle(rows[:, None], rows[None])
            numpy.fill_diagonal(table, numpy.inf)
            return table.min(axis=1).mean()

        kept = labels != -1
        place = numpy.searchsorted(classes, labels[kept])
        return {"intra_deg": angle(samples[kept], centres[place]).mean(),
                "inter_deg": nearest(centres), "w_inter_deg": nearest(unit(weights)),
                "w_ec_deg": angle(unit(weights)[classes], centres).mean()}

    def test_as_numpy(self):
        for seed, rows, dim, classes, spread in ((1, 500, 32, 70, 0.5), (2, 300, 2, 8, 0.1),
                                                 (3, 90, 5, 100, 1.0)):
            samples, weights, labels = clusters(seed, rows, dim, classes, spread)
            labels[::13] = -1
            self.save(X=samples, W=weights, y=labels)
            found = self.measured("angles", weights="W.npy")
            for key, value in self.expected(samples, labels, weights).items():
                self.assertAlmostEqual(found[key], value, delta=1e-6, msg=key)
            self.assertEqual(found["centres"], len(set(labels) - {-1}))
            self.assertEqual(found["ignored"], len(labels[::13]))
            alone = self.measured("angles", "--threads", "2")
            self.assertEqual((alone["intra_deg"], alone["inter_deg"]),
                             (found["intra_deg"], found["inter_deg"]))
            self.assertIsNone(alone["w_ec_deg"])

    def test_text(self):
        self.save(X=numpy.array([[1, 0], [0, 2]], "f4"), y=numpy.array([70, 3]))
        run = self.run_margin("angles", "--embeddings", "X.npy", "--labels", "y.npy")
        self.assertEqual(run.stdout, "Intra    0.00 degrees\nInter    90.00 degrees\n"
                                     "data     2 rows, dimension 2, 2 classes\n")
        run = self.run_margin("angles", "--embeddings", "X.npy", "--labels", "y.npy", "--weights",
                              "none.npy")
        self.assertEqual((run.returncode, run.stdout), (1, ""))


class Refusals(Measured):
    WORDS = {"angles": ["angles", "--weights", "W.npy"], "verify": ["verify"]}

    def refused(self, status, fault, *arguments, embeddings="X.npy", labels="y.npy"):
        for command, words in self.WORDS.items():
            with self.subTest(command):
                self.assert_refused([*words, "--embeddings", embeddings, "--labels", labels,
                                     *arguments], status, *fault)

    def test_data(self):
        samples, _, labels = clusters(1, 7, 5, 6, 1)
        samples[3, 2] = math.nan
        self.save(bad=samples, short=labels[:6], wrong=labels.astype("f4"))
        self.refused(1, ["bad.npy: row 3 ", "NaN"], embeddings="bad.npy")
        self.refused(1, ["short.npy: 6 labels", "X.npy has 7 rows"], labels="short.npy")
        self.refused(1, ["wrong.npy: dtype float32", "astype('<i8')"], labels="wrong.npy")
        self.refused(1, ["none.npy: cannot read"], embeddings="none.npy")
        self.save(y=numpy.array([0, 0, 1, 6, 0, 0, 0]), narrow=samples[:, :4])
        words = ["angles", "--embeddings", "X.npy", "--labels", "y.npy", "--weights"]
        self.assert_refused(words + ["W.npy"], 1, "y.npy: row 3: label 6 ", "0..5")
        self.save(y=labels)
        self.assert_refused(words + ["narrow.npy"], 1, "narrow.npy: shape [7, 4]", "X.npy has dimension 5")
        self.assert_refused(words + ["bad.npy"], 1, "bad.npy: row 3 ")

    def test_usage(self):
        self.refused(2, ["--threads: 'x'"], "--threads", "x")
        self.refused(2, ["--threads: '-1'"], "--threads", "-1")
        self.refused(2, ["unexpected argument 'more'"], "more")
        self.refused(2, ["--nonsense"], "--nonsense")
        self.assert_refused(["verify", "--weights", "W.npy"], 2, "--weights")
        for command in self.WORDS:
            self.assert_refused([command, "--labels", "y.npy"], 2, "--embeddings is missing")
            self.assert_refused([command, "--embeddings", "X.npy"], 2, "--labels is missing")


if __name__ == "__main__":
    unittest.main()
