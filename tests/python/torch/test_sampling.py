"""sample_rate: the loss of some classes, its sparse gradients, and optimizers that take them."""

import copy
import tempfile
import unittest
import warnings

import numpy
import torch
from harness import Case, problem, row_weights

import margin_losses
from margin_losses.torch import ArcFaceLoss, SoftmaxLoss, functional

C = 200


def made(kind=ArcFaceLoss, classes=C, **options):
    """A loss of sampled classes, its embeddings and labels."""
    x, w, y, _ = problem(classes=classes)
    head = kind(classes, 20, **{"sample_rate": 0.2, "sample_seed": 7, **options})
    with torch.no_grad():
        head.weight.copy_(w)
    return head, x, y


def copied(head, x, y, name, step=0, ignore=(), **options):
    """Its loss and gradients as those of the loss over a copy of the rows that it samples."""
    seen = [label for label in y.tolist() if label not in ignore]
    index = margin_losses.sample(seen, C, head.sample_rate, head.sample_seed, step)
    place = {int(j): k for k, j in enumerate(index)}
    places = torch.tensor([-1 if j in ignore else place[j] for j in y.tolist()])
    index = torch.from_numpy(index)
    x = x.clone().requires_grad_()
    w = head.weight.detach()[index].requires_grad_()
    if head.bias is not None:
        options["bias"] = head.bias.detach()[index].requires_grad_()
    loss = functional.margin_loss(x, w, places, loss=name, **options)
    return index, loss, x, w, options.get("bias")


