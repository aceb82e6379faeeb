"""What the head computes of tensors: one call of the library, without autograd.

Must not know modules, autograd or torch.compile.
"""

from __future__ import annotations

import functools
from typing import Any, Dict, List, NamedTuple, Optional, Sequence, Tuple

import torch
from torch import Tensor

from .._abi import Head, Predict, Sample
from .._heads import (
    TYPES,
    Settings,
    number,
    run_head,
    run_predict,
    run_sample,
    settings,
    whole,
)

REDUCTIONS = ("mean", "sum", "none")
KINDS = {getattr(torch, name): value for name, value in TYPES.items()}
"""The types in which the library reads x and w, which are called alike there, and its values."""
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
    """x [N, D], w [C, D], bias [C] or None, y [N], sample_weight [N] or None; see `checked`.

    index [K] or None are the sampled classes: gradients of w and bias are then [K, D] and [K].
    """

    x: Tensor
    w: Tensor
    bias: Optional[Tensor]
    y: Tensor
    sample_weight: Optional[Tensor]
    index: Optional[Tensor] = None


class Sampling(NamedTuple):
    """Which classes a step looks at, as `margin_losses.sample` has it."""

    rate: float
    seed: int
    step: int


Needs = Sequence[bool]  # whether the gradients of x, w and bias are wanted
Gradients = List[Optional[Tensor]]  # those of x, w and bias, float32; None where not wanted
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


def _real(name: str, tensor: Any, dims: int, shape: str, as_it_is: bool = False) -> Tensor:
    """Return a tensor as float32, one of half precision on wish as it is; refuse another device,
    another kind of numbers or shape."""
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
        return tensor if as_it_is else tensor.float()
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
    x, w = _real("x", x, 2, "[N, D]", True), _real("weight", w, 2, "[C, D]", True)
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
        ones = objective.reduction == "sum"
        return (t.x.new_ones(y.shape, dtype=torch.float32) if ones else None), False
    weights = t.sample_weight.contiguous()
    if objective.reduction == "sum":
        return weights, False
    counted = (y != -1) & (y != objective.ignore_index)
    total = weights[counted].sum(dtype=torch.float64).item()
    if total == 0.0:
        return torch.zeros_like(weights), True
    return weights / total, False


def of_nothing(objective: Objective, t: Tensors, needs: Needs) -> Tuple[Tensor, Gradients]:
    """The loss of no rows at all, or of no sampled classes where no row counts, which the library
    refuses: as torch's cross_entropy has it."""
    kind = torch.float32
    if objective.reduction == "none":
        loss = t.x.new_zeros(t.y.shape, dtype=kind)
    else:
        value = float("nan") if objective.reduction == "mean" else 0.0
        loss = t.x.new_full((), value, dtype=kind)
    return loss, [
        t.x.new_zeros(shape, dtype=kind) if n and shape is not None else None
        for shape, n in zip(gradient_shapes(t), needs)
    ]


def gradient_shapes(t: Tensors) -> List[Optional[torch.Size]]:
    """The shapes of the gradients of x, w and bias; None without a bias."""
    classes = t.w.shape[:1] if t.index is None else t.index.shape
    return [t.x.shape, classes + t.w.shape[1:], None if t.bias is None else classes]


def _known_labels(y: Tensor, ignore_index: int) -> Tensor:
    """Return labels as the library takes them, whose ignored label of 0 stands for "only -1"."""
    return (y.masked_fill(y == 0, -1) if ignore_index == 0 else y).contiguous()


def sampled(objective: Objective, t: Tensors, sampling: Sampling) -> Tensors:
    """Return the tensors with the classes that a step samples."""
    y = _known_labels(t.y, objective.ignore_index)
    classes = t.w.shape[0]
    index = y.new_empty(classes)
    call = Sample(
        labels=y.data_ptr(),
        rows=y.shape[0],
        ignore_label=objective.ignore_index,
        classes=classes,
        count=classes,
        rate=sampling.rate,
        seed=sampling.seed,
        step=sampling.step,
        class_index=index.data_ptr(),
        capacity=classes,
    )
    call.held = (y, index)  # see pointer
    run_sample(objective.made, call, NAMES)
    return t._replace(index=index[: call.found].clone())


