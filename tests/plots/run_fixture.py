"""What the tests of the plots share: an invented run in a temporary folder, drawn."""

import contextlib
import os
import shutil
import subprocess
import sys
import tempfile

from fixture_tables import LOSSES, put_losses_table, put_separation, put_speed, put_stability

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


def only(run, driver):
    """Leaves this driver's results alone: its JSON and its tables."""
    others = {"speed", "stability", "separation"} - {driver}
    for name in others:
        os.remove(os.path.join(run, name + ".json"))
    tables = os.path.join(run, "tables")
    shutil.rmtree(tables)
    os.mkdir(tables)
    put_losses_table(tables, LOSSES)
    {"speed": put_speed, "stability": put_stability, "separation": put_separation}[driver](
        tables, load(run, driver + ".json"), LOSSES)


def load(run, name):
    return read_object(os.path.join(run, name))
