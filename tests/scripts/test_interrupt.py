#!/usr/bin/env python3
"""reproduce.sh, interrupted at each of its stages and run again: nothing that finished is lost,
nothing keeps running, nothing half-written stays, and the report is that of a call without
interruption.

usage: test_interrupt.py BUILD_DIR
"""

import hashlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import uuid

from stand_ins import ROOT, environment_of, make_build

RESULTS = ("machine", "separation", "stability", "speed")
MARK = "MARGIN_TEST_MARK=" + uuid.uuid4().hex

def hashes(run, names=None):
    """{file: hash} of everything in the run that a person sees, or of these."""
    found = {}
    for folder, _, files in os.walk(run):
        for name in files:
            path = os.path.relpath(os.path.join(folder, name), run)
            if not path.startswith(".") and (names is None or path in names):
                with open(os.path.join(run, path), "rb") as stream:
                    found[path] = hashlib.sha256(stream.read()).hexdigest()
    return found


def finished(run):
    """The results that reproduce.sh has put its stamp on."""
    return hashes(run, {f"{name}.json" for name in RESULTS
                        if os.path.exists(os.path.join(run, ".stamps", name))})


def survivors():
    """Processes that one of our calls began."""
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/environ", "rb") as environment:
                if MARK.encode() in environment.read().split(b"\0"):
                    with open(f"/proc/{pid}/cmdline", "rb") as line:
                        found.append(line.read().replace(b"\0", b" ").decode())
        except OSError:
            pass
    return [line for line in found if line]


class Calls:
    def __init__(self, work, build):
        self.work, self.build = work, build
        self.started = os.path.join(work, "started")

    def begin(self, run, **more):
        shutil.rmtree(self.started, ignore_errors=True)
        os.makedirs(self.started)
        key, value = MARK.split("=")
        environment = environment_of(self.work, self.build, **{key: value}, **more)
        command = [os.path.join(ROOT, "scripts", "reproduce.sh"), "--quick", "--out", run]
        return subprocess.Popen(command, text=True, env=environment, stdin=subprocess.DEVNULL,
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                start_new_session=True)

    def reached(self, run, stage):
        """Whether a call is at a stage: a driver that began, the figures, or the report."""
        if stage == "figures":
            return os.path.exists(os.path.join(run, ".logs", "figures.log"))
        if stage == "report":
            return os.path.exists(os.path.join(run, ".logs", "report.log"))
        return os.path.exists(os.path.join(self.started, stage))

    def interrupt(self, run, stage, delay, number, **more):
        for log in ("figures.log", "report.log"):
            if os.path.exists(os.path.join(run, ".logs", log)):
                os.remove(os.path.join(run, ".logs", log))
        before = finished(run)
        call = self.begin(run, **more)
        until = time.monotonic() + 60
        while not self.reached(run, stage):
            assert call.poll() is None and time.monotonic() < until, (stage, call.communicate())
            time.sleep(0.005)
        time.sleep(delay)
        # A terminal signals everything in the foreground, kill the script alone.
        (os.killpg if number == signal.SIGINT else os.kill)(call.pid, number)
        began = time.monotonic()
        out, err = call.communicate(timeout=20)
        took = time.monotonic() - began
        assert call.returncode == 128 + number, (stage, call.returncode, out, err)
        assert err.count("\n") == 1 and err.startswith("reproduce.sh: interrupted"), (stage, err)
        assert took < 5, f"{stage}: goes on for {took:.1f} s"
        assert not survivors(), (stage, survivors())
        left = [name for name in hashes(run) if name.endswith(".part") or ".json." in name]
        assert not left, (stage, left)
        after = finished(run)
        assert before.items() <= after.items(), f"{stage}: lost {before.keys() - after.keys()}"
        print(f"{signal.Signals(number).name} in {stage}: {len(after)} of 4 finished and kept")
        return after

    def complete(self, run):
        call = self.begin(run)
        out, err = call.communicate(timeout=300)
        assert call.returncode == 0 and err == "", (call.returncode, out, err)
        return out


def main():
    with tempfile.TemporaryDirectory() as work:
        calls, run = Calls(work, make_build(work, sys.argv[1])), os.path.join(work, "one", "run")

        calls.interrupt(run, "machine", 0.1, signal.SIGINT, WAIT_machine="30")
        calls.interrupt(run, "separation", 0.2, signal.SIGTERM, EPOCHS="20000")
        calls.interrupt(run, "stability", 0.1, signal.SIGINT, WAIT_stability="30")
        # Not at the first moment: the driver then holds memory, threads, perhaps an open file.
        calls.interrupt(run, "speed", 0.4, signal.SIGTERM)
        calls.interrupt(run, "figures", 0.0, signal.SIGINT)
        calls.interrupt(run, "figures", 0.5, signal.SIGTERM)
        kept = calls.interrupt(run, "report", 0.0, signal.SIGHUP)
        assert len(kept) == 4, kept
        out = calls.complete(run)
        assert out.count("already measured") == 4, out
        end = hashes(run)
        assert kept.items() <= end.items(), "a finished result has changed"

        other = os.path.join(work, "two", "run")
        os.makedirs(os.path.join(other, ".stamps"))
        shutil.copytree(os.path.join(run, "tables"), os.path.join(other, "tables"))
        for name in RESULTS:
            shutil.copy(os.path.join(run, name + ".json"), other)
            shutil.copy(os.path.join(run, ".stamps", name), os.path.join(other, ".stamps"))
        assert calls.complete(other).count("already measured") == 4
        # A result that is gone is measured again, and only that one.
        os.remove(os.path.join(other, "machine.json"))
        assert calls.complete(other).count("already measured") == 3
        whole = hashes(other)
        differ = sorted(name for name, _ in end.items() ^ whole.items())
        assert not differ, f"not as without interruption: {differ}"
        assert {"report.html", "figures/fig_speed.svg"} <= end.keys(), sorted(end)
        print(f"{len(end)} files are the same as without interruption")


main()
