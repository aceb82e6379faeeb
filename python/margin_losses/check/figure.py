"""One figure, drawn by gnuplot: value and gradient against the angle, the formula's and theirs."""

import math
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import numpy

from .claim import UsageError

SCRIPT = """set terminal {terminal} size 900,420 font 'Liberation Sans,12' noenhanced
set output '{out}'
set multiplot layout 1,2 title '{title}'
set border 3 lc rgb '#606060'
set tics nomirror out
set grid lc rgb '#e0e0e0' lt 1
set key bottom left samplen 2
set offsets 0, 0, graph 0.04, graph 0.04
set xrange [0:180]
set xtics 30
set xlabel 'angle to the target class weight (degrees)'
set ylabel 'target logit / s'
plot '{formula}' using 1:2 with lines lw 2 lc rgb '#202020' title 'formula', \\
     '{theirs}' using 1:2 with points pt 7 ps 0.7 lc rgb '#d95f02' title 'this loss', \\
     '{lost}' using 1:2 with points pt 2 ps 1.2 lw 2 lc rgb '#7570b3' title '{lost_title}'
set ylabel 'its derivative by the angle (radians)'
set key top center
plot '{formula}' using 1:3 with lines lw 2 lc rgb '#202020' notitle, \\
     '{theirs}' using 1:3 with points pt 7 ps 0.7 lc rgb '#d95f02' notitle, \\
     '{steep}' using 1:3 with points pt 2 ps 1.2 lw 2 lc rgb '#7570b3' title '{steep_title}'
unset multiplot
"""


def check(path):
    """UsageError where the figure could not be written."""
    if Path(path).suffix not in (".svg", ".png"):
        raise UsageError("--figure %s: the name ends with .svg or .png" % path)
    if not Path(path).resolve().parent.is_dir():
        raise UsageError("--figure %s: no such folder" % path)
    if shutil.which("gnuplot") is None:
        raise UsageError(
            "--figure needs gnuplot, which is not there: apt-get install gnuplot-nox, "
            "or leave --figure out"
        )


def table(path, rows):
    """Rows of numbers; a gap where one is not finite."""
    lines = [" ".join("%.9g" % v if math.isfinite(v) else "NaN" for v in row) for row in rows]
    path.write_text("\n".join(lines) + "\n")


def draw(judge, target, path):
    """Writes the figure to `path`."""
    claim, curve = judge.claim, judge.curve
    formula = [at(judge, float(theta)) for theta in numpy.linspace(0.0, math.pi, 721)]
    theirs = [(math.degrees(row["theta"]), row["psi"], row["slope"]) for row in curve]
    lost = [at(judge, row["theta"]) for row in curve if not math.isfinite(row["psi"])]
    steep = [at(judge, row["theta"]) for row in curve if row["steep"]]
    title = "%s as %s" % (target, claim.text())
    if claim.angular:
        title += "; past pi drawn: " + judge.rule
    with tempfile.TemporaryDirectory(prefix="margin-check-") as folder:
        names = ("formula", "theirs", "lost", "steep", "out")
        files = {name: Path(folder) / name for name in names}
        table(files["formula"], formula)
        table(files["theirs"], theirs or [(math.nan,) * 3])
        table(files["lost"], lost or [(math.nan,) * 3])
        table(files["steep"], steep or [(math.nan,) * 3])
        gnuplot(
            SCRIPT.format(
                terminal="svg" if str(path).endswith(".svg") else "pngcairo",
                lost_title="its loss is 0 or not finite" if lost else "",
                steep_title="its gradient is not finite" if steep else "",
                title=title.replace("'", ""),
                **files,
            )
        )
        shutil.copyfile(files["out"], path)


def at(judge, theta):
    """A row of the formula's table: degrees, target logit / s, its derivative."""
    return (math.degrees(theta),) + judge.claim.psi(theta, judge.rule)


def gnuplot(script):
    """Runs a script under a locale of its own; UsageError with gnuplot's first words."""
    done = subprocess.run(
        ["gnuplot"],
        input=script,
        capture_output=True,
        text=True,
        env=dict(os.environ, LC_ALL="C.UTF-8"),
    )
    if done.returncode != 0:
        words = done.stderr.strip().splitlines() or ["no reason given"]
        raise UsageError("gnuplot could not draw: %s" % words[0])
