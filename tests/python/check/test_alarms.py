#!/usr/bin/env python3
"""No false alarms: losses that once were accused of what they do not do."""

import unittest

import alarms
import judged

from margin_losses.check.claim import UsageError, angle, make_claim

try:
    import margin_losses.torch as doors
except ImportError:
    doors = None


class Claims(unittest.TestCase):
    @unittest.skipIf(doors is None, "the PyTorch classes are not there")
    def test_keep_is_the_norm_in_place_of_s(self):
        findings, judge = judged.judge(
            doors.SphereFaceLoss,
            "feature_norm='keep'",
            margin=4,
            loss="sphereface",
            feature_norm="keep",
        )
        faults = {name: findings[name].says for name in judged.broken(findings)}
        self.assertEqual((faults, judge.claim.scale), ({}, 1.0))

    def test_softmax_has_the_norm_anyway(self):
        with self.assertRaisesRegex(UsageError, "softmax have .x. as they are"):
            make_claim("softmax", feature_norm="keep")

    def test_degrees_are_for_angles(self):
        self.assertAlmostEqual(make_claim("arcface", margin=angle("28.6deg")).m2, 0.49916, 5)
        for loss, what in (("cosface", "a cosine"), ("sphereface", "a factor")):
            with self.assertRaisesRegex(UsageError, "that of %s is %s, not" % (loss, what)):
                make_claim(loss, margin=angle("0.35deg"))


if __name__ == "__main__":
    unittest.main()
