"""test_faults.py: what is left when a call of the system fails. For each command line of the programs,
a run in which one allocation, rename, link or fsync fails, or a signal comes before one, or a file may
not grow: it ends as the undisturbed run does, or with another status, one line that says why, and every
file as it was before. Never half of the outputs, never a shorter report with status 0, never a crash.

Some places of each kind are tried, or all where MARGIN_TEST_LONG is set. Needs the shim, preloaded."""
import array
import json
import os
import random
import re
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "cli"))
os.environ.setdefault("MARGIN_COMMAND", os.path.join(os.environ["MARGIN_BIN"], "margin"))
from harness import rounded, write  # noqa: E402

BIN, SHIM = os.environ["MARGIN_BIN"], os.environ["MARGIN_SHIM"]
ALL = "MARGIN_TEST_LONG" in os.environ
OLD = b"an old file\n"

EVAL = ["margin", "eval", "--loss", "arcface", "--embeddings", "X.npy", "--weights", "W.npy", "--labels",
        "y.npy", "--threads", "1", "--workspace", "1MiB"]
OUTPUTS = ["--grad-embeddings", "dX.npy", "--grad-weights", "dW.npy", "--per-sample", "l.npy"]
TWO = ["--embeddings", "X.npy", "--labels", "y.npy", "--threads", "1"]
COMMANDS = {
    "eval": (EVAL + OUTPUTS + ["--json"], ["dX.npy", "dW.npy", "l.npy"]),
    "eval, text": (EVAL, []),
    "eval, half": (["margin", *[w.replace("X.npy", "half.npz:X") for w in EVAL[1:]]], []),
    "angles": (["margin", "angles", *TWO, "--weights", "W.npy", "--json"], []),
    "verify": (["margin", "verify", *TWO, "--json", "--bootstrap", "10", "--min-dcf", "0.1", "--curve",
                "det.tsv"], ["det.tsv"]),
    "identify": (["margin", "identify", "--gallery", "X.npy", "--gallery-labels", "y.npy", "--probes",
                  "X.npy", "--probe-labels", "y.npy", "--threads", "1", "--json"], []),
    "info": (["margin", "info", "--json"], []),
    "advise": (["margin", "advise", "--classes", "1000", "--json"], []),
}
# Programs whose numbers are times, or that take seconds: fewer places.
DRIVERS = {
    "bench_speed": (["bench_speed", "--smoke", "--isa", "scalar", "--filter", "rows/loss:arcface.*threads:1$",
                     "--out", "run/speed.json"], ["run/speed.json"]),
    "bench_kernels": (["bench_kernels", "--quick", "--isa", "scalar", "--filter", "row_max", "--out",
                       "run/kernels.json"], ["run/kernels.json"]),
    "bench_separation": (["bench_separation", "--data", "sphere", "--loss", "arcface", "--epochs", "1",
                          "--samples", "20", "--seeds", "1", "--threads", "1", "--out",
                          "run/separation.json"], ["run/separation.json"]),
}


def shape_of(value):
    """What a report says, numbers left out: a report that lacks something has another shape."""
    if isinstance(value, dict):
        return {key: shape_of(item) for key, item in value.items()}
    if isinstance(value, list):
        return [shape_of(value[0]), len(value)] if value and not isinstance(value[0], (int, float)) \
            else len(value)
    return type(value).__name__ if not isinstance(value, (int, float)) else "number"


