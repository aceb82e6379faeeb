"""The functions that compute a loss from NumPy arrays: `head`, `rows` and `predict`.

Must not know how contexts are kept, nor how arrays are checked.
"""

from __future__ import annotations

from typing import Any, Dict, NamedTuple, Optional, Tuple

import numpy as np

from . import _arrays
from ._abi import LOSSES, Head, Predict, Rows
from ._arrays import addresses
from ._heads import (
    ISAS,
    TYPES,
    Settings,
    choice,
    number,
    run_head,
    run_predict,
    run_rows,
    settings,
    short,
    whole,
)

_NAMES = {"embeddings": "x", "weights": "w", "labels": "y"}
_GRADIENTS = ("dx", "dw", "db")


class HeadResult:
    """What `head` found.

    Attributes
    ----------
    loss : float
        The objective in nats, which the gradients are of: the sum of the rows' losses times their
        weights; without weights the mean over the rows that count, 0 where none counts.
    mean_loss : float
        Plain mean over the rows that count; 0 where none counts.
    counted : int
        Rows that count: those whose label is not ignored.
    tied : int
        Of these, rows whose class shares the largest cosine with another; they are not correct.
    dx, dw, db : numpy.ndarray or None
        Gradients of `loss` by x [N, D], w [C, D] and bias [C]; None where not asked for.
    row_loss : numpy.ndarray, float32 [N]
        Loss of each row, unweighted; 0 for rows that do not count, as all that follows.
    row_angle : numpy.ndarray, float32 [N]
        Angle in radians between x and the class weight of its label.
    row_correct : numpy.ndarray, bool [N]
        True where the class of the label has a larger cosine than every other class.
    row_others : numpy.ndarray, float32 [N]
        Log-sum-exp of the other classes' logits.
    """

    __slots__ = (
        "loss", "mean_loss", "counted", "tied", "dx", "dw", "db",
        "row_loss", "row_angle", "row_correct", "row_others",
    )  # fmt: skip

    loss: float
    mean_loss: float
    counted: int
    tied: int
    dx: Optional[np.ndarray]
    dw: Optional[np.ndarray]
    db: Optional[np.ndarray]
    row_loss: np.ndarray
    row_angle: np.ndarray
    row_correct: np.ndarray
    row_others: np.ndarray

    @property
    def accuracy(self) -> float:
        """Share of the rows that count that are correct; nan where none counts."""
        return float(self.row_correct.sum()) / self.counted if self.counted else float("nan")

    def __repr__(self) -> str:
        return _repr(self, ("loss", "mean_loss", "counted"), _GRADIENTS)


class RowsResult:
    """What `rows` found.

    Attributes
    ----------
    loss, mean_loss, counted
        As in `HeadResult`.
    grad : numpy.ndarray, float32 [N, C], or None
        Gradient of `loss` by the logits that were given.
    row_loss, row_others : numpy.ndarray, float32 [N]
        As in `HeadResult`.
    """

    __slots__ = ("loss", "mean_loss", "counted", "grad", "row_loss", "row_others")

    loss: float
    mean_loss: float
    counted: int
    grad: Optional[np.ndarray]
    row_loss: np.ndarray
    row_others: np.ndarray

    def __repr__(self) -> str:
        return _repr(self, ("loss", "mean_loss", "counted"), ("grad",))


class Prediction(NamedTuple):
    """What `predict` found."""

    classes: np.ndarray
    """The k nearest classes of each row, int64 [N, k], the nearest first."""
    cosines: np.ndarray
    """Their cosines (softmax: logits), float32 [N, k]."""


def _repr(result: Any, numbers: Tuple[str, ...], arrays: Tuple[str, ...]) -> str:
    parts = [f"{name}={getattr(result, name):.7g}" for name in numbers]
    for name in arrays:
        array = getattr(result, name)
        if array is not None:
            parts.append(f"{name}={array.dtype}{list(array.shape)}")
    return f"{type(result).__name__}({', '.join(parts)})"


# ---- what the functions share --------------------------------------------------------------------

Arrays = Dict[str, np.ndarray]
"""Arrays by the names of the fields that point to them."""


def _run_options(
    threads: Optional[int], isa: str, workspace: Optional[int]
) -> Tuple[Optional[int], Dict[str, int]]:
    """Return the threads, and the other options of a run as the library's numbers."""
    if threads is not None:
        threads = whole("threads", threads, 1, 1024)
    if workspace is not None:
        workspace = whole("workspace", workspace, 1, 2**62)
    return threads, {"isa": choice("isa", ISAS, isa), "workspace": workspace or 0}


