"""What the head computes of tensors: one call of the library, without autograd.

Must not know modules, autograd or torch.compile.
"""

from __future__ import annotations

import functools
from typing import Any, Dict, List, NamedTuple, Optional, Sequence, Tuple

import torch
from torch import Tensor

from .._abi import Head, Predict
from .._heads import Settings, number, run_head, run_predict, settings, whole

REDUCTIONS = ("mean", "sum", "none")
_INT64 = (-(2**63), 2**63 - 1)

# How errors call what the library calls embeddings, weights and so on.
NAMES: Dict[str, str] = {
    "embeddings": "x",
    "weights": "weight",
    "labels": "y",
    "row_weight": "sample_weight",
}


class Request(NamedTuple):
    """Which number is to be made of the tensors, as it was asked for: all but the tensors."""

    loss: str
    scale: Optional[float] = None
    margin: Optional[float] = None
    m1: Optional[float] = None
    m2: Optional[float] = None
    m3: Optional[float] = None
    past_pi: Optional[str] = None
    gradient: str = "exact"
    lambda_: float = 0.0
    feature_norm: str = "fixed"
    label_smoothing: float = 0.0
    ignore_index: int = -100
    reduction: str = "mean"


class Objective(NamedTuple):
    """A request that was found to be sound."""

    made: Settings
    reduction: str
    ignore_index: int
    label_smoothing: float


class Tensors(NamedTuple):
    """x [N, D], w [C, D], bias [C] or None, y [N], sample_weight [N] or None; see `checked`."""

    x: Tensor
    w: Tensor
    bias: Optional[Tensor]
    y: Tensor
    sample_weight: Optional[Tensor]


Needs = Sequence[bool]  # whether the gradients of x, w and bias are wanted
Gradients = List[Optional[Tensor]]  # those of x, w and bias; None where not wanted
NOTHING = (False, False, False)


def _make_objective(request: Request) -> Objective:
    r = request
    made = settings(
        r.loss,
        scale=r.scale,
        margin=r.margin,
        m1=r.m1,
        m2=r.m2,
        m3=r.m3,
        past_pi=r.past_pi,
        gradient=r.gradient,
        lambda_=r.lambda_,
        feature_norm=r.feature_norm,
    )
    if r.reduction not in REDUCTIONS:
        raise ValueError(f"reduction must be one of {', '.join(REDUCTIONS)}, got {r.reduction!r}")
    ignore_index = whole("ignore_index", r.ignore_index, *_INT64)
    label_smoothing = number("label_smoothing", r.label_smoothing)
    if not 0.0 <= label_smoothing < 1.0:
        raise ValueError(f"label_smoothing must be in [0, 1), got {label_smoothing:g}")
    return Objective(made, r.reduction, ignore_index, label_smoothing)


_cached_objective = functools.lru_cache(maxsize=256, typed=True)(_make_objective)


def objective(request: Request) -> Objective:
    """Return what is to be computed, or refuse it."""
    try:
        return _cached_objective(request)
    except TypeError:  # also what cannot be hashed: the same without the cache says what it is
        return _make_objective(request)


# ---- what is given -------------------------------------------------------------------------------


def _real(name: str, tensor: Any, dims: int, shape: str) -> Tensor:
    """Return a tensor as float32; refuse another device, another kind of numbers or shape."""
    if not isinstance(tensor, Tensor):
        raise TypeError(f"{name} must be a torch.Tensor {shape}, got {type(tensor).__name__}")
    if tensor.dim() != dims:
        raise ValueError(f"{name} must be {shape}, got the shape {list(tensor.shape)}")
    if not (tensor.is_cpu or tensor.is_meta):
        raise RuntimeError(
            f"{name} is on {tensor.device}: margin_losses computes on the CPU, take {name}.cpu()"
        )
    if tensor.layout is not torch.strided:
        raise TypeError(f"{name} is {tensor.layout}: take {name}.to_dense()")
    if tensor.dtype is torch.float32:
        return tensor
    if tensor.dtype in (torch.float16, torch.bfloat16):
        return tensor.float()
    whole_module = ", or float() of the module" if isinstance(tensor, torch.nn.Parameter) else ""
    raise TypeError(
        f"{name} is {tensor.dtype}: margin_losses computes in float32, "
        f"take {name}.float(){whole_module}"
    )


