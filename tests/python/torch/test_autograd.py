"""What autograd may ask of the losses: once, twice, not at all, in the wrong order."""

import unittest

import torch
from harness import Case, gradients, leaves, problem, row_weights

from margin_losses.torch import ArcFaceLoss, SoftmaxLoss, functional
from margin_losses.torch import _compute
from margin_losses.torch import _function as function_module

REDUCTIONS = ("mean", "sum", "none")


def arcface(x, w, y, reduction="mean"):
    """The loss as one number, whatever the reduction."""
    return functional.arcface_loss(x, w, y, reduction=reduction).sum()


class Counted:
    """Records which gradients each call of the library is asked for."""

    def __init__(self):
        self.asked = []

    def __enter__(self):
        self.real = function_module.compute
        function_module.compute = self
        return self.asked

    def __exit__(self, *_):
        function_module.compute = self.real

    def __call__(self, objective, tensors, needs):
        self.asked.append(tuple(bool(n) for n in needs))
        return self.real(objective, tensors, needs)


class Once(Case):
    def test_nothing_is_computed_that_is_not_needed(self):
        x, w, y, _ = problem()
        for on_x, on_w in ((True, True), (True, False), (False, True)):
            own = [t.clone().requires_grad_(on) for t, on in ((x, on_x), (w, on_w))]
            with Counted() as asked:
                arcface(*own, y).backward()
            self.assertEqual(asked, [(on_x, on_w, False)])
            for t, on in zip(own, (on_x, on_w)):
                self.assertEqual(t.grad is not None, on)
        with Counted() as asked:
            with torch.no_grad():
                arcface(*leaves(x, w), y)
            arcface(x, w, y)
            with torch.inference_mode():
                arcface(x, w, y)
        self.assertEqual(asked, [(False, False, False)] * 3)

    def test_one_of_two_asked_for(self):
        x, w, y, _ = problem()
        for reduction in REDUCTIONS:
            own = leaves(x, w)
            both = torch.autograd.grad(arcface(*own, y, reduction), own)
            for i in (0, 1):
                (one,) = torch.autograd.grad(arcface(*own, y, reduction), own[i])
                self.assertTrue(torch.equal(one, both[i]))

    def test_frozen_weight_with_bias(self):
        x, _, y, _ = problem()
        head = SoftmaxLoss(11, 20, bias=True)
        head(x, y).backward()
        expected = head.bias.grad
        head.weight.requires_grad_(False)
        head.bias.grad = head.weight.grad = None
        head(x, y).backward()
        self.assertIsNone(head.weight.grad)
        self.assertTrue(torch.equal(head.bias.grad, expected))

    def test_gradients_are_handed_over_without_a_copy(self):
        x, w, y, _ = problem()
        for reduction in ("mean", "sum"):
            own = leaves(x, w)
            loss = functional.arcface_loss(*own, y, reduction=reduction)
            made = [g.data_ptr() for g in loss.grad_fn.gradients[:2]]
            loss.backward()
            self.assertEqual([t.grad.data_ptr() for t in own], made)

    def test_zeroed_gradients_stay_where_they_are(self):
        x, w, y, _ = problem()
        (own,) = leaves(w)
        arcface(x, own, y).backward()
        expected, place = own.grad.clone(), own.grad.data_ptr()
        torch.optim.SGD([own], lr=0.1).zero_grad(set_to_none=False)
        arcface(x, own, y).backward()
        self.assertEqual(own.grad.data_ptr(), place)
        self.assertTrue(torch.equal(own.grad, expected))

    def test_through_a_network(self):
        """x is no leaf, and the loss is one part of a sum."""
        x, w, y, _ = problem()
        (own,) = leaves(x)
        (3 * arcface(2 * own, w, y) + own.sum()).backward()
        (plain,) = leaves(2 * x)
        arcface(plain, w, y).backward()
        self.assertNear(own.grad, 6 * plain.grad + 1)


class Twice(Case):
    def test_backward_twice(self):
        x, w, y, _ = problem()
        for reduction in REDUCTIONS:
            own = leaves(x, w)
            loss = arcface(*own, y, reduction)
            loss.backward(retain_graph=True)
            first = [t.grad.clone() for t in own]
            loss.backward()
            for t, g in zip(own, first):
                self.assertTrue(torch.equal(t.grad, 2 * g))

    def test_backward_twice_without_retain_graph(self):
        x, w, y, _ = problem()
        for reduction in REDUCTIONS:
            loss = arcface(*leaves(x, w), y, reduction)
            loss.backward()
            with self.assertRaisesRegex(RuntimeError, "second time"):
                loss.backward()

    def test_changed_in_place(self):
        x, w, y, _ = problem()
        for reduction in REDUCTIONS:
            for which in range(3):
                own = [*leaves(x, w), y.clone()]
                loss = arcface(*own, reduction)
                with torch.no_grad():
                    own[which].zero_()
                with self.assertRaisesRegex(RuntimeError, "modified by an inplace operation"):
                    loss.backward()


