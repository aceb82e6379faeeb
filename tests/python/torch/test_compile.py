"""torch.compile, torch.export and PyTorch's own checks of an operation: they need a PyTorch that
has them, so this file runs with the newest one, under `scripts/test.sh --long`."""

import io
import os
import unittest

# PyTorch keeps compiled graphs on disk, and would take one made with another backward pass.
os.environ["TORCHINDUCTOR_AUTOGRAD_CACHE"] = "0"

import torch  # noqa: E402
from harness import Case, leaves, problem, row_weights  # noqa: E402
from torch.autograd import forward_ad  # noqa: E402

from margin_losses.torch import ArcFaceLoss, SoftmaxLoss, SphereFaceLoss, functional  # noqa: E402
from margin_losses.torch import _custom_op as operation_module  # noqa: E402
from margin_losses.torch._compute import Request  # noqa: E402

REDUCTIONS = ("mean", "sum", "none")


class Network(torch.nn.Module):
    """A layer, and a loss on it."""

    def __init__(self, loss):
        super().__init__()
        self.layer, self.loss = torch.nn.Linear(20, 20), loss

    def forward(self, x, y, weight=None):
        return self.loss(self.layer(x), y, weight)


def step(function, module, *arguments):
    """The value, and the gradients of all parameters and of the first argument."""
    module.zero_grad()
    (x,) = leaves(arguments[0])
    value = function(x, *arguments[1:])
    value.backward(
        torch.linspace(-1, 1, value.numel()).reshape(value.shape) if value.dim() else None
    )
    return [value.detach(), x.grad] + [p.grad.clone() for p in module.parameters()]


