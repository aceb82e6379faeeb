"""Validated settings of a loss, and calls of the library on a context that is kept for each thread.

Must not know NumPy or PyTorch: whoever calls fills in the struct, and holds the arrays until the
call has returned.
"""

from __future__ import annotations

import ctypes
import math
import numbers
import os
import threading
from collections import OrderedDict
from ctypes import POINTER, c_float
from functools import lru_cache
from typing import Any, Callable, Dict, Mapping, NamedTuple, NoReturn, Optional, Tuple, Union

from . import _abi
from ._abi import LOSSES, Config, Head, Predict, Rows, Sample, library

PAST_PI = _abi.names_of("past_pi")
GRADIENTS = _abi.names_of("gradient")
FEATURE_NORMS = _abi.names_of("feature_norm")
ISAS = _abi.names_of("isa")
TYPES = _abi.names_of("type")

CONTEXTS_KEPT = 4
"""How many contexts a thread keeps at most. Calls with the same isa and workspace share one."""


class Settings(NamedTuple):
    """A loss with all that can be set, as the library's numbers; made by `settings`."""

    loss: int
    scale: float
    m1: float
    m2: float
    m3: float
    lambda_: float
    past_pi: int
    gradient: int
    feature_norm: int

    @property
    def info(self) -> _abi.Loss:
        """What the loss is."""
        return _LOSSES_BY_INDEX[self.loss]


_LOSSES_BY_INDEX = {loss.index: loss for loss in LOSSES.values()}


# ---- settings ------------------------------------------------------------------------------------


def choice(argument: str, names: Mapping[str, Any], value: Any) -> Any:
    """Return what a name stands for; one that is unknown is refused with those that are known."""
    if isinstance(value, str) and value in names:
        return names[value]
    raise ValueError(f"{argument} must be one of {', '.join(names)}, got {value!r}")


def number(argument: str, value: Any) -> float:
    """Return a real number as a float; anything else is refused."""
    if type(value) is float:
        return value
    if isinstance(value, bool) or not isinstance(value, numbers.Real):
        raise TypeError(f"{argument} must be a number, got {short(value)}")
    try:
        return float(value)
    except OverflowError:
        raise ValueError(f"{argument} is beyond 1.8e308, the largest float") from None


def whole(argument: str, value: Any, least: int, most: int) -> int:
    """Return a whole number in [least, most] as an int; anything else is refused."""
    if type(value) is not int:
        if isinstance(value, bool) or not isinstance(value, numbers.Integral):
            raise TypeError(f"{argument} must be a whole number, got {short(value)}")
    if not least <= value <= most:
        raise ValueError(f"{argument} must be in [{least}, {most}], got {short(value)}")
    return int(value)


def short(value: Any) -> str:
    """A value as an error shows it: its text where that is short, else its type."""
    if isinstance(value, int) and value.bit_length() > 128:  # Python refuses to print longest ones
        return f"a number of {value.bit_length()} bits"
    text = repr(value)
    return text if len(text) <= 40 else f"an object of type {type(value).__name__}"


def _margins(loss: _abi.Loss, margin: Any, given: Dict[str, Any]) -> Dict[str, float]:
    """Return m1, m2 and m3: those given, else the loss's."""
    margins = {"m1": loss.m1, "m2": loss.m2, "m3": loss.m3}
    margins.update({k: number(k, value) for k, value in given.items() if value is not None})
    if margin is None:
        return margins
    if loss.margin_index not in (1, 2, 3):
        remedy = "set m1, m2 and m3" if loss.margin_index else "leave it out"
        count = "three margins" if loss.margin_index else "no margin"
        raise ValueError(f"margin: the loss {loss.name} has {count}: {remedy}")
    own = f"m{loss.margin_index}"
    if given[own] is not None:
        raise ValueError(f"margin and {own} are the same for the loss {loss.name}: give one")
    margins[own] = number("margin", margin)
    return margins


def _refuse_degrees(argument: str, radians: float) -> None:
    if radians >= math.pi:
        raise ValueError(
            f"{argument} is in radians and less than pi: {radians:g} looks like degrees, "
            f"take math.radians({radians:g})"
        )