def _read_ignored(ignore_label: int) -> int:
    return whole("ignore_label", ignore_label, -(2**63), 2**63 - 1)


def _take_given(inputs: Arrays, axis: str, count: int, **given: Any) -> None:
    """Add what a caller gives each row or each class to the inputs; None is left out."""
    for name, value in given.items():
        if value is not None:
            inputs[name] = _arrays.vector(name, value, axis, count)


def _refuse_replaced(made: Settings, inputs: Arrays, **numbers: Any) -> None:
    """Refuse a number where the inputs hold one for each row or class that takes its place."""
    margin = ("margin", f"m{made.info.margin_index}")
    replaced = {"row_scale": ("scale",), "row_margin": margin, "class_margin": margin}
    for array, names in replaced.items():
        for name in names:
            if array in inputs and numbers.get(name) is not None:
                raise ValueError(f"{name}: {array} takes its place: give one of them")


def _flag(argument: str, value: Any) -> bool:
    """Return True or False; anything else is refused, lest "no" be taken for true."""
    if not isinstance(value, (bool, np.bool_)):
        raise TypeError(f"{argument} must be True or False, got {short(value)}")
    return bool(value)


def _check_gradient_options(gradients: bool, accumulate: bool, out: Any) -> None:
    gradients, accumulate = _flag("gradients", gradients), _flag("accumulate", accumulate)
    if out is not None and not gradients:
        raise ValueError("out holds gradients: with gradients=False leave it out")
    if accumulate and out is None:
        raise ValueError("accumulate adds to the arrays of out: give out with dx and dw")


# ---- from embeddings and class weights -----------------------------------------------------------


def _bias(bias: Any, loss: str, classes: int) -> np.ndarray:
    raw = [name for name, info in LOSSES.items() if not info.normalised]
    if loss not in raw:
        raise ValueError(f"bias goes with loss={' or '.join(map(repr, raw))}, not with {loss!r}")
    return _arrays.vector("bias", bias, "C", classes)


def _head_inputs(x: Any, w: Any, bias: Any, loss: str) -> Tuple[Dict[str, int], Arrays]:
    """Return the sizes N, D and C with the types of x and w, and the arrays."""
    x = _arrays.reals("x", x, "N, D")
    n, d = x.shape
    w = _arrays.weights(w, d, _arrays.reals)
    if not (x.size and w.size):
        raise ValueError(f"{'w' if x.size else 'x'} is empty: N, D and C must be at least 1")
    arrays = {"embeddings": x, "weights": w}
    if bias is not None:
        arrays["bias"] = _bias(bias, loss, len(w))
    fields = {"rows": n, "dim": d, "classes": len(w)}
    fields["embeddings_type"] = TYPES[_arrays.type_of(x)]
    fields["weights_type"] = TYPES[_arrays.type_of(w)]
    return fields, arrays


def _held(out: Any) -> Dict[str, Any]:
    """The arrays that `out` holds, None where it has none."""
    if isinstance(out, HeadResult):
        return {name: getattr(out, name) for name in _GRADIENTS}
    if not isinstance(out, dict):
        found = type(out).__name__
        raise TypeError(f"out must be a result or a dict with dx, dw, db, got {found}")
    for name in out:
        if name not in _GRADIENTS:
            raise ValueError(f"out has {short(name)}; it takes {', '.join(_GRADIENTS)}")
    return {name: out.get(name) for name in _GRADIENTS}


def _gradient_arrays(sizes: Dict[str, int], inputs: Arrays, out: Any, accumulate: bool) -> Arrays:
    """The arrays that gradients go to: those of `out`, new ones where it has none."""
    n, d, c = sizes["rows"], sizes["dim"], sizes["classes"]
    shapes: Dict[str, Tuple[int, ...]] = {"dx": (n, d), "dw": (c, d)}
    if "bias" in inputs:
        shapes["db"] = (c,)
    if out is None:
        return {name: np.empty(shape, _arrays.FLOAT) for name, shape in shapes.items()}
    held = _held(out)
    missing = [name for name in shapes if held[name] is None]
    if missing and (accumulate or len(missing) == len(shapes)):
        raise ValueError(f"out lacks {' and '.join(missing)}")
    arrays = {name: _arrays.output(f"out.{name}", held[name], s) for name, s in shapes.items()}
    written = {f"out.{name}": array for name, array in arrays.items()}
    _arrays.refuse_overlaps(written, inputs, _NAMES)
    return arrays


