"""What the tests of the plots share: an invented run in a temporary folder, drawn."""

import contextlib
import os
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))

sys.path.insert(0, os.path.join(ROOT, "scripts"))
from run_files import read_object  # noqa: E402


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
    return read_object(os.path.join(run, name))