class Compile(Case):
    def setUp(self):
        super().setUp()
        torch.compiler.reset()

    def assertSameBits(self, module, *arguments):
        torch.compiler.reset()  # there is a limit to what is compiled of one function
        compiled = torch.compile(module, fullgraph=True)
        for a, b in zip(step(compiled, module, *arguments), step(module, module, *arguments)):
            self.assertTrue(torch.equal(a, b), str(module))

    def test_same_bits(self):
        x, _, y, _ = problem()
        y[::5] = -1
        weight = row_weights(len(y))
        for made in (
            ArcFaceLoss(11, 20),
            ArcFaceLoss(11, 20, reduction="none"),
            ArcFaceLoss(11, 20, reduction="sum", label_smoothing=0.1, ignore_index=0),
            SphereFaceLoss(11, 20, feature_norm="keep", gradient="detached"),
            SoftmaxLoss(11, 20, bias=True),
        ):
            for some in (None, weight):
                self.assertSameBits(made, x, y, some)

    def test_frozen_and_without_gradients(self):
        x, _, y, _ = problem()
        head = ArcFaceLoss(11, 20)
        compiled = torch.compile(head, fullgraph=True)
        with torch.no_grad():
            self.assertTrue(torch.equal(compiled(x, y), head(x, y)))
        head.weight.requires_grad_(False)
        (own,) = leaves(x)
        compiled(own, y).backward()
        (plain,) = leaves(x)
        head(plain, y).backward()
        self.assertTrue(torch.equal(own.grad, plain.grad))

    def test_changing_batches_and_labels(self):
        x, _, y, _ = problem()
        head = ArcFaceLoss(11, 20)
        compiled = torch.compile(head, fullgraph=True, dynamic=True)
        for rows in (24, 17, 5, 0):
            self.assertTrue(
                torch.equal(compiled(x[:rows], y[:rows]), head(x[:rows], y[:rows])) or rows == 0
            )
        self.assertTrue(compiled(x[:0], y[:0]).isnan())
        with self.assertRaisesRegex(ValueError, r"y\[0\] is 50"):
            compiled(x, torch.full_like(y, 50))

    def test_a_changed_scale_is_seen(self):
        x, _, y, _ = problem()
        head = ArcFaceLoss(11, 20)
        compiled = torch.compile(head, fullgraph=True)
        for scale, margin in ((64.0, 0.5), (16.0, 0.5), (16.0, 0.2)):
            head.scale, head.margin = scale, margin
            self.assertTrue(torch.equal(compiled(x, y), head(x, y)))

    def test_backward_twice(self):
        x, _, y, _ = problem()
        for reduction in REDUCTIONS:
            head = ArcFaceLoss(11, 20, reduction=reduction)
            loss = torch.compile(head, fullgraph=True)(x, y).sum()
            loss.backward(retain_graph=True)
            first = head.weight.grad.clone()
            loss.backward()
            self.assertTrue(torch.equal(head.weight.grad, 2 * first))

    def test_gradient_penalty(self):
        x, _, y, _ = problem()
        for reduction in REDUCTIONS:
            head = ArcFaceLoss(11, 20, reduction=reduction)
            (own,) = leaves(x)
            loss = torch.compile(head, fullgraph=True)(own, y).sum()
            with self.assertRaisesRegex(RuntimeError, "double backward"):
                (found,) = torch.autograd.grad(loss, own, create_graph=True)
                (loss + found.pow(2).sum()).backward()

    def test_weights_that_want_gradients(self):
        x, _, y, _ = problem()
        head = ArcFaceLoss(11, 20)
        compiled = torch.compile(head, fullgraph=True)
        for weight in (row_weights(len(y)), torch.zeros(len(y))):
            results = []
            for function in (compiled, head):
                own = leaves(x, weight)
                function(own[0], y, own[1]).backward()
                results.append(own)
            for a, b in zip(*results):
                self.assertNear(a.grad, b.grad)

    def test_upstream_gradient_that_is_no_number(self):
        x, _, y, _ = problem()
        head = ArcFaceLoss(11, 20, reduction="none")
        bad = torch.ones(len(y))
        bad[3] = float("nan")
        for function in (torch.compile(head, fullgraph=True), head):
            self.assertOneLine(
                ValueError, ["the gradient of the rows' losses[3]"], function(x, y).backward, bad
            )

    def test_compiled_autograd_of_an_eager_loss(self):
        x, _, y, _ = problem()
        eager = torch.compile(backend="eager")
        for reduction in REDUCTIONS:
            head = ArcFaceLoss(11, 20, reduction=reduction)
            (own,) = leaves(x)
            value = head(own, y)
            upstream = torch.linspace(-1, 1, 48)[::2] if reduction == "none" else None
            expected = torch.autograd.grad(value, own, upstream, retain_graph=True)[0]
            for times in (1, 2):
                with torch._dynamo.compiled_autograd._enable(eager):
                    value.backward(upstream, retain_graph=True)
                self.assertNear(own.grad, times * expected)

    def test_prediction(self):
        x, _, _, _ = problem()
        head = ArcFaceLoss(11, 20)
        for given in (x, x.t().contiguous().t()):
            found = torch.compile(head.predict)(given, 3)
            for a, b in zip(found, head.predict(x, 3)):
                self.assertTrue(torch.equal(a, b))

    def test_half_precision(self):
        x, _, y, _ = problem()
        head = ArcFaceLoss(11, 20)
        (own,) = leaves(x.bfloat16())
        torch.compile(head, fullgraph=True)(own, y).backward()
        self.assertEqual(own.grad.dtype, torch.bfloat16)
        compiled = torch.compile(Network(head), fullgraph=True)
        with torch.autocast("cpu", dtype=torch.bfloat16):
            self.assertEqual(compiled(x, y).dtype, torch.float32)

    def test_half_precision_parameters(self):
        """Read where they lie, with gradients that are rounded after the factor, as in eager mode."""
        x, w, y, _ = problem()
        for kind in (torch.float16, torch.bfloat16):
            head = ArcFaceLoss(11, 20)
            head.load_state_dict({"weight": w})
            head = head.to(kind)
            for reduction in ("mean", "none"):
                head.reduction = reduction
                found = []
                for run in (head, torch.compile(head, fullgraph=True)):
                    (own,) = leaves(x.to(kind))
                    (3.7 * run(own, y)).sum().backward()
                    found.append((own.grad, head.weight.grad))
                    head.weight.grad = None
                for a, b in zip(*found):
                    self.assertEqual(a.dtype, kind)
                    self.assertTrue(torch.equal(a, b))

    def test_backbone_alone(self):
        """The usual way: the network is compiled, the loss is not."""
        x, _, y, _ = problem()
        network = Network(ArcFaceLoss(11, 20))
        compiled = torch.compile(network.layer)
        network.loss(compiled(x), y).backward()
        found = network.layer.weight.grad.clone()
        network.zero_grad()
        network(x, y).backward()
        self.assertNear(found, network.layer.weight.grad, 1e-5)


