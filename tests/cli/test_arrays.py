"""test_arrays.py: the arrays that people have: every type of number, .npz files, class weights either
way round, numbers beyond float32, other labels for rows that do not count. Each is compared with what
NumPy computes in double, or with the plain file that holds the same. Needs NumPy."""
import io
import json
import os
import unittest
import zipfile

import numpy

from harness import CommandTest

SCALE, MARGIN = 16.0, 0.5


def arcface(x, w, labels):
    """Mean loss, dX and dW in double; rows of any length."""
    x, w = x.astype("f8"), w.astype("f8")
    norms = [numpy.abs(a).max(axis=1, keepdims=True) for a in (x, w)]
    norms = [n * numpy.linalg.norm(a / n, axis=1, keepdims=True) for n, a in zip(norms, (x, w))]
    u, v = x / norms[0], w / norms[1]
    cosines = u @ v.T
    rows = numpy.arange(len(x))
    theta = numpy.arccos(numpy.clip(cosines[rows, labels], -1, 1))
    past = theta + MARGIN > numpy.pi
    logits = SCALE * cosines
    logits[rows, labels] = SCALE * numpy.cos(numpy.where(past, theta, theta + MARGIN))
    peak = logits.max(axis=1, keepdims=True)
    p = numpy.exp(logits - peak)
    loss = numpy.log(p.sum(axis=1)) + peak[:, 0] - logits[rows, labels]
    p /= p.sum(axis=1, keepdims=True)
    p[rows, labels] -= 1
    slope = numpy.where(past, 1, numpy.sin(theta + MARGIN) / numpy.sin(theta))
    p[rows, labels] *= slope
    p *= SCALE / len(x)
    du, dv = p @ v, p.T @ u
    dx = (du - (du * u).sum(axis=1, keepdims=True) * u) / norms[0]
    dw = (dv - (dv * v).sum(axis=1, keepdims=True) * v) / norms[1]
    return loss.mean(), dx, dw


def bfloat16(values):
    """(values rounded to bfloat16, their bits)."""
    bits = (values.astype("f4").view("u4") + 0x8000 >> 16).astype("u2")
    return (bits.astype("u4") << 16).view("f4"), bits


