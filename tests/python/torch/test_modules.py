"""The modules: options, parameters, copies, prediction, and what they refuse."""

import copy
import inspect
import io
import math
import pickle
import unittest

import torch
from harness import Case, gradients, problem, row_weights
from reference import objective

import margin_losses.torch as doors
from margin_losses._abi import LOSSES
from margin_losses.torch import (
    ArcFaceLoss,
    CombinedMarginLoss,
    CosFaceLoss,
    MarginLoss,
    NormSoftmaxLoss,
    SoftmaxLoss,
    SphereFaceLoss,
    functional,
)

CLASSES = {
    "softmax": SoftmaxLoss,
    "normsoftmax": NormSoftmaxLoss,
    "sphereface": SphereFaceLoss,
    "cosface": CosFaceLoss,
    "arcface": ArcFaceLoss,
    "combined": CombinedMarginLoss,
}


class Table(Case):
    def test_a_class_and_a_function_for_each_loss(self):
        made = {c.loss for c in vars(doors).values() if inspect.isclass(c) and hasattr(c, "loss")}
        self.assertEqual(made, set(LOSSES))
        for name in LOSSES:
            self.assertIn(f"{name}_loss", functional.__all__)
            self.assertEqual(getattr(functional, f"{name}_loss").__name__, f"{name}_loss")
        for name, made in CLASSES.items():
            self.assertEqual(made.loss, name)
            self.assertIn(made.__name__, doors.__all__)

    def test_signature_and_defaults(self):
        self.assertEqual(
            str(inspect.signature(ArcFaceLoss)).replace(": 'int'", "").replace(" -> 'None'", ""),
            "(num_classes, embedding_size, *, margin=0.5, scale=64.0, past_pi='paper', "
            "gradient='exact', reduction='mean', ignore_index=-100, label_smoothing=0.0, "
            "sample_rate=1.0, sample_seed=0)",
        )
        self.assertEqual(SphereFaceLoss(3, 4).past_pi, "monotone")
        self.assertEqual(CombinedMarginLoss(3, 4).m2, 0.3)
        self.assertEqual(SphereFaceLoss(3, 4).lambda_, 0.0)

    def test_each_class_is_its_loss(self):
        x, w, y, _ = problem()
        for name, made in CLASSES.items():
            head = made(11, 20)
            with torch.no_grad():
                head.weight.copy_(w)
            past_pi = {"past_pi": "monotone"} if name == "sphereface" else {}
            expected = objective(x.double(), w.double(), y, loss=name, **past_pi)
            self.assertNear(head(x, y), expected)
            named = getattr(functional, f"{name}_loss")(x, w, y)
            self.assertTrue(torch.equal(head(x, y), named))

    def test_all_options_reach_the_loss(self):
        x, w, y, _ = problem()
        weight = row_weights(len(y))
        head = CombinedMarginLoss(
            11,
            20,
            m1=1.2,
            m2=0.4,
            m3=0.1,
            scale=8,
            past_pi="taylor",
            gradient="detached",
            reduction="sum",
            ignore_index=3,
            label_smoothing=0.1,
        )
        with torch.no_grad():
            head.weight.copy_(w)
        found = gradients(lambda x: head(x, y, weight), (x,))
        expected = gradients(
            lambda x: objective(
                x,
                w.double(),
                y,
                loss="combined",
                margins=(1.2, 0.4, 0.1),
                scale=8,
                past_pi="taylor",
                gradient="detached",
                reduction="sum",
                ignore_index=3,
                label_smoothing=0.1,
                sample_weight=weight,
            ),
            (x.double(),),
        )
        for a, b in zip(found, expected):
            self.assertNear(a, b)

    def test_own_subclass(self):
        class Mine(ArcFaceLoss):
            def __init__(self, size):
                super().__init__(11, size, scale=8.0)

        self.assertEqual(Mine(20).scale, 8.0)
        self.assertEqual(list(inspect.signature(Mine).parameters), ["size"])