def _check(made: Settings, margin_name: Optional[str]) -> None:
    """Let the library judge the settings; its word on a margin names the argument in use."""
    context, why = ctypes.c_void_p(), ctypes.c_char_p()
    config = _config(made, 1, ISAS["scalar"], 0)
    status = library.margin_create_explained(config, ctypes.byref(context), ctypes.byref(why))
    if status == _abi.OK:
        library.margin_destroy(context)
        return
    _refuse(status, (why.value or b"").decode(), made, margin_name)


def _refuse(status: int, why: str, made: Settings, margin_name: Optional[str]) -> NoReturn:
    if status == _abi.MEMORY:
        raise MemoryError(why)
    words = why.replace(":", "").split()
    field = next((f for f in ("scale", "lambda", "m1", "m2", "m3") if f in words), None)
    why = why.replace("this loss", f"the loss {made.info.name}")
    if field is None:
        raise ValueError(why)
    value = getattr(made, "lambda_" if field == "lambda" else field)
    if field == "lambda" or field == f"m{made.info.margin_index}" and margin_name:
        why = why.replace(field, "lambda_" if field == "lambda" else str(margin_name))
    raise ValueError(f"{why}, got {value:g}")


def _make_settings(
    loss: str,
    scale: Optional[float],
    margin: Optional[float],
    m1: Optional[float],
    m2: Optional[float],
    m3: Optional[float],
    past_pi: Optional[str],
    gradient: str,
    lambda_: float,
    feature_norm: str,
) -> Settings:
    info = choice("loss", LOSSES, loss)
    margins = _margins(info, margin, {"m1": m1, "m2": m2, "m3": m3})
    margin_name = None if margin is None else "margin"
    _refuse_degrees("margin" if margin_name and info.margin_index == 2 else "m2", margins["m2"])
    made = Settings(
        loss=info.index,
        scale=info.scale if scale is None else number("scale", scale),
        lambda_=number("lambda_", lambda_),
        past_pi=PAST_PI[info.past_pi] if past_pi is None else choice("past_pi", PAST_PI, past_pi),
        gradient=choice("gradient", GRADIENTS, gradient),
        feature_norm=choice("feature_norm", FEATURE_NORMS, feature_norm),
        **margins,
    )
    _check(made, margin_name)
    return made


_cached_settings = lru_cache(maxsize=256, typed=True)(_make_settings)


def settings(
    loss: str,
    *,
    scale: Optional[float] = None,
    margin: Optional[float] = None,
    m1: Optional[float] = None,
    m2: Optional[float] = None,
    m3: Optional[float] = None,
    past_pi: Optional[str] = None,
    gradient: str = "exact",
    lambda_: float = 0.0,
    feature_norm: str = "fixed",
) -> Settings:
    """Return the settings of a loss; None stands for the loss's default.

    Raises
    ------
    ValueError
        An unknown name, or a number out of its range. A margin of pi or more speaks of degrees.
    TypeError
        Something that is no number.
    """
    given = (loss, scale, margin, m1, m2, m3, past_pi, gradient, lambda_, feature_norm)
    try:
        return _cached_settings(*given)
    except TypeError:  # also what cannot be hashed: the same without the cache says what it is
        return _make_settings(*given)


# ---- contexts ------------------------------------------------------------------------------------


@lru_cache(maxsize=256)
def _config(made: Settings, threads: int, isa: int, workspace: int) -> Config:
    """The library's configuration; it is only ever read."""
    return Config(threads=threads, isa=isa, workspace_bytes=workspace, **made._asdict())


