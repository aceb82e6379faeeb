#!/usr/bin/env python3
"""What the judge finds in pytorch-metric-learning, at the version of docs/checking.md. Without that
package the test is skipped: exit status 77."""

import importlib.util
import math
import re
import sys
import unittest
from pathlib import Path

import judged

if not importlib.util.find_spec("pytorch_metric_learning"):
    print("skipped: needs pytorch-metric-learning")
    sys.exit(77)

import pytorch_metric_learning  # noqa: E402
from pytorch_metric_learning import losses  # noqa: E402

DOCS = Path(__file__).resolve().parents[3] / "docs" / "checking.md"
USUAL = {"converged loss", "converged gradient", "float64 embeddings, float32 weights"}
RUNS = {
    "ArcFaceLoss": dict(args="margin=28.6", loss="arcface", m2=math.radians(28.6)),
    "CosFaceLoss": dict(loss="cosface"),
    "SphereFaceLoss": dict(loss="sphereface", margin=4.0, scale=1.0, feature_norm="keep"),
    "NormalizedSoftmaxLoss": dict(args="temperature=0.015625", loss="normsoftmax"),
}
FAULTS = {"NormalizedSoftmaxLoss": USUAL | {"label -100"}}


def row_of(name):
    """The broken promises that docs/checking.md has for a loss of the package."""
    found = re.search(r"\| `%s` \| ([^|]*) \|" % name, DOCS.read_text())
    return set(found.group(1).split("; "))


class Package(unittest.TestCase):
    def test_findings(self):
        if not pytorch_metric_learning.__version__.startswith("2."):
            self.skipTest("version %s has other losses" % pytorch_metric_learning.__version__)
        for name, run in RUNS.items():
            with self.subTest(loss=name):
                findings, judge = judged.judge(getattr(losses, name), **run)
                faults = judged.broken(findings) - {"same bits for threads"}
                self.assertEqual(faults, FAULTS.get(name, USUAL))
                self.assertEqual(row_of(name), faults)
                self.assertEqual(findings["gradient"].verdict, "kept")

    def test_a_margin_in_degrees_taken_for_radians(self):
        findings, _ = judged.judge(losses.ArcFaceLoss, margin=0.5, loss="arcface")
        if pytorch_metric_learning.__version__.startswith("2."):
            self.assertIn("a margin of 0.5 degrees", findings["value"].says)
        else:
            self.assertEqual(findings["value"].verdict, "kept")


if __name__ == "__main__":
    unittest.main()
