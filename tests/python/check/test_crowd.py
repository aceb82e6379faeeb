#!/usr/bin/env python3
"""Faults that show only for some labels, rows, classes or dimensions of a batch; and the arithmetic
in float64 that finds them, against 50 digits."""

import unittest

import forms
import judged
import numpy

from margin_losses.check import crowd, problems

USUAL = {"converged loss", "converged gradient", "float16", "bfloat16", "same bits for threads"}
SMALL, LARGE = set(crowd.SMALL), set(crowd.LARGE)
CLAIMS = (
    ("softmax", {}),
    ("normsoftmax", {}),
    ("cosface", {}),
    ("arcface", {}),
    ("combined", {}),
    ("sphereface", {"margin": 4.0, "scale": 1.0, "feature_norm": "keep"}),
)


class Faults(unittest.TestCase):
    def found(self, fault):
        findings, _ = judged.judge(
            forms.Faulty, "fault='%s'" % fault, loss="cosface", takes="weights"
        )
        for name in judged.broken(findings) & (SMALL | LARGE):
            self.assertTrue(findings[name].witness, name)
        return findings, judged.broken(findings) - USUAL

    def test_without_a_fault_nothing_is_found(self):
        self.assertEqual(self.found("")[1], set())

    def test_labels(self):
        for fault, label in (("label 0", 0), ("last label", 3), ("label 0 is 1", 0)):
            with self.subTest(fault=fault):
                findings, names = self.found(fault)
                self.assertLessEqual({"every class", "large batch"}, names)
                wanted = "wrong for label %d of 4 classes" % label
                self.assertIn(wanted, findings["every class"].says)

    def test_rows_without_a_gradient(self):
        findings, names = self.found("rows detached")
        self.assertEqual(names, {crowd.SMALL[1], crowd.LARGE[1]})
        self.assertIn("of row 1, 2, 3, 4 not", findings[crowd.SMALL[1]].says)

    def test_what_only_many_rows_classes_and_dimensions_show(self):
        for fault in ("8 rows", "5 classes", "4 dimensions"):
            with self.subTest(fault=fault):
                self.assertEqual(self.found(fault)[1], LARGE)

    def test_faults_of_a_loss_with_another_formula(self):
        # Claimed with another margin it is compared with itself in another order.
        for fault, names in (
            ("", set()),
            ("label 0", {"every class", "large batch"}),
            ("rows detached", {crowd.SMALL[1], crowd.LARGE[1]}),
            ("8 rows", LARGE),
            ("5 classes", LARGE),
            ("4 dimensions", LARGE),
        ):
            with self.subTest(fault=fault):
                findings, _ = judged.judge(
                    forms.Faulty, "fault='%s'" % fault, loss="arcface", takes="weights"
                )
                found = judged.broken(findings)
                self.assertIn("value", found)
                self.assertLessEqual(names, found)
                if not fault:
                    self.assertEqual(found & (SMALL | LARGE), set())


class Arithmetic(unittest.TestCase):
    def test_float64_against_50_digits(self):
        for loss, settings in CLAIMS:
            claim = judged.make_claim(loss, **settings)
            for takes in ("weights", "cosines") if claim.unit else ("weights",):
                for detached in (False, True):
                    with self.subTest(loss=loss, takes=takes, detached=detached):
                        case = problems.open_crowd(claim, takes, claim.scale, 5, (4, 3))
                        self.compare(claim, case, detached)

    def compare(self, claim, case, detached):
        losses, factors, gradients = crowd.truth(claim, case, "paper", detached)
        rows = [case.truth(claim, "paper", detached, row) for row in range(case.rows)]
        numpy.testing.assert_allclose(losses, [row.loss for row in rows], rtol=1e-11)
        numpy.testing.assert_allclose(factors, [row.factor for row in rows], rtol=1e-11)
        for name, found in gradients.items():
            wanted = numpy.array([row.gradients[name] for row in rows])
            wanted = wanted.mean(0) if name == "w" else wanted / case.rows
            size = numpy.abs(wanted).max()
            numpy.testing.assert_allclose(found, wanted, rtol=1e-10, atol=1e-11 * size)


if __name__ == "__main__":
    unittest.main()
