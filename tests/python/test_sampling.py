#!/usr/bin/env python3
"""sample and head(class_index=): lists, the head over some rows of w, and what sampling does to the
expectation of loss and gradients, as docs/method.md says it."""

import unittest

import numpy as np

import margin_losses as ml

N, D, C = 7, 20, 300


def problem(n=N, d=D, c=C, seed=1):
    """Embeddings on their way to their classes."""
    random = np.random.default_rng(seed)
    w = random.standard_normal((c, d)).astype(np.float32)
    y = random.integers(0, c, n)
    x = (w[y] + 0.4 * random.standard_normal((n, d))).astype(np.float32)
    return x, w, y


class Lists(unittest.TestCase):
    def test_a_list(self):
        y = np.array([5, 299, -1, 5, 17])
        listed = ml.sample(y, C, 0.1, seed=3, step=4)
        self.assertEqual(listed.dtype, np.int64)
        self.assertTrue((np.diff(listed) > 0).all())
        self.assertLessEqual({5, 17, 299}, set(listed))
        self.assertLess(len(listed), 60)
        self.assertTrue(np.array_equal(listed, ml.sample(y.tolist(), C, 0.1, 3, 4)))
        self.assertFalse(np.array_equal(listed, ml.sample(y, C, 0.1, 3, 5)))
        self.assertFalse(np.array_equal(listed, ml.sample(y, C, 0.1, 4, 4)))
        self.assertEqual(ml.sample(y, C, 1e-12, ignore_label=5).tolist(), [17, 299])
        self.assertEqual(ml.sample([0, 3], 9, 1e-12, ignore_label=0).tolist(), [3])
        self.assertEqual(ml.sample([], C, 1.0).tolist(), list(range(C)))

    def test_ranges_make_the_whole(self):
        y = problem()[2]
        whole = ml.sample(y, C, 0.2, seed=1)
        cuts = [0, 1, 1, 130, 299, C]
        parts = [
            ml.sample(y, C, 0.2, seed=1, first=a, count=b - a) for a, b in zip(cuts, cuts[1:])
        ]
        self.assertTrue(np.array_equal(np.concatenate(parts), whole))
        self.assertTrue(np.array_equal(ml.sample(y, C, 0.2, 1, first=130), whole[whole >= 130]))

    def test_what_is_refused(self):
        for text, arguments in (
            (r"y\[0\] is 300: a label must be in \[0, 300\)", ([C], C, 0.1)),
            (r"y\[1\] is -2", ([1, -2], C, 0.1)),
            (r"rate must be in \(0, 1\]", ([1], C, 0.0)),
            (r"rate must be in \(0, 1\]", ([1], C, 1.5)),
            (r"classes must be in \[1, ", ([1], 0, 0.5)),
            (r"seed must be in \[0, ", ([1], C, 0.5, -1)),
            (r"step must be in \[0, ", ([1], C, 0.5, 0, 2**64)),
        ):
            with self.assertRaisesRegex(ValueError, text):
                ml.sample(*arguments)
        for name, value in (("first", C + 1), ("count", C + 1)):
            with self.assertRaisesRegex(ValueError, name):
                ml.sample([1], C, 0.5, **{name: value})
        with self.assertRaisesRegex(TypeError, "y must hold whole numbers"):
            ml.sample([1.5], C, 0.5)


class Head(unittest.TestCase):
    def same(self, found, expected):
        for name in ("loss", "mean_loss", "counted", "tied"):
            self.assertEqual(getattr(found, name), getattr(expected, name), name)
        for name in ("dx", "dw", "db", "row_loss", "row_angle", "row_correct", "row_others"):
            a, b = getattr(found, name), getattr(expected, name)
            self.assertTrue(a is b or np.array_equal(a, b), name)

    def test_as_the_head_over_a_copy(self):
        x, w, y = problem()
        random = np.random.default_rng(2)
        index = ml.sample(y, C, 0.15)
        place = np.searchsorted(index, y)
        given = random.uniform(0.1, 0.4, C)
        for options, of_class in (
            ({"loss": "arcface"}, {}),
            ({"loss": "softmax"}, {"bias": given}),
            ({"loss": "cosface", "label_smoothing": 0.1}, {"class_weight": given}),
            ({"loss": "arcface", "row_weight": np.arange(N)}, {"class_margin": given}),
        ):
            listed = {name: value[index] for name, value in of_class.items()}
            found = ml.head(x, w, y, class_index=index, **options, **of_class)
            self.same(found, ml.head(x, w[index], place, **options, **listed))
            self.assertEqual(found.dw.shape, (len(index), D))
            self.same(ml.head(x, w, y, class_index=index.tolist(), **options, **of_class), found)

    def test_out(self):
        x, w, y = problem()
        index = ml.sample(y, C, 0.15)
        first = ml.head(x, w, y, class_index=index)
        before = first.dw.copy()
        again = ml.head(x, w, y, class_index=index, out=first, accumulate=True)
        self.assertIs(again.dw, first.dw)
        self.assertTrue(np.array_equal(again.dw, 2 * before))
        with self.assertRaisesRegex(ValueError, "out.dw must be"):
            ml.head(x, w, y, class_index=index, out={"dw": np.empty((C, D), np.float32)})

    def test_what_is_refused(self):
        x, w, y = problem()
        index = ml.sample(y, C, 0.15)
        for text, wrong in (
            ("y.* is .*: a label must be in class_index", index[index != y[3]]),
            (r"class_index\[1\] is \d+: class numbers must rise", index[::-1]),
            (r"class_index\[0\] is -1: class numbers must rise", np.r_[-1, index]),
            ("class_index holds 300: w has 300 rows", np.r_[index, C]),
            ("class_index is empty", []),
            (r"class_index must be \[K\]", [index]),
        ):
            with self.assertRaisesRegex(ValueError, text):
                ml.head(x, w, y, class_index=wrong)
        with self.assertRaisesRegex(TypeError, "class_index must hold whole numbers"):
            ml.head(x, w, y, class_index=index + 0.5)


