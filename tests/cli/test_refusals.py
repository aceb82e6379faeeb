"""test_refusals.py: what `margin` must refuse: each time one line that names file and fault, the
right exit status, no output file, and existing files as they were."""
import math
import os
import resource
import unittest

from harness import CommandTest, npy_bytes, write

OUTPUTS = ("--grad-embeddings", "dX.npy", "--grad-weights", "dW.npy", "--per-sample", "l.npy")


class BadData(CommandTest):
    def setUp(self):
        super().setUp()
        with open(self.path("dX.npy"), "w") as stream:
            stream.write("an earlier result")  # must survive every refusal

    def refused(self, *words, **files):
        self.assert_refused(self.eval_arguments(*OUTPUTS, **files), 1, *words)

    def damaged(self, name, data):
        with open(self.path(name), "wb") as stream:
            stream.write(data)
        return name

    def test_missing_file(self):
        self.refused("none.npy", "No such file", weights="none.npy")

    def test_folder_instead_of_file(self):
        self.refused("/: ", "directory", embeddings="/")

    def test_damaged_files(self):
        good = npy_bytes(self.X, (self.N, self.D))
        cases = {
            "empty": (b"", "empty"),
            "magic": (b"PK\x03\x04" + good[4:], "is it an .npz?"),
            "text": (b"1.0, 2.0\n", "not a .npy file"),
            "header": (good[:40], "truncated"),
            "data": (good[:-1], "truncated"),
            "no data": (good[:128], "truncated"),
            "surplus": (good + b"\0", "surplus"),
            "version": (good[:6] + b"\x09\x00" + good[8:], "version 9.0"),
            "bits": (npy_bytes(self.y * self.D, (self.N, self.D), "<u2"), "bfloat16"),
            "complex": (npy_bytes(self.X, (self.N, self.D), "<c8"), ".real"),
            "big-endian": (npy_bytes(self.X, (self.N, self.D), ">f4"), "big-endian"),
            "text in it": (good.replace(b"descr", b"desc\xff"), "malformed header"),
            "no rows": (npy_bytes([], (0, self.D)), "[0, 5]"),
            "huge": (npy_bytes([], (2**40, 2**20)), "truncated"),
            "too huge": (npy_bytes([], (2**40, 2**40)), "too large"),
        }
        for name, (data, fault) in cases.items():
            with self.subTest(name):
                self.refused("bad.npy: ", fault, embeddings=self.damaged("bad.npy", data))

    def test_wrong_dtypes(self):
        write(self.path("i.npy"), range(self.N * self.D), (self.N, self.D), "<i8")
        write(self.path("f.npy"), self.y, (self.N,), "<f4")
        self.refused("i.npy: ", "int64", "float32", embeddings="i.npy")
        self.refused("f.npy: ", "float32", "astype('<i8')", labels="f.npy")

    def test_wrong_shapes(self):
        write(self.path("flat.npy"), self.X, (self.N * self.D,))
        write(self.path("cube.npy"), self.W, (self.C, self.D, 1))
        write(self.path("hot.npy"), self.y * 2, (self.N, 2), "<i8")
        self.refused("flat.npy: ", "[35]", "[N, D]", embeddings="flat.npy")
        self.refused("cube.npy: ", "[6, 5, 1]", "[C, D]", weights="cube.npy")
        self.refused("hot.npy: ", "[7, 2]", "[N]", ".argmax(1)", labels="hot.npy")

    def test_shapes_that_do_not_match(self):
        write(self.path("narrow.npy"), self.W[:self.C * (self.D - 1)], (self.C, self.D - 1))
        write(self.path("short.npy"), self.y[:-1], (self.N - 1,), "<i8")
        self.refused("narrow.npy: shape [6, 4]", "X.npy has dimension 5", weights="narrow.npy")
        self.refused("short.npy: 6 labels", "X.npy has 7", labels="short.npy")

    def test_labels_out_of_range(self):
        for descr in ("<i4", "<i8"):
            for label, fault in ((self.C, "0..5"), (-2, "--ignore-label -2"), (2**31 - 1, "0..5")):
                write(self.path("bad.npy"), [0, 1, 2, label, 0, 0, 0], (self.N,), descr)
                self.refused("bad.npy: row 3: label %d " % label, fault, labels="bad.npy")
        # Not the label that its lower 32 bits would be.
        write(self.path("bad.npy"), [0, 0, 0, 0, 0, 0, 2**32], (self.N,), "<i8")
        self.refused("bad.npy: row 6: label 4294967296 ", labels="bad.npy")

    def test_values_that_are_not_finite(self):
        for value in (math.nan, math.inf, -math.inf):
            for descr in ("<f4", "<f8"):
                X, W = list(self.X), list(self.W)
                X[2 * self.D + 1] = W[4 * self.D] = value
                write(self.path("bad.npy"), X, (self.N, self.D), descr)
                self.refused("bad.npy: row 2 ", embeddings="bad.npy")
                write(self.path("bad.npy"), W, (self.C, self.D), descr)
                self.refused("bad.npy: row 4 ", weights="bad.npy")

    def test_values_beyond_float32(self):
        X = list(self.X)
        X[3 * self.D] = -1e39
        write(self.path("bad.npy"), X, (self.N, self.D), "<f8")
        self.refused("bad.npy: row 3: 1e+39", "length", loss="softmax", embeddings="bad.npy")

    def test_bad_weights(self):
        write(self.path("w.npy"), [1] * (self.N + 1), (self.N + 1,))
        self.refused("w.npy: 8 values", "X.npy has 7 rows", **{"row-weight": "w.npy"})
        write(self.path("w.npy"), [1, 2, math.nan, 0, 0, 0, 1], (self.N,))
        self.refused("w.npy: row 2", **{"row-weight": "w.npy"})
        write(self.path("v.npy"), [1] * (self.C - 1), (self.C - 1,))
        self.refused("v.npy: 5 values", "W.npy has 6 classes", **{"class-weight": "v.npy"})
        write(self.path("v.npy"), [1, 0, -0.5, 1, 1, 1], (self.C,))
        self.refused("v.npy: class 2", "0 or more", **{"class-weight": "v.npy"})

    def test_bad_bias(self):
        write(self.path("b.npy"), [0] * (self.C + 1), (self.C + 1,))
        self.refused("b.npy: 7 values", "6 classes", loss="softmax", bias="b.npy")
        write(self.path("b.npy"), [0] * (self.C - 1) + [math.nan], (self.C,))
        self.refused("b.npy: row 5", loss="softmax", bias="b.npy")
        write(self.path("b.npy"), [0] * self.C, (1, self.C))
        self.refused("b.npy: ", "[1, 6]", loss="softmax", bias="b.npy")


