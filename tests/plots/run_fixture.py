"""What the tests of the plots share: an invented run in a temporary folder, drawn."""

import contextlib
import json
import os
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))


@contextlib.contextmanager
def invented_run():
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([sys.executable, os.path.join(HERE, "make_fixture.py"), folder], check=True)
        yield folder


def draw(run, *arguments):
    """draw.sh on a run; gnuplot must have nothing to say."""
    done = subprocess.run([os.path.join(ROOT, "plots", "draw.sh"), run, *arguments], text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert done.returncode == 0 and done.stderr == "", f"draw.sh: {done.returncode}\n{done.stderr}"
    return done.stdout


def load(run, name):
    with open(os.path.join(run, name), encoding="utf-8") as stream:
        return json.load(stream)
