"""`python -m margin_losses check`: options, the order of the findings, exit codes."""

import argparse
import contextlib
import sys
import warnings

from . import apart
from .claim import FORMULAS, PAST_PI, UsageError, angle, make_claim

PROGRAM = "margin_losses check"
IMPORT = "its import and construction"
EPILOG = """MODULE:NAME is a class (constructed with its numbers of classes and dimensions: by their
usual names in any order, such as num_classes and embedding_size, else by position, classes first),
a module over given cosines, or a function of (embeddings, weights, labels) or (cosines, labels); it
may also be FILE.py:NAME. It may return the loss, a loss for each row, or logits. --scale and the
margins are what the loss claims; they are also given to it where it has options named scale or s,
margin or m. Exit status: 0 every promise is kept, 1 one is broken, 2 wrong usage."""


class Parser(argparse.ArgumentParser):
    def error(self, message):
        raise UsageError(message)


def parser():
    p = Parser(
        prog="python -m margin_losses check",
        epilog=EPILOG,
        description="Judges a margin "
        "loss of PyTorch by what it claims to be, against arithmetic in 50 digits.",
    )
    p.add_argument("target", metavar="MODULE:NAME")
    p.add_argument("--loss", required=True, choices=list(FORMULAS), help="what it claims to be")
    p.add_argument("--scale", type=float, help="s (default: the loss's usual one; 1 with keep)")
    p.add_argument(
        "--margin", type=angle, help="m: an angle in radians (or 28.6deg), a cosine, or a factor"
    )
    for name in ("m1", "m2", "m3"):
        p.add_argument("--" + name, type=float, help="a margin of combined")
    p.add_argument(
        "--past-pi",
        choices=list(PAST_PI),
        help="the rule it claims beyond pi (default: any known one will do)",
    )
    p.add_argument(
        "--feature-norm",
        choices=("fixed", "keep"),
        default="fixed",
        help="keep: |x| in place of s (the original A-Softmax); with --scale s |x|",
    )
    p.add_argument("--args", metavar="NAME=VALUE,...", help="options for the loss itself")
    p.add_argument(
        "--takes",
        choices=("embeddings", "weights", "cosines"),
        help="what it is called with (default: found out)",
    )
    p.add_argument("--no-time", action="store_true", help="leave time and memory out")
    p.add_argument("--figure", metavar="FILE.svg", help="draw value and gradient (needs gnuplot)")
    p.add_argument("--json", action="store_true", help="print one JSON object")
    return p


def needed():
    """UsageError with the remedy where a package is missing."""
    for name, package in (("numpy", "numpy"), ("mpmath", "mpmath"), ("torch", "torch")):
        try:
            __import__(name)
        except ImportError:
            raise UsageError(
                "needs %s, which is not installed: python -m pip install %s" % (name, package)
            ) from None


def all_findings(judge, skip_time):
    """Every finding in the order of the report. Labels come first in time: their child processes
    are to be forked from a process that has computed nothing yet."""
    from . import converged, cost, crowd, finite, gradient, labels, precision, sameness, value
    from .judge import BROKEN, NONE, Finding
    from .subject import Refused

    def guarded(promise, findings):
        apart.step(promise)
        try:
            return list(findings)
        except Refused as error:
            return [Finding(promise, BROKEN, "raises %s" % error)]
        except UsageError as error:
            return [Finding(promise, NONE, "cannot be judged: %s" % error)]

    last = guarded("labels", labels.judge_labels(judge))
    found = []
    for promise, step in (
        ("value", value.judge_value),
        ("gradient", gradient.judge_gradient),
        (crowd.SMALL[0], lambda judge: crowd.judge_small(judge, found)),
        (crowd.LARGE[0], lambda judge: crowd.judge_large(judge, found)),
        ("finite", finite.judge_finite),
        ("converged rows", converged.judge_converged),
    ):
        found += guarded(promise, step(judge))
    found += last
    for promise, step in (
        ("precision", precision.judge_precision),
        ("sameness", sameness.judge_sameness),
    ):
        found += guarded(promise, step(judge))
    apart.step("time and memory")
    found.append(cost.judge_cost(judge, "left out (--no-time)" if skip_time else None))
    return found


def check(target, claim, margin=None, args=None, takes=None, skip_time=False):
    """(about, findings, judge): the whole judgement of one loss, one thread but where said."""
    import torch

    from . import loading
    from .judge import Judge
    from .subject import Subject

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    apart.step(IMPORT, busy=True)
    try:
        found = loading.find(target) if isinstance(target, str) else target
        subject = Subject(found, claim, margin, loading.options(args), takes)
        judge = Judge(subject, claim)
        findings = all_findings(judge, skip_time)
    finally:
        torch.set_num_threads(threads)
    about = {
        "target": target if isinstance(target, str) else getattr(target, "__name__", "loss"),
        "claim": claim.text(),
        "takes": subject.takes,
        "gives": subject.gives,
        "reduction": subject.reduction,
        "scales": judge.scales,
        "torch": torch.__version__,
    }
    return about, findings, judge


def run(arguments):
    """Does what the arguments say and returns the exit status; UsageError for the rest."""
    options = parser().parse_args(arguments)
    claim = make_claim(
        options.loss,
        options.scale,
        options.margin,
        options.m1,
        options.m2,
        options.m3,
        options.past_pi,
        options.feature_norm,
    )
    needed()
    from . import figure, report

    if options.figure:
        figure.check(options.figure)
    with warnings.catch_warnings(), contextlib.redirect_stdout(sys.stderr):
        warnings.simplefilter("ignore")
        about, findings, judge = check(
            options.target, claim, options.margin, options.args, options.takes, options.no_time
        )
    apart.step("")
    if options.figure:
        figure.draw(judge, options.target, options.figure)
    if options.json:
        print(report.as_json(about, findings))
    else:
        report.text(about, findings, sys.stdout)
    return int(report.counts(findings)["broken"] > 0)


def judged(arguments):
    """What the judging process does: `run`, and one line on stderr and 2 for wrong usage. The
    arguments are not for the loss's module to see, and a name that a stream cannot spell is
    escaped."""
    sys.argv = sys.argv[:1]
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors="backslashreplace")
    try:
        return run(arguments)
    except UsageError as error:
        apart.step("")
        print("%s: %s" % (PROGRAM, " ".join(str(error).split())), file=sys.stderr)
        return 2
    except SystemExit as left:  # of argparse, for --help
        if left.code in (0, None) and {"-h", "--help"} & set(arguments):
            return 0
        raise


def main(arguments):
    """The command: the exit status; that of a judgement that did not come to its end is 1, and 2
    where not even the import did."""
    try:
        status, end = apart.run(lambda: judged(arguments))
    except KeyboardInterrupt:
        print("%s: interrupted" % PROGRAM, file=sys.stderr)
        return 130
    if status is None:
        print("%s: no verdict: %s" % (PROGRAM, end), file=sys.stderr)
        return 2 if end.endswith(IMPORT) or " while " not in end else 1
    return status