class BadOutputs(CommandTest):
    def test_places_that_cannot_be_written(self):
        for place, fault in (("none/dX.npy", "No such file"), ("X.npy/dX.npy", "Not a directory"),
                             ("/", "directory"), ("/proc/dX.npy", "")):
            with self.subTest(place):
                self.assert_refused(
                    self.eval_arguments("--per-sample", "l.npy", "--grad-embeddings", place),
                    1, place + ": cannot write", fault)

    @unittest.skipIf(os.geteuid() == 0, "root may write everywhere")
    def test_protected_places(self):
        os.mkdir(self.path("closed"), 0o500)
        write(self.path("kept.npy"), [1], (1,))
        os.chmod(self.path("kept.npy"), 0o400)
        for place in ("closed/dX.npy", "kept.npy"):
            self.assert_refused(self.eval_arguments("--grad-embeddings", place), 1,
                                place + ": cannot write", "Permission denied")

    def test_file_too_large(self):
        rows = 500
        write(self.path("X.npy"), self.X[:self.D] * rows, (rows, self.D))
        write(self.path("y.npy"), [0] * rows, (rows,), "<i8")

        def limit():
            resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))

        self.assert_refused(self.eval_arguments(*OUTPUTS), 1, "cannot write: File too large",
                            preexec_fn=limit)

    def test_standard_output_full(self):
        with open("/dev/full", "w") as full:
            self.assert_refused(self.eval_arguments("--json", *OUTPUTS), 1, "standard output",
                                stdout=full)

    def test_one_file_for_two_purposes(self):
        os.mkdir(self.path("sub"))
        os.symlink("X.npy", self.path("link.npy"))
        os.link(self.path("W.npy"), self.path("hard.npy"))
        for name in ("X.npy", "./X.npy", "sub/../y.npy", "link.npy", "hard.npy",
                     self.path("W.npy")):
            with self.subTest(name):
                self.assert_refused(self.eval_arguments("--grad-embeddings", name), 2,
                                    name + ": is an input")
        twice = self.eval_arguments("--grad-embeddings", "a.npy", "--grad-weights", "sub/../a.npy")
        self.assert_refused(twice, 2, "two outputs")
        write(self.path("a.npy"), [1], (1,))
        self.assert_refused(twice, 2, "two outputs")