class SecondDerivatives(Case):
    def test_gradient_penalty(self):
        x, w, y, _ = problem()
        for reduction in REDUCTIONS:
            for of in ((0,), (1,), (0, 1)):
                own = leaves(x, w)
                loss = arcface(*own, y, reduction)
                found = torch.autograd.grad(loss, [own[i] for i in of], create_graph=True)
                penalty = sum(g.pow(2).sum() for g in found)
                self.assertOneLine(
                    RuntimeError, ["no second derivatives"], (loss + penalty).backward
                )

    def test_by_the_upstream_factor(self):
        x, w, y, _ = problem()
        (own,) = leaves(x)
        factor = torch.tensor(2.0, requires_grad=True)
        (found,) = torch.autograd.grad(factor * arcface(own, w, y), own, create_graph=True)
        with self.assertRaisesRegex(RuntimeError, "no second derivatives"):
            torch.autograd.grad(found.sum() + factor, factor)

    def test_create_graph_alone_is_fine(self):
        x, w, y, _ = problem()
        for reduction in REDUCTIONS:
            (own,) = leaves(x)
            loss = arcface(own, w, y, reduction)
            (plain,) = torch.autograd.grad(loss, own, retain_graph=True)
            (found,) = torch.autograd.grad(loss, own, create_graph=True)
            self.assertTrue(torch.equal(found.detach(), plain))

    def test_hessian(self):
        x, w, y, _ = problem(rows=2)
        with self.assertRaisesRegex(RuntimeError, "no second derivatives"):
            torch.autograd.functional.hessian(lambda x: arcface(x, w, y), x)

    def test_gradcheck(self):
        """PyTorch's own comparison with differences, in float32: scale 4, wide steps."""
        x, w, y, _ = problem(rows=3, dim=4, classes=3)
        self.assertTrue(
            torch.autograd.gradcheck(
                lambda x, w: functional.arcface_loss(x, w, y, scale=4.0),
                leaves(x, w),
                eps=1e-2,
                atol=2e-2,
                rtol=2e-2,
                check_undefined_grad=True,
            )
        )


class Upstream(Case):
    def test_nan_is_refused_by_its_name(self):
        x, w, y, _ = problem()
        rows = functional.arcface_loss(*leaves(x, w), y, reduction="none")
        upstream = torch.ones(24)
        upstream[6] = float("nan")
        self.assertOneLine(
            ValueError, ["gradient of the rows' losses[6]", "NaN"], rows.backward, upstream
        )


class Transforms(Case):
    def test_forward_mode(self):
        x, w, y, _ = problem()
        import torch.autograd.forward_ad as forward

        for own in (w, *leaves(w)):
            with forward.dual_level():
                dual = forward.make_dual(x, torch.ones_like(x))
                self.assertOneLine(RuntimeError, ["torch.func"], arcface, dual, own, y)

    def test_functorch(self):
        x, w, y, _ = problem()
        try:
            from torch.func import grad, vmap
        except ImportError:
            from functorch import grad, vmap
        self.assertOneLine(RuntimeError, ["torch.func"], grad(arcface), x, w, y)
        self.assertOneLine(
            RuntimeError, ["torch.func"], vmap(lambda x, y: arcface(x[None], w, y[None])), x, y
        )

    def test_jit_trace(self):
        x, w, y, _ = problem()
        with self.assertRaisesRegex(RuntimeError, "torch.export"):
            torch.jit.trace(lambda x: arcface(x, w, y), (x,), check_trace=False)


