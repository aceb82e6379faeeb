#!/usr/bin/env python3
"""What is refused, and the line that says so: it names the argument, what was expected, what was
found, and what helps. After it the same arrays compute as before."""

import os
import subprocess
import sys
import unittest

import numpy as np

import margin_losses as ml

N, D, C = 6, 4, 3
X = np.arange(N * D, dtype=np.float32).reshape(N, D) + 1
W = np.eye(C, D, dtype=np.float32)
Y = np.array([0, 1, 2, 0, 1, -1])
COSINES = np.full((N, C), 0.5, np.float32)


def refusing(function, *arguments):
    """A method that checks that a call with one argument changed is refused with this line."""

    def check(self, error, line, **changes):
        given = dict(zip(("x", "w", "y") if function is ml.head else ("logits", "y"), arguments))
        given = {**given, **changes}
        with self.assertRaises(error) as caught:
            function(**given)
        self.assertEqual(str(caught.exception), line)

    return check


def with_value(array, index, value):
    changed = array.astype(np.float32)
    changed[index] = value
    return changed


class Shapes(unittest.TestCase):
    refused = refusing(ml.head, X, W, Y)

    def test_x(self):
        self.refused(ValueError, "x must be [N, D] = 2-D, got shape (4,)", x=X[0])
        self.refused(ValueError, "x must be [N, D] = 2-D, got shape ()", x=3.0)
        self.refused(ValueError, "x is empty: N, D and C must be at least 1", x=X[:0], y=Y[:0])

    def test_w(self):
        self.refused(ValueError, "w must be [C, D] = 2-D, got shape (4,)", w=W[0])
        self.refused(ValueError, "w has 5 columns, x has 4: D differs", w=np.ones((3, 5)))
        self.refused(ValueError, "w is empty: N, D and C must be at least 1", w=W[:0])
        self.refused(
            ValueError,
            "w is transposed: it must be [C, D] with D = 4, got shape (4, 3); "
            "take numpy.ascontiguousarray(numpy.transpose(w))",
            w=W.T,
        )

    def test_y(self):
        self.refused(ValueError, "y has 2 labels, x has 6 rows: N differs", y=Y[:2])
        self.refused(
            ValueError, "y must be [N] = 1-D, got shape (6, 1): take numpy.ravel(y)", y=Y[:, None]
        )
        self.refused(
            ValueError,
            "y must be [N] = 1-D, got shape (6, 3): if it is one-hot, take numpy.argmax(y, axis=1)",
            y=np.eye(C, dtype=int)[Y],
        )

    def test_vectors(self):
        line = "{} must be [{}] with {} = {}, got shape (2,)"
        for name in ("row_weight", "row_margin", "row_scale"):
            self.refused(ValueError, line.format(name, "N", "N", N), **{name: np.ones(2)})
        for name in ("class_weight", "class_margin"):
            self.refused(ValueError, line.format(name, "C", "C", C), **{name: np.ones(2)})
        self.refused(
            ValueError, line.format("bias", "C", "C", C), bias=np.ones(2), loss="softmax"
        )
        self.refused(
            ValueError, "row_weight must be [N] = 1-D, got shape (6, 1)", row_weight=np.ones((N, 1))
        )


