"""What the tests of margin_losses.torch share."""

import itertools
import unittest

import numpy
import reference
import torch

from margin_losses.torch import functional

TOLERANCE = 1e-6


def problem(rows=24, dim=20, classes=11, seed=0, scale=1.0):
    """Embeddings, class weights, labels and a bias; targets near, far and beyond pi - m."""
    random = numpy.random.default_rng(seed)  # the same numbers on every CPU, as torch's are not
    x, w, bias = (
        torch.from_numpy(random.standard_normal(shape, numpy.float32))
        for shape in ((rows, dim), (classes, dim), (classes,))
    )
    y = torch.from_numpy(random.integers(0, classes, rows))
    for row, part in zip(range(rows), itertools.cycle((2.0, 0.0, -0.6, -4.0))):
        x[row] += part * w[y[row]]
    return scale * x, w, y, bias


def row_weights(count):
    """Weights between 0.1 and 1.1."""
    return 0.1 + torch.rand(count, generator=torch.Generator().manual_seed(5))


def leaves(*tensors):
    """Copies that want gradients."""
    return [None if t is None else t.clone().requires_grad_() for t in tensors]


def gradients(function, tensors, upstream=None):
    """The value of a function of the tensors, and its gradients with respect to them."""
    own = leaves(*tensors)
    value = function(*own)
    value.backward(upstream)
    return [value.detach()] + [t.grad for t in own if t is not None]


class Case(unittest.TestCase):
    def setUp(self):
        torch.manual_seed(0)  # what modules draw

    def assertNear(self, found, expected, tolerance=TOLERANCE, what=""):
        """Every entry is within `tolerance` of the largest."""
        found, expected = found.double(), expected.double()
        self.assertEqual(found.shape, expected.shape, what)
        largest = expected.abs().max().item() if expected.numel() else 0.0
        error = (found - expected).abs().max().item() if expected.numel() else 0.0
        self.assertLessEqual(error, tolerance * largest, what)

    def assertAsReference(self, x, w, y, bias=None, upstream=None, **options):
        """Value and gradients are those of float64 autograd."""
        given = [t for t in (x, w, bias) if t is not None]
        names = {} if bias is None else {"bias": bias}

        def call(function, of):
            def of_tensors(*tensors):
                rest = dict(zip(names, tensors[2:]))
                return function(*tensors[:2], y, **rest, **of)

            return of_tensors

        ours = gradients(call(functional.margin_loss, _ours(options)), given, upstream)
        theirs = gradients(
            call(reference.objective, options),
            [t.double() for t in given],
            None if upstream is None else upstream.double(),
        )
        for name, found, expected in zip(("loss", "x", "w", "bias"), ours, theirs):
            self.assertNear(found, expected, what=f"{name} of {options}")

    def assertOneLine(self, kind, words, function, *arguments, **options):
        """The call is refused with one line that has these words."""
        with self.assertRaises(kind) as caught:
            function(*arguments, **options)
        text = str(caught.exception)
        self.assertNotIn("\n", text)
        for word in words:
            self.assertIn(word, text)


def _ours(options):
    """The options of `reference` in our words."""
    options = dict(options)
    margins = options.pop("margins", None)
    return options if margins is None else dict(options, **dict(zip(("m1", "m2", "m3"), margins)))
