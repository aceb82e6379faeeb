#!/usr/bin/env python3
"""Prints the table of docs/checking.md: what `check` finds in the published formulations of
losses.py, with the versions at hand. Set PYTHONPATH and MARGIN_LOSSES_LIBRARY as the tests do."""

import datetime
import json
import platform
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROWS = (
    ("InPlaceArc", "arcface_torch since December 2022", "--loss arcface"),
    (
        "InPlaceCombined",
        "arcface_torch's combined loss, m3 = 0.2",
        "--loss combined --m2 0.3 --m3 0.2 --args m3=0.2",
    ),
    ("DetachedTarget", "OpenSphere's ArcFace", "--loss arcface"),
    ("ClippedArc", "the ArcFace beside AdaFace, clipped by 1e-3", "--loss arcface"),
    ("QualityMargin", "AdaFace, claimed as CosFace", "--loss cosface --margin 0.4"),
    ("MagnitudeMargin", "MagFace, claimed as ArcFace", "--loss arcface"),
    ("OneHotArc", "one-hot mask, bare sqrt(1 - c^2)", "--loss arcface"),
    ("GuardedOneHotArc", "the same, the root guarded", "--loss arcface"),
    ("fused_identity", "exact margin identity on a cross entropy", "--loss arcface"),
    ("DegreesArc", "margin in degrees, given 0.5", "--loss arcface --margin 0.5"),
    ("gathered", "labels wrapped and clamped", "--loss cosface"),
    ("WrongAxis", "normalised along dim=0", "--loss cosface"),
    ("detached_sum", "margin a constant to autograd", "--loss arcface"),
    (
        "MultipliedAngle",
        "sphereface_pytorch's m = 4, times the norm",
        "--loss sphereface --margin 4 --scale 1 --feature-norm keep",
    ),
)


def judged(name, options):
    """The JSON report of one loss."""
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "margin_losses",
            "check",
            "losses.py:" + name,
            *options.split(),
            "--no-time",
            "--json",
        ],
        cwd=HERE,
        capture_output=True,
        text=True,
    )
    if done.returncode not in (0, 1):
        sys.exit(done.stderr)
    return json.loads(done.stdout)


def cells(report):
    """Broken promises, the rule past pi, the gradient, digits lost at s = 64."""
    found = {finding["promise"]: finding for finding in report["findings"]}
    faults = [name for name, finding in found.items() if finding["verdict"] == "broken"]
    rule = found["past pi"]["measured"].get("follows") or "-"
    kinds = sorted(set(found["gradient"]["measured"]["kind"].values()))
    lost = found["converged loss"]["measured"].get("share_of_digits_lost", {}).get("64")
    return [
        "; ".join(faults) or "none",
        rule,
        ", ".join(kinds),
        "-" if lost is None else "%.0f %%" % (100 * lost),
    ]


def main():
    print("| formulation | retold from | broken promises | past pi | gradient | lost |")
    print("|---|---|---|---|---|---|")
    for name, source, options in ROWS:
        report = judged(name, options)
        print("| `%s` | %s | %s |" % (name, source, " | ".join(cells(report))))
    print(
        "\n%s, PyTorch %s, Python %s, %s"
        % (datetime.date.today(), report["torch"], platform.python_version(), platform.machine())
    )


if __name__ == "__main__":
    main()