class Types(unittest.TestCase):
    refused = refusing(ml.head, X, W, Y)

    def test_labels(self):
        line = "y must hold whole numbers, got dtype {}: take y.astype(numpy.int64)"
        self.refused(TypeError, line.format("float64"), y=Y.astype(float))
        self.refused(TypeError, line.format("bool"), y=Y > 0)
        self.refused(
            ValueError,
            "y holds 18446744073709551615: labels must be in [0, C)",
            y=Y.astype(np.uint64),
        )

    def test_floats(self):
        line = "{0} must hold floats, got dtype {1}: take {0}.astype(numpy.float32)"
        self.refused(TypeError, line.format("x", "complex64"), x=X + 1j)
        self.refused(TypeError, line.format("w", "bool"), w=W > 0)
        self.refused(TypeError, line.format("x", "object"), x=X.astype(object))
        half = W[:, 0].astype("f2").view("V2")  # bfloat16 by its bits, which NumPy cannot convert
        self.refused(
            TypeError,
            "class_weight must hold floats, got dtype |V2: "
            "take (class_weight.view('u2').astype('u4') << 16).view('f4')",
            class_weight=half,
        )
        self.refused(
            ValueError,
            "x has numbers that float32 cannot hold (beyond 3.4e38): scale them down",
            x=X.astype(float) * 1e300,
        )

    def test_no_arrays(self):
        for name, holds in (("x", "floats [N, D]"), ("w", "floats [C, D]")):
            line = f"{name} must be an array of {holds}, got "
            self.refused(TypeError, line + "None", **{name: None})
            self.refused(TypeError, line + "str", **{name: "abc"})
            self.refused(TypeError, line + "generator", **{name: (row for row in X)})
        self.refused(
            TypeError, "y must be an array of whole numbers [N], got None", y=None
        )

    def test_lists(self):
        """A list has no methods of arrays: the remedy is one for it."""
        self.refused(
            TypeError,
            "y must hold whole numbers, got dtype float64: "
            "take numpy.asarray(y, dtype=numpy.int64)",
            y=[0.0] * N,
        )
        self.refused(
            TypeError,
            "x must hold floats, got dtype <U1: take numpy.asarray(x, dtype=numpy.float32)",
            x=[["1"] * D] * N,
        )
        self.refused(ValueError, "y has 0 labels, x has 6 rows: N differs", y=[])
        self.refused(ValueError, "x is empty: it must be [N, D]", x=[])
        self.refused(
            ValueError, "row_scale must be [N] with N = 6, got shape (0,)", row_scale=[]
        )

    def test_ragged_lists(self):
        self.refused(
            ValueError, "x must be [N, D]: its rows differ in length", x=[[1.0, 2.0], [3.0]]
        )
        self.refused(ValueError, "y must be [N]: its rows differ in length", y=[0, [1, 2]])

    def test_masked(self):
        for name, array in (("x", X), ("y", Y)):
            with self.assertRaisesRegex(TypeError, f"^{name} is a masked array, whose mask"):
                ml.head(**{"x": X, "w": W, "y": Y, name: np.ma.masked_array(array)})

    def test_numbers(self):
        self.refused(TypeError, "scale must be a number, got '64'", scale="64")
        self.refused(TypeError, "scale must be a number, got True", scale=True)
        self.refused(TypeError, "margin must be a number, got [0.5]", margin=[0.5])
        self.refused(TypeError, "m2 must be a number, got array([0.5])", m2=np.array([0.5]))
        self.refused(TypeError, "ignore_label must be a whole number, got 1.5", ignore_label=1.5)
        self.refused(TypeError, "threads must be a whole number, got 2.0", threads=2.0)
        self.refused(
            TypeError, "label_smoothing must be a number, got None", label_smoothing=None
        )


class Values(unittest.TestCase):
    refused = refusing(ml.head, X, W, Y)

    def test_labels(self):
        label = "a label must be in [0, 3), or {} for a row that does not count"
        self.refused(ValueError, "y[0] is 3: " + label.format("-1"), y=Y + 3)
        self.refused(
            ValueError, "y[1] is -2: " + label.format("-1 or 7"), y=[0, -2, 7, 0, 0, 0],
            ignore_label=7,
        )  # fmt: skip

    def test_not_finite(self):
        line = "{}: a value is a NaN or an infinity"
        self.refused(ValueError, line.format("x[2]"), x=with_value(X, (2, 1), np.nan))
        self.refused(ValueError, line.format("w[1]"), w=with_value(W, (1, 0), np.inf))
        weights = with_value(np.ones(N), 4, -np.inf)
        line += ", got {}"
        self.refused(ValueError, line.format("row_weight[4]", "-inf"), row_weight=weights)
        self.refused(
            ValueError, line.format("bias[2]", "nan"), bias=[0, 0, np.nan], loss="softmax"
        )

    def test_factors(self):
        line = "{0}[1]: a {0} is not a finite number >= 0, got -1.5"
        for name, size in (("class_weight", C), ("row_scale", N)):
            values = with_value(np.ones(size), 1, -1.5)
            self.refused(ValueError, line.format(name), **{name: values})

    def test_margins_given(self):
        degrees = "class_margin[1]: a margin must be in [0, pi), got 28.6: radians, not degrees"
        self.refused(ValueError, degrees, class_margin=[0.5, 28.6, 0.5])
        one = "row_margin: margins of rows and classes go with losses that have one margin"
        self.refused(ValueError, one, row_margin=np.zeros(N), loss="combined")
        both = "row_margin and class_margin exclude each other"
        self.refused(ValueError, both, row_margin=np.zeros(N), class_margin=np.zeros(C))

    def test_bias(self):
        self.refused(
            ValueError, "bias goes with loss='softmax', not with 'arcface'", bias=np.zeros(C)
        )

    def test_k(self):
        for k in (0, 4):
            with self.assertRaisesRegex(ValueError, rf"^k must be in \[1, 3\], got {k}$"):
                ml.predict(X, W, k)


