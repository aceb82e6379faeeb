#!/usr/bin/env python3
"""No false alarms: losses that once were accused of what they do not do."""

import os
import shutil
import tempfile
import unittest

import alarms
import forms
import judged
import torch

from margin_losses.check import figure, sameness
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


class Sides(unittest.TestCase):
    def test_a_value_without_gradient_is_one_finding(self):
        for found in (alarms.detached, alarms.by_numpy):
            findings, _ = judged.judge(found, loss="normsoftmax")
            self.assertIn("its value has no gradient", findings["gradient"].says)
            self.assertEqual(findings["value"].verdict, "kept")
            self.assertEqual(findings["ends"].verdict, "kept")
            self.assertEqual(findings["converged gradient"].verdict, "not applicable")
        findings, _ = judged.judge(alarms.constant, loss="normsoftmax")
        self.assertIn("its value has no gradient", findings["gradient"].says)
        says = [finding.says for finding in findings.values()]
        self.assertFalse([text for text in says if "does not require grad" in text])

    def test_global_settings_are_put_back_and_told_once(self):
        usual = judged.broken(judged.judge(alarms.usual, loss="normsoftmax")[0])
        self.assertNotIn("inputs", usual)
        polite = judged.broken(judged.judge(alarms.sets_threads_back, loss="normsoftmax")[0])
        self.assertEqual(polite, usual)
        for found, name in (
            (alarms.sets_dtype, "set_default_dtype"),
            (alarms.sets_grad, "set_grad_enabled"),
            (alarms.sets_seed, "manual_seed"),
            (alarms.sets_threads, "set_num_threads"),
            (alarms.sets_denormal, "set_flush_denormal"),
        ):
            with self.subTest(name=name):
                findings, _ = judged.judge(found, loss="normsoftmax")
                self.assertEqual(judged.broken(findings), usual | {"inputs"})
                self.assertIn("torch." + name, findings["inputs"].says)
                self.assertIsNotNone(findings["inputs"].witness)


    def test_a_loss_that_varies_is_one_finding(self):
        for found, why in (
            (alarms.dropout, "random numbers"),
            (alarms.noise, "random numbers"),
            (alarms.counts, "keeps state"),
        ):
            with self.subTest(loss=found.__name__):
                findings, _ = judged.judge(found, loss="normsoftmax")
                verdicts = {finding.verdict for finding in findings.values()}
                self.assertEqual(judged.broken(findings), {"same bits twice"})
                self.assertEqual(verdicts, {"broken", "not applicable"})
                says = findings["same bits twice"].says
                self.assertIn("the same call gives different values", says)
                self.assertIn(why, says)

    def test_a_hint_only_where_it_explains_the_values(self):
        for found in (alarms.larger, alarms.more, alarms.divided):
            with self.subTest(loss=found.__name__):
                findings, _ = judged.judge(found, loss="normsoftmax")
                self.assertEqual(findings["value"].verdict, "broken")
                self.assertNotIn("behaves as", findings["value"].says)
        findings, _ = judged.judge(alarms.usual, loss="cosface")
        self.assertIn("behaves as cos(theta", findings["value"].says)

    def test_other_bits_of_the_product_are_not_the_loss(self):
        case = judged.judge(forms.careful, loss="cosface")[1].case(1.0, 64.0)
        product = torch.Tensor.__matmul__
        try:
            torch.Tensor.__matmul__ = lambda a, b: product(a, b) * torch.get_num_threads()
            self.assertTrue(sameness.product_varies(case))
        finally:
            torch.Tensor.__matmul__ = product
        self.assertFalse(sameness.product_varies(case))


class Gradients(unittest.TestCase):
    def test_another_formula_in_float32_alone(self):
        findings, judge = judged.judge(alarms.single, loss="arcface")
        self.assertEqual((judge.formula, judge.double), (False, False))
        self.assertEqual(findings["value"].verdict, "broken")
        self.assertEqual(findings["gradient"].verdict, "kept", findings["gradient"].says)
        self.assertIn("central differences in float32", findings["gradient"].says)
        findings, _ = judged.judge(alarms.single_wrong, loss="arcface")
        self.assertEqual(findings["gradient"].verdict, "broken")
        self.assertIsNotNone(findings["gradient"].witness)

    @unittest.skipIf(doors is None, "the PyTorch classes are not there")
    def test_smoothed_labels(self):
        findings, _ = judged.judge(doors.ArcFaceLoss, "label_smoothing=0.1", loss="arcface")
        self.assertEqual(findings["gradient"].verdict, "kept", findings["gradient"].says)


class Rest(unittest.TestCase):
    def test_only_the_result_is_rounded(self):
        findings, _ = judged.judge(alarms.cast, loss="normsoftmax")
        self.assertIn("only the result is rounded", findings["float64"].says)
        findings, _ = judged.judge(alarms.less, loss="normsoftmax")
        self.assertIn("silently computed in less", findings["float64"].says)

    def test_labels_that_name_no_classes(self):
        with self.assertRaisesRegex(UsageError, "only rows that belong together"):
            judged.judge(alarms.triplet, loss="cosface")

    @unittest.skipIf(shutil.which("gnuplot") is None, "gnuplot is not there")
    def test_angles_without_a_finite_gradient_are_drawn(self):
        _, judge = judged.judge(alarms.infinite, loss="normsoftmax")
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "f.svg")
            figure.draw(judge, "infinite", path)
            with open(path) as file:
                self.assertTrue("its gradient is not finite" in file.read())


if __name__ == "__main__":
    unittest.main()