class Loss(Case):
    def check(self, kind, name, step=0, upstream=None, ignore=(), own=None, **options):
        """Holds a step to the loss over a copy, bit for bit."""
        head, x, y = made(kind, **options, **(own or {}))
        head.sample_step = step
        index, expected, x2, w2, b2 = copied(head, x, y, name, step, ignore, **options)
        x = x.clone().requires_grad_()
        loss = head(x, y)
        self.assertTrue(torch.equal(loss, expected))
        loss.backward(upstream)
        expected.backward(upstream)
        self.assertTrue(torch.equal(x.grad, x2.grad))
        for parameter, part in ((head.weight, w2), (head.bias, b2)):
            if parameter is None:
                continue
            grad = parameter.grad
            self.assertTrue(grad.is_sparse)
            self.assertEqual(grad.shape, parameter.shape)
            self.assertTrue(torch.equal(grad._indices()[0], index))
            self.assertTrue(torch.equal(grad._values(), part.grad))

    def test_as_over_a_copy(self):
        self.check(ArcFaceLoss, "arcface")
        self.check(ArcFaceLoss, "arcface", step=5, label_smoothing=0.1, scale=20.0)
        self.check(ArcFaceLoss, "arcface", upstream=torch.tensor(0.5))
        self.check(ArcFaceLoss, "arcface", reduction="sum")
        self.check(ArcFaceLoss, "arcface", reduction="none", upstream=row_weights(24))
        self.check(SoftmaxLoss, "softmax", own={"bias": True})
        first = int(made()[2][0])
        self.check(ArcFaceLoss, "arcface", own={"ignore_index": first}, ignore=(first,))
        self.check(ArcFaceLoss, "arcface", own={"ignore_index": 0}, ignore=(0,))

    def test_weights_of_samples(self):
        head, x, y = made()
        weights = row_weights(24)
        _, expected, *_ = copied(head, x, y, "arcface", sample_weight=weights)
        self.assertTrue(torch.equal(head(x, y, weights), expected))
        head.sample_step = 0
        weights.requires_grad_()
        self.assertNear(head(x, y, weights).detach(), expected.detach())

    def test_steps(self):
        head, x, y = made()
        self.assertEqual(head.sample_step, 0)
        losses = [head(x, y).item() for _ in range(3)]
        self.assertEqual(len(set(losses)), 3)
        self.assertEqual(head.sample_step, 3)
        head.sample_step = 1
        self.assertEqual(copy.deepcopy(head)(x, y).item(), losses[1])
        self.assertEqual(head(x, y).item(), losses[1])
        with self.assertRaises(ValueError):
            head(x, y + C)
        self.assertEqual(head.sample_step, 2)

    def test_evaluation_and_rate_1_look_at_every_class(self):
        head, x, y = made()
        expected = functional.arcface_loss(x, head.weight.detach(), y)
        self.assertTrue(torch.equal(head.eval()(x, y), expected))
        head.train().sample_rate = 1.0
        loss = head(x, y)
        self.assertTrue(torch.equal(loss, expected))
        loss.backward()
        self.assertFalse(head.weight.grad.is_sparse)
        self.assertEqual(head.sample_step, 0)

    def test_no_rows(self):
        head, x, y = made(reduction="sum")
        loss = head(x[:0], y[:0])
        loss.backward()
        self.assertEqual(loss.item(), 0)
        self.assertFalse(head.weight.grad.to_dense().any())

    def test_no_classes(self):
        """None is drawn, and no row counts."""
        for reduction, loss in (("sum", 0.0), ("mean", float("nan")), ("none", [0.0] * 24)):
            head, x, y = made(reduction=reduction, sample_rate=1e-9)
            x.requires_grad_()
            found = head(x, torch.full_like(y, -1))
            self.assertTrue(torch.equal(found, torch.tensor(loss)) or found.isnan())
            found.sum().backward()
            self.assertFalse(x.grad.any())
            self.assertEqual(head.weight.grad._nnz(), 0)
            self.assertEqual(head.weight.grad.shape, head.weight.shape)

    def test_no_warnings(self):
        head, x, y = made()
        torch.set_warn_always(True)
        self.addCleanup(torch.set_warn_always, False)
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            head(x, y).backward()
        self.assertEqual([str(w.message) for w in caught], [])

    def test_half_precision(self):
        head, x, y = made()
        expected = head(x.bfloat16().float(), y)
        head.sample_step = 0
        self.assertTrue(torch.equal(head(x.bfloat16(), y), expected))
        self.assertOneLine(TypeError, ["weight", "float()"], head.bfloat16(), x, y)

    def test_twice(self):
        head, x, y = made()
        loss = head(x, y)
        loss.backward(retain_graph=True)
        once = head.weight.grad.to_dense()
        loss.backward()
        self.assertTrue(torch.equal(head.weight.grad.to_dense(), 2 * once))

    def test_no_second_derivatives(self):
        head, x, y = made()
        x.requires_grad_()
        dx, dw = torch.autograd.grad(head(x, y), (x, head.weight), create_graph=True)
        with self.assertRaisesRegex(RuntimeError, "no second derivatives"):
            dx.sum().backward(retain_graph=True)
        with self.assertRaisesRegex(RuntimeError, "no second derivatives"):
            torch.sparse.sum(dw).backward()

    def test_what_is_refused(self):
        for value in (0, -0.5, 1.5, float("nan")):
            words = ["sample_rate", "(0, 1]"]
            self.assertOneLine(ValueError, words, ArcFaceLoss, 5, 4, sample_rate=value)
        self.assertOneLine(TypeError, ["sample_rate"], ArcFaceLoss, 5, 4, sample_rate="half")
        self.assertOneLine(ValueError, ["sample_seed"], ArcFaceLoss, 5, 4, sample_seed=-1)
        head, x, y = made()
        y[1] = C
        self.assertOneLine(ValueError, ["y[1]", f"[0, {C})"], head, x, y)

    def test_no_graphs(self):
        head, x, y = made()
        meta = copy.deepcopy(head).to("meta")
        words = ["sampled classes", "evaluation mode"]
        self.assertOneLine(RuntimeError, words, meta, x.to("meta"), y.to("meta"))

    @unittest.skipUnless(hasattr(torch, "compile"), "this PyTorch compiles nothing")
    def test_compiled_around(self):
        """A compiled function leaves the loss to eager mode."""
        head, x, y = made()
        expected = [head(2 * x, y).item() for _ in range(3)]
        head.sample_step = 0
        compiled = torch.compile(lambda x: head(2 * x, y), backend="eager")
        self.assertEqual([compiled(x).item() for _ in range(3)], expected)

    def test_repr(self):
        self.assertNotIn("sample", repr(made(sample_rate=1.0)[0]))
        self.assertIn("sample_rate=0.2, sample_seed=7", repr(made()[0]))