class Settings(unittest.TestCase):
    refused = refusing(ml.head, X, W, Y)

    def test_names(self):
        losses = ", ".join(ml.LOSSES)
        self.refused(ValueError, f"loss must be one of {losses}, got 'arcfase'", loss="arcfase")
        self.refused(ValueError, f"loss must be one of {losses}, got None", loss=None)
        self.refused(
            ValueError, "gradient must be one of exact, detached, got 'exakt'", gradient="exakt"
        )
        self.refused(
            ValueError,
            "past_pi must be one of paper, monotone, taylor, clamp, easy, got 'no'",
            past_pi="no",
        )
        self.refused(
            ValueError, "feature_norm must be one of fixed, keep, got 1", feature_norm=1
        )
        with self.assertRaisesRegex(ValueError, "^isa must be one of auto, scalar, .*got 'sse'$"):
            ml.head(X, W, Y, isa="sse")

    def test_degrees(self):
        line = "{} is in radians and less than pi: 28.6 looks like degrees, take math.radians(28.6)"
        self.refused(ValueError, line.format("margin"), margin=28.6)
        self.refused(ValueError, line.format("m2"), m2=28.6, loss="combined")

    def test_ranges(self):
        self.refused(ValueError, "margin must be in [0, pi), got -1", margin=-1)
        self.refused(ValueError, "margin must be in [0, pi), got nan", margin=float("nan"))
        self.refused(
            ValueError, "margin must be at least 1 for the loss sphereface, got 0.5", margin=0.5,
            loss="sphereface",
        )  # fmt: skip
        self.refused(ValueError, "scale must be in (0, 1e9], got 0", scale=0)
        self.refused(ValueError, "label_smoothing must be in [0, 1), got 1", label_smoothing=1)
        self.refused(
            ValueError, "scale is beyond 1.8e308, the largest float", scale=10**400
        )
        self.refused(
            ValueError, "threads must be in [1, 1024], got a number of 16610 bits",
            threads=10**5000,
        )  # fmt: skip
        self.refused(ValueError, "threads must be in [1, 1024], got 0", threads=0)

    def test_what_a_loss_does_not_have(self):
        self.refused(ValueError, "the loss arcface has no m1: it must be 1, got 2", m1=2)
        self.refused(ValueError, "the loss arcface has no lambda_: it must be 0, got 3", lambda_=3)
        self.refused(
            ValueError, "the loss arcface has no feature_norm: it must be fixed",
            feature_norm="keep",
        )  # fmt: skip
        self.refused(
            ValueError, "margin: the loss softmax has no margin: leave it out", margin=0.5,
            loss="softmax",
        )  # fmt: skip
        self.refused(
            ValueError, "margin: the loss combined has three margins: set m1, m2 and m3",
            margin=0.5, loss="combined",
        )  # fmt: skip
        self.refused(
            ValueError, "margin and m2 are the same for the loss arcface: give one", margin=0.5,
            m2=0.5,
        )  # fmt: skip

    def test_what_takes_the_place_of_another(self):
        replaced = "{}: {} takes its place: give one of them"
        for number in ("margin", "m2"):
            for array, size in (("row_margin", N), ("class_margin", C)):
                given = {number: 0.5, array: np.zeros(size)}
                self.refused(ValueError, replaced.format(number, array), **given)
        line = replaced.format("scale", "row_scale")
        self.refused(ValueError, line, scale=64, row_scale=np.ones(N))

    def test_what_a_loss_has_no_use_for_changes_nothing(self):
        for loss in ("softmax", "normsoftmax", "cosface"):
            plain = ml.head(X, W, Y, loss=loss).loss
            self.assertEqual(ml.head(X, W, Y, loss=loss, past_pi="easy").loss, plain)
        for loss in ("softmax", "normsoftmax"):
            exact = ml.head(X, W, Y, loss=loss)
            detached = ml.head(X, W, Y, loss=loss, gradient="detached")
            self.assertTrue(np.array_equal(exact.dw, detached.dw))

    def test_workspace(self):
        line = "workspace of 10 bytes is too small: this shape needs {0} bytes"
        needed = self.least_workspace(X, W, Y, workspace=10, threads=1)
        self.refused(ValueError, line.format(needed), workspace=10, threads=1)
        ml.head(X, W, Y, workspace=needed, threads=1)
        with self.assertRaises(ValueError):
            ml.head(X, W, Y, workspace=needed - 1, threads=1)

    def least_workspace(self, *arrays, **options):
        with self.assertRaisesRegex(ValueError, r"too small: this shape needs \d+") as caught:
            ml.head(*arrays, **options)
        return int(str(caught.exception).split("needs ")[1].split()[0])

    def test_default_workspace(self):
        """Without `workspace` a call takes what its shape needs, with it no more."""
        y = np.zeros(34_000_000, int)  # never written to, so that this takes no memory
        logits = np.zeros((len(y), 1), np.float32)
        self.assertEqual(ml.rows(logits, y, gradients=False).counted, len(y))
        with self.assertRaisesRegex(ValueError, r"^workspace of 268435456 bytes is too small: "):
            ml.rows(logits, y, gradients=False, workspace=2**28)

    def test_resources(self):
        unusable = {"scalar", "avx2", "avx512", "neon"} - set(ml.info()["isas_usable"])
        for isa in unusable:
            with self.assertRaisesRegex(ValueError, f"^isa: {isa} is not usable here; .* scalar"):
                ml.head(X, W, Y, isa=isa)
        self.assertTrue(unusable)