class Parameters(Case):
    def test_first_weights(self):
        torch.manual_seed(0)
        weight = ArcFaceLoss(1000, 64).weight
        self.assertEqual(list(weight.shape), [1000, 64])
        self.assertAlmostEqual(weight.std().item(), 0.01, delta=2e-4)
        self.assertAlmostEqual(weight.mean().item(), 0.0, delta=2e-4)
        bias = SoftmaxLoss(5, 3, bias=True).bias
        self.assertTrue(torch.equal(bias, torch.zeros(5)))
        self.assertEqual([n for n, _ in SoftmaxLoss(5, 3).named_parameters()], ["weight"])

    def test_state_dict_and_copies(self):
        x, _, y, _ = problem()
        for head in (ArcFaceLoss(11, 20, margin=0.3), SoftmaxLoss(11, 20, bias=True)):
            head(x, y).backward()
            expected = head(x, y)
            for other in (copy.deepcopy(head), pickle.loads(pickle.dumps(head))):
                self.assertTrue(torch.equal(other(x, y), expected))
                self.assertEqual(repr(other), repr(head))
            stored = io.BytesIO()
            torch.save(head.state_dict(), stored)
            stored.seek(0)
            options = {"bias": True} if head.bias is not None else {"margin": 0.3}
            other = type(head)(11, 20, **options)
            other.load_state_dict(torch.load(stored))
            self.assertTrue(torch.equal(other(x, y), expected))

    def test_meta_device(self):
        x, w, y, _ = problem()
        head = ArcFaceLoss(11, 20).to("meta")
        self.assertTrue(head.weight.is_meta)
        with self.assertRaises(RuntimeError):
            head(x, y)
        head = head.to_empty(device="cpu")
        head.load_state_dict({"weight": w})
        self.assertTrue(torch.equal(head(x, y), functional.arcface_loss(x, w, y)))

    def test_schedule(self):
        x, w, y, _ = problem()
        head = ArcFaceLoss(11, 20)
        head.load_state_dict({"weight": w})
        for scale, margin in ((4, 0.0), (8.5, 0.25), (64.0, 0.5)):
            head.scale, head.margin = scale, margin
            expected = functional.arcface_loss(x, w, y, scale=scale, margin=margin)
            self.assertTrue(torch.equal(head(x, y), expected))
            self.assertIn(f"margin={margin}, scale={scale}", repr(head))
        head.margin = 30.0
        self.assertOneLine(ValueError, ["margin", "degrees"], head, x, y)

    def test_representation(self):
        self.assertEqual(
            repr(SoftmaxLoss(5, 3, bias=True)),
            "SoftmaxLoss(5, 3, bias=True, reduction='mean', ignore_index=-100, "
            "label_smoothing=0.0)",
        )
        self.assertIn("scale=64.0", repr(SphereFaceLoss(5, 3)))
        self.assertNotIn("scale", repr(SphereFaceLoss(5, 3, feature_norm="keep")))

    def test_numbers_under_other_names(self):
        for head, name, value in (
            (ArcFaceLoss(5, 3), "s", 10),
            (ArcFaceLoss(5, 3), "m", 0.1),
            (ArcFaceLoss(5, 3), "marign", 1),
            (SoftmaxLoss(5, 3), "scale", 30),
            (NormSoftmaxLoss(5, 3), "margin", 0.3),
            (copy.deepcopy(ArcFaceLoss(5, 3)), "s", 10),
        ):
            self.assertOneLine(
                AttributeError,
                [type(head).__name__, repr(name), "label_smoothing"],
                setattr,
                head,
                name,
                value,
            )
            self.assertFalse(hasattr(head, name))
        head.eval()
        head.note, head._count, head.layer = "mine", 3, torch.nn.Linear(2, 2)
        head.weight = torch.nn.Parameter(torch.ones(6, 3))
        head.num_classes = 6

        class Mine(ArcFaceLoss):
            def __init__(self):
                super().__init__(5, 3)
                self.steps = 10

        self.assertEqual(Mine().steps, 10)


