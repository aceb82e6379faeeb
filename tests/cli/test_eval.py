"""test_eval.py: `margin eval` on good input: its numbers against an independent computation, its
output files and its report."""
import json
import math
import os
import subprocess
import unittest

import reference
from harness import CommandTest, read, rounded, write

KEYS = ["loss", "mean_loss", "accuracy", "tied", "zero_rows", "label_smoothing", "rows", "ignored", "dim", "classes", "isa", "threads", "theta",
        "workspace_bytes"]
GRADIENTS = ("--grad-embeddings", "dX.npy", "--grad-weights", "dW.npy")


class Numbers(CommandTest):
    def setUp(self):
        super().setUp()
        self.losses = json.loads(self.run_margin("info", "--json").stdout)["losses"]

    def problem(self, loss, **options):
        (row,) = [row for row in self.losses if row["name"] == loss]
        return {**row, **options}

    def loss_names(self):
        return [row["name"] for row in self.losses]

    def assert_gradient(self, path, expected, shape):
        values, found_shape, descr = read(self.path(path))
        self.assertEqual((found_shape, descr), (shape, "<f4"))
        largest = max(map(abs, expected))
        self.assertGreater(largest, 0)
        for value, other in zip(values, expected):
            self.assertLess(abs(value - other), 1e-4 * largest + 1e-7)

    def compare(self, problem, *arguments, labels=None, gradients=True):
        """Loss, losses per row and gradients against the reference."""
        labels = labels or self.y
        found = self.eval_json(*arguments, *GRADIENTS, "--per-sample", "l.npy",
                               loss=problem["name"])
        function = lambda x, w: reference.mean_loss(x, w, labels, self.D, problem)
        expected = function(self.X, self.W)
        self.assertAlmostEqual(found["loss"], expected, delta=1e-5 * (1 + expected))
        weights = reference.rows_of(self.W, self.D)
        losses, shape, _ = read(self.path("l.npy"))
        self.assertEqual(shape, (self.N,))
        for value, x, label in zip(losses, reference.rows_of(self.X, self.D), labels):
            row = 0.0 if label == -1 else reference.row_loss(x, weights, label, problem)
            self.assertAlmostEqual(value, row, delta=1e-5 * (1 + row))
        if gradients:
            self.assert_gradient("dX.npy", reference.difference_quotients(
                lambda x: function(x, self.W), list(self.X)), (self.N, self.D))
            self.assert_gradient("dW.npy", reference.difference_quotients(
                lambda w: function(self.X, w), list(self.W)), (self.C, self.D))
        return found

    def test_every_loss_with_its_defaults(self):
        names = self.loss_names()
        self.assertGreaterEqual(len(names), 6)
        for name in names:
            with self.subTest(loss=name):
                self.compare(self.problem(name))

    def test_scale_and_margins(self):
        for name in self.loss_names():
            index = {"m1": 0, "m2": 1, "m3": 2}
            row = self.problem(name)
            arguments, changes = ["--scale", "7.5"], {"scale": 7.5}
            if isinstance(row["margin"], list):
                changes.update(m1=1.25, m2=0.125, m3=0.0625)
                arguments += ["--m1", "1.25", "--m2", "0.125", "--m3", "0.0625"]
            elif row["margin"] is not None:
                (field,) = [m for m in index if row[m] == row["margin"] and row[m] != (m == "m1")]
                changes[field] = row["margin"] + 0.125
                arguments += ["--margin", changes[field]]
            with self.subTest(loss=name):
                self.compare({**row, **changes}, *map(str, arguments))

    def test_past_pi(self):
        # Point rows away from their class, so that phi exceeds pi for some of them.
        for i in (0, 2, 4):
            w = self.W[self.y[i] * self.D:(self.y[i] + 1) * self.D]
            self.X[i * self.D:(i + 1) * self.D] = rounded(0.03 * k - v for k, v in enumerate(w))
        write(self.path("X.npy"), self.X, (self.N, self.D))
        for how in ("paper", "monotone", "taylor", "clamp", "easy"):
            for name in ("arcface", "combined", "sphereface"):
                with self.subTest(how=how, loss=name):
                    found = self.compare(self.problem(name, past_pi=how), "--past-pi", how)
                    self.assertGreater(found["theta"]["past_pi"], 0)
                    self.assertEqual(found["config"]["past_pi"], how)

    def test_sphereface_options(self):
        for weight, norm in ((0.0, "keep"), (5.0, "fixed"), (2.5, "keep")):
            with self.subTest(weight=weight, norm=norm):
                problem = self.problem("sphereface", feature_norm=norm)
                problem["lambda"] = weight
                self.compare(problem, "--lambda", str(weight), "--feature-norm", norm)

    def test_detached_gradient(self):
        """The loss stays, the gradient is that of a target that moves as its plain cosine does."""
        problem = self.problem("arcface", scale=10.0)
        exact = self.compare(problem, "--scale", "10")
        weights, rows = reference.rows_of(self.W, self.D), reference.rows_of(self.X, self.D)
        frozen = [reference.psi(reference.angle(x, weights[k]), problem) -
                  reference.cosines(x, weights)[k] for x, k in zip(rows, self.y)]

        def surrogate(flat):
            losses = []
            for x, k, offset in zip(reference.rows_of(flat, self.D), self.y, frozen):
                logits = [10 * c for c in reference.cosines(x, weights)]
                logits[k] += 10 * offset
                losses.append(math.log(math.fsum(map(math.exp, logits))) - logits[k])
            return math.fsum(losses) / len(losses)

        found = self.eval_json("--scale", "10", "--gradient", "detached", *GRADIENTS)
        self.assertEqual(found["loss"], exact["loss"])
        self.assert_gradient("dX.npy", reference.difference_quotients(surrogate, list(self.X)),
                             (self.N, self.D))

    def test_bias(self):
        bias = rounded([0.5, -1, 0.25, 2, 0, -0.125])
        write(self.path("b.npy"), bias, (self.C,))
        problem = self.problem("softmax", bias=bias)
        self.compare(problem, "--bias", "b.npy", "--grad-bias", "db.npy")
        self.assert_gradient("db.npy", reference.difference_quotients(
            lambda b: reference.mean_loss(self.X, self.W, self.y, self.D, {**problem, "bias": b}),
            list(bias)), (self.C,))

    def test_ignored_rows(self):
        labels = [-1 if i in (1, 4) else label for i, label in enumerate(self.y)]
        write(self.path("y.npy"), labels, (self.N,), "<i8")
        found = self.compare(self.problem("arcface"), labels=labels)
        self.assertEqual((found["rows"], found["ignored"]), (self.N, 2))
        gradient = reference.rows_of(read(self.path("dX.npy"))[0], self.D)
        self.assertEqual([any(row) for row in gradient], [label != -1 for label in labels])

    def objective(self, x, w, labels, problem, factors):
        weights = reference.rows_of(w, self.D)
        return math.fsum(factor * reference.row_loss(row, weights, label, problem)
                         for row, label, factor in zip(reference.rows_of(x, self.D), labels, factors)
                         if label != -1)

    def check_objective(self, problem, labels, factors, *arguments):
        """Loss and gradients of the sum of these factors times the rows' losses."""
        found = self.eval_json(*arguments, *GRADIENTS, loss=problem["name"])
        loss = self.objective(self.X, self.W, labels, problem, factors)
        self.assertAlmostEqual(found["loss"], loss, delta=1e-5 * (1 + abs(loss)))
        mean = reference.mean_loss(self.X, self.W, labels, self.D, problem)
        self.assertAlmostEqual(found["mean_loss"], mean, delta=1e-5 * (1 + mean))
        self.assert_gradient("dX.npy", reference.difference_quotients(
            lambda x: self.objective(x, self.W, labels, problem, factors), list(self.X)),
            (self.N, self.D))
        self.assert_gradient("dW.npy", reference.difference_quotients(
            lambda w: self.objective(self.X, w, labels, problem, factors), list(self.W)),
            (self.C, self.D))

    def test_weights_of_rows_and_classes(self):
        labels = [-1 if i == 2 else label for i, label in enumerate(self.y)]
        rows = rounded([0.5, -1, 9, 2, 0, 0.25, 1.5])
        classes = rounded([1, 0.25, 3, 0, 2, 0.5])
        write(self.path("y.npy"), labels, (self.N,), "<i8")
        write(self.path("w.npy"), rows, (self.N,))
        write(self.path("v.npy"), classes, (self.C,))
        of_rows = [0 if label == -1 else classes[label] for label in labels]
        mean = [v / sum(of_rows) for v in of_rows]
        both = [w * v for w, v in zip(rows, of_rows)]
        for loss in ("arcface", "softmax"):
            problem = self.problem(loss)
            self.check_objective(problem, labels, rows, "--row-weight", "w.npy")
            self.check_objective(problem, labels, mean, "--class-weight", "v.npy")
            self.check_objective(problem, labels, both, "--row-weight", "w.npy",
                                 "--class-weight", "v.npy")
        text = self.run_margin(*self.eval_arguments("--row-weight", "w.npy")).stdout
        self.assertIn("objective ", text)

    def test_label_smoothing(self):
        for name in self.loss_names():
            with self.subTest(loss=name):
                found = self.compare(self.problem(name, label_smoothing=0.2),
                                     "--label-smoothing", "0.2")
                self.assertEqual(found["label_smoothing"], 0.2)
        text = self.run_margin(*self.eval_arguments("--label-smoothing", "0.2")).stdout
        self.assertIn("label smoothing 0.2", text)

    def test_what_cannot_be_told_apart_is_not_correct(self):
        zeros, one = [0] * (self.N * self.D), self.W[:self.D]
        label = self.y[0]
        for x, w in ((zeros, self.W), (self.X, [0] * len(self.W)), (self.X, one * self.C)):
            write(self.path("X.npy"), x, (self.N, self.D))
            write(self.path("W.npy"), w, (self.C, self.D))
            for loss in ("arcface", "softmax", "cosface"):
                found = self.eval_json(loss=loss)
                self.assertEqual((found["accuracy"], found["tied"]), (0, self.N))
                self.assertEqual(found["zero_rows"], self.N if x is zeros else 0)
                self.assertEqual(found["theta"]["mean"] is None, x is zeros)
        text = self.run_margin(*self.eval_arguments()).stdout
        self.assertIn("tied       7 rows", text)
        # Two classes with the same weights: rows between them are tied, others are not.
        weights = reference.rows_of(self.W, self.D)
        weights[(label + 1) % self.C] = weights[label]
        write(self.path("X.npy"), sum((weights[k] for k in self.y), []), (self.N, self.D))
        write(self.path("W.npy"), sum(weights, []), (self.C, self.D))
        twins = sum(k in (label, (label + 1) % self.C) for k in self.y)
        found = self.eval_json()
        self.assertEqual(found["tied"], twins)
        self.assertAlmostEqual(found["accuracy"], 1 - twins / self.N)

    def test_a_zero_row_has_no_angle(self):
        self.X[:self.D] = [0] * self.D
        write(self.path("X.npy"), self.X, (self.N, self.D))
        weights = reference.rows_of(self.W, self.D)
        angles = [reference.angle(x, weights[k])
                  for x, k in list(zip(reference.rows_of(self.X, self.D), self.y))[1:]]
        found = self.eval_json()
        self.assertEqual((found["zero_rows"], found["tied"]), (1, 1))
        self.assertAlmostEqual(found["theta"]["mean"], math.degrees(sum(angles) / len(angles)),
                               delta=1e-4)
        self.assertIn("1 zero vector", self.run_margin(*self.eval_arguments()).stdout)

    def test_no_row_counts(self):
        write(self.path("y.npy"), [-1] * self.N, (self.N,), "<i8")
        for loss in ("arcface", "softmax"):
            found = self.eval_json(*GRADIENTS, loss=loss)
            self.assertEqual((found["loss"], found["ignored"]), (0, self.N))
            self.assertIsNone(found["accuracy"])
            self.assertEqual(set(found["theta"].values()), {None})
            self.assertFalse(any(read(self.path("dW.npy"))[0]))
        run = self.run_margin(*self.eval_arguments())
        self.assertIn("every row is ignored", run.stdout)

    def test_theta_and_accuracy(self):
        weights = reference.rows_of(self.W, self.D)
        angles, right = [], 0
        for x, label in zip(reference.rows_of(self.X, self.D), self.y):
            c = reference.cosines(x, weights)
            angles.append(reference.angle(x, weights[label]))
            right += c[label] == max(c)
        degrees = sorted(map(math.degrees, angles))

        def percentile(q):
            at = q * (len(degrees) - 1)
            low = int(at)
            high = min(low + 1, len(degrees) - 1)
            return degrees[low] + (degrees[high] - degrees[low]) * (at - low)

        for loss, past in (("arcface", sum(a + 0.5 > math.pi for a in angles)), ("softmax", 0)):
            found = self.eval_json(loss=loss)
            self.assertAlmostEqual(found["accuracy"], right / self.N)
            theta = found["theta"]
            self.assertAlmostEqual(theta["mean"], sum(degrees) / len(degrees), delta=1e-4)
            for key, q in (("p05", 0.05), ("p50", 0.5), ("p95", 0.95)):
                self.assertAlmostEqual(theta[key], percentile(q), delta=1e-4)
            self.assertAlmostEqual(theta["past_pi"], past / self.N)

    def test_accuracy_is_by_cosine_even_for_softmax(self):
        # Class 1 is nearer in angle, class 0 has the larger inner product.
        write(self.path("X.npy"), [1, 1], (1, 2))
        write(self.path("W.npy"), [100, 0, 1, 0.9], (2, 2))
        write(self.path("y.npy"), [1], (1,), "<i8")
        self.assertEqual(self.eval_json(loss="softmax")["accuracy"], 1)
        write(self.path("y.npy"), [0], (1,), "<i8")
        self.assertEqual(self.eval_json(loss="softmax")["accuracy"], 0)