class Outputs(unittest.TestCase):
    refused = refusing(ml.head, X, W, Y)

    def test_out(self):
        line = "out.dx must be a writable C-contiguous float32 array of shape (6, 4), got {}"
        dw = np.empty((C, D), np.float32)
        for found, dx in (
            ("float32 of shape (4, 6)", np.empty((D, N), np.float32)),
            ("float32 of shape (6, 4), not contiguous", np.empty((D, N), np.float32).T),
        ):
            self.refused(ValueError, line.format(found), out={"dx": dx, "dw": dw})
        for found, dx in (("float64 of shape (6, 4)", np.empty((N, D))), ("list", [[0.0]])):
            self.refused(TypeError, line.format(found), out={"dx": dx, "dw": dw})
        fixed = np.empty((N, D), np.float32)
        fixed.flags.writeable = False
        self.refused(
            ValueError, line.format("float32 of shape (6, 4), not writable"), out={"dx": fixed}
        )
        self.refused(ValueError, "out has 'dW'; it takes dx, dw, db", out={"dW": dw})
        self.refused(ValueError, "out has 1; it takes dx, dw, db", out={1: 2})
        self.refused(ValueError, "out lacks dx and dw", out={})

    def test_kinds_of_out(self):
        for found, out in (
            ("tuple", (X, W)), ("list", []), ("str", "dx"), ("ndarray", X),
            ("RowsResult", ml.rows(COSINES, Y)),
        ):  # fmt: skip
            line = f"out must be a result or a dict with dx, dw, db, got {found}"
            self.refused(TypeError, line, out=out)

    def test_some_of_out(self):
        """What out lacks is a new array."""
        dx = np.empty((N, D), np.float32)
        result, plain = ml.head(X, W, Y, out={"dx": dx}), ml.head(X, W, Y)
        self.assertTrue(np.shares_memory(result.dx, dx))
        self.assertTrue((result.dx == plain.dx).all() and (result.dw == plain.dw).all())

    def test_overlap(self):
        own = "{} shares memory with {}: give it an array of its own"
        self.refused(ValueError, own.format("out.dx", "x"), out={"dx": X})
        both = np.empty((N, D), np.float32)
        self.refused(
            ValueError, own.format("out.dx", "out.dw"), out={"dx": both, "dw": both[:C]}
        )

    def test_options_that_do_not_go_together(self):
        self.refused(
            ValueError,
            "accumulate adds to the arrays of out: give out with dx and dw",
            accumulate=True,
        )
        for name in ("accumulate", "gradients"):
            for value in ("no", 1, None):
                line = f"{name} must be True or False, got {value!r}"
                self.refused(TypeError, line, **{name: value})
        ml.head(X, W, Y, gradients=np.bool_(False))
        sums = {"dw": np.zeros((C, D), np.float32)}
        self.refused(ValueError, "out lacks dx", accumulate=True, out=sums)
        self.refused(
            ValueError, "out holds gradients: with gradients=False leave it out", out=sums,
            gradients=False,
        )  # fmt: skip

    def test_a_refused_call_leaves_out_alone(self):
        first = ml.head(X, W, Y)
        kept = first.dx.copy(), first.dw.copy()
        with self.assertRaises(ValueError):
            ml.head(X, W, Y + 9, out=first)
        self.assertTrue((first.dx == kept[0]).all() and (first.dw == kept[1]).all())
        self.assertEqual(ml.head(X, W, Y, out=first).loss, first.loss)