class Faults(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="margin-faults-")
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        draw = random.Random(1)
        write(self.path("X.npy"), rounded(draw.gauss(0, 2) for _ in range(12 * 5)), (12, 5))
        write(self.path("W.npy"), rounded(draw.gauss(0, 1) for _ in range(4 * 5)), (4, 5))
        write(self.path("y.npy"), [k % 4 for k in range(12)], (12,), "<i8")
        self.write_half(draw)

    def write_half(self, draw):
        import zipfile
        text = "{'descr': '<f2', 'fortran_order': False, 'shape': (12, 5), }"
        numbers = array.array("H", (0x3c00 + draw.randrange(1024) for _ in range(60))).tobytes()
        with zipfile.ZipFile(self.path("half.npz"), "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("X.npy", b"\x93NUMPY\1\0" + len(text).to_bytes(2, "little")
                             + text.encode() + numbers)

    def path(self, *names):
        return os.path.join(self.folder, *names)

    def files(self):
        found = {}
        for folder, _, names in os.walk(self.folder):
            for name in names:
                with open(os.path.join(folder, name), "rb") as stream:
                    found[os.path.relpath(os.path.join(folder, name), self.folder)] = stream.read()
        return found

    def fresh(self, outputs):
        """Old files where outputs go, and nothing else beside the inputs."""
        for name in self.files():
            if not name.endswith((".npy", ".npz")) or name in outputs:
                os.unlink(self.path(name))
        shutil.rmtree(self.path("run"), ignore_errors=True)
        os.makedirs(self.path("run"))
        for name in outputs:
            with open(self.path(name), "wb") as stream:
                stream.write(OLD)
        return self.files()

    def run_program(self, words, fault="", limit=None):
        environment = {**os.environ, "LD_PRELOAD": SHIM, "MARGIN_FAULT": fault,
                       "MARGIN_FAULT_COUNT": os.path.join(self.folder + ".count")}
        return subprocess.run(
            [os.path.join(BIN, words[0]), *words[1:]], cwd=self.folder, env=environment,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            preexec_fn=None if limit is None else (lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))))

    def places(self, words, kind, most):
        """Numbers of calls of this kind to let fail: all, or `most` of them, the first and last too."""
        done = self.run_program(words, kind + " 1000000000")
        self.assertEqual(done.returncode, 0, done.stderr)
        with open(self.folder + ".count") as stream:
            count = int(stream.read())
        os.unlink(self.folder + ".count")
        if ALL or count <= most:
            return range(1, count + 1)
        return sorted({1 + k * (count - 1) // (most - 1) for k in range(most)})

    def judge(self, done, words, outputs, before, whole):
        """`whole`: (standard output, files) of the undisturbed run; or None where numbers differ."""
        after = self.files()
        if done.returncode != 0:
            # Results of a driver that were complete before its summary could not be printed stay.
            if whole is not None or after[outputs[0]] == OLD:
                self.assertEqual(after, before)
            else:
                self.assertEqual(shape_of(json.loads(after[outputs[0]])), self.shape)
            if self.ended_by_others(words, done):
                return
            self.assertNotIn(done.returncode, (-signal.SIGSEGV, -signal.SIGABRT, -signal.SIGBUS), done)
            if done.returncode > 0:
                self.assertRegex(done.stderr, r"\A%s: [^\n]+\n\Z" % words[0])
            return
        if whole is not None:
            self.assertEqual((done.stdout, {name: after[name] for name in outputs}), whole)
            self.assertEqual(set(after), set(before))
        else:
            for name in outputs:
                self.assertEqual(shape_of(json.loads(after[name])), self.shape)

    def ended_by_others(self, words, done):
        """Libraries that end the process when memory is short: OpenMP's, a BLAS under test, and, in
        bench_speed's filter, glibc 2.36's regcomp, which frees twice."""
        return "libgomp: Out of memory" in done.stderr or words[0] == "bench_speed" and (
            "libblis" in done.stderr or "free(): double free" in done.stderr)

    def try_all(self, words, outputs, faults, exact=True):
        before = self.fresh(outputs)
        undisturbed = self.run_program(words)
        self.assertEqual(undisturbed.returncode, 0, undisturbed.stderr)
        whole = (undisturbed.stdout, {name: self.files()[name] for name in outputs})
        if not exact:
            self.shape = shape_of(json.loads(self.files()[outputs[0]]))
            whole = None
        ended = 0
        for fault in faults:
            before = self.fresh(outputs)
            with self.subTest(fault=fault, words=words):
                done = self.run_program(words, fault)
                self.judge(done, words, outputs, before, whole)
                ended += done.returncode != 0
        return ended

    # ---- allocations ----

    def test_allocations(self):
        for name, (words, outputs) in COMMANDS.items():
            places = self.places(words, "alloc", 25)
            ended = self.try_all(words, outputs, ["alloc %d" % k for k in places])
            self.assertGreater(ended, len(places) // 3, name) # the shim does something

    def test_allocations_of_drivers(self):
        if ALL: # ten seconds a run
            words = ["bench_stability", "--quick", "--isa", "scalar", "--out", "run/stability.json"]
            os.makedirs(self.path("run"), exist_ok=True)
            count = len(self.places(words, "alloc", 1))
            self.try_all(words, [words[-1]], ["alloc %d" % (1 + k * (count - 1) // 9) for k in range(10)],
                         exact=False)
        for words, outputs in DRIVERS.values():
            os.makedirs(self.path("run"), exist_ok=True)
            places = self.places(words, "alloc", 8)
            self.assertGreater(
                self.try_all(words, outputs, ["alloc %d" % k for k in places], exact=False), 0)

    # ---- files ----

    def test_files(self):
        for name in ("eval", "verify"):
            words, outputs = COMMANDS[name]
            for kind in ("rename", "link", "fsync"):
                places = self.places(words, kind, 10)
                self.try_all(words, outputs, ["%s %d" % (kind, k) for k in places])

    def test_renames_that_fail(self):
        """Any of three: the old three come back."""
        words, outputs = COMMANDS["eval"]
        for k in (1, 2, 3):
            before = self.fresh(outputs)
            done = self.run_program(words, "rename %d" % k)
            self.assertEqual(done.returncode, 1)
            self.assertIn("No space left", done.stderr)
            self.assertEqual(self.files(), before)

    def test_signals(self):
        """Before each rename, link and fsync: all outputs are new, or all are old."""
        words, outputs = COMMANDS["eval"]
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            for kind in ("rename", "link", "fsync"):
                for k in self.places(words, kind, 10):
                    before = self.fresh(outputs)
                    done = self.run_program(words, "%s %d %d" % (kind, k, number))
                    after = self.files()
                    self.assertEqual(done.returncode, -number)
                    new = [after[name] != OLD for name in outputs]
                    self.assertIn(new, ([True] * 3, [False] * 3), (kind, k))
                    self.assertEqual(set(after), set(before))

    def test_kills(self):
        """What a killed run leaves beside its outputs, the next run removes."""
        words, outputs = COMMANDS["eval"]
        for k in self.places(words, "fsync", 10):
            before = self.fresh(outputs)
            done = self.run_program(words, "fsync %d %d" % (k, signal.SIGKILL))
            self.assertEqual(done.returncode, -signal.SIGKILL)
            new = [self.files()[name] != OLD for name in outputs]
            self.assertIn(new, ([True] * 3, [False] * 3))
            self.assertEqual(self.run_program(words).returncode, 0)
            self.assertEqual(set(self.files()), set(before))

    def test_a_waiting_run_keeps_its_own(self):
        """A run beside it, with the same outputs, does not take its temporaries for those of the dead."""
        words, outputs = COMMANDS["eval"]
        self.fresh(outputs)
        environment = {**os.environ, "LD_PRELOAD": SHIM, "MARGIN_FAULT": "fsync 2 %d" % signal.SIGSTOP}
        with subprocess.Popen([os.path.join(BIN, words[0]), *words[1:]], cwd=self.folder,
                              env=environment, stdout=subprocess.DEVNULL) as waiting:
            os.waitid(os.P_PID, waiting.pid, os.WSTOPPED)
            self.assertEqual(self.run_program(words).returncode, 0)
            new = {name: self.files()[name] for name in outputs}
            waiting.send_signal(signal.SIGCONT)
            self.assertEqual(waiting.wait(), 0)
        self.assertEqual({name: self.files()[name] for name in outputs}, new)
        self.assertFalse([name for name in self.files() if "unfinished" in name])

    # ---- folders ----

    RESHARD = ["margin", "reshard", "W.npy", "--sizes", "3,0,1", "run/out"]

    def reshard_whole(self, words=RESHARD):
        """(standard output, files) of an undisturbed run, and the files before it."""
        before = self.fresh([])
        done = self.run_program(words)
        self.assertEqual(done.returncode, 0, done.stderr)
        after = self.files()
        self.assertEqual(len(after), len(before) + 4)
        return (done.stdout, after), before

    def test_a_folder_is_whole_or_missing(self):
        """Whatever call fails, and whatever signal comes before it."""
        whole, before = self.reshard_whole()
        ended = 0
        for kind, most in (("alloc", 40), ("rename", 10), ("fsync", 10)):
            self.fresh([])
            for k in self.places(self.RESHARD, kind, most):
                for more in ("", " %d" % signal.SIGTERM, " %d" % signal.SIGINT):
                    self.fresh([])
                    with self.subTest(kind=kind, k=k, more=more):
                        done = self.run_program(self.RESHARD, "%s %d%s" % (kind, k, more))
                        if self.files() != before:
                            self.assertEqual(self.files(), whole[1])
                        elif more == "":
                            self.assertRegex(done.stderr, r"\Amargin: [^\n]+\n\Z")
                        self.assertEqual([name for name in os.listdir(self.path("run"))
                                          if "unfinished" in name], [])
                        if done.returncode == 0:
                            self.assertEqual((done.stdout, self.files()), whole)
                        else:
                            self.assertEqual(done.returncode, -int(more) if more else 1)
                        ended += done.returncode != 0
        self.assertGreater(ended, 40)

    def test_a_killed_folder_goes_with_the_next_run(self):
        whole, _ = self.reshard_whole()
        left = 0
        self.fresh([])
        for k in self.places(self.RESHARD, "fsync", 10):
            self.fresh([])
            done = self.run_program(self.RESHARD, "fsync %d %d" % (k, signal.SIGKILL))
            self.assertEqual(done.returncode, -signal.SIGKILL)
            names = os.listdir(self.path("run"))
            self.assertEqual(len(names), 1)
            if names != ["out"]:
                left += 1
                self.assertRegex(names[0], r"\Aout\.unfinished-")
                self.assertEqual(self.run_program(self.RESHARD).returncode, 0)
            self.assertEqual(self.files(), whole[1])
        self.assertEqual(left, 5) # three files, the header, the folder; not the parent

    def test_inputs_are_checked_before_anything_is_written(self):
        with open(self.path("W.npy"), "rb") as stream:
            data = stream.read()
        with open(self.path("cut.npy"), "wb") as stream:
            stream.write(data[:-1])
        before = self.fresh([])
        done = self.run_program(["margin", "reshard", "W.npy", "cut.npy", "--ranks", "2", "run/out"],
                                "fsync 1000000000")
        self.assertEqual((done.returncode, self.files()), (1, before))
        self.assertIn("cut.npy: truncated", done.stderr)
        with open(self.folder + ".count") as stream:
            self.assertEqual(stream.read(), "0\n")
        os.unlink(self.folder + ".count")

    def test_a_waiting_run_keeps_its_folder(self):
        """A run with the same output beside it does not take its folder for that of a dead one; the one
        that comes second to the rename is refused, and the first one's folder stays."""
        whole, _ = self.reshard_whole()
        self.fresh([])
        environment = {**os.environ, "LD_PRELOAD": SHIM, "MARGIN_FAULT": "fsync 3 %d" % signal.SIGSTOP}
        with subprocess.Popen([os.path.join(BIN, "margin"), *self.RESHARD[1:]], cwd=self.folder,
                              env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                              text=True) as waiting:
            os.waitid(os.P_PID, waiting.pid, os.WSTOPPED)
            self.assertEqual(self.run_program(self.RESHARD).returncode, 0)
            waiting.send_signal(signal.SIGCONT)
            _, said = waiting.communicate()
            self.assertEqual(waiting.returncode, 1)
        self.assertIn("run/out: cannot write: Directory not empty", said)
        self.assertEqual(self.files(), whole[1])
        self.assertEqual(os.listdir(self.path("run")), ["out"])

    def test_the_files_of_one_driver(self):
        """bench_speed's two: where the second cannot be put in its place, the first one is not new."""
        words = [*DRIVERS["bench_speed"][0], "--machine-json", "run/machine.json"]
        outputs = ["run/machine.json", "run/speed.json"]
        for fault in ("rename 1", "rename 2", "rename 3", "fsync 2"):
            before = self.fresh(outputs)
            done = self.run_program(words, fault)
            self.assertEqual(done.returncode, 1, fault)
            self.assertRegex(done.stderr, r"\Abench_speed: [^\n]+\n\Z")
            self.assertEqual(self.files(), before, fault)

    def test_files_that_may_not_grow(self):
        for name, (words, outputs) in COMMANDS.items():
            if not outputs:
                continue
            for limit in (0, 1, 100, 127, 128, 200, 300):
                before = self.fresh(outputs)
                with self.subTest(name, limit=limit):
                    done = self.run_program(words, limit=limit)
                    if done.returncode == 0:
                        self.assertTrue(all(len(self.files()[o]) <= limit for o in outputs))
                        continue
                    self.assertRegex(done.stderr, r"\Amargin: [^\n]+: File too large\n\Z")
                    self.assertEqual(self.files(), before)

    def test_full_device(self):
        for words in (EVAL, EVAL + ["--json"], COMMANDS["info"][0], COMMANDS["verify"][0][:-2]):
            with open("/dev/full", "w") as full:
                done = subprocess.run([os.path.join(BIN, words[0]), *words[1:]], cwd=self.folder,
                                      stdout=full, stderr=subprocess.PIPE, text=True)
            self.assertEqual(done.returncode, 1, words)
            self.assertRegex(done.stderr, r"\Amargin: [^\n]*No space left on device\n\Z", words)

    # ---- targets ----

    def test_links(self):
        words, _ = COMMANDS["eval"]
        os.symlink("elsewhere.npy", self.path("dX.npy"))
        self.assertEqual(self.run_program(words).returncode, 0)
        self.assertEqual(os.readlink(self.path("dX.npy")), "elsewhere.npy")
        self.assertTrue(os.path.exists(self.path("elsewhere.npy")))
        for name in ("dX.npy", "elsewhere.npy"):
            os.unlink(self.path(name))
        os.symlink("b.npy", self.path("dX.npy"))
        os.symlink("dX.npy", self.path("b.npy"))
        done = self.run_program(words)
        self.assertEqual(done.returncode, 1)
        self.assertIn("dX.npy: cannot write: Too many levels of symbolic links", done.stderr)

    def test_one_file_twice(self):
        os.symlink("l.npy", self.path("other.npy"))
        for a, b in (("l.npy", "./l.npy"), ("l.npy", self.path("l.npy")), ("l.npy", "other.npy")):
            done = self.run_program(EVAL + ["--per-sample", a, "--grad-weights", b])
            self.assertEqual(done.returncode, 2)
            self.assertIn("is the target of two outputs", done.stderr)
        done = self.run_program(EVAL + ["--json", "--per-sample", "/dev/stdout"])
        self.assertEqual(done.returncode, 2)
        self.assertIn("is standard output, where the report goes", done.stderr)
        for driver in ("bench_speed", "bench_stability", "bench_separation", "bench_kernels"):
            done = self.run_program([driver, "--quick", "--out", "/dev/stdout"])
            self.assertEqual((done.returncode, done.stdout), (2, ""))
            self.assertIn("is standard output, where the report goes", done.stderr)
        done = self.run_program(["bench_speed", "--smoke", "--out", "s.json", "--machine-json", "./s.json"])
        self.assertEqual(done.returncode, 2)
        self.assertIn("is the target of two outputs", done.stderr)


if __name__ == "__main__":
    unittest.main()
