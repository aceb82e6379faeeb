#!/usr/bin/env python3
"""reproduce.sh, interrupted at each of its stages and run again: nothing that finished is lost, nothing
keeps running, nothing half-written stays, and the report is that of a call without interruption.

The drivers of speed and separation are the real ones on tiny cases. Those of the machine and of
stability, which take long however little they are asked, are stand-ins that wait and then write an
invented result. usage: test_interrupt.py BUILD_DIR
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

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
RESULTS = ("machine", "separation", "stability", "speed")
MARK = "MARGIN_TEST_MARK=" + uuid.uuid4().hex

WAITS = """#!/usr/bin/env bash
set -eu
: >"$STARTED/{name}"
sleep "${{WAIT_{name}:-0}}"
while [ $# -gt 1 ]; do shift; done
cp "{result}" "$1.new$$"
mv "$1.new$$" "$1"
"""
SPEED = """#!/usr/bin/env bash
for word; do [ "$word" != --machine-json ] || exec "{waits}" "$@"; done
: >"$STARTED/speed"
exec "{driver}" "${{@/--quick/--smoke}}"
"""
SEPARATION = """#!/usr/bin/env bash
: >"$STARTED/separation"
exec "{driver}" --data sphere --loss softmax,arcface --seeds 4 --epochs "${{EPOCHS:-20}}" \\
    --samples 400 "${{@/--quick/--threads=1}}"
"""


def script(path, text):
    with open(path, "w", encoding="utf-8") as stream:
        stream.write(text)
    os.chmod(path, 0o755)


def make_build(build, drivers, invented):
    """A build folder whose programs are quick, and a cmake that has nothing to do."""
    programs = os.path.join(build, "bin")
    os.makedirs(programs)
    machine = os.path.join(build, "machine")
    script(machine, WAITS.format(name="machine", result=os.path.join(invented, "machine.json")))
    script(os.path.join(programs, "bench_speed"),
           SPEED.format(waits=machine, driver=os.path.join(drivers, "bench_speed")))
    script(os.path.join(programs, "bench_separation"),
           SEPARATION.format(driver=os.path.join(drivers, "bench_separation")))
    script(os.path.join(programs, "bench_stability"),
           WAITS.format(name="stability", result=os.path.join(invented, "stability.json")))
    os.makedirs(os.path.join(build, "path"))
    script(os.path.join(build, "path", "cmake"), "#!/bin/sh\nexit 0\n")


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
        environment = {**os.environ, key: value, "MARGIN_BUILD": self.build, "STARTED": self.started,
                       "PATH": os.path.join(self.build, "path") + os.pathsep + os.environ["PATH"],
                       **more}
        return subprocess.Popen([os.path.join(ROOT, "scripts", "reproduce.sh"), "--quick", "--out", run],
                                text=True, env=environment, stdin=subprocess.DEVNULL,
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True)

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
        assert took < 2, f"{stage}: goes on for {took:.1f} s"
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
        invented, build = os.path.join(work, "invented"), os.path.join(work, "build")
        fixture = os.path.join(ROOT, "tests", "plots", "make_fixture.py")
        subprocess.run([sys.executable, fixture, invented], check=True)
        make_build(build, os.path.join(os.path.abspath(sys.argv[1]), "bin"), invented)
        calls, run = Calls(work, build), os.path.join(work, "one", "run")

        calls.interrupt(run, "machine", 0.1, signal.SIGINT, WAIT_machine="30")
        calls.interrupt(run, "separation", 0.2, signal.SIGTERM, EPOCHS="20000")
        calls.interrupt(run, "stability", 0.1, signal.SIGINT, WAIT_stability="30")
        # Not at the first moment: the driver then holds memory, threads, perhaps an open file.
        calls.interrupt(run, "speed", 0.4, signal.SIGTERM)
        calls.interrupt(run, "figures", 0.0, signal.SIGINT)
        calls.interrupt(run, "figures", 1.5, signal.SIGTERM)
        kept = calls.interrupt(run, "report", 0.0, signal.SIGHUP)
        assert len(kept) == 4, kept
        out = calls.complete(run)
        assert out.count("already measured") == 4, out
        end = hashes(run)
        assert kept.items() <= end.items(), "a finished result has changed"

        other = os.path.join(work, "two", "run")
        os.makedirs(os.path.join(other, ".stamps"))
        for name in RESULTS:
            shutil.copy(os.path.join(run, name + ".json"), other)
            shutil.copy(os.path.join(run, ".stamps", name), os.path.join(other, ".stamps"))
        assert calls.complete(other).count("already measured") == 4
        whole = hashes(other)
        differ = sorted(name for name in end.keys() | whole.keys() if end.get(name) != whole.get(name))
        assert not differ, f"not as without interruption: {differ}"
        assert {"report.html", "figures/fig_speed.svg"} <= end.keys(), sorted(end)
        print(f"{len(end)} files are the same as without interruption")


main()