class Kinds(Case):
    def test_autocast(self):
        x, w, y, _ = problem(dim=16)
        mix = torch.eye(16)
        own = leaves(x, w)
        with torch.autocast("cpu", dtype=torch.bfloat16):
            inner = own[0] @ mix
            loss = arcface(inner, own[1], y)
        self.assertEqual((inner.dtype, loss.dtype), (torch.bfloat16, torch.float32))
        loss.backward()
        _, _, expected = gradients(lambda x, w: arcface(x, w, y), (inner.detach().float(), w))
        self.assertTrue(torch.equal(own[1].grad, expected))

    def test_half_precision_inputs(self):
        x, w, y, _ = problem()
        for kind in (torch.bfloat16, torch.float16):
            for reduction in REDUCTIONS:
                found = gradients(
                    lambda x, w, r=reduction: arcface(x, w, y, r), (x.to(kind), w.to(kind))
                )
                expected = gradients(
                    lambda x, w, r=reduction: arcface(x, w, y, r),
                    (x.to(kind).float(), w.to(kind).float()),
                )
                self.assertEqual([t.dtype for t in found], [torch.float32, kind, kind])
                for a, b in zip(found[1:], expected[1:]):
                    self.assertTrue(torch.equal(a, b.to(kind)))

    def test_half_precision_is_read_in_place(self):
        x, w, y, _ = problem()
        x, w = x.half(), w.bfloat16()
        t = _compute.checked(x, w, None, y, None)
        self.assertTrue(t.x is x and t.w is w)

    def test_half_precision_is_rounded_after_the_factor(self):
        """A loss is scaled so that gradients in float16 do not vanish."""
        x, w, y, _ = problem()
        x, w = x.half(), w.half()
        _, _, expected = gradients(lambda x, w: arcface(x, w, y), (x.float(), w.float()))
        for factor in (1e-3, 3.7):
            _, _, found = gradients(lambda x, w, f=factor: f * arcface(x, w, y), (x, w))
            self.assertTrue(torch.equal(found, (expected * factor).half()))
            self.assertFalse(torch.equal(found, expected.half() * factor))

    def test_layouts(self):
        """Columns, slices, expanded rows: whatever the layout, the same bits."""
        x, w, y, _ = problem()
        expected = gradients(lambda x, w: arcface(x, w, y), (x, w))
        wide = torch.zeros(24, 40)
        wide[:, 1::2] = x
        for a, b, labels in (
            (x.t().contiguous().t(), w.t().contiguous().t(), y),
            (wide[:, 1::2], w, y.repeat_interleave(3)[::3]),
        ):
            own = leaves(x, w)
            with torch.no_grad():
                own = [a.requires_grad_(), b.clone().requires_grad_()]
            arcface(*own, labels).backward()
            for t, g in zip(own, expected[1:]):
                self.assertTrue(torch.equal(t.grad, g))
        same = x[:1].expand(24, -1)
        self.assertTrue(torch.equal(arcface(same, w, y), arcface(same.contiguous(), w, y)))
        rows = functional.arcface_loss(*leaves(x, w), y, reduction="none")
        rows.sum().backward()  # the upstream gradient is an expanded scalar

    def test_label_types(self):
        x, w, y, _ = problem()
        for kind in (torch.int32, torch.int16, torch.int8, torch.uint8):
            self.assertTrue(torch.equal(arcface(x, w, y.to(kind)), arcface(x, w, y)))

    def test_default_dtype_of_double(self):
        x, w, y, _ = problem()
        weight = row_weights(len(y))
        try:
            for reduction in REDUCTIONS:
                for some in (None, weight):

                    def call(reduction=reduction, some=some):
                        return gradients(
                            lambda x, w: functional.arcface_loss(
                                x, w, y, reduction=reduction, sample_weight=some
                            ).sum(),
                            (x, w),
                        )

                    torch.set_default_dtype(torch.float32)
                    expected = call()
                    torch.set_default_dtype(torch.float64)
                    for a, b in zip(call(), expected):
                        self.assertEqual(a.dtype, torch.float32)
                        self.assertTrue(torch.equal(a, b))
        finally:
            torch.set_default_dtype(torch.float32)

    def test_threads_do_not_change_bits(self):
        x, w, y, _ = problem(rows=128, dim=64, classes=1000)
        before = torch.get_num_threads()
        try:
            found = []
            for threads in (1, 2, 3):
                torch.set_num_threads(threads)
                found.append(gradients(lambda x, w: arcface(x, w, y), (x, w)))
        finally:
            torch.set_num_threads(before)
        for other in found[1:]:
            for a, b in zip(found[0], other):
                self.assertTrue(torch.equal(a, b))

    def test_gradients_of_a_module_that_moves_on(self):
        """A training loop: the loss falls, and the optimiser's steps are seen."""
        torch.manual_seed(0)
        x, _, y, _ = problem(rows=64)
        head = ArcFaceLoss(11, 20, scale=16.0)
        optimiser = torch.optim.SGD(head.parameters(), lr=0.01)
        losses = []
        for _ in range(60):
            optimiser.zero_grad()
            loss = head(x, y)
            loss.backward()
            optimiser.step()
            losses.append(loss.item())
        self.assertLess(losses[-1], 0.5 * losses[0])


class Batched(Case):
    """Several upstream gradients in one backward pass."""

    def test_refused(self):
        x, w, y, _ = problem()
        for reduction in REDUCTIONS:

            def loss(x, reduction=reduction):
                return functional.arcface_loss(x, w, y, reduction=reduction)

            jacobian = torch.autograd.functional.jacobian
            self.assertEqual(jacobian(loss, x).shape[-2:], x.shape)
            self.assertOneLine(RuntimeError, ["vectorize"], jacobian, loss, x, vectorize=True)
            (own,) = leaves(x)
            value = loss(own)
            self.assertOneLine(
                RuntimeError,
                ["is_grads_batched"],
                torch.autograd.grad,
                value,
                own,
                torch.ones(2, *value.shape),
                is_grads_batched=True,
            )


if __name__ == "__main__":
    unittest.main()