class _Context:
    """A margin_context. It computes for the thread that made it, and ends with it."""

    def __init__(self, made: Settings, threads: int, isa: int, workspace: int) -> None:
        self.handle = ctypes.c_void_p()
        self.process = os.getpid()
        self.isa, self.workspace = isa, workspace
        self.busy = False
        why = ctypes.c_char_p()
        status = library.margin_create_explained(
            _config(made, threads, isa, workspace), ctypes.byref(self.handle), ctypes.byref(why)
        )
        if status == _abi.MEMORY:
            raise MemoryError("margin_losses: out of memory for a context")
        if status != _abi.OK:
            raise ValueError(_creation_error(status, (why.value or b"").decode(), isa))
        self.most_threads: int = library.margin_context_config(self.handle).contents.threads
        self.in_force = (made, threads)

    def configure(self, made: Settings, threads: int) -> None:
        """Take other settings; `threads` is at most `most_threads`."""
        if self.in_force == (made, threads):
            return
        config = _config(made, threads, self.isa, self.workspace)
        if library.margin_context_configure(self.handle, config) != _abi.OK:
            raise ValueError(library.margin_context_fault(self.handle).contents.detail.decode())
        self.in_force = (made, threads)

    def __del__(
        self,
        destroy: Callable[[Any], None] = library.margin_destroy,
        process: Callable[[], int] = os.getpid,
    ) -> None:
        # In a child of fork the helpers are gone and a lock may be held: it keeps the memory.
        if self.handle and self.process == process():
            destroy(self.handle)


def _creation_error(status: int, why: str, isa: int) -> str:
    if status != _abi.ISA:
        return why
    usable = [name for name, value in ISAS.items() if library.margin_isa_usable(value)]
    name = next(name for name, value in ISAS.items() if value == isa)
    asked = name if isa else f"MARGIN_ISA={os.environ.get('MARGIN_ISA')}"
    return f"isa: {asked} is not usable here; this build and this CPU have {', '.join(usable)}"


class _Kept(threading.local):
    """The contexts of one thread, those used last at the end."""

    def __init__(self) -> None:
        self.contexts: "OrderedDict[Tuple[int, int], _Context]" = OrderedDict()
        self.default_threads = 0


_kept = _Kept()


def _forget() -> None:
    """In a child of fork: new contexts have helpers again, those from before have none."""
    global _kept
    _kept = _Kept()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget)


def _take_context(made: Settings, threads: int, isa: int, workspace: int) -> _Context:
    """Return a context of this thread that is free and large enough, now marked as busy.

    A signal handler may call while its thread is in a call: that one's context is then not free.
    """
    kept = _kept
    threads = threads or kept.default_threads
    context = kept.contexts.get((isa, workspace))
    if context is not None and not context.busy and 0 < threads <= context.most_threads:
        context.busy = True
        if len(kept.contexts) > 1:
            kept.contexts.move_to_end((isa, workspace))
        return context
    new = _Context(made, threads, isa, workspace)
    new.busy = True
    if not threads:
        kept.default_threads = new.most_threads
    if context is None or not context.busy:
        kept.contexts[isa, workspace] = new
        while len(kept.contexts) > CONTEXTS_KEPT:
            kept.contexts.popitem(last=False)
    return new


def resolved() -> Tuple[int, int]:
    """The instruction set and the threads that a call takes when it is asked for none."""
    context = _Context(settings(next(iter(LOSSES))), 0, 0, 0)
    config = library.margin_context_config(context.handle).contents
    return config.isa, config.threads


# ---- calls ---------------------------------------------------------------------------------------


_VECTORS = ("bias", "row_scale", "row_weight", "class_weight", "row_margin", "class_margin")


def _found(call: Any, field: str, index: int) -> str:
    """The element at fault as errors show it, where an argument has one for each row or class."""
    if field not in _VECTORS:
        return ""
    return f", got {ctypes.cast(getattr(call, field), POINTER(c_float))[index]:g}"


