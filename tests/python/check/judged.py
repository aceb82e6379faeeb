"""What the tests of `check` share: the judge called in this process, and the command as users call
it. Without PyTorch or mpmath there is nothing to judge: exit status 77, a skipped test."""

import importlib.util
import os
import subprocess
import sys
import warnings
from pathlib import Path

if not all(importlib.util.find_spec(name) for name in ("torch", "mpmath", "numpy")):
    print("skipped: needs PyTorch, mpmath and NumPy")
    sys.exit(77)

PUBLISHED = Path(__file__).resolve().parents[1] / "published"
sys.path.insert(0, str(PUBLISHED))

from margin_losses.check import command  # noqa: E402
from margin_losses.check.claim import make_claim  # noqa: E402


def judge(found, args="", margin=None, takes=None, skip_time=True, **claim):
    """{promise: finding} of a loss, and the judge; `margin` is also given to the loss."""
    if margin is not None:
        claim["margin"] = margin
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        _, findings, judge = command.check(
            found, make_claim(**claim), margin, args, takes, skip_time
        )
    return {finding.promise: finding for finding in findings}, judge


def broken(findings):
    return {name for name, finding in findings.items() if finding.verdict == "broken"}


def run(*arguments, **environment):
    """The command as a process; its folder is that of the published losses."""
    return subprocess.run(
        [sys.executable, "-m", "margin_losses", "check", *arguments],
        cwd=PUBLISHED,
        capture_output=True,
        text=True,
        env=dict(os.environ, **environment),
    )