class Inference(Case):
    def test_logits_and_prediction(self):
        x, w, _, bias = problem()
        for name, made in CLASSES.items():
            head = made(11, 20, bias=True) if name == "softmax" else made(11, 20)
            with torch.no_grad():
                head.weight.copy_(w)
                if name == "softmax":
                    head.bias.copy_(bias)
            logits = head.get_logits(x)
            classes, values = head.predict(x, k=3)
            scale = 1.0 if name == "softmax" else head.scale
            top = logits.topk(3)
            self.assertTrue(torch.equal(classes, top.indices), name)
            self.assertNear(scale * values, top.values, 2e-6, name)
            self.assertFalse(values.requires_grad)

    def test_kept_norm(self):
        x, w, y, _ = problem(scale=2.0)
        head = SphereFaceLoss(11, 20, margin=1.0, feature_norm="keep")
        head.load_state_dict({"weight": w})
        expected = torch.nn.functional.cross_entropy(head.get_logits(x), y)
        self.assertNear(head(x, y), expected)

    def test_logits_have_gradients(self):
        x, w, y, _ = problem()
        head = NormSoftmaxLoss(11, 20, scale=16.0)
        head.load_state_dict({"weight": w})
        torch.nn.functional.cross_entropy(head.get_logits(x), y).backward()
        by_torch, head.weight.grad = head.weight.grad, None
        head(x, y).backward()
        self.assertNear(head.weight.grad, by_torch, 1e-5)

    def test_half_precision(self):
        x, w, _, _ = problem()
        head = ArcFaceLoss(11, 20)
        head.load_state_dict({"weight": w})
        half = x.bfloat16()
        expected = head.predict(half.float())
        self.assertTrue(torch.equal(head.predict(half)[0], expected[0]))
        self.assertTrue(torch.equal(head.get_logits(half), head.get_logits(half.float())))
        for made in (ArcFaceLoss(11, 20), SoftmaxLoss(11, 20, bias=True)):
            for kind in (torch.float16, torch.bfloat16):
                made = made.to(kind)
                expected = made.get_logits(x.to(kind))
                self.assertEqual(expected.dtype, torch.float32)
                self.assertTrue(torch.equal(expected, made.float().get_logits(x.to(kind))))

    def test_no_rows(self):
        classes, values = ArcFaceLoss(11, 20).predict(torch.empty(0, 20), k=2)
        self.assertEqual((list(classes.shape), list(values.shape)), ([0, 2], [0, 2]))