class Arrays(CommandTest):
    def setUp(self):
        super().setUp()
        draw = numpy.random.default_rng(3)
        self.w = draw.standard_normal((self.C, self.D))
        self.labels = draw.integers(0, self.C, self.N)
        self.x = self.w[self.labels] + draw.standard_normal((self.N, self.D))
        self.save(X=self.x.astype("f4"), W=self.w.astype("f4"), y=self.labels)

    def save(self, **arrays):
        for name, values in arrays.items():
            numpy.save(self.path(name + ".npy"), values)

    def eval(self, *arguments, **files):
        """(JSON, stderr) of a run that succeeds."""
        scale = ["--scale", "16"] if "loss" not in files else []
        run = self.run_margin(*self.eval_arguments("--json", *scale, *arguments, **files))
        self.assertEqual(run.returncode, 0, run.stderr)
        return json.loads(run.stdout), run.stderr

    def refused(self, *words, **files):
        self.assert_refused(self.eval_arguments(**files), 1, *words)

    # ---- types ----

    def test_half_precision(self):
        half = self.x.astype("f2")
        self.save(half=half)
        found, said = self.eval(embeddings="half.npy")
        self.assertAlmostEqual(found["loss"], arcface(half, self.w.astype("f4"), self.labels)[0],
                               delta=1e-5)
        self.assertEqual(said, "margin: note: half.npy: float16, converted to float32\n")

    def test_every_half(self):
        """All 63,488 finite numbers: losses log(1 + exp(-w x)) are those of the same in float32."""
        every = numpy.arange(65536, dtype="u2").view("f2")
        every = every[numpy.isfinite(every)][:, None]
        self.save(half=every, same=every.astype("f4"), y=numpy.zeros(len(every), "i8"))
        for weight in (1e-3, 1.0, 1e7):
            self.save(W=numpy.array([[weight], [0]], "f4"))
            for name in ("half", "same"):
                self.eval("--per-sample", name + ".losses.npy", loss="softmax",
                          embeddings=name + ".npy")
            half, same = (numpy.load(self.path(name + ".losses.npy")) for name in ("half", "same"))
            self.assertTrue((half == same).all())
            self.assertGreater(len(numpy.unique(same)), 2000)

    def test_bfloat16(self):
        values, bits = bfloat16(self.x)
        self.save(brain=bits.view("V2"), bits=bits)
        found, said = self.eval(embeddings="brain.npy")
        self.assertAlmostEqual(found["loss"], arcface(values, self.w.astype("f4"), self.labels)[0],
                               delta=1e-5)
        self.assertIn("brain.npy: bfloat16, converted", said)
        self.refused("bits.npy: dtype uint16", "bfloat16", ".view('<f4')", embeddings="bits.npy")

    def test_label_types(self):
        want = self.eval()[0]
        for kind in ("i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8"):
            self.save(y=self.labels.astype(kind))
            self.assertEqual(self.eval()[0], want, kind)
        self.save(y=self.labels[:, None])
        self.assertEqual(self.eval()[0], want)
        self.save(y=numpy.full(self.N, 2**63, "u8"))
        self.refused("y.npy: row 0: a label beyond 64 bits", labels="y.npy")
        self.save(y=self.labels > 2)
        self.refused("y.npy: dtype '|b1'", ".astype('<i8')", labels="y.npy")
        self.save(y=numpy.eye(self.C)[self.labels])
        self.refused("y.npy: shape [7, 6]", ".argmax(1)", labels="y.npy")
        self.save(y=numpy.minimum(self.labels, self.C - 2) + 1)
        self.eval() # 1 .. C - 1 may be what was meant
        self.save(y=numpy.arange(self.N) % self.C + 1)
        self.refused("y.npy: row 5: label 6 ", "count from 1", labels="y.npy")

    def test_bias_as_a_column(self):
        bias = numpy.linspace(-1, 1, self.C).astype("f4")
        self.save(b=bias, column=bias[:, None])
        self.assertEqual(self.eval(loss="softmax", bias="b.npy"),
                         self.eval(loss="softmax", bias="column.npy"))

    # ---- rows that do not count ----

    def test_ignored_label(self):
        for ignored in (-1, -100, 255):
            labels = self.labels.copy()
            labels[2::3] = ignored
            self.save(y=labels)
            found, _ = self.eval("--ignore-label", str(ignored))
            kept = labels != ignored
            want = arcface(self.x.astype("f4")[kept], self.w.astype("f4"), self.labels[kept])[0]
            self.assertAlmostEqual(found["loss"], want, delta=1e-5)
            self.assertEqual(found["ignored"], self.N - kept.sum())
            for command in (["angles"], ["verify"]):
                words = command + ["--json", "--embeddings", "X.npy", "--labels", "y.npy"]
                run = self.run_margin(*words, "--ignore-label", str(ignored))
                self.assertEqual(json.loads(run.stdout)["ignored"], self.N - kept.sum())
                if ignored < -1:
                    self.assert_refused(words, 1, "y.npy: row 2: label -100 is negative",
                                        "--ignore-label -100")
            if ignored == -100:
                self.refused("y.npy: row 2: label -100 is negative", "--ignore-label -100")

    # ---- .npz ----

    def test_members(self):
        want = self.eval()
        arrays = {"X": numpy.load(self.path("X.npy")), "W": numpy.load(self.path("W.npy"))}
        numpy.savez(self.path("plain.npz"), y=self.labels, **arrays)
        numpy.savez_compressed(self.path("small.npz"), y=self.labels, **arrays)
        numpy.savez(self.path("one.npz"), self.labels)
        for name in ("plain", "small"):
            self.assertEqual(self.eval(embeddings=name + ".npz:X", weights=name + ".npz:W.npy",
                                       labels=name + ".npz:y"), want)
        self.assertEqual(self.eval(labels="one.npz"), want)
        self.refused("plain.npz: not one array; it holds y, X, W", embeddings="plain.npz")
        self.refused("plain.npz:Z: no such member; it holds y, X, W", embeddings="plain.npz:Z")
        self.refused("none.npz:X: cannot read: No such file", embeddings="none.npz:X")
        # A file that has such a name is that file.
        os.rename(self.path("X.npy"), self.path("odd.npz:X"))
        self.assertEqual(self.eval(embeddings="odd.npz:X"), want)

    def test_damaged_members(self):
        buffer = io.BytesIO()
        numpy.savez_compressed(buffer, X=numpy.load(self.path("X.npy")))
        good = buffer.getvalue()
        with open(self.path("bad.npz"), "wb") as stream:
            stream.write(good[:len(good) // 2])
        self.refused("bad.npz:X: not an .npz file", embeddings="bad.npz:X")
        middle = good.find(b"X.npy") + 60
        with open(self.path("bad.npz"), "wb") as stream:
            stream.write(good[:middle] + bytes(255 - b for b in good[middle:middle + 4])
                         + good[middle + 4:])
        self.refused("bad.npz:X: ", embeddings="bad.npz:X")
        with open(self.path("bad.npz"), "wb") as stream:
            stream.write(b"")
        self.refused("bad.npz:X: not an .npz file", embeddings="bad.npz:X")
        with zipfile.ZipFile(self.path("text.npz"), "w") as archive:
            archive.writestr("X.npy", "no array")
        self.refused("text.npz:X: not a .npy file", embeddings="text.npz:X")

    def test_promises_take_no_memory(self):
        """A header that promises 2^50 bytes in a small file."""
        text = "{'descr': '<f4', 'fortran_order': False, 'shape': (%d, 5), }" % 2**48
        with zipfile.ZipFile(self.path("huge.npz"), "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("X.npy", b"\x93NUMPY\1\0" + len(text).to_bytes(2, "little")
                             + text.encode() + bytes(1 << 20))
        self.refused("huge.npz:X: truncated", embeddings="huge.npz:X")

    # ---- order ----

    def test_weights_either_way_round(self):
        want, said = self.eval("--grad-weights", "cd.npy")
        self.assertEqual(said, "")
        turned = self.w.astype("f4").T
        self.save(c_order=numpy.ascontiguousarray(turned), f_order=turned)
        for name in ("c_order", "f_order"):
            found, said = self.eval("--grad-weights", "dc.npy", weights=name + ".npy")
            self.assertEqual(found, want)
            self.assertIn("shape [5, 6], taken as [D, C]", said)
            gradient = numpy.load(self.path("dc.npy"))
            self.assertTrue((gradient == numpy.load(self.path("cd.npy")).T).all())
        self.assertEqual(self.eval("--weights-layout", "dc", weights="f_order.npy"), self.eval())
        self.assert_refused(self.eval_arguments("--weights-layout", "cd", weights="f_order.npy"), 1,
                            "f_order.npy: shape [5, 6]", "--weights-layout dc")
        self.assert_refused(self.eval_arguments("--weights-layout", "dc"), 1, "W.npy: shape [6, 5]",
                            "leave --weights-layout dc out")
        square = self.w[:self.D].astype("f4")
        labels = self.labels % self.D
        self.save(W=square, T=numpy.ascontiguousarray(square.T), y=labels)
        self.assertEqual(self.eval()[1], "")
        self.assertEqual(self.eval("--weights-layout", "dc", weights="T.npy"), self.eval())

    def test_fortran_order(self):
        want = self.eval()
        self.save(X=numpy.asfortranarray(self.x.astype("f4")))
        self.assertEqual(self.eval(), want)

    # ---- numbers beyond float32 ----

    def test_rows_of_any_length(self):
        lengths = 10.0 ** numpy.array([-300, -60, -44, -31, 0, 37, 300])[:, None]
        x, w = self.x * lengths, self.w * 10.0 ** numpy.arange(-250, 350, 100)[:, None]
        want_loss, want_x, want_w = arcface(x, w, self.labels)
        self.save(X=x, W=w)
        found, said = self.eval("--grad-embeddings", "dX.npy", "--grad-weights", "dW.npy")
        self.assertAlmostEqual(found["loss"], want_loss, delta=1e-5 * want_loss)
        self.assertIn("X.npy: 5 rows beyond float32", said)
        self.assertIn("W.npy: 6 rows beyond float32", said)
        limit = numpy.finfo("f4").max
        for name, want in (("dX", want_x), ("dW", want_w)):
            got = numpy.load(self.path(name + ".npy")).astype("f8")
            want = numpy.clip(want, -limit, limit)
            size = numpy.abs(want).max(axis=1, keepdims=True)
            inside = (numpy.abs(want).max(axis=1) > 1e-37)[:, None]
            self.assertTrue((numpy.abs(got - want) <= 1e-4 * size)[inside[:, 0]].all(), name)
            self.assertTrue((numpy.abs(got) < 1e-30)[~inside[:, 0]].all())

    def test_the_issue(self):
        """(3, 4) times 1e-60 has the loss of (3, 4)."""
        y = numpy.array([0])
        w = numpy.array([[1.0, 0], [0, 1]])
        losses = []
        for factor in (1.0, 1e-60):
            self.save(X=numpy.array([[3.0, 4.0]]) * factor, W=w, y=y)
            losses.append(self.eval()[0]["loss"])
        self.assertAlmostEqual(losses[0], losses[1], delta=1e-6 * losses[0])

    def test_length_that_matters(self):
        for row, word in ((1e-60, "small"), (1e60, "large")):
            self.save(X=self.x * row)
            for arguments in (["softmax"], ["sphereface", "--feature-norm", "keep"]):
                words = self.eval_arguments(*arguments[1:], loss=arguments[0])
                self.assert_refused(words, 1, "X.npy: row 0: ", "too " + word)


if __name__ == "__main__":
    unittest.main()