def _fault_text(fault: _abi.Fault, call: Any, field: str, name: str) -> str:
    """What was wrong with a call: with `field` of its struct, which errors call `name`."""
    detail: str = fault.detail.decode()
    if fault.status == _abi.LABEL:
        ignored = "-1" if call.ignore_label in (0, -1) else f"-1 or {call.ignore_label}"
        listed = isinstance(call, Head) and call.class_index
        known = "class_index" if listed else f"[0, {call.classes})"
        return (
            f"{name}[{fault.row}] is {fault.value}: a label must be in {known}, "
            f"or {ignored} for a row that does not count"
        )
    if fault.status == _abi.NONFINITE:
        return f"{name}[{fault.row}]: {detail}{_found(call, field, fault.row)}"
    if detail[:3] in ("m1 ", "m2 ", "m3 "):
        units = ": radians, not degrees" if "pi" in detail else ""
        found = _found(call, field, fault.row)
        return f"{name}[{fault.row}]: a margin{detail[2:]}{found}{units}"
    if fault.argument and field == "class_index":
        return f"class_index[{fault.row}] is {fault.value}: {detail}"
    if detail.startswith("label_smoothing"):
        return f"{detail}, got {call.label_smoothing:g}"
    return f"{name}: {detail}" if fault.argument and name not in detail else detail


def _fail(context: _Context, status: int, call: Any, names: Optional[Dict[str, str]]) -> NoReturn:
    fault = library.margin_context_fault(context.handle).contents
    if status == _abi.MEMORY:
        raise MemoryError(f"margin_losses: {fault.detail.decode()}")
    if status == _abi.WORKSPACE:
        found, needed = context.workspace, fault.bytes
        raise ValueError(f"workspace of {found} bytes is too small: this shape needs {needed} bytes")
    field = library.margin_argument_name(fault.argument).decode()
    raise ValueError(_fault_text(fault, call, field, (names or {}).get(field, field)))


def _run(
    function: Callable[[Any, Any], int],
    made: Settings,
    threads: Optional[int],
    call: Union[Head, Rows, Predict, Sample],
    names: Optional[Dict[str, str]],
    isa: int,
    workspace: int,
) -> None:
    context = _take_context(made, threads or 0, isa, workspace)
    try:
        context.configure(made, threads or _kept.default_threads)
        status = function(context.handle, call)
        if status != _abi.OK and not (status == _abi.WORKSPACE and workspace == 0):
            _fail(context, status, call, names)
    finally:
        context.busy = False
    if status == _abi.WORKSPACE:  # the library's default is too small, and nobody has set a bound
        needed = library.margin_context_fault(context.handle).contents.bytes
        _run(function, made, threads, call, names, isa, needed)


def run_head(
    made: Settings,
    threads: Optional[int],
    call: Head,
    names: Optional[Dict[str, str]] = None,
    *,
    isa: int = 0,
    workspace: int = 0,
) -> None:
    """Run margin_head_run; the results are in `call`, and in the arrays that it points to.

    Parameters
    ----------
    made : Settings
    threads : int or None
        At most; None: OMP_NUM_THREADS, else the CPUs that this thread may use.
    call : Head
        The struct with all inputs and outputs. Arrays that it points to must be held by the caller.
    names : dict, optional
        How errors call an argument, by the library's name for it, as {"embeddings": "x"}.
    isa : int
        A value of ISAS.
    workspace : int
        Upper bound of scratch memory in bytes; 0: the library's default, or more where a shape
        needs it.

    Raises
    ------
    ValueError
        What the library refuses, with the name of the argument. Outputs are then untouched.
    MemoryError
        Out of memory.
    """
    _run(library.margin_head_run, made, threads, call, names, isa, workspace)


def run_rows(
    made: Settings,
    threads: Optional[int],
    call: Rows,
    names: Optional[Dict[str, str]] = None,
    *,
    isa: int = 0,
    workspace: int = 0,
) -> None:
    """Run margin_rows_run, as `run_head` runs margin_head_run."""
    _run(library.margin_rows_run, made, threads, call, names, isa, workspace)


def run_predict(
    made: Settings,
    threads: Optional[int],
    call: Predict,
    names: Optional[Dict[str, str]] = None,
    *,
    isa: int = 0,
    workspace: int = 0,
) -> None:
    """Run margin_head_predict, as `run_head` runs margin_head_run."""
    _run(library.margin_head_predict, made, threads, call, names, isa, workspace)


def run_sample(made: Settings, call: Sample, names: Optional[Dict[str, str]] = None) -> None:
    """Run margin_sample_run, as `run_head` runs margin_head_run; settings and threads are all the
    same to it."""
    _run(library.margin_sample_run, made, None, call, names, 0, 0)