class Inputs(CommandTest):
    def run_bits(self, **files):
        """Everything a run answers, to compare two runs bit for bit."""
        stderr = files.pop("stderr", "")
        arguments = files.pop("arguments", ())
        found = self.eval_json(*arguments, *GRADIENTS, stderr=stderr, **files)
        return found["loss"], read(self.path("dX.npy")), read(self.path("dW.npy"))

    def test_float64_is_converted_with_a_note(self):
        write(self.path("X8.npy"), self.X, (self.N, self.D), "<f8")
        note = "margin: note: X8.npy: float64, converted to float32\n"
        self.assertEqual(self.run_bits(embeddings="X8.npy", stderr=note), self.run_bits())

    def test_int32_labels(self):
        write(self.path("y4.npy"), self.y, (self.N,), "<i4")
        self.assertEqual(self.run_bits(labels="y4.npy"), self.run_bits())

    def test_versions_of_the_format(self):
        for version in (2, 3):
            write(self.path("Xv.npy"), self.X, (self.N, self.D), version=version)
            self.assertEqual(self.run_bits(embeddings="Xv.npy"), self.run_bits())

    def test_past_pi_of_a_loss_without_an_angle(self):
        note = "margin: note: --past-pi has no effect: the margin of cosface is not on the angle\n"
        self.assertEqual(
            self.run_bits(loss="cosface", arguments=("--past-pi", "clamp"), stderr=note),
            self.run_bits(loss="cosface"))

    def test_scale_with_kept_norm(self):
        note = "margin: note: --scale has no effect with --feature-norm keep\n"
        keep = ("--feature-norm", "keep")
        self.assertEqual(
            self.run_bits(loss="sphereface", arguments=(*keep, "--scale", "3"), stderr=note),
            self.run_bits(loss="sphereface", arguments=keep))

    def test_neutral_options_are_accepted(self):
        self.assertEqual(
            self.run_bits(arguments=("--lambda", "0", "--feature-norm", "fixed", "--threads", "0")),
            self.run_bits())

    def test_loss_may_come_last(self):
        run = self.run_margin("eval", "--margin=0.4", "--labels", "y.npy", "--weights=W.npy",
                              "--embeddings", "X.npy", "--loss=cosface", "--json")
        self.assertEqual((run.returncode, run.stderr), (0, ""))

    def test_through_a_pipe(self):
        with open(self.path("X.npy"), "rb") as stream:
            data = stream.read()
        words = self.eval_arguments("--json", embeddings="/dev/stdin")
        run = subprocess.run([os.environ["MARGIN_COMMAND"], *words], cwd=self.folder, input=data,
                             capture_output=True, timeout=120)
        self.assertEqual((run.returncode, run.stderr), (0, b""))