class Refusals(Case):
    """Each is one line that names the argument and says what to do."""

    def test_options(self):
        for kind, words, options in (
            (ValueError, ["margin", "28.6", "math.radians"], {"margin": 28.6}),
            (ValueError, ["scale"], {"scale": 0.0}),
            (TypeError, ["scale", "number"], {"scale": "big"}),
            (ValueError, ["past_pi", "paper", "'never'"], {"past_pi": "never"}),
            (ValueError, ["gradient", "exact", "'none'"], {"gradient": "none"}),
            (ValueError, ["reduction", "mean", "'avg'"], {"reduction": "avg"}),
            (TypeError, ["ignore_index"], {"ignore_index": 0.5}),
            (ValueError, ["label_smoothing", "1"], {"label_smoothing": 1.0}),
            (TypeError, ["ArcFaceLoss", "m2", "margin"], {"m2": 0.3}),
            (TypeError, ["ArcFaceLoss", "bias"], {"bias": True}),
        ):
            self.assertOneLine(kind, words, ArcFaceLoss, 11, 20, **options)
        self.assertOneLine(ValueError, ["num_classes"], ArcFaceLoss, 0, 20)
        self.assertOneLine(TypeError, ["embedding_size"], ArcFaceLoss, 11, 20.0)
        self.assertOneLine(TypeError, ["ArcFaceLoss"], MarginLoss, 11, 20)
        self.assertEqual(ArcFaceLoss.__init__.__qualname__, "ArcFaceLoss.__init__")
        self.assertOneLine(TypeError, ["__init__() takes 3 pos"], ArcFaceLoss, 11, 20, 0.5)
        x, w, y, bias = problem()
        self.assertOneLine(
            ValueError, ["loss", "'arc'"], functional.margin_loss, x, w, y, loss="arc"
        )
        self.assertOneLine(
            ValueError, ["bias", "cosface"], functional.cosface_loss, x, w, y, bias=bias
        )

    def test_tensors(self):
        x, w, y, bias = problem()
        loss = functional.arcface_loss
        for kind, words, arguments in (
            (TypeError, ["x", "float64", "x.float()"], (x.double(), w, y)),
            (TypeError, ["weight", "float64", "weight.float()"], (x, w.double(), y)),
            (TypeError, ["x", "int64"], (x.long(), w, y)),
            (TypeError, ["y", "float32", "y.long()", "argmax"], (x, w, y.float())),
            (TypeError, ["y", "bool"], (x, w, y > 3)),
            (TypeError, ["y", "list"], (x, w, y.tolist())),
            (TypeError, ["x", "ndarray"], (x.numpy(), w, y)),
            (TypeError, ["x", "sparse", "x.to_dense()"], (x.to_sparse(), w, y)),
            (ValueError, ["x", "19 columns", "20"], (x[:, :19], w, y)),
            (ValueError, ["y", "[24]", "[23]"], (x, w, y[:23])),
            (ValueError, ["y", "[24]", "[24, 1]"], (x, w, y[:, None])),
            (ValueError, ["x", "[N, D]", "[20]"], (x[0], w, y)),
            (ValueError, ["weight", "[C, D]"], (x, w[0], y)),
            (ValueError, ["weight", "[0, 20]"], (x, w[:0], y)),
            (ValueError, ["weight", "[11, 0]"], (x[:, :0], w[:, :0], y)),
            (RuntimeError, ["weight", "meta"], (x, w.to("meta"), y)),
            (RuntimeError, ["y", "meta", "cpu"], (x, w, y.to("meta"))),
        ):
            self.assertOneLine(kind, words, loss, *arguments)
        self.assertOneLine(
            ValueError, ["sample_weight", "[24]", "[2]"], loss, x, w, y, sample_weight=torch.ones(2)
        )
        self.assertOneLine(TypeError, ["sample_weight", "list"], loss, x, w, y, sample_weight=[1.0])
        self.assertOneLine(
            ValueError, ["bias", "[11]", "[10]"], functional.softmax_loss, x, w, y, bias=bias[:10]
        )
        self.assertOneLine(ValueError, ["k", "[1, 11]", "12"], ArcFaceLoss(11, 20).predict, x, 12)

    def test_module_of_doubles(self):
        x, _, y, _ = problem()
        head = ArcFaceLoss(11, 20).double()
        self.assertOneLine(TypeError, ["weight", "float64", "float() of the module"], head, x, y)

    def test_script(self):
        head = ArcFaceLoss(11, 20)
        for module in (head, torch.nn.Sequential(head)):
            self.assertOneLine(RuntimeError, ["torch.jit"], torch.jit.script, module)

    def test_labels_beyond_int64(self):
        if not hasattr(torch, "uint64"):
            self.assertLess(torch.__version__, "2.3")
            return
        x, w, y, _ = problem()
        unsigned = y.to(torch.uint64)
        found = functional.arcface_loss(x, w, unsigned)
        self.assertTrue(torch.equal(found, functional.arcface_loss(x, w, y)))
        y[3] = -1
        words = ["y[3]", "[0, 11)"]
        largest = y.to(torch.uint64)
        self.assertOneLine(ValueError, words, functional.arcface_loss, x, w, largest)

    def test_values(self):
        x, w, y, _ = problem()
        bad = y.clone()
        bad[7] = 11
        self.assertOneLine(
            ValueError, ["y[7]", "11", "[0, 11)", "-100"], functional.arcface_loss, x, w, bad
        )
        bad[7] = -5
        self.assertOneLine(ValueError, ["y[7]", "-5"], functional.arcface_loss, x, w, bad)
        for value in (math.nan, math.inf):
            wrong = x.clone()
            wrong[3, 2] = value
            self.assertOneLine(ValueError, ["x[3]", "NaN"], functional.arcface_loss, wrong, w, y)
            wrong = w.clone()
            wrong[2, 1] = value
            self.assertOneLine(ValueError, ["weight[2]"], functional.arcface_loss, x, wrong, y)
            weight = torch.ones(24)
            weight[5] = value
            self.assertOneLine(
                ValueError,
                ["sample_weight"],
                functional.arcface_loss,
                x,
                w,
                y,
                sample_weight=weight,
            )

    def test_another_device(self):
        """A device that is neither the CPU nor meta, which needs no such machine."""

        class Elsewhere(torch.Tensor):
            is_cpu = is_meta = False
            device = "cuda:0"

        x, w, y, _ = problem()
        self.assertOneLine(
            RuntimeError,
            ["x", "cuda:0", "x.cpu()"],
            functional.arcface_loss,
            x.as_subclass(Elsewhere),
            w,
            y,
        )


if __name__ == "__main__":
    unittest.main()