def _labels(y: Any, device: torch.device) -> Tensor:
    """Return labels as int64; anything but integers of the same device is refused."""
    if not isinstance(y, Tensor):
        raise TypeError(f"y must be a torch.Tensor of labels [N], got {type(y).__name__}")
    if y.dtype is torch.bool or y.dtype.is_floating_point or y.dtype.is_complex:
        raise TypeError(
            f"y is {y.dtype}: labels are integers, one a row, take y.long() "
            "(of one-hot rows y.argmax(1))"
        )
    if y.device != device:
        raise RuntimeError(f"y is on {y.device} and x on {device}: take y.to(x.device)")
    if y.dtype is getattr(torch, "uint64", None):  # those beyond int64 must not turn into -1
        return y.long().masked_fill(y.long() < 0, _INT64[1])
    return y if y.dtype is torch.int64 else y.long()


def _check_rows(name: str, tensor: Tensor, rows: int) -> None:
    if tensor.dim() != 1 or tensor.shape[0] != rows:
        raise ValueError(
            f"{name} must be [{rows}], one for each row of x, got the shape {list(tensor.shape)}"
        )


def checked(
    x: Any, w: Any, bias: Any, y: Any, sample_weight: Any, least_classes: int = 1
) -> Tensors:
    """Return the tensors as the library takes them, or refuse them with one line that says why."""
    x, w = _embeddings(x, w, least_classes)
    y = _labels(y, x.device)
    _check_rows("y", y, x.shape[0])
    if bias is not None:
        bias = _real("bias", bias, 1, "[C]")
        if bias.shape[0] != w.shape[0]:
            raise ValueError(
                f"bias must be [{w.shape[0]}], one for each row of weight, "
                f"got the shape {list(bias.shape)}"
            )
    if sample_weight is not None:
        if not isinstance(sample_weight, Tensor):
            raise TypeError(
                f"sample_weight must be a torch.Tensor [N], got {type(sample_weight).__name__}"
            )
        _check_rows("sample_weight", sample_weight, x.shape[0])
        sample_weight = _real("sample_weight", sample_weight.float(), 1, "[N]")
    return Tensors(x, w, bias, y, sample_weight)


def _embeddings(x: Any, w: Any, least_classes: int = 1) -> Tuple[Tensor, Tensor]:
    x, w = _real("x", x, 2, "[N, D]"), _real("weight", w, 2, "[C, D]")
    if x.shape[1] != w.shape[1]:
        raise ValueError(
            f"x has {x.shape[1]} columns and weight {w.shape[1]}: both must be D, "
            "the embedding size"
        )
    if w.shape[0] < least_classes or w.shape[1] == 0:
        raise ValueError(f"weight must be [C, D], neither of them 0, got {list(w.shape)}")
    if w.is_meta != x.is_meta:
        raise RuntimeError(f"weight is on {w.device} and x on {x.device}: take both to one device")
    return x, w


# ---- loss and gradients --------------------------------------------------------------------------


def row_weights(objective: Objective, t: Tensors, y: Tensor) -> Tuple[Optional[Tensor], bool]:
    """Return the factors of the rows' losses, None for those of the plain mean, and whether they
    are factors of nothing at all: a mean over weights that add up to zero."""
    if objective.reduction == "none":
        return None, False
    if t.sample_weight is None:
        return (t.x.new_ones(y.shape) if objective.reduction == "sum" else None), False
    weights = t.sample_weight.contiguous()
    if objective.reduction == "sum":
        return weights, False
    counted = (y != -1) & (y != objective.ignore_index)
    total = weights[counted].sum(dtype=torch.float64).item()
    if total == 0.0:
        return torch.zeros_like(weights), True
    return weights / total, False


def of_nothing(objective: Objective, t: Tensors, needs: Needs) -> Tuple[Tensor, Gradients]:
    """The loss of no rows at all, which the library refuses: as torch's cross_entropy has it."""
    if objective.reduction == "none":
        loss = t.x.new_empty(0)
    else:
        loss = t.x.new_full((), float("nan") if objective.reduction == "mean" else 0.0)
    given = (t.x, t.w, t.bias)
    return loss, [
        torch.zeros_like(a) if n and a is not None else None for a, n in zip(given, needs)
    ]