class Export(Case):
    def exported(self, network, *arguments, strict):
        stored = io.BytesIO()
        torch.export.save(torch.export.export(network, arguments, strict=strict), stored)
        stored.seek(0)
        return torch.export.load(stored).module()

    def test_same_bits_and_training(self):
        x, _, y, _ = problem()
        network = Network(ArcFaceLoss(11, 20))
        for strict in (False, True):
            found = self.exported(network, x, y, strict=strict)
            for a, b in zip(step(found, found, x, y), step(network, network, x, y)):
                self.assertTrue(torch.equal(a, b))

    def test_gradients_that_the_trace_did_not_need(self):
        x, _, y, _ = problem()
        y[::5] = -1
        for reduction in REDUCTIONS:
            head = ArcFaceLoss(11, 20, reduction=reduction)
            arguments = (x, y, row_weights(len(y)))
            with torch.no_grad():
                traced = torch.fx.experimental.proxy_tensor.make_fx(head)(*arguments)
            for found in (self.exported(head, *arguments, strict=False), traced):
                own = step(found, found, *arguments)
                expected = step(head, head, *arguments)
                self.assertTrue(torch.equal(own[0], expected[0]))
                self.assertTrue(torch.equal(own[1], expected[1]), reduction)

    def test_gradient_penalty(self):
        x, _, y, _ = problem()
        for reduction in REDUCTIONS:
            network = Network(ArcFaceLoss(11, 20, reduction=reduction))
            found = self.exported(network, x, y, strict=False)
            (own,) = leaves(x)
            loss = found(own, y).sum()
            (slope,) = torch.autograd.grad(loss, own, create_graph=True)
            self.assertOneLine(
                RuntimeError, ["no second derivatives"], (loss + slope.pow(2).sum()).backward
            )


class Transforms(Case):
    """What torch.func would do wrongly without a word is refused, as in eager mode."""

    def assertRefused(self, loss, x):
        tangent = torch.ones_like(x)
        for function in (
            lambda x: torch.func.jvp(loss, (x,), (tangent,))[1],
            torch.func.grad(loss),
            torch.vmap(lambda row: loss(row.expand(len(x), -1))),
        ):
            self.assertOneLine(RuntimeError, ["torch.func"], function, x)
            torch.compiler.reset()
            self.assertOneLine(RuntimeError, ["torch.func"], torch.compile(function), x)

    def test_compiled_and_exported(self):
        x, _, y, _ = problem()
        for reduction in ("mean", "sum"):
            head = ArcFaceLoss(11, 20, reduction=reduction)
            head.weight.requires_grad_(False)
            exported = torch.export.export(head, (x, y)).module()
            self.assertRefused(lambda x: head(x, y), x)  # noqa: B023
            self.assertRefused(lambda x: exported(x, y), x)  # noqa: B023

    def test_batches_of_upstream_gradients(self):
        x, _, y, _ = problem()
        for reduction in REDUCTIONS:
            head = ArcFaceLoss(11, 20, reduction=reduction)
            (own,) = leaves(x)
            value = torch.export.export(head, (x, y)).module()(own, y)
            several = torch.ones(2, *value.shape)
            with self.assertRaisesRegex(RuntimeError, "is_grads_batched"):
                torch.autograd.grad(value, own, several, is_grads_batched=True)

    def test_derivatives_forward(self):
        x, _, y, _ = problem()
        head = ArcFaceLoss(11, 20)
        head.weight.requires_grad_(False)
        for traced in (torch.export.export(head, (x, y)).module(), torch.compile(head)):
            with forward_ad.dual_level():
                dual = forward_ad.make_dual(x, torch.ones_like(x))
                self.assertOneLine(RuntimeError, ["torch.func"], traced, dual, y)


class Operation(Case):
    def test_opcheck(self):
        x, w, y, bias = problem()
        for reduction in REDUCTIONS:
            for weight in (None, row_weights(len(y))):
                request = Request("softmax", label_smoothing=0.1, reduction=reduction)
                needs = [reduction != "none"] * 3
                result = torch.library.opcheck(
                    operation_module._operation,
                    (*leaves(x, w, bias), y, weight, needs, *request),
                )
                self.assertEqual(set(result.values()), {"SUCCESS"})

    def test_shapes_without_data(self):
        x, w, y, _ = problem()
        for reduction, shape in (("mean", []), ("none", [24])):
            loss = functional.arcface_loss(*(t.to("meta") for t in (x, w, y)), reduction=reduction)
            self.assertEqual((loss.device.type, list(loss.shape)), ("meta", shape))

    def test_fake_tensors(self):
        from torch._subclasses import FakeTensorMode

        with FakeTensorMode():
            x, w = torch.empty(4, 8), torch.empty(3, 8)
            y = torch.zeros(4, dtype=torch.int64)
            self.assertEqual(list(functional.arcface_loss(x, w, y).shape), [])
            elsewhere = torch.empty(4, 8, device="cuda")
            self.assertOneLine(
                RuntimeError, ["x", "cuda:0", "x.cpu()"], functional.arcface_loss, elsewhere, w, y
            )


if __name__ == "__main__":
    unittest.main()