class Optimizers(Case):
    def test_sgd_as_with_a_dense_gradient(self):
        head, x, y = made()
        twin = torch.nn.Parameter(head.weight.detach().clone())
        ours = torch.optim.SGD(head.parameters(), lr=0.1)
        theirs = torch.optim.SGD([twin], lr=0.1)
        for _ in range(3):
            ours.zero_grad()
            head(x, y).backward()
            twin.grad = head.weight.grad.to_dense()
            ours.step()
            theirs.step()
            self.assertTrue(torch.equal(head.weight, twin))

    def test_only_sampled_rows_change(self):
        head, x, y = made()
        before = head.weight.detach().clone()
        optimizer = torch.optim.SparseAdam(head.parameters(), lr=0.01)
        head(x, y).backward()
        optimizer.step()
        index = margin_losses.sample(y.numpy(), C, 0.2, 7, 0)
        changed = (head.weight != before).any(1).nonzero().flatten()
        self.assertEqual(changed.tolist(), index.tolist())

    def test_checkpoints(self):
        """Optimizers of sparse gradients keep a step that is no tensor, and a sparse momentum."""
        for make in (
            lambda parameters: torch.optim.SparseAdam(parameters, lr=0.01),
            lambda parameters: torch.optim.SGD(parameters, lr=0.1, momentum=0.9),
        ):
            one, other = (made()[0] for _ in range(2))
            _, x, y = made()
            ours, theirs = (make(head.parameters()) for head in (one, other))
            self.steps(one, ours, x, y)
            with tempfile.TemporaryDirectory() as folder:
                one.save_sharded(folder, ours)
                other.load_sharded(folder, theirs)
            other.sample_step = one.sample_step
            self.steps(one, ours, x, y)
            self.steps(other, theirs, x, y)
            self.assertTrue(torch.equal(one.weight, other.weight))

    def steps(self, head, optimizer, x, y):
        for _ in range(3):
            optimizer.zero_grad()
            head(x, y).backward()
            optimizer.step()

    def learn(self, optimizer, **options):
        """Trains 300 classes of noisy samples in 24 dimensions; returns the share that is right."""
        random = numpy.random.default_rng(0)
        classes = 300
        centres = random.standard_normal((classes, 24))
        y = random.integers(0, classes, 3000)
        x = numpy.float32(centres[y] + 0.4 * random.standard_normal((3000, 24)))
        x, y = torch.from_numpy(x), torch.from_numpy(y)
        head = ArcFaceLoss(classes, 24, margin=0.2, scale=20, **options)
        update = optimizer(head.parameters())
        for step in range(150):
            rows = slice(step % 15 * 200, step % 15 * 200 + 200)
            update.zero_grad()
            head(x[rows], y[rows]).backward()
            update.step()
        return (head.predict(x)[0][:, 0] == y).float().mean().item()

    def test_training(self):
        """A quarter of the classes a step, by both optimizers that take sparse gradients."""
        for optimizer in (
            lambda p: torch.optim.SparseAdam(list(p), lr=0.01),
            lambda p: torch.optim.SGD(p, lr=0.02),
        ):
            found = self.learn(optimizer, sample_rate=0.25)
            self.assertGreater(found, 0.9, found)


if __name__ == "__main__":
    unittest.main()