class Rows(unittest.TestCase):
    refused = refusing(ml.rows, COSINES, Y)

    def test_shapes(self):
        self.refused(
            ValueError, "logits must be [N, C] = 2-D, got shape (3,)", logits=COSINES[0]
        )
        self.refused(ValueError, "y has 2 labels, logits has 6 rows: N differs", y=Y[:2])
        self.refused(
            ValueError, "logits is empty: N and C must be at least 1", logits=COSINES[:, :0]
        )

    def test_values(self):
        bad = with_value(COSINES, (3, 0), np.nan)
        self.refused(ValueError, "logits[3]: a value is a NaN or an infinity", logits=bad)
        self.refused(
            ValueError, "row_scale is required with feature_norm = keep", loss="sphereface",
            feature_norm="keep",
        )  # fmt: skip

    def test_out(self):
        memory = np.zeros(N * C + 1, np.float32)
        self.refused(
            ValueError,
            "out shares memory with logits: give it an array of its own",
            logits=memory[:-1].reshape(N, C),
            out=memory[1:].reshape(N, C),
        )
        self.refused(
            ValueError, "out holds gradients: with gradients=False leave it out", out=COSINES,
            gradients=False,
        )  # fmt: skip
        for found, out in (("dict", {}), ("list", []), ("HeadResult", ml.head(X, W, Y))):
            line = f"out must be a result or an array [N, C], got {found}"
            self.refused(TypeError, line, out=out)
        self.refused(
            TypeError,
            "out must be a writable C-contiguous float32 array of shape (6, 3), got float64 of "
            "shape (6, 3)",
            out=COSINES.astype(float),
        )
        loss_alone = ml.rows(COSINES, Y, gradients=False)
        self.refused(
            ValueError, "out lacks grad: it comes from a call with gradients=False", out=loss_alone
        )

    def test_out_at_logits_overlaps_nothing_else(self):
        """In place of the logits the gradient would overwrite what is read beside them."""
        n = 4
        memory = np.full((n, n), 0.5, np.float32)
        y = np.arange(n)
        for name in ("row_weight", "class_weight", "row_scale", "row_margin", "class_margin"):
            self.refused(
                ValueError, f"out shares memory with {name}: give it an array of its own",
                logits=memory, y=y, out=memory, **{name: memory[1]},
            )  # fmt: skip
        self.refused(
            ValueError, "out shares memory with y: give it an array of its own",
            logits=memory, y=memory[:2].reshape(-1).view(np.int64), out=memory,
        )  # fmt: skip
        self.assertTrue((memory == 0.5).all())

    def test_a_result_is_used_again(self):
        first = ml.rows(COSINES, Y)
        expected, memory = first.grad.copy(), first.grad
        first.grad.fill(np.nan)
        again = ml.rows(COSINES, Y, out=first)
        self.assertTrue((again.grad == expected).all() and np.shares_memory(again.grad, memory))


