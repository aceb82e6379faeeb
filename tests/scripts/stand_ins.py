"""Stand-ins for a build: what the tests of reproduce.sh run in place of a whole measurement. The
drivers of speed and separation are the real ones on tiny cases. Those of the machine and of
stability, which take long however little they are asked, wait and then write an invented result."""

import os
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

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


def make_build(work, real_build):
    """A build folder whose programs are quick, and a cmake that has nothing to do."""
    invented, build = os.path.join(work, "invented"), os.path.join(work, "build")
    fixture = os.path.join(ROOT, "tests", "plots", "make_fixture.py")
    subprocess.run([sys.executable, fixture, invented], check=True)
    drivers, programs = os.path.join(os.path.abspath(real_build), "bin"), os.path.join(build, "bin")
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
    return build


def environment_of(work, build, **more):
    """What a call of reproduce.sh needs to use that build; `started` tells what began."""
    return {**os.environ, "MARGIN_BUILD": build, "STARTED": os.path.join(work, "started"),
            "PATH": os.path.join(build, "path") + os.pathsep + os.environ["PATH"], **more}
