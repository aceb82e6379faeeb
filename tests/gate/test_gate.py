"""test_gate.py: does the gate close? Its judgement on numbers made up here."""
import os
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import gate  # noqa: E402

LIMITS = {"a": (1000, 64, 128), "b": (None, 4096, 8192)}


class Gate(unittest.TestCase):
    def judge(self, growth=1.02, **changes):
        return gate.judge(LIMITS, {**LIMITS, **changes}, growth)

    def test_the_same_passes(self):
        self.assertEqual(self.judge(), ([], []))

    def test_instructions(self):
        self.assertEqual(self.judge(a=(1020, 64, 128)), ([], []))
        faults, _ = self.judge(a=(1021, 64, 128))
        self.assertEqual(faults, ["a: 1021 instructions, +2.1% (limit 1000)"])
        self.assertEqual(self.judge(1.6, a=(1600, 64, 128)), ([], []))
        self.assertEqual(len(self.judge(1.6, a=(1601, 64, 128))[0]), 1)

    def test_workspace(self):
        for numbers, threads in (((1000, 65, 128), 1), ((1000, 64, 129), 2)):
            faults, _ = self.judge(a=numbers)
            self.assertEqual(len(faults), 1)
            self.assertIn(f"workspace with {threads} threads", faults[0])
        self.assertEqual(len(self.judge(b=(None, 4097, 8193))[0]), 2)

    def test_less_is_a_hint(self):
        faults, hints = self.judge(a=(800, 60, 100))
        self.assertEqual(faults, [])
        self.assertEqual(hints, ["a: 800 instructions, -20.0%: renew"])

    def test_cases_come_and_go(self):
        self.assertIn("has no limit", self.judge(c=(1, 1, 1))[0][0])
        self.assertIn("no more", gate.judge(LIMITS, {"a": LIMITS["a"]}, 1.02)[0][0])
        self.assertIn("counted or not", self.judge(b=(5, 4096, 8192))[0][0])

    def test_limits_survive_writing(self):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "limits.tsv")
            gate.write_limits("cc 1", LIMITS, path)
            self.assertEqual(gate.read_limits(path), ("cc 1", LIMITS))
            self.assertEqual(os.listdir(folder), ["limits.tsv"])
            with open(path, "a", encoding="utf-8") as stream:
                stream.write("c\tmany\n")
            with self.assertRaises(gate.GateError):
                gate.read_limits(path)


if __name__ == "__main__":
    unittest.main()