class Measures(unittest.TestCase):
    def refused(self, error, line, function, *arguments, **options):
        with self.assertRaises(error) as caught:
            function(*arguments, **options)
        self.assertEqual(str(caught.exception), line)

    def test_samples(self):
        nan = with_value(X, (2, 1), np.nan)
        self.refused(ValueError, "x[2] holds a NaN or an infinity", ml.verify, nan, Y)
        self.refused(ValueError, "w[0] holds a NaN or an infinity", ml.angles, X, Y, nan[2:5])
        negative = (
            "y[5] is negative: labels must be at least 0, or 9 for rows that take no part "
            "(ignore_label)"
        )
        self.refused(ValueError, negative, ml.angles, X, Y, ignore_label=9)
        self.refused(ValueError, "y[2] is 2: a label must be in [0, 2)", ml.angles, X, Y, W[:2])

    def test_pairs(self):
        pair = "y: no {} pair: two rows with a direction and {} needed"
        alone, one = np.arange(N), np.zeros(N, int)
        self.refused(ValueError, pair.format("genuine", "one label are"), ml.verify, X, alone)
        self.refused(ValueError, pair.format("impostor", "different labels are"), ml.verify, X, one)
        rates = "far must hold rates greater than 0 and at most 1, got {}"
        for far in (0.0, [0.1, 2.0], []):
            self.refused(ValueError, rates.format(far), ml.verify, X, Y, far)
        self.refused(
            TypeError, "far must be an array of rates [P], got str", ml.verify, X, Y, "0.1"
        )
        self.refused(
            TypeError,
            "far must hold rates, got dtype <U3: take numpy.asarray(far, dtype=numpy.float64)",
            ml.verify, X, Y, ["0.1"],
        )  # fmt: skip

    def test_the_order_of_rates(self):
        found = ml.verify(X, Y, far=[0.1, 0.3, 0.2, 0.2])["tar_at_far"]
        self.assertEqual([point["far_limit"] for point in found], [0.3, 0.2, 0.1])

    def test_advise(self):
        self.refused(ValueError, "classes must be in [2, 1000000000], got 1", ml.advise, 1)
        self.refused(
            ValueError,
            "classes: in 2 dimensions 1000000 are less than 0.01 degrees apart",
            ml.advise, 10**6, 2,
        )  # fmt: skip


class Library(unittest.TestCase):
    def test_the_table_is_read_only(self):
        with self.assertRaises(TypeError):
            ml.LOSSES["arcface"] = None

    def test_another_folder_of_the_package(self):
        """An editable installation has the sources in one folder and the library in another."""
        code = (
            "import importlib.util as u, pathlib, sys\n"
            "source, library = sys.argv[1:]\n"
            "spec = u.spec_from_file_location('margin_losses', source,\n"
            "    submodule_search_locations=[str(pathlib.Path(p).parent) for p in sys.argv[1:]])\n"
            "sys.modules['margin_losses'] = package = u.module_from_spec(spec)\n"
            "spec.loader.exec_module(package)\n"
            "assert package._abi.library._name == library, package._abi.library._name\n"
        )
        environment = {**os.environ, "MARGIN_LOSSES_LIBRARY": ""}
        paths = (ml.__file__, os.environ["MARGIN_LOSSES_LIBRARY"])
        subprocess.run([sys.executable, "-B", "-c", code, *paths], env=environment, check=True)

    def test_a_library_that_is_not_there(self):
        environment = {**os.environ, "MARGIN_LOSSES_LIBRARY": "nowhere/_margin.so"}
        ended = subprocess.run(
            [sys.executable, "-c", "import margin_losses"],
            env=environment, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        line = ended.stderr.strip().splitlines()[-1]
        self.assertRegex(line, "^ImportError: margin_losses: cannot load nowhere/_margin.so: ")
        self.assertIn("MARGIN_LOSSES_LIBRARY", line)

    def test_another_library(self):
        environment = {**os.environ, "MARGIN_LOSSES_LIBRARY": "libc.so.6"}
        ended = subprocess.run(
            [sys.executable, "-c", "import margin_losses"],
            env=environment, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        line = "ImportError: margin_losses: libc.so.6 has no margin_version: it is not this"
        self.assertIn(line, ended.stderr)

    def test_an_instruction_set_of_the_environment(self):
        code = "import margin_losses as ml; ml.predict([[1.0]], [[1.0]])"
        ended = subprocess.run(
            [sys.executable, "-c", code], env={**os.environ, "MARGIN_ISA": "sse"},
            stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        self.assertIn("ValueError: isa: MARGIN_ISA=sse is not usable here", ended.stderr)


if __name__ == "__main__":
    unittest.main()
