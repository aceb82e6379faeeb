"""test_measures.py: `margin angles` and `margin verify` against NumPy, SciPy and scikit-learn on the
same files, and what they refuse. Needs these three."""
import json
import math
import re
import unittest
from fractions import Fraction

import numpy
from scipy.interpolate import interp1d
from scipy.optimize import brentq
from scipy.spatial.distance import pdist
from sklearn.metrics import roc_auc_score, roc_curve

from harness import CommandTest


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
            if point["threshold"] is None:
                self.assertEqual(point["tar"], 0)
                continue
            accepted = scores >= point["threshold"]
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
            with self.subTest(seed=seed):
                self.check(found, genuine, scores, 1e-12)

    def test_ties(self):
        draw = numpy.random.default_rng(5)
        samples = draw.integers(-1, 2, (200, 3)).astype("f4") + numpy.float32(0)
        samples[(samples == 0).all(axis=1)] = (0, 0, 2)
        labels = (samples[:, 0] * 3 + samples[:, 1] + draw.integers(0, 2, 200)).astype("i4") + 9
        self.save(X=samples, y=labels)
        genuine, scores = self.pairs(samples, labels)
        scores = numpy.round(scores, 12) # equal cosines of whole numbers are equal here, too
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

    def crowd(self, spread, seed=11, rows=300, dim=8, classes=20):
        """Embeddings that all lie within `spread` of one direction, and exact scores: the squares of
        the distances of their directions, which keep the digits that cosines near 1 lose."""
        draw = numpy.random.default_rng(seed)
        centre, weights = draw.standard_normal(dim), draw.standard_normal((classes, dim))
        labels = draw.integers(0, classes, rows)
        samples = centre + spread * (weights[labels] + draw.standard_normal((rows, dim)))
        samples = samples.astype("f4")
        directions = unit(samples)
        return samples, labels, pdist(labels[:, None], lambda a, b: a[0] == b[0]), \
            -pdist(directions, "sqeuclidean")

    def test_crowded_scores(self):
        """Cosines within 1e-4 to 1e-9 of 1."""
        for spread in (1e-2, 1e-3, 3e-4, 1e-4, 1e-5):
            samples, labels, genuine, scores = self.crowd(spread)
            self.save(X=samples, y=labels)
            found = self.measured("verify")
            with self.subTest(spread):
                self.assertAlmostEqual(found["auc"], roc_auc_score(genuine, scores), delta=1e-6)
                far, tar, _ = roc_curve(genuine, scores, drop_intermediate=False)
                eer = brentq(lambda x: 1 - x - interp1d(far, tar)(x), 0, 1, xtol=1e-14)
                self.assertAlmostEqual(found["eer"], eer, delta=1e-4)

    def test_printed_thresholds(self):
        """Each threshold of the text, applied to the scores, gives the rate that stands beside it."""
        for spread in (1.0, 1e-1, 1e-2, 1e-3, 1e-4):
            samples, labels, genuine, _ = self.crowd(spread, seed=5)
            self.save(X=samples, y=labels)
            run = self.run_margin("verify", "--embeddings", "X.npy", "--labels", "y.npy",
                                  "--far", "0.5,0.1,0.01,1e-3")
            self.assertEqual((run.returncode, run.stderr), (0, ""))
            cosines = 1 - 0.5 * pdist(unit(samples), "sqeuclidean")
            found = re.findall(r"TAR at FAR (\S+) +([0-9.]+) %  \(cosine >= (\S+)\)", run.stdout)
            self.assertEqual(len(found), 4)
            for far, tar, threshold in found:
                accepted = cosines >= float(threshold)
                self.assertAlmostEqual(100 * accepted[genuine == 1].mean(), float(tar), delta=0.0051)
                self.assertLessEqual(accepted[genuine == 0].mean(), float(far))

    def test_equal_rates(self):
        """By counting with whole numbers: the greatest threshold with FAR >= 1 - TAR."""
        draw = numpy.random.default_rng(8)
        for _ in range(60):
            rows = int(draw.integers(4, 12))
            samples = draw.integers(-2, 3, (rows, 3))
            samples[(samples == 0).all(axis=1)] = (1, 0, 0)
            labels = draw.integers(0, 3, rows)
            pairs = [(i, j) for i in range(rows) for j in range(i)]
            same = [labels[i] == labels[j] for i, j in pairs]
            if all(same) or not any(same):
                continue
            dots = [int(samples[i] @ samples[j]) for i, j in pairs]
            squares = [Fraction(d * abs(d), int(samples[i] @ samples[i]) * int(samples[j] @ samples[j]))
                       for d, (i, j) in zip(dots, pairs)]
            genuine = [s for s, g in zip(squares, same) if g]
            impostor = [s for s, g in zip(squares, same) if not g]
            best = max(t for t in squares
                       if Fraction(sum(s >= t for s in impostor), len(impostor))
                       >= 1 - Fraction(sum(s >= t for s in genuine), len(genuine)))
            self.save(X=samples.astype("f4"), y=labels)
            found = self.measured("verify")["eer_threshold"]
            want = math.copysign(math.sqrt(abs(best)), best)
            self.assertAlmostEqual(found, want, delta=1e-15)

    def test_rows_without_direction(self):
        samples, _, labels = clusters(12, 60, 4, 6, 0.5)
        self.save(X=samples, y=labels)
        want = self.measured("verify")
        padded = numpy.concatenate([samples, numpy.zeros((5, 4), "f4"), samples[:2]])
        self.save(X=padded[:65], y=numpy.concatenate([labels, [0, 1, 2, 3, 4]]))
        found = self.measured("verify")
        self.assertEqual((found["zero_rows"], found["rows"], found["eer"]), (5, 65, want["eer"]))
        self.save(X=numpy.concatenate([samples, 2 * samples[:2]]),
                  y=numpy.concatenate([labels, labels[:2]]))
        self.assertEqual(self.measured("verify")["repeated_pairs"], 2)
        run = self.run_margin("verify", "--embeddings", "X.npy", "--labels", "y.npy")
        self.assertIn("2 genuine pairs are of equal vectors", run.stdout)
        self.save(X=numpy.zeros((60, 4), "f4"), y=labels)
        self.assert_refused(["verify", "--embeddings", "X.npy", "--labels", "y.npy"], 1, "X.npy",
                            "zero vectors")

    # ---- protocols ----

    def listed(self, *arguments):
        run = self.run_margin("verify", "--json", "--embeddings", "X.npy", "--pairs", "list.tsv",
                              *arguments)
        self.assertEqual((run.returncode, run.stderr), (0, ""))
        return json.loads(run.stdout)

    def write_pairs(self, pairs):
        with open(self.path("list.tsv"), "w") as stream:
            stream.write("# two rows, and whether they are of one identity\n\n")
            stream.writelines("%d\t%d %d\n" % pair for pair in pairs)

    def test_pairs_and_scores(self):
        samples, _, labels = clusters(13, 120, 8, 12, 0.9)
        draw = numpy.random.default_rng(1)
        pairs = [(int(i), int(j), int(labels[i] == labels[j]))
                 for i, j in draw.integers(0, 120, (3000, 2)) if i != j]
        self.save(X=samples)
        self.write_pairs(pairs)
        a, b, genuine = numpy.array(pairs).T
        scores = (unit(samples)[a] * unit(samples)[b]).sum(axis=1)
        found = self.listed()
        self.check({**found, "tar_at_far": [found["roc"][10 * d] for d in range(1, 6)]}, genuine,
                   numpy.round(scores, 12), 1e-12)
        self.save(s=scores.astype("f4") * 1e6 - 5, same=genuine)
        run = self.run_margin("verify", "--json", "--scores", "s.npy", "--labels", "same.npy")
        again = json.loads(run.stdout)
        self.assertAlmostEqual(again["auc"], found["auc"], delta=1e-5)
        self.assertAlmostEqual(again["auc"], roc_auc_score(genuine, scores.astype("f4")), delta=1e-12)

    def test_names(self):
        samples, _, labels = clusters(19, 50, 4, 5, 0.9)
        draw = numpy.random.default_rng(4)
        pairs = [(int(i), int(j), int(labels[i] == labels[j]))
                 for i, j in draw.integers(0, 50, (300, 2)) if i != j]
        self.save(X=samples)
        self.write_pairs(pairs)
        want = self.listed()
        names = ["some folder/%d.jpg" % (k * 37 % 50) for k in range(50)]
        with open(self.path("names.txt"), "w") as stream:
            stream.write("\n".join(names) + "\n")
        with open(self.path("list.tsv"), "w") as stream:
            stream.writelines("%s\t%s\t%d\n" % (names[i], names[j], same) for i, j, same in pairs)
        self.assertEqual(self.listed("--names", "names.txt"), want)
        words = ["verify", "--embeddings", "X.npy", "--pairs", "list.tsv", "--names", "names.txt"]
        with open(self.path("list.tsv"), "a") as stream:
            stream.write("some folder/1.jpg\tnone.jpg\t1\n")
        self.assert_refused(words, 1, "list.tsv: line %d: no row has the name none.jpg" % (len(pairs) + 1))
        with open(self.path("names.txt"), "w") as stream:
            stream.write("\n".join(names[:-1] + names[:1]))
        self.assert_refused(words, 1, "names.txt: line 50: the name some folder/0.jpg occurs twice")
        with open(self.path("names.txt"), "w") as stream:
            stream.write("\n".join(names[:-1]))
        self.assert_refused(words, 1, "names.txt: 49 names, but X.npy has 50 rows")

    def test_folds(self):
        """As a plain loop over all thresholds decides."""
        samples, _, labels = clusters(14, 80, 6, 8, 1.2)
        draw = numpy.random.default_rng(2)
        pairs = [(int(i), int(j), int(labels[i] == labels[j]))
                 for i, j in draw.integers(0, 80, (600, 2)) if i != j]
        self.save(X=samples)
        self.write_pairs(pairs)
        a, b, genuine = numpy.array(pairs).T
        scores = (unit(samples)[a] * unit(samples)[b]).sum(axis=1)
        found = self.listed("--folds", "10")["folds"]
        count, accuracies = len(pairs), []
        for fold in range(10):
            inside = numpy.zeros(count, bool)
            inside[count * fold // 10:count * (fold + 1) // 10] = True
            others = numpy.unique(scores[~inside])
            right = [((scores[~inside] >= t) == genuine[~inside]).sum() for t in others]
            best = others[numpy.flatnonzero(right == numpy.max(right))[-1]]
            below = others[others < best].max(initial=best)
            accuracies.append(((scores[inside] >= (best + below) / 2) == genuine[inside]).mean())
        self.assertEqual(found["accuracies"], accuracies)
        self.assertAlmostEqual(found["accuracy"], numpy.mean(accuracies), delta=1e-14)
        self.assertAlmostEqual(found["standard_error"],
                               numpy.std(accuracies, ddof=1) / math.sqrt(10), delta=1e-14)

    def test_cost(self):
        samples, _, labels = clusters(15, 90, 5, 9, 1.0)
        self.save(X=samples, y=labels)
        genuine, scores = self.pairs(samples, labels)
        far, tar, _ = roc_curve(genuine, scores, drop_intermediate=False)
        for prior, miss, accept in ((0.01, 1, 1), (0.5, 10, 1), (0.1, 1, 5)):
            found = self.measured("verify", "--min-dcf", "%g,%g,%g" % (prior, miss, accept))["min_dcf"]
            cost = prior * miss * (1 - tar) + (1 - prior) * accept * far
            self.assertAlmostEqual(found["least"], cost.min() / min(prior * miss, (1 - prior) * accept),
                                   delta=1e-12)

    def test_limits(self):
        samples, _, labels = clusters(16, 200, 8, 20, 0.8)
        self.save(X=samples, y=labels)
        found = self.measured("verify", "--far", "1e-6,0.3,2e-3")
        self.assertEqual([p["far_limit"] for p in found["tar_at_far"]], [0.3, 2e-3, 1e-6])
        self.assertIsNone(found["tar_at_far"][2]["tar"])
        run = self.run_margin("verify", "--embeddings", "X.npy", "--labels", "y.npy", "--far", "1e-6")
        self.assertIn("TAR at FAR 1e-6  -  (takes at least 1000000 impostor pairs)", run.stdout)
        for text in ("0", "2", "x", "1e-3,,2"):
            self.assert_refused(["verify", "--embeddings", "X.npy", "--labels", "y.npy", "--far", text],
                                2, "--far")

    def test_bootstrap(self):
        """The intervals cover the rates of samples of identities that were made afresh."""
        samples, _, labels = clusters(17, 300, 8, 60, 1.5)
        self.save(X=samples, y=labels)
        found = self.measured("verify", "--bootstrap", "400")
        low, high = found["auc_95"]
        self.assertTrue(low < found["auc"] < high)
        self.assertEqual(found["bootstrap_units"], 60)
        genuine, scores = self.pairs(samples, labels)
        first, second = numpy.triu_indices(300, 1)
        draw, aucs = numpy.random.default_rng(3), []
        for _ in range(200):
            times = numpy.bincount(draw.integers(0, 60, 60), minlength=60)
            weights = numpy.where(genuine == 1, times[labels[first]],
                                  times[labels[first]] * times[labels[second]])
            aucs.append(roc_auc_score(genuine, scores, sample_weight=weights))
        want = numpy.quantile(aucs, (0.025, 0.975))
        width = want[1] - want[0]
        self.assertAlmostEqual(low, want[0], delta=0.35 * width)
        self.assertAlmostEqual(high, want[1], delta=0.35 * width)
        self.assertEqual(found, self.measured("verify", "--bootstrap", "400"))

    def test_curve(self):
        samples, _, labels = clusters(18, 200, 4, 10, 1.0)
        self.save(X=samples, y=labels)
        self.measured("verify", "--curve", "det.tsv")
        with open(self.path("det.tsv")) as stream:
            rows = [line.rstrip("\n").split("\t") for line in stream]
        self.assertEqual(rows[0], ["#series", "kind", "threshold", "far", "miss"])
        genuine, scores = self.pairs(samples, labels)
        for _, _, threshold, far, miss in rows[1:]:
            accepted = scores >= float(threshold) - 1e-12
            self.assertAlmostEqual(accepted[genuine == 0].mean(), float(far), delta=1e-8)
            self.assertAlmostEqual(1 - accepted[genuine == 1].mean(), float(miss), delta=1e-8)
        self.assertGreater(len(rows), 100)

    def test_lists_that_are_refused(self):
        self.save(X=numpy.eye(3, dtype="f4"))
        words = ["verify", "--embeddings", "X.npy", "--pairs", "list.tsv"]
        for line, fault in (("0 1", "two rows and 0 or 1"), ("0 1 2", "two rows and 0 or 1"),
                            ("0 3 1", "row 3, but X.npy has rows 0..2"), ("a b 1", "row a, but"),
                            ("0 1 1 1", "two rows and 0 or 1"), ("-1 1 1", "row -1, but")):
            with open(self.path("list.tsv"), "w") as stream:
                stream.write("0 1 0\n" + line + "\n")
            self.assert_refused(words, 1, "list.tsv: line 2: ", fault)
        self.write_pairs([(0, 1, 0), (1, 2, 0)])
        self.assert_refused(words, 1, "list.tsv: no genuine pair")
        self.assert_refused(words + ["--labels", "y.npy"], 2, "--labels says nothing")
        self.assert_refused(words[:3] + ["--labels", "y.npy", "--folds", "3"], 2, "--folds")
        self.write_pairs([(0, 1, 0), (1, 2, 1)])
        self.assert_refused(words + ["--folds", "3"], 1, "--folds: 3, but there are 2 pairs")
        self.save(s=numpy.ones(3, "f4"), same=numpy.array([0, 1, 2]))
        self.assert_refused(["verify", "--scores", "s.npy", "--labels", "same.npy"], 1,
                            "same.npy: row 2: label 2, must be 1")

    def test_no_pairs(self):
        words = ["verify", "--embeddings", "X.npy", "--labels", "y.npy"]
        for labels, fault in (([4] * 7, "no impostor pair"), ([-1] * 7, "no impostor pair"),
                              (range(7), "no genuine pair"), ([-1, 2, 3, 4, 5, 6, 7], "no genuine")):
            self.save(y=numpy.array(labels))
            self.assert_refused(words, 1, "y.npy: ", fault)


class Identify(Measured):
    def run_identify(self, *arguments):
        run = self.run_margin("identify", "--json", "--gallery", "G.npy", "--gallery-labels", "g.npy",
                              "--probes", "P.npy", "--probe-labels", "p.npy", *arguments)
        self.assertEqual((run.returncode, run.stderr), (0, ""))
        return json.loads(run.stdout)

    def problem(self, seed, spread, whole=False):
        draw = numpy.random.default_rng(seed)
        weights = draw.standard_normal((40, 6))
        labels = numpy.concatenate([numpy.arange(25).repeat(2), draw.integers(0, 40, 300)])
        samples = weights[labels] + spread * draw.standard_normal((350, 6))
        if whole: # ties are common
            samples = numpy.round(samples)
            samples[(samples == 0).all(axis=1)] = 1
        self.save(G=samples[:50].astype("f4"), g=labels[:50], P=samples[50:].astype("f4"),
                  p=labels[50:])
        return unit(samples[:50].astype("f4")), labels[:50], unit(samples[50:].astype("f4")), labels[50:]

    def test_as_numpy(self):
        for seed, spread, whole in ((1, 0.4, False), (2, 1.0, False), (3, 0.8, True)):
            gallery, g, probes, p = self.problem(seed, spread, whole)
            scores = numpy.round(probes @ gallery.T, 12)
            same = p[:, None] == g[None]
            mated = same.any(axis=1)
            own = numpy.where(same, scores, -2).max(axis=1)
            other = numpy.where(same, -2, scores).max(axis=1)
            correct = mated & (own > other)
            found = self.run_identify("--fpir", "0.5,0.1,0.02")
            self.assertEqual((found["mated_probes"], found["other_probes"], found["identities"]),
                             (mated.sum(), (~mated).sum(), 25))
            self.assertAlmostEqual(found["rank_1"], correct.sum() / mated.sum(), delta=1e-12)
            self.assertEqual(found["tied_probes"], (mated & (own == other)).sum())
            for point in found["tpir_at_fpir"]:
                thresholds = [t for t in numpy.unique(other[~mated])
                              if (other[~mated] > t).mean() <= point["fpir_limit"]]
                barred = min(thresholds) # the highest impostor score that is not accepted
                if (other[~mated] >= barred).mean() <= point["fpir_limit"]:
                    barred = -3
                self.assertAlmostEqual(point["tpir"], (correct & (own > barred)).sum() / mated.sum(),
                                       delta=1e-12)
                self.assertAlmostEqual(point["fpir"], (other[~mated] > barred).mean(), delta=1e-12)
                if point["threshold"] is not None:
                    self.assertEqual((other[~mated] >= point["threshold"]).mean(), point["fpir"])
            self.assertEqual(found, self.run_identify("--fpir", "0.1,0.5,0.02", "--threads", "2"))

    def test_edges(self):
        self.problem(4, 0.5)
        self.save(p=numpy.full(300, 99))
        found = self.run_identify()
        self.assertIsNone(found["rank_1"])
        self.problem(4, 0.5)
        found = self.run_identify("--fpir", "1e-4")
        self.assertIsNone(found["tpir_at_fpir"][0]["tpir"])
        run = self.run_margin("identify", "--gallery", "G.npy", "--gallery-labels", "g.npy",
                              "--probes", "P.npy", "--probe-labels", "p.npy", "--fpir", "1e-4")
        self.assertIn("takes at least 10000 probes of other identities", run.stdout)
        self.save(P=numpy.zeros((300, 6), "f4"))
        self.assertEqual(self.run_identify()["probe_zero_rows"], 300)
        self.save(P=numpy.zeros((300, 5), "f4"))
        self.assert_refused(["identify", "--gallery", "G.npy", "--gallery-labels", "g.npy", "--probes",
                             "P.npy", "--probe-labels", "p.npy"], 1, "P.npy: dimension 5", "G.npy has 6")


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
        together = (numpy.bincount(place) > 1)[place]
        return {"intra_deg": angle(samples[kept], centres[place])[together].mean(),
                "single_rows": (~together).sum(),
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
        self.assertEqual(run.stdout, "Intra    -  (no class has two rows with a direction)\n"
                                     "Inter    90.00 degrees\n"
                                     "data     2 rows, dimension 2, 2 classes\n"
                                     "         2 rows alone in their class: they are not in Intra\n")
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
