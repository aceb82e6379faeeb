"""test_same_bits.py: the table of same bits, with a library whose bits depend on threads and
kernels and with one whose do not."""
import json
import os
import shutil
import subprocess
import sys
import tempfile
import unittest

SCRIPT = os.environ["SAME_BITS"]
PROGRAM = os.environ["PRODUCT_BITS"]
NAMED = os.path.join(os.environ["SPEED_FAKES"], "libnamed.so.1")
OUTPUTS = ["logits", "dX", "dW"]


class SameBits(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="margin-bits-")
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        self.path = os.path.join(self.folder, "bits.json")

    def run_script(self, *words, program=PROGRAM):
        return subprocess.run(
            [sys.executable, "-B", SCRIPT, program, "--shape", "40x24x300", "--rounds", "2", *words,
             "--out", self.path], capture_output=True, text=True, timeout=300,
            env={**os.environ, "LD_LIBRARY_PATH": os.environ["SPEED_FAKES"],
                 "OPENBLAS_CORETYPE": "Nehalem", "ASAN_OPTIONS": "detect_leaks=0"})

    def test_table(self):
        done = self.run_script("--blas", f"odd={NAMED}:odd_", "--blas", f"plain={NAMED}",
                               "--threads", "1,2")
        self.assertEqual(done.returncode, 0, done.stderr)
        # Stand-ins for two that are installed: one without products, one whose are wrong.
        self.assertRegex(done.stderr, r"left out: product_bits: --blas openblas: not installed")
        self.assertRegex(done.stderr, r"left out: product_bits: blis on 1 threads: logits of row")
        with open(self.path, encoding="utf-8") as stream:
            rows = json.load(stream)["rows"]
        by = {(row["library"], row["setting"]): row for row in rows}
        for (library, setting), row in by.items():
            if library in ("margin", "plain"):
                self.assertEqual(row["differ_over_threads"], [], row)
            if library == "margin" and setting == "--isa=avx2":
                self.assertEqual(row["differ_from_default"], [])
            self.assertEqual(set(row["bits"]), {"1", "2"})
            self.assertGreater(row["cpu_seconds"], 0)
        self.assertIsNone(by["plain", None]["kernels"])
        odd = by["odd", None]  # not told so by the environment
        self.assertEqual((odd["version"], odd["kernels"]), ("OpenBLAS odd", "Abacus"))
        self.assertEqual(odd["differ_over_threads"], OUTPUTS)
        self.assertEqual(by["odd", "OPENBLAS_CORETYPE=Zen"]["differ_from_default"], [])
        self.assertEqual(by["odd", "OPENBLAS_CORETYPE=Nehalem"]["differ_from_default"], OUTPUTS)
        self.assertEqual((odd["ratio_default"], odd["ratio_default_q3"]), (1, 1))
        self.assertIn("| odd | OPENBLAS_CORETYPE=Nehalem | Abacus | ", done.stdout)
        self.assertIn("| margin | default | ", done.stdout)

    def test_refusals(self):
        for words, status, says in (
                (("--blas", "a=none.so"), 1, "none.so"),
                (("--blas", f"a={NAMED}:x_"), 1, "x_cblas"),
                (("--threads", "0"), 2, "--threads"), (("--shape", "3x4"), 2, "--shape"),
                (("--rounds", "1"), 2, "--rounds")):
            done = self.run_script(*words)
            self.assertEqual(done.returncode, status, done.stderr)
            self.assertIn(says, done.stderr.splitlines()[-1])
            if status == 2:
                self.assertEqual(done.stderr.count("\n"), 1)
            self.assertEqual(os.listdir(self.folder), [])
        done = self.run_script(program=os.path.join(self.folder, "none"))
        self.assertEqual(done.returncode, 1)
        self.assertRegex(done.stderr, r"\Asame_bits.py: .*none: No such file or directory\n\Z")


if __name__ == "__main__":
    unittest.main()