class Run(CommandTest):
    def test_isa_by_option_and_environment(self):
        scalar = self.eval_json("--isa", "scalar", "--grad-embeddings", "a.npy")
        forced = self.eval_json("--grad-embeddings", "b.npy", environment={"MARGIN_ISA": "scalar"})
        self.assertEqual((scalar["isa"], forced["isa"]), ("scalar", "scalar"))
        self.assertEqual(scalar, forced)
        self.assertEqual(read(self.path("a.npy")), read(self.path("b.npy")))
        # The option wins, whatever the environment says.
        both = self.eval_json("--isa", "scalar", environment={"MARGIN_ISA": "nonsense"})
        self.assertEqual((both["isa"], both["loss"]), ("scalar", scalar["loss"]))
        best = self.eval_json()
        self.assertAlmostEqual(best["loss"], scalar["loss"], delta=1e-5 * scalar["loss"])

    def test_threads_do_not_change_a_bit(self):
        answers = []
        for threads in (1, 2, 3):
            found = self.eval_json("--threads", str(threads), *GRADIENTS)
            self.assertEqual(found["threads"], threads)
            answers.append((found["loss"], read(self.path("dX.npy")), read(self.path("dW.npy"))))
        self.assertEqual(answers[0], answers[1])
        self.assertEqual(answers[0], answers[2])

    def test_workspace(self):
        """The error tells the least size: with it the run succeeds, with one byte less it fails."""
        for wanted in ((), GRADIENTS):
            arguments = ("--threads", "2", *wanted, "--workspace")
            line = self.assert_refused(self.eval_arguments(*arguments, "1"), 1,
                                       "--workspace: 1 bytes")
            needed = int(line.split("needs ")[1].split()[0])
            self.assert_refused(self.eval_arguments(*arguments, str(needed - 1)), 1, "--workspace")
            least = self.eval_json(*arguments, str(needed))
            self.assertLessEqual(least["workspace_bytes"], needed)
            plenty = self.eval_json(*arguments, "64MiB")
            self.assertEqual(least["loss"], plenty["loss"])

    def test_json_keys(self):
        found = self.eval_json()
        for key in KEYS:
            self.assertIn(key, found)
        self.assertEqual((found["rows"], found["ignored"], found["dim"], found["classes"]),
                         (self.N, 0, self.D, self.C))
        self.assertEqual(set(found["theta"]), {"mean", "p05", "p50", "p95", "past_pi"})
        self.assertGreater(found["workspace_bytes"], 0)

    def test_text(self):
        run = self.run_margin(*self.eval_arguments())
        self.assertEqual((run.returncode, run.stderr), (0, ""))
        for word in ("mean loss", "accuracy", "theta", "7 rows", "arcface", "margin 0.5"):
            self.assertIn(word, run.stdout)
        self.assertNotIn("\033", run.stdout)
        self.assertNotIn("{", run.stdout)

    def test_outputs_replace_what_was_there(self):
        with open(self.path("dX.npy"), "w") as stream:
            stream.write("old")
        self.eval_json("--grad-embeddings", "dX.npy", "--per-sample", "/dev/null")
        self.assertEqual(read(self.path("dX.npy"))[1], (self.N, self.D))
        self.assertEqual(set(os.listdir(self.folder)), {"X.npy", "W.npy", "y.npy", "dX.npy"})


if __name__ == "__main__":
    unittest.main()