def pointer(tensor: Optional[Tensor]) -> Optional[int]:
    """The address of a tensor, which the struct that takes it must hold: where torch.compile or
    compiled autograd runs a function in parts, a variable that is not read again is dropped."""
    return None if tensor is None else tensor.data_ptr()


def head_call(
    objective: Objective, t: Tensors, weights: Optional[Tensor], needs: Needs
) -> Tuple[Head, Optional[Tensor], Gradients]:
    """Return the struct of a call, and what it writes: the rows' losses, and gradients.

    Tensors are contiguous, labels as the library takes them; `weights` are the factors of the rows.
    """
    x, w, bias, y = t.x, t.w, t.bias, t.y
    kind = torch.float32
    rows = x.new_empty(y.shape, dtype=kind) if objective.reduction == "none" else None
    wanted = (needs[0], needs[1] or needs[2], needs[2])  # the library wants dw beside db
    dx, dw, db = (
        x.new_empty(shape, dtype=kind) if n and shape is not None else None
        for shape, n in zip(gradient_shapes(t), wanted)
    )
    call = Head(
        rows=x.shape[0],
        dim=x.shape[1],
        classes=w.shape[0] if t.index is None else t.index.shape[0],
        embeddings=x.data_ptr(),
        weights=w.data_ptr(),
        bias=pointer(bias),
        class_index=pointer(t.index),
        labels=y.data_ptr(),
        row_weight=pointer(weights),
        label_smoothing=objective.label_smoothing,
        row_loss=pointer(rows),
        grad_embeddings=pointer(dx),
        grad_weights=pointer(dw),
        grad_bias=pointer(db),
        ignore_label=objective.ignore_index,
        embeddings_type=KINDS[x.dtype],
        weights_type=KINDS[w.dtype],
    )
    call.held = (*t, weights, rows, dx, dw, db)  # see pointer
    return call, rows, [dx, dw if needs[1] else None, db]


def value_of(objective: Objective, call: Head, weightless: bool, x: Tensor) -> Tensor:
    """Return the loss of a call that was made, as a scalar beside `x`."""
    empty = weightless or call.counted == 0
    loss = float("nan") if empty and objective.reduction == "mean" else call.loss
    return x.new_full((), loss, dtype=torch.float32)


def compute(
    objective: Objective, t: Tensors, needs: Needs, names: Dict[str, str] = NAMES
) -> Tuple[Tensor, Gradients]:
    """Return the loss, a scalar or [N], and fresh gradients of it where wanted, all float32.

    With reduction "none" there are no gradients: those of the sum with weights are wanted then.
    Errors call what the library found wrong by `names`.
    """
    if t.x.shape[0] == 0 or (t.index is not None and t.index.shape[0] == 0):
        return of_nothing(objective, t, needs)
    t = Tensors(*(None if a is None else a.contiguous() for a in t))  # type: ignore[arg-type]
    t = t._replace(y=_known_labels(t.y, objective.ignore_index))
    weights, weightless = row_weights(objective, t, t.y)
    call, rows, gradients = head_call(objective, t, weights, needs)
    run_head(objective.made, torch.get_num_threads(), call, names)
    if rows is not None:
        return rows, gradients
    return value_of(objective, call, weightless, t.x), gradients


def as_given(gradients: Sequence[Optional[Tensor]], t: Tensors) -> Gradients:
    """Return gradients in the types of what they are of. Those of half precision are rounded here,
    after all factors: a loss may be scaled lest they vanish."""
    given = (t.x, t.w, t.bias)
    return [g if g is None else g.to(a.dtype) for g, a in zip(gradients, given)]  # type: ignore


# ---- prediction ----------------------------------------------------------------------------------


def predict(
    made: Settings, x: Tensor, w: Tensor, bias: Optional[Tensor], k: int
) -> Tuple[Tensor, Tensor]:
    """Return the k nearest classes of each row [N, k], and their cosines (softmax: logits)."""
    x, w = _embeddings(x, w)
    k = whole("k", k, 1, w.shape[0])
    x, w = x.detach().contiguous(), w.detach().contiguous()
    bias = None if bias is None else bias.detach().float().contiguous()
    values = x.new_empty((x.shape[0], k), dtype=torch.float32)
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
        embeddings_type=KINDS[x.dtype],
        weights_type=KINDS[w.dtype],
    )
    call.held = (x, w, bias, classes, values)
    run_predict(made, torch.get_num_threads(), call, NAMES)
    return classes, values