class Expectation(unittest.TestCase):
    """Over many steps, all fixed by seeds; bounds of 5 standard errors where one is known."""

    STEPS, RATE, SCALE = 3000, 0.25, 8.0

    @classmethod
    def setUpClass(cls):
        cls.x, cls.w, cls.y = x, w, y = problem(4, 16, 800)
        cls.full = cls.head(0.0)
        cosines = (x / np.linalg.norm(x, axis=1)[:, None]).astype(np.float64)
        cosines = cosines @ (w / np.linalg.norm(w, axis=1)[:, None]).astype(np.float64).T
        cls.terms = np.exp(cls.SCALE * cosines)
        cls.terms[np.arange(4), y] = 0  # negatives alone
        cls.in_batch = np.isin(np.arange(800), y)
        cls.plain, cls.corrected = cls.means(0.0), cls.means(np.log(1 / cls.RATE) / cls.SCALE)

    @classmethod
    def head(cls, m3, **options):
        return ml.head(
            cls.x, cls.w, cls.y, loss="combined", m1=1, m2=0.2, m3=m3, scale=cls.SCALE, **options
        )

    @classmethod
    def means(cls, m3):
        """The mean over steps of loss, dx, dw and of the sums over sampled negatives."""
        loss, dx, sums = 0.0, np.zeros(cls.x.shape), np.zeros(4)
        dw = np.zeros(cls.w.shape)
        for step in range(cls.STEPS):
            index = ml.sample(cls.y, len(cls.w), cls.RATE, seed=5, step=step)
            found = cls.head(m3, class_index=index)
            if step < 50 and m3 == 0:  # a sum over fewer classes is a smaller one, in each row
                assert (found.row_others < cls.full.row_others).all()
                assert (found.row_loss < cls.full.row_loss).all()
            loss += found.loss / cls.STEPS
            dx += found.dx / cls.STEPS
            dw[index] += found.dw / cls.STEPS
            sums += np.exp(found.row_others.astype(np.float64)) / cls.STEPS
        return loss, dx, dw, sums

    def test_the_sum_over_negatives(self):
        """Those of the batch are all there, of the others a share."""
        expected = self.terms @ np.where(self.in_batch, 1.0, self.RATE)
        others = self.terms[:, ~self.in_batch]
        variance = self.RATE * (1 - self.RATE) * (others**2).sum(axis=1)
        error = np.abs(self.plain[3] - expected) / np.sqrt(variance / self.STEPS)
        self.assertLess(error.max(), 5, error)

    def far(self, found, expected):
        return np.linalg.norm(found - expected) / np.linalg.norm(expected)

    def test_the_loss_is_smaller_and_a_margin_brings_it_back(self):
        """By log(1 / r) where the negatives rule, by less where the row is learned."""
        lower = self.full.loss - self.plain[0]
        self.assertLess(0.1 * np.log(1 / self.RATE), lower)
        self.assertLess(lower, np.log(1 / self.RATE))
        self.assertLess(abs(self.corrected[0] - self.full.loss), 0.05 * lower)

    def test_gradients(self):
        """Without the margin, rows that are learned push and are pushed too little."""
        for k, full in ((1, self.full.dx), (2, self.full.dw)):
            self.assertGreater(self.far(self.plain[k], full), 0.2)
            self.assertLess(self.far(self.corrected[k], full), 0.05)
        rest = ~self.in_batch
        length = np.linalg.norm(self.plain[2][rest]) / np.linalg.norm(self.full.dw[rest])
        self.assertTrue(self.RATE < length < 0.8, length)


if __name__ == "__main__":
    unittest.main()
