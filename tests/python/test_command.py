#!/usr/bin/env python3
"""The package and the `margin` command give the same numbers, to the last bit. The command is that
of the environment variable MARGIN_COMMAND."""

import json
import os
import shutil
import subprocess
import tempfile
import unittest

import numpy as np

import margin_losses as ml

N, D, C = 300, 16, 20


def command(*arguments):
    """The object that the command prints."""
    ended = subprocess.run(
        [os.environ["MARGIN_COMMAND"], *map(str, arguments), "--json"],
        stdout=subprocess.PIPE, check=True,
    )  # fmt: skip
    return json.loads(ended.stdout)


class Command(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="margin-python-")
        self.addCleanup(shutil.rmtree, self.folder)
        random = np.random.default_rng(3)
        self.w = random.standard_normal((C, D)).astype(np.float32)
        self.y = random.integers(-1, C, N)
        self.x = self.w[self.y] + random.standard_normal((N, D)).astype(np.float32)
        self.x[7] = 0
        for name in ("x", "w", "y"):
            np.save(self.path(name), getattr(self, name))

    def path(self, name):
        return os.path.join(self.folder, f"{name}.npy")

    def files(self, *names):
        options = {"x": "--embeddings", "w": "--weights", "y": "--labels"}
        return [word for name in names for word in (options[name], self.path(name))]

    def same(self, found, *arguments, but=("version",)):
        expected = command(*arguments)
        for key in but:
            del expected[key]
        self.assertEqual(found, expected)

    def test_eval(self):
        outputs = ["--grad-embeddings", self.path("dx"), "--grad-weights", self.path("dw")]
        outputs += ["--per-sample", self.path("loss")]
        for loss in ml.LOSSES:
            said = command("eval", "--loss", loss, *self.files("x", "w", "y"), *outputs)
            found = ml.head(self.x, self.w, self.y, loss=loss)
            self.assertEqual(found.loss, said["loss"], loss)
            self.assertEqual(N - found.counted, said["ignored"], loss)
            if ml.LOSSES[loss].normalised:  # the command goes by cosines there, too
                self.assertEqual((found.accuracy, found.tied), (said["accuracy"], said["tied"]))
            for name, array in (("dx", found.dx), ("dw", found.dw), ("loss", found.row_loss)):
                self.assertTrue((np.load(self.path(name)) == array).all(), f"{loss} {name}")

    def test_angles(self):
        self.same(ml.angles(self.x, self.y), "angles", *self.files("x", "y"))
        self.same(ml.angles(self.x, self.y, self.w), "angles", *self.files("x", "y", "w"))
        ignoring = ml.angles(self.x[self.y >= 0], self.y[self.y >= 0], ignore_label=3)
        np.save(self.path("x"), self.x[self.y >= 0])
        np.save(self.path("y"), self.y[self.y >= 0])
        self.same(ignoring, "angles", *self.files("x", "y"), "--ignore-label", 3)

    def test_verify(self):
        self.same(ml.verify(self.x, self.y), "verify", *self.files("x", "y"))
        some = ml.verify(self.x, self.y, far=[0.01, 0.3, 0.01])
        self.same(some, "verify", *self.files("x", "y"), "--far", "0.3,0.01")
        self.assertEqual(ml.verify(self.x, self.y, 0.3)["tar_at_far"], some["tar_at_far"][:1])

    def test_labels_of_any_size(self):
        np.save(self.path("y"), np.where(self.y < 0, -1, 10**12 * self.y))
        self.same(ml.verify(self.x, np.load(self.path("y"))), "verify", *self.files("x", "y"))

    def test_advise(self):
        for classes, dim in ((2, 2), (10, 512), (1000, 3), (10**6, 128)):
            found = ml.advise(classes, dim)
            self.same(found, "advise", "--classes", classes, "--dim", dim)

    def test_info(self):
        found = ml.info()
        self.assertEqual(found.pop("version"), ml.__version__)
        self.same(found, "info", but=("version", "commit"))


if __name__ == "__main__":
    unittest.main()