def _empty_head_result(n: int, gradients: Arrays) -> HeadResult:
    result = HeadResult()
    result.dx = gradients.get("dx")
    result.dw = gradients.get("dw")
    result.db = gradients.get("db")
    result.row_loss = np.empty(n, _arrays.FLOAT)
    result.row_angle = np.empty(n, _arrays.FLOAT)
    result.row_correct = np.empty(n, bool)
    result.row_others = np.empty(n, _arrays.FLOAT)
    return result


def _head_outputs(result: HeadResult) -> Arrays:
    arrays = {
        "row_loss": result.row_loss,
        "row_angle": result.row_angle,
        "row_correct": result.row_correct,
        "row_others": result.row_others,
    }
    if result.dx is not None and result.dw is not None:
        arrays["grad_embeddings"] = result.dx
        arrays["grad_weights"] = result.dw
    if result.db is not None:
        arrays["grad_bias"] = result.db
    return arrays


def head(
    x: Any,
    w: Any,
    y: Any,
    *,
    loss: str = "arcface",
    scale: Optional[float] = None,
    margin: Optional[float] = None,
    m1: Optional[float] = None,
    m2: Optional[float] = None,
    m3: Optional[float] = None,
    past_pi: Optional[str] = None,
    gradient: str = "exact",
    lambda_: float = 0.0,
    feature_norm: str = "fixed",
    bias: Any = None,
    row_weight: Any = None,
    class_weight: Any = None,
    label_smoothing: float = 0.0,
    ignore_label: int = -1,
    row_margin: Any = None,
    class_margin: Any = None,
    row_scale: Any = None,
    class_index: Any = None,
    gradients: bool = True,
    accumulate: bool = False,
    out: Any = None,
    threads: Optional[int] = None,
    isa: str = "auto",
    workspace: Optional[int] = None,
) -> HeadResult:
    """Loss and gradients of a classification head, from embeddings, class weights and labels.

    N rows, D dimensions, C classes. float32 arrays in C order are used as they are, x and w also
    as float16 and bfloat16 (of ml_dtypes, or ``dtype="V2"``); other floats and whole numbers are
    converted, other layouts copied. Gradients are float32.

    Parameters
    ----------
    x : array of floats [N, D]
        Embeddings, not normalised.
    w : array of floats [C, D]
        Class weights, not normalised.
    y : array of whole numbers [N]
        Labels in [0, C), or -1 for rows that do not count.
    loss : str
        A name of `LOSSES`.
    scale : float, optional
        The scale s; default: the loss's, as for the margins.
    margin : float, optional
        The margin of a loss that has one: a factor of the angle (sphereface), radians (arcface),
        or a cosine (cosface).
    m1, m2, m3 : float, optional
        The margins of the loss ``combined``: the target's logit is s (cos(m1 theta + m2) - m3).
    past_pi : {"paper", "monotone", "taylor", "clamp", "easy"}, optional
        What the target's logit does once m1 theta + m2 exceeds pi.
    gradient : {"exact", "detached"}
        The derivative of the loss, or with that of the margin taken as 1.
    lambda_ : float
        sphereface: the target becomes (lambda cos theta + psi) / (1 + lambda).
    feature_norm : {"fixed", "keep"}
        sphereface: cosines are multiplied by the scale, or by the length of x.
    bias : array of floats [C], optional
        Added to the logits; softmax only.
    row_weight : array of floats [N], optional
        Factors of the rows' losses in `loss`, instead of 1 / (number of rows that count).
    class_weight : array of floats [C], optional
        Rows count by that of their label; without `row_weight` the loss is the weighted mean.
    label_smoothing : float
        The share of a row's wanted distribution that all classes have alike, in [0, 1).
    ignore_label : int
        Rows of this label do not count, as those of -1.
    row_margin, class_margin : array of floats [N] or [C], optional
        A margin for each row, or for each class, instead of `margin`; only one of the three.
    row_scale : array of floats [N], optional
        A scale for each row instead of `scale`; only one of the two.
    class_index : array of whole numbers [K], optional
        The classes that the call is of, rising, as `sample` gives them: dw is [K, D] and db [K], a
        row for each of them, and nothing of the other classes is read. Labels and all arrays [C]
        are still numbered as the rows of w; a label must be in the list.
    gradients : bool
        False: the loss alone.
    accumulate : bool
        Add the gradients to what the arrays of `out` hold.
    out : result or dict, optional
        Arrays "dx", "dw" and "db" to write the gradients to, as of an earlier result. Memory that
        is used again saves time where w is large. With some of them alone the others are new
        arrays; `accumulate` needs all.
    threads : int, optional
        At most so many; default: OMP_NUM_THREADS, else the CPUs that this thread may use. The
        numbers are the same for any.
    isa : str
        An instruction set of `info`, "auto": MARGIN_ISA of the environment, else the best.
    workspace : int, optional
        Upper bound of scratch memory in bytes; default 256 MiB, or more where a shape needs it.

    Returns
    -------
    HeadResult

    Raises
    ------
    ValueError
        A shape, a label, a name or a number that does not fit, NaN and infinities, and two settings
        of which one takes the other's place; the message names the argument, what was expected, and
        what was found. Arrays of `out` are then as they were.
    TypeError
        An array or an object of another kind, as labels that are floats.
    MemoryError
        Out of memory.
    """
    made = settings(
        loss, scale=scale, margin=margin, m1=m1, m2=m2, m3=m3, past_pi=past_pi,
        gradient=gradient, lambda_=lambda_, feature_norm=feature_norm,
    )  # fmt: skip
    threads, options = _run_options(threads, isa, workspace)
    _check_gradient_options(gradients, accumulate, out)
    ignored = _read_ignored(ignore_label)
    sizes, inputs = _head_inputs(x, w, bias, loss)
    n, c = sizes["rows"], sizes["classes"]
    inputs["labels"] = _arrays.labels(y, n, ignored)
    _take_given(
        inputs, "N", n, row_weight=row_weight, row_margin=row_margin, row_scale=row_scale
    )
    _take_given(inputs, "C", c, class_weight=class_weight, class_margin=class_margin)
    if class_index is not None:
        inputs["class_index"] = _arrays.class_index(class_index, c)
        sizes["classes"] = len(inputs["class_index"])
    _refuse_replaced(made, inputs, scale=scale, margin=margin, m1=m1, m2=m2, m3=m3)
    arrays = _gradient_arrays(sizes, inputs, out, accumulate) if gradients else {}
    result = _empty_head_result(n, arrays)
    call = Head(
        label_smoothing=number("label_smoothing", label_smoothing),
        ignore_label=ignored,
        accumulate=bool(accumulate),
        **sizes,
        **addresses(inputs),
        **addresses(_head_outputs(result)),
    )
    run_head(made, threads, call, _NAMES, **options)
    result.loss, result.mean_loss = call.loss, call.mean_loss
    result.counted, result.tied = call.counted, call.tied
    return result