class BadUsage(CommandTest):
    def refused(self, *arguments, words=(), status=2, **files):
        with self.subTest(arguments):
            self.assert_refused(self.eval_arguments(*OUTPUTS, *arguments, **files), status, *words)

    def test_commands(self):
        self.assert_refused([], 2, "command")
        self.assert_refused(["evaluate"], 2, "evaluate")
        self.assert_refused(["--frob"], 2, "--frob")
        self.assert_refused(["info", "more"], 2, "more")
        self.assert_refused(["info", "--frob"], 2, "--frob")
        self.assert_refused(["evl"], 2, "unknown command evl: did you mean eval?")
        self.assert_refused(["help", "evl"], 2, "did you mean eval?")
        self.assert_refused(["--halp"], 2, "unknown option --halp: did you mean --help?")
        self.assert_refused(["help", "eval", "more"], 2, "'more'")

    def test_options(self):
        self.refused("--frob", words=["--frob"])
        self.refused("--frob=1", words=["--frob"])
        self.refused("-q", words=["-q"])
        self.refused("--json=yes", words=["--json"])
        self.refused("--scale", words=["--scale needs a value"])
        self.refused("more", words=["more"])
        self.refused("--grad", "a.npy", words=["--grad is ambiguous: --gradient, --grad-embed"])
        self.refused("--treads", "2", words=["unknown option --treads: did you mean --threads?"])

    def test_required_options(self):
        words = self.eval_arguments()
        for option in ("--loss", "--embeddings", "--weights", "--labels"):
            at = words.index(option)
            self.assert_refused(words[:at] + words[at + 2:], 2, option + " is missing")

    def test_names(self):
        self.refused(loss="arcfaces", words=["--loss", "arcfaces", "cosface"])
        self.refused("--past-pi", "up", words=["--past-pi", "up", "monotone"])
        self.refused("--gradient", "none", words=["--gradient", "none", "detached"])
        self.refused("--feature-norm", "any", words=["--feature-norm", "any", "keep"])
        self.refused("--isa", "mmx", words=["--isa", "mmx", "scalar"])
        self.refused("--isa", "", words=["--isa"])

    def test_numbers(self):
        for option in ("--scale", "--margin", "--lambda"):
            for text in ("", "x", "1x", " 1", "nan", "inf", "0x1", "1e999", "1,5"):
                self.refused(option, text, words=[option])
        for text in ("0", "-1", "1e300"):
            self.refused("--scale", text, words=["--scale", "out of range"])
        for text in ("1", "-0.1", "2"):
            self.refused("--label-smoothing", text, words=["--label-smoothing", "below 1"])
        for text in ("1.5", "x", "", "99999999999", "-1", "1025"):
            self.refused("--threads", text, words=["--threads"])
        for text in ("0", "-1", "1.5", "MiB", "9999999999TiB", "1XB"):
            self.refused("--workspace", text, words=["--workspace"])

    def test_margins_out_of_range(self):
        for text in ("-0.1", "3.2", "28.6"):
            self.refused("--margin", text, words=["--margin", "arcface", "radians"])
        self.refused("--margin", "0.9", loss="sphereface", words=["--margin", "sphereface"])
        self.refused("--m1", "0", loss="combined", words=["--m1", "combined"])
        self.refused("--m2", "-1", loss="combined", words=["--m2", "combined"])

    def test_options_that_a_loss_does_not_have(self):
        self.refused("--m1", "1", words=["arcface takes --margin, not --m1"])
        self.refused("--m3", "0", loss="cosface", words=["cosface takes --margin, not --m3"])
        self.refused("--margin", "0.5", loss="combined", words=["--margin", "combined", "--m1"])
        self.refused("--margin", "0", loss="softmax", words=["--margin", "softmax"])
        self.refused("--m2", "0", loss="normsoftmax", words=["--m2", "normsoftmax"])
        self.refused("--lambda", "1", words=["--lambda", "arcface"])
        self.refused("--feature-norm", "keep", loss="cosface", words=["--feature-norm", "cosface"])
        write(self.path("b.npy"), [0] * self.C, (self.C,))
        self.refused("--bias", "b.npy", words=["--bias", "arcface"])
        self.refused("--grad-bias", "db.npy", loss="softmax", words=["--grad-bias"])

    def test_instruction_sets_of_the_environment(self):
        self.assert_refused(self.eval_arguments(), 2, "MARGIN_ISA", "mmx",
                            environment={"MARGIN_ISA": "mmx"})
        self.assert_refused(["info"], 2, "MARGIN_ISA", environment={"MARGIN_ISA": "mmx"})


if __name__ == "__main__":
    unittest.main()
