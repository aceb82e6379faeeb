"""The loss as an operation of PyTorch's own, for torch.compile and torch.export.

The same call of the library as in eager mode, so the same bits. Older versions of PyTorch have no
torch.library.custom_op: there this module is not imported.
"""

from __future__ import annotations

from typing import Any, List, Optional, Tuple

import torch
from torch import Tensor

from .._heads import Settings
from ._compute import Needs, Objective, Tensors, compute
from ._function import NO_SECOND

Outputs = Tuple[Tensor, Tensor, Tensor, Tensor]  # loss, and gradients, empty where not wanted


def _objective(numbers: List[float], choices: List[int], reduction: str) -> Objective:
    """Undo `_schema`."""
    scale, m1, m2, m3, lambda_, label_smoothing = numbers
    loss, past_pi, gradient, feature_norm, ignore_index = choices
    made = Settings(loss, scale, m1, m2, m3, lambda_, past_pi, gradient, feature_norm)
    return Objective(made, reduction, ignore_index, label_smoothing)


def _schema(o: Objective) -> Tuple[List[float], List[int], str]:
    """An objective in types that an operation of PyTorch may take."""
    m = o.made
    numbers = [m.scale, m.m1, m.m2, m.m3, m.lambda_, o.label_smoothing]
    choices = [m.loss, m.past_pi, m.gradient, m.feature_norm, o.ignore_index]
    return numbers, choices, o.reduction


def _head(
    x: Tensor,
    w: Tensor,
    bias: Optional[Tensor],
    y: Tensor,
    sample_weight: Optional[Tensor],
    numbers: List[float],
    choices: List[int],
    reduction: str,
    needs: List[bool],
) -> Tuple[Tensor, Tensor, Tensor, Tensor]:
    objective = _objective(numbers, choices, reduction)
    loss, gradients = compute(objective, Tensors(x, w, bias, y, sample_weight), needs)
    dx, dw, db = (x.new_empty(0) if g is None else g for g in gradients)
    return loss, dx, dw, db


_operation = torch.library.custom_op("margin_losses::head", _head, mutates_args=())


@_operation.register_fake
def _fake(
    x: Tensor,
    w: Tensor,
    bias: Optional[Tensor],
    y: Tensor,
    sample_weight: Optional[Tensor],
    numbers: List[float],
    choices: List[int],
    reduction: str,
    needs: List[bool],
) -> Outputs:
    loss = x.new_empty(y.shape if reduction == "none" else ())
    given = zip((x, w, bias), needs)
    dx, dw, db = (x.new_empty(a.shape if n and a is not None else (0,)) for a, n in given)
    return loss, dx, dw, db


def _keep(ctx: Any, inputs: Any, output: Outputs) -> None:
    x, w, bias, y, sample_weight, numbers, choices, reduction, needs = inputs
    ctx.set_materialize_grads(False)
    ctx.save_for_backward(x, w, bias, y, *output[1:])
    ctx.settings = (numbers, choices)
    ctx.per_row, ctx.needs = reduction == "none", needs


def _backward(ctx: Any, factor: Optional[Tensor], *of_gradients: Optional[Tensor]) -> Tuple:
    """Return the gradients times `factor`. The gradients are outputs of the operation too: where
    these are differentiated, somebody wants second derivatives."""
    if any(g is not None for g in of_gradients):
        raise RuntimeError(NO_SECOND)
    if factor is None:
        return (None,) * 9
    x, w, bias, y, *gradients = ctx.saved_tensors
    needs: Needs = ctx.needs
    if ctx.per_row:
        needs = [bool(n) for n in ctx.needs_input_grad[:3]]
        gradients = _operation(x, w, bias, y, factor, *ctx.settings, "sum", needs)[1:]
        factor = torch.ones(())
    dx, dw, db = (g * factor if n else None for g, n in zip(gradients, needs))
    return (dx, dw, db) + (None,) * 6


_operation.register_autograd(_backward, setup_context=_keep)


def operation(objective: Objective, t: Tensors) -> Tensor:
    """Return the loss of the tensors, as `eager` does."""
    given = (t.x, t.w, t.bias)
    wanted = torch.is_grad_enabled() and objective.reduction != "none"
    needs = [wanted and a is not None and a.requires_grad for a in given]
    return _operation(*t, *_schema(objective), needs)[0]