def predict(
    x: Any,
    w: Any,
    k: int = 1,
    *,
    loss: str = "arcface",
    bias: Any = None,
    threads: Optional[int] = None,
    isa: str = "auto",
    workspace: Optional[int] = None,
) -> Prediction:
    """Find the k nearest classes of each row. Margins play no part, and no [N, C] array is made.

    Parameters
    ----------
    x : array of floats [N, D]
        Embeddings, not normalised.
    w : array of floats [C, D]
        Class weights, not normalised.
    k : int
        In [1, C].
    loss : str
        "softmax": by logits, which alone take `bias` [C]; any other: by cosines.
    bias, threads, isa, workspace
        As in `head`.

    Returns
    -------
    Prediction
        ``classes`` int64 [N, k], the nearest first, equal ones in the order of classes; and
        ``cosines`` float32 [N, k], for softmax the logits.

    Raises
    ------
    ValueError, TypeError, MemoryError
        As `head`.
    """
    made = settings(loss)
    threads, options = _run_options(threads, isa, workspace)
    sizes, inputs = _head_inputs(x, w, bias, loss)
    k = whole("k", k, 1, sizes["classes"])
    shape = (sizes["rows"], k)
    found = Prediction(np.empty(shape, _arrays.LABEL), np.empty(shape, _arrays.FLOAT))
    outputs = {"top_classes": found.classes, "top_values": found.cosines}
    call = Predict(k=k, **sizes, **addresses(inputs), **addresses(outputs))
    run_predict(made, threads, call, _NAMES, **options)
    return found


