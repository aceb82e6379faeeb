"""harness.py: what the tests of the `margin` command share: .npy files from plain Python, running
the command, and the promise that a refused run says one line and leaves every file as it was."""
import array
import json
import os
import random
import shutil
import struct
import subprocess
import tempfile
import unittest

COMMAND = os.environ["MARGIN_COMMAND"]
CODES = {"<f4": "f", "<f8": "d", "<i4": "i", "<i8": "q", "<u2": "H"}


def npy_bytes(values, shape, descr="<f4", order=False, version=1):
    """The bytes of a .npy file."""
    text = "{'descr': %r, 'fortran_order': %r, 'shape': %r, }" % (descr, order, tuple(shape))
    width = 2 if version == 1 else 4
    start = 8 + width
    text += " " * (-(start + len(text) + 1) % 64) + "\n"
    head = b"\x93NUMPY" + bytes([version, 0]) + len(text).to_bytes(width, "little")
    data = array.array(CODES.get(descr, "f"), values).tobytes()
    return head + text.encode() + data


def write(path, values, shape, descr="<f4", **options):
    with open(path, "wb") as stream:
        stream.write(npy_bytes(values, shape, descr, **options))


def read(path):
    """(values, shape, descr) of a .npy file that the command wrote."""
    with open(path, "rb") as stream:
        data = stream.read()
    assert data[:8] == b"\x93NUMPY\x01\x00", data[:8]
    (length,) = struct.unpack("<H", data[8:10])
    assert (10 + length) % 64 == 0 and data[9 + length:10 + length] == b"\n"
    header = eval(data[10:10 + length], {})  # written by the program under test
    assert header["fortran_order"] is False
    values = array.array(CODES[header["descr"]])
    values.frombytes(data[10 + length:])
    return list(values), header["shape"], header["descr"]


def rounded(values):
    """The float32 values nearest to these."""
    return list(array.array("f", values))


class CommandTest(unittest.TestCase):
    """Each test runs in its own folder, which holds a good problem: X.npy, W.npy, y.npy."""

    N, D, C = 7, 5, 6

    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="margin-cli-")
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        draw = random.Random(1)
        self.X = rounded(draw.gauss(0, 2) for _ in range(self.N * self.D))
        self.W = rounded(draw.gauss(0, 0.5) for _ in range(self.C * self.D))
        self.y = [draw.randrange(self.C) for _ in range(self.N)]
        write(self.path("X.npy"), self.X, (self.N, self.D))
        write(self.path("W.npy"), self.W, (self.C, self.D))
        write(self.path("y.npy"), self.y, (self.N,), "<i8")

    def path(self, name):
        return os.path.join(self.folder, name)

    def run_margin(self, *arguments, environment=None, **options):
        settings = {**os.environ, **(environment or {})}
        for name in {"MARGIN_ISA", "OMP_NUM_THREADS"} - set(environment or {}):
            settings.pop(name, None)
        return subprocess.run([COMMAND, *map(str, arguments)], cwd=self.folder, env=settings,
                              stdout=options.pop("stdout", subprocess.PIPE),
                              stderr=options.pop("stderr", subprocess.PIPE), text=True, timeout=120,
                              **options)

    def eval_arguments(self, *arguments, loss="arcface", **files):
        """The problem's three files unless others are named, then the arguments."""
        named = {"embeddings": "X.npy", "weights": "W.npy", "labels": "y.npy", **files}
        words = ["eval", "--loss", loss]
        for option, name in named.items():
            words += ["--" + option, name]
        return words + list(arguments)

    def eval_json(self, *arguments, environment=None, stderr="", **files):
        """The JSON object of a successful run that says exactly `stderr`."""
        run = self.run_margin(*self.eval_arguments("--json", *arguments, **files),
                              environment=environment)
        self.assertEqual((run.returncode, run.stderr), (0, stderr))
        return json.loads(run.stdout)

    def snapshot(self):
        files = {}
        for name in sorted(os.listdir(self.folder)):
            if os.path.isfile(self.path(name)):
                with open(self.path(name), "rb") as stream:
                    files[name] = stream.read()
        return files

    def assert_refused(self, arguments, status, *words, **options):
        """The run fails with this status and one line that holds the words, and changes no file."""
        before = self.snapshot()
        run = self.run_margin(*arguments, **options)
        self.assertEqual(run.returncode, status, run)
        self.assertRegex(run.stderr, r"\Amargin: [^\n]+\n\Z")
        for word in words:
            self.assertIn(word, run.stderr)
        if run.stdout is not None:
            self.assertEqual(run.stdout, "")
        self.assertEqual(self.snapshot(), before)
        return run.stderr
