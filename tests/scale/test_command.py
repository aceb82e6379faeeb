"""bench_scale as a command: W in memory, in a mapped file and with a stored dW go the same way, bit for
bit; what it writes is what the shape says; what cannot be is refused with one line."""
import json
import os
import subprocess
import tempfile
import unittest
from pathlib import Path

PROGRAM = Path(os.environ["MARGIN_BUILD"], "bin", "bench_scale")
CLASSES, DIM = 200_000, 64
W_BYTES = CLASSES * DIM * 4


def run(*words, cwd=None):
    return subprocess.run([PROGRAM, *map(str, words)], capture_output=True, text=True, cwd=cwd,
                          timeout=600, check=False)


class Steps(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(cls.folder.cleanup)
        ways = {"memory": [], "file": ["--map", cls.folder.name], "stored": ["--stored"],
                "bfloat16": ["--type", "bfloat16", "--map", cls.folder.name]}
        cls.said, cls.found = {}, {}
        for name, way in ways.items():
            out = Path(cls.folder.name, name + ".json")
            done = run("--classes", CLASSES, "--dim", DIM, "--rows", 24, "--steps", 2, "--threads", 2,
                       "--learning-rate", 30, "--judged", 1, "--out", out, *way)
            if done.returncode != 0 or done.stderr:
                raise AssertionError(f"{name}: {done.returncode}: {done.stderr}")
            cls.said[name], cls.found[name] = done.stdout, json.loads(out.read_text())

    def test_every_way_has_the_same_bits(self):
        steps = {name: file["step"] for name, file in self.found.items()}
        for name in ("file", "stored"):
            self.assertEqual(steps[name]["objective"], steps["memory"]["objective"])
        self.assertEqual(len(steps["memory"]["objective"]), 3)
        for name, step in steps.items():
            self.assertLess(step["objective"][2], 0.5 * step["objective"][0], name)
            self.assertLess(step["judged"]["dx"], 3e-5)

    def test_bytes_are_those_of_the_shape(self):
        steps = {name: file["step"] for name, file in self.found.items()}
        self.assertEqual(steps["memory"]["weights_bytes"], W_BYTES)
        self.assertEqual(steps["bfloat16"]["weights_bytes"], W_BYTES // 2)
        self.assertEqual([steps[n]["gradient_bytes_avoided"] for n in ("memory", "stored")],
                         [W_BYTES, 0])
        # dW stored is W's size more; W in a file is no memory that has to stay.
        grown = steps["stored"]["peak_bytes"] - steps["memory"]["peak_bytes"]
        self.assertGreater(grown, 0.9 * W_BYTES)
        self.assertLess(grown, 1.1 * W_BYTES)
        less = steps["memory"]["anonymous_bytes"] - steps["file"]["anonymous_bytes"]
        self.assertGreater(less, 0.9 * W_BYTES)
        self.assertLess(steps["memory"]["peak_bytes"], 2.2 * W_BYTES)

    def test_what_is_written_is_what_was_run(self):
        for name, file in self.found.items():
            step = file["step"]
            self.assertEqual(file["schema"], 1)
            self.assertIn("commit", file["context"])
            self.assertEqual((step["rows"], step["dim"], step["classes"], step["threads"]),
                             (24, DIM, CLASSES, 2))
            self.assertEqual(step["weights"], "file" if name in ("file", "bfloat16") else "memory")
            low, middle, high = (step["seconds"][key] for key in ("low", "median", "high"))
            self.assertTrue(0 < low <= middle <= high)
            self.assertAlmostEqual(step["minutes"], middle / 60)
            self.assertGreater(step["cpu_seconds"], 0)
            self.assertIn(f"W            {CLASSES} x {DIM} ", self.said[name])
            self.assertIn(" minutes: ", self.said[name])
        self.assertGreater(self.found["stored"]["step"]["update_seconds"]["low"], 0)

    def test_no_file_is_left(self):
        self.assertEqual(sorted(os.listdir(self.folder.name)), sorted(f"{n}.json" for n in self.found))


class Refusals(unittest.TestCase):
    def refused(self, status, wanted, *words):
        with tempfile.TemporaryDirectory() as folder:
            done = run("--out", "out.json", *words, cwd=folder)
            self.assertEqual(os.listdir(folder), [])
        self.assertEqual(done.returncode, status, done.stderr)
        self.assertEqual(done.stderr.count("\n"), 1, done.stderr)
        self.assertTrue(done.stderr.startswith("bench_scale: "), done.stderr)
        self.assertIn(wanted, done.stderr)
        self.assertEqual(done.stdout, "")

    def test_wrong_usage(self):
        self.refused(2, "softmax", "--loss", "softmax")
        self.refused(2, "float16", "--type", "float16")
        self.refused(2, "--classes", "--classes", 1)

    def test_what_cannot_be_had(self):
        self.refused(1, "no/such/folder", "--map", "no/such/folder", "--classes", 3000)
        self.refused(1, "no/such/file.json", "--out", "no/such/file.json", "--classes", 3000)
        self.refused(1, "no room", "--map", ".", "--classes", 1 << 34, "--dim", 1 << 16)
        self.refused(1, "--workspace", "--workspace", 4096, "--classes", 3000)


if __name__ == "__main__":
    unittest.main()