# ---- from cosines --------------------------------------------------------------------------------


def _rows_gradient(inputs: Arrays, out: Any) -> np.ndarray:
    """The array that the gradient goes to: that of `out`, or a new one."""
    logits = inputs["logits"]
    if isinstance(out, RowsResult):
        if out.grad is None:
            raise ValueError("out lacks grad: it comes from a call with gradients=False")
        out = out.grad
    elif not (out is None or isinstance(out, np.ndarray)):
        found = type(out).__name__
        raise TypeError(f"out must be a result or an array [N, C], got {found}")
    grad = _arrays.output("out", out, logits.shape)
    in_place = _arrays.address(grad) == _arrays.address(logits)
    others = {name: a for name, a in inputs.items() if not (in_place and name == "logits")}
    _arrays.refuse_overlaps({"out": grad}, others, _NAMES)
    return grad


def rows(
    logits: Any,
    y: Any,
    *,
    loss: str = "arcface",
    scale: Optional[float] = None,
    margin: Optional[float] = None,
    m1: Optional[float] = None,
    m2: Optional[float] = None,
    m3: Optional[float] = None,
    past_pi: Optional[str] = None,
    gradient: str = "exact",
    lambda_: float = 0.0,
    feature_norm: str = "fixed",
    row_weight: Any = None,
    class_weight: Any = None,
    label_smoothing: float = 0.0,
    ignore_label: int = -1,
    row_margin: Any = None,
    class_margin: Any = None,
    row_scale: Any = None,
    gradients: bool = True,
    out: Any = None,
    threads: Optional[int] = None,
    isa: str = "auto",
    workspace: Optional[int] = None,
) -> RowsResult:
    """Loss and gradient from cosines that somebody else has computed.

    Parameters
    ----------
    logits : array of floats [N, C]
        Cosines, not scaled; for softmax the logits. A label's cosine beyond [-1, 1] is taken as
        the nearer end.
    y : array of whole numbers [N]
        As in `head`.
    row_scale : array of floats [N], optional
        As in `head`; with ``feature_norm="keep"`` it must be given: the lengths of the embeddings.
    gradients : bool
        False: the loss alone.
    out : result or numpy.ndarray, float32 [N, C], optional
        Where the gradient goes: the `grad` of an earlier result, or an array, which may be `logits`
        itself.
    loss, scale, margin, ...
        All others as in `head`.

    Returns
    -------
    RowsResult

    Raises
    ------
    ValueError, TypeError, MemoryError
        As `head`. At a NaN or an infinity in `logits` an array `out` of its own may have been
        written to.
    """
    made = settings(
        loss, scale=scale, margin=margin, m1=m1, m2=m2, m3=m3, past_pi=past_pi,
        gradient=gradient, lambda_=lambda_, feature_norm=feature_norm,
    )  # fmt: skip
    threads, options = _run_options(threads, isa, workspace)
    _check_gradient_options(gradients, False, out)
    ignored = _read_ignored(ignore_label)
    z = _arrays.floats("logits", logits, "N, C")
    n, c = z.shape
    if not z.size:
        raise ValueError("logits is empty: N and C must be at least 1")
    inputs = {"logits": z, "labels": _arrays.labels(y, n, ignored, "logits")}
    _take_given(
        inputs, "N", n, row_weight=row_weight, row_margin=row_margin, row_scale=row_scale
    )
    _take_given(inputs, "C", c, class_weight=class_weight, class_margin=class_margin)
    _refuse_replaced(made, inputs, scale=scale, margin=margin, m1=m1, m2=m2, m3=m3)
    result = RowsResult()
    result.row_loss = np.empty(n, _arrays.FLOAT)
    result.row_others = np.empty(n, _arrays.FLOAT)
    outputs = {"row_loss": result.row_loss, "row_others": result.row_others}
    result.grad = None
    if gradients:
        result.grad = outputs["grad_logits"] = _rows_gradient(inputs, out)
    call = Rows(
        rows=n,
        classes=c,
        label_smoothing=number("label_smoothing", label_smoothing),
        ignore_label=ignored,
        **addresses(inputs),
        **addresses(outputs),
    )
    run_rows(made, threads, call, _NAMES, **options)
    result.loss, result.mean_loss, result.counted = call.loss, call.mean_loss, call.counted
    return result
