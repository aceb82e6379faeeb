"""float64, float16 and bfloat16: what happens, and what is left of the digits."""

import math

import numpy
import torch

from .judge import BROKEN, KEPT, NONE, Finding, number, psi_error, relative
from .subject import Refused

# Errors of the target's logit / s that are fair in each: some rounding units of the dtype; float64
# has to be much better than float32 would be.
ALLOWED = {torch.float64: 1e-9, torch.float16: 16 * 2.0**-11, torch.bfloat16: 16 * 2.0**-8}
THETAS = (0.5, 1.0, 1.5, 2.0)


def judge_precision(judge):
    for dtype in ALLOWED:
        yield one(judge, dtype)
    yield mixed(judge)


def name_of(dtype):
    return str(dtype).replace("torch.", "")


def rounded(case, dtype):
    """The case with inputs that the dtype holds exactly."""
    return case.changed(
        **{
            name: torch.tensor(array).to(dtype).double().numpy()
            for name, array in case.arrays.items()
        }
    )


def measure(judge, case, dtype):
    """(error, outcome, wanted loss, case as the dtype holds it); Refused where the dtype is."""
    case = rounded(case, dtype)
    outcome, truth = judge.run(case, dtype), case.truth(judge.claim, judge.rule)
    wanted = judge.reference(case)
    if not outcome.finite:
        return math.inf, outcome, truth.loss, case
    if wanted is None:
        return 0.0, outcome, outcome.loss, case
    return psi_error(truth.factor, outcome.loss, wanted[0]), outcome, wanted[0], case


def only_rounded(judge, outcome, case):
    """Is everything computed in float64, and only the loss itself then rounded? Its gradients tell,
    as rounding the result leaves them alone."""
    truth = case.truth(judge.claim, judge.rule, judge.detached)
    return outcome.differentiable and all(
        relative(array, truth.gradients[name]) <= ALLOWED[torch.float64]
        for name, array in outcome.gradients.items()
    )


def one(judge, dtype):
    """Inputs and class weights all in one dtype."""
    promise, scale = name_of(dtype), judge.scales[0]
    cases = [judge.case(theta, scale, dtype=numpy.float64) for theta in THETAS]
    try:
        error, outcome, _, case = max(
            (measure(judge, case, dtype) for case in cases), key=lambda row: row[0]
        )
    except Refused as refusal:
        return Finding(promise, KEPT, "refused: %s" % refusal, {"refused": 1})
    measured = {"error": number(error), "allowed": ALLOWED[dtype]}
    measured["result"] = name_of(outcome.dtype)
    says = "gives %s; the target's logit / s is off by at most %.1e (allowed %.1e)%s" % (
        measured["result"],
        error,
        ALLOWED[dtype],
        "" if judge.formula else ", against itself in float64",
    )
    if error <= ALLOWED[dtype]:
        return Finding(promise, KEPT, says, measured)
    if outcome.dtype != dtype and dtype == torch.float64:
        exact = only_rounded(judge, outcome, case)
        less = "only the result is rounded" if exact else "silently computed in less"
        says = "%s: %s" % (less, says)

    def fails(case):
        error, outcome, wanted, case = measure(judge, case, dtype)
        if error <= ALLOWED[dtype]:
            return None
        return dict(case.told(), expected=wanted, found=number(outcome.loss))

    shown = judge.witness(fails, case.theta, scale, dtype=numpy.float64)
    return Finding(promise, BROKEN, says, measured, shown)


def mixed(judge):
    """float64 embeddings for class weights that the loss holds in float32."""
    promise = "float64 embeddings, float32 weights"
    if judge.subject.takes != "embeddings":
        return Finding(promise, NONE, "it holds no class weights")
    case = judge.case(1.0, judge.scales[0], shape=judge.small_shapes()[0], rows=1)
    loss = judge.subject.loss_for(case, torch.float32)
    table = judge.subject.table(loss, case.arrays["w"].shape)
    embeddings = torch.tensor(case.arrays["x"]).double()
    try:
        loss(embeddings, torch.tensor(case.labels))
    except Exception as error:  # any refusal will do
        return Finding(
            promise,
            KEPT,
            "refused: %s: %s"
            % (type(error).__name__, str(error).strip().splitlines()[0] if str(error) else ""),
        )
    now = judge.subject.table(loss, case.arrays["w"].shape)
    judge.subject.made.clear()
    if table.dtype != torch.float32 or now.dtype != torch.float32:
        return Finding(
            promise,
            BROKEN,
            "its own class weights silently become %s" % name_of(now.dtype),
            {},
            dict(case.told(), dtype="float64"),
        )
    return Finding(promise, KEPT, "taken, and the class weights stay float32")