def pointer(tensor: Optional[Tensor]) -> Optional[int]:
    """The address of a tensor, which the struct that takes it must hold: where torch.compile or
    compiled autograd runs a function in parts, a variable that is not read again is dropped."""
    return None if tensor is None else tensor.data_ptr()


def head_call(
    objective: Objective, t: Tensors, weights: Optional[Tensor], needs: Needs
) -> Tuple[Head, Optional[Tensor], Gradients]:
    """Return the struct of a call, and what it writes: the rows' losses, and gradients.

    Tensors are contiguous; `weights` are the factors of the rows.
    """
    x, w, bias = t.x, t.w, t.bias
    rows = x.new_empty(t.y.shape) if objective.reduction == "none" else None
    dx = torch.empty_like(x) if needs[0] else None
    dw = torch.empty_like(w) if needs[1] or needs[2] else None  # the library wants it beside db
    db = torch.empty_like(bias) if needs[2] and bias is not None else None
    call = Head(
        rows=x.shape[0],
        dim=x.shape[1],
        classes=w.shape[0],
        embeddings=x.data_ptr(),
        weights=w.data_ptr(),
        bias=pointer(bias),
        labels=t.y.data_ptr(),
        row_weight=pointer(weights),
        label_smoothing=objective.label_smoothing,
        row_loss=pointer(rows),
        grad_embeddings=pointer(dx),
        grad_weights=pointer(dw),
        grad_bias=pointer(db),
        ignore_label=objective.ignore_index,
    )
    call.held = (*t, weights, rows, dx, dw, db)  # see pointer
    return call, rows, [dx, dw if needs[1] else None, db]


def value_of(objective: Objective, call: Head, weightless: bool, x: Tensor) -> Tensor:
    """Return the loss of a call that was made, as a scalar like `x`."""
    empty = weightless or call.counted == 0
    loss = float("nan") if empty and objective.reduction == "mean" else call.loss
    return x.new_full((), loss)


def compute(
    objective: Objective, t: Tensors, needs: Needs, names: Dict[str, str] = NAMES
) -> Tuple[Tensor, Gradients]:
    """Return the loss, a float32 scalar or [N], and fresh gradients of it where they are wanted.

    With reduction "none" there are no gradients: those of the sum with weights are wanted then.
    Errors call what the library found wrong by `names`.
    """
    if t.x.shape[0] == 0:
        return of_nothing(objective, t, needs)
    t = Tensors(*(None if a is None else a.contiguous() for a in t))
    if objective.ignore_index == 0:  # the library's 0 stands for "only -1"
        t = t._replace(y=t.y.masked_fill(t.y == 0, -1))
    weights, weightless = row_weights(objective, t, t.y)
    call, rows, gradients = head_call(objective, t, weights, needs)
    run_head(objective.made, torch.get_num_threads(), call, names)
    if rows is not None:
        return rows, gradients
    return value_of(objective, call, weightless, t.x), gradients


# ---- prediction ----------------------------------------------------------------------------------


def predict(
    made: Settings, x: Tensor, w: Tensor, bias: Optional[Tensor], k: int
) -> Tuple[Tensor, Tensor]:
    """Return the k nearest classes of each row [N, k], and their cosines (softmax: logits)."""
    x, w = _embeddings(x, w)
    k = whole("k", k, 1, w.shape[0])
    x, w = x.detach().contiguous(), w.detach().contiguous()
    bias = None if bias is None else bias.detach().float().contiguous()
    values = x.new_empty((x.shape[0], k))
    classes = torch.empty_like(values, dtype=torch.int64)
    if x.shape[0] == 0:
        return classes, values
    call = Predict(
        rows=x.shape[0],
        dim=x.shape[1],
        classes=w.shape[0],
        embeddings=x.data_ptr(),
        weights=w.data_ptr(),
        bias=pointer(bias),
        k=k,
        top_classes=classes.data_ptr(),
        top_values=values.data_ptr(),
    )
    call.held = (x, w, bias, classes, values)
    run_predict(made, torch.get_num_threads(), call, NAMES)
    return classes, values
