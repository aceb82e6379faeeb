"""The C interface of the library, as ctypes sees it: structs, functions, the table of losses.

Mirrors include/margin.h and nothing else. Must not know NumPy or PyTorch.
"""

from __future__ import annotations

import ctypes
import os
import sys
from ctypes import POINTER, c_char_p, c_double, c_int, c_int64, c_size_t, c_uint64, c_void_p
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, Callable, Dict, Mapping, Optional, Tuple

OK, NULL, CONFIG, ISA, SHAPE, LABEL, NONFINITE, WORKSPACE, MEMORY, SIZE = range(10)
"""The values of margin_status."""


class _Sized(ctypes.Structure):
    """A struct that begins with its own size, as the library expects it."""

    def __init__(self, *, _set: Any = ctypes.Structure.__init__, **fields: Any) -> None:
        _set(self, ctypes.sizeof(self), **fields)


class Config(_Sized):
    """margin_config."""

    _fields_ = [
        ("size", c_size_t),
        ("loss", c_int),
        ("scale", c_double),
        ("m1", c_double),
        ("m2", c_double),
        ("m3", c_double),
        ("lambda_", c_double),
        ("past_pi", c_int),
        ("gradient", c_int),
        ("feature_norm", c_int),
        ("isa", c_int),
        ("threads", c_int),
        ("workspace_bytes", c_size_t),
        ("skip_finite_check", c_int),
        ("parallel", c_void_p),
        ("parallel_user", c_void_p),
    ]


class Fault(ctypes.Structure):
    """margin_fault."""

    _fields_ = [
        ("status", c_int),
        ("argument", c_int),
        ("row", c_size_t),
        ("value", c_int64),
        ("bytes", c_size_t),
        ("detail", c_char_p),
    ]


class LossInfo(ctypes.Structure):
    """margin_loss_info."""

    _fields_ = [
        ("name", c_char_p),
        ("formula", c_char_p),
        ("source", c_char_p),
        ("scale", c_double),
        ("m1", c_double),
        ("m2", c_double),
        ("m3", c_double),
        ("past_pi", c_int),
        ("margin_index", c_int),
        ("normalised", c_int),
        ("has_angle", c_int),
        ("has_lambda", c_int),
    ]


class Head(_Sized):
    """margin_head. Make a new one for each call: it must not outlive the arrays it points to."""

    _fields_ = [
        ("size", c_size_t),
        ("rows", c_size_t),
        ("dim", c_size_t),
        ("classes", c_size_t),
        ("embeddings", c_void_p),
        ("embeddings_stride", c_size_t),
        ("weights", c_void_p),
        ("weights_stride", c_size_t),
        ("bias", c_void_p),
        ("labels", c_void_p),
        ("row_weight", c_void_p),
        ("class_weight", c_void_p),
        ("label_smoothing", c_double),
        ("row_loss", c_void_p),
        ("row_angle", c_void_p),
        ("row_correct", c_void_p),
        ("grad_embeddings", c_void_p),
        ("grad_embeddings_stride", c_size_t),
        ("grad_weights", c_void_p),
        ("grad_weights_stride", c_size_t),
        ("grad_bias", c_void_p),
        ("loss", c_double),
        ("mean_loss", c_double),
        ("counted", c_size_t),
        ("tied", c_size_t),
        ("accumulate", c_int),
        ("ignore_label", c_int64),
        ("row_margin", c_void_p),
        ("class_margin", c_void_p),
        ("row_scale", c_void_p),
        ("row_others", c_void_p),
        ("consume", c_void_p),
        ("consume_user", c_void_p),
        ("embeddings_type", c_int),
        ("weights_type", c_int),
        ("class_index", c_void_p),
    ]


class Predict(_Sized):
    """margin_predict."""

    _fields_ = [
        ("size", c_size_t),
        ("rows", c_size_t),
        ("dim", c_size_t),
        ("classes", c_size_t),
        ("embeddings", c_void_p),
        ("embeddings_stride", c_size_t),
        ("weights", c_void_p),
        ("weights_stride", c_size_t),
        ("bias", c_void_p),
        ("k", c_size_t),
        ("top_classes", c_void_p),
        ("top_values", c_void_p),
        ("embeddings_type", c_int),
        ("weights_type", c_int),
    ]


class Sample(_Sized):
    """margin_sample."""

    _fields_ = [
        ("size", c_size_t),
        ("labels", c_void_p),
        ("rows", c_size_t),
        ("ignore_label", c_int64),
        ("classes", c_size_t),
        ("first", c_size_t),
        ("count", c_size_t),
        ("rate", c_double),
        ("seed", c_uint64),
        ("step", c_uint64),
        ("class_index", c_void_p),
        ("capacity", c_size_t),
        ("found", c_size_t),
    ]


class Rows(_Sized):
    """margin_rows."""

    _fields_ = [
        ("size", c_size_t),
        ("rows", c_size_t),
        ("classes", c_size_t),
        ("logits", c_void_p),
        ("logits_stride", c_size_t),
        ("labels", c_void_p),
        ("row_scale", c_void_p),
        ("row_weight", c_void_p),
        ("class_weight", c_void_p),
        ("label_smoothing", c_double),
        ("row_loss", c_void_p),
        ("grad_logits", c_void_p),
        ("grad_logits_stride", c_size_t),
        ("loss", c_double),
        ("mean_loss", c_double),
        ("counted", c_size_t),
        ("ignore_label", c_int64),
        ("row_margin", c_void_p),
        ("class_margin", c_void_p),
        ("row_others", c_void_p),
    ]


def _named(option: str) -> Dict[str, Tuple[Any, ...]]:
    """The two functions between the values of an option and their names."""
    return {
        f"margin_{option}_name": (c_char_p, c_int),
        f"margin_{option}_find": (c_int, c_char_p, POINTER(c_int)),
    }


# What each function returns, and what it takes.
_FUNCTIONS: Dict[str, Tuple[Any, ...]] = {
    "margin_version": (c_char_p,),
    "margin_version_number": (c_int,),
    "margin_loss_get": (POINTER(LossInfo), c_int),
    "margin_loss_find": (c_int, c_char_p, POINTER(c_int)),
    **_named("past_pi"),
    **_named("gradient"),
    **_named("feature_norm"),
    **_named("type"),
    **_named("isa"),
    "margin_isa_built": (c_int, c_int),
    "margin_isa_usable": (c_int, c_int),
    "margin_status_text": (c_char_p, c_int),
    "margin_argument_name": (c_char_p, c_int),
    "margin_psi": (c_int, POINTER(Config), c_double, POINTER(c_double), POINTER(c_double)),
    "margin_config_init_sized": (c_int, POINTER(Config), c_size_t, c_int),
    "margin_create_explained": (c_int, POINTER(Config), POINTER(c_void_p), POINTER(c_char_p)),
    "margin_context_configure": (c_int, c_void_p, POINTER(Config)),
    "margin_destroy": (None, c_void_p),
    "margin_context_config": (POINTER(Config), c_void_p),
    "margin_context_fault": (POINTER(Fault), c_void_p),
    "margin_context_workspace_used": (c_size_t, c_void_p),
    "margin_head_workspace_minimum": (c_size_t, c_void_p, c_size_t, c_size_t, c_size_t),
    "margin_head_run": (c_int, c_void_p, POINTER(Head)),
    "margin_head_predict": (c_int, c_void_p, POINTER(Predict)),
    "margin_sample_run": (c_int, c_void_p, POINTER(Sample)),
    "margin_rows_run": (c_int, c_void_p, POINTER(Rows)),
}


def _installed() -> str:
    """Where the library of this package lies: beside this file.

    An editable installation leaves this file in the checkout. The library is then in another folder
    of the package.
    """
    here = Path(__file__).parent
    for folder in (here, *map(Path, sys.modules[__package__].__path__)):
        if (folder / "_margin.so").exists():
            return str(folder / "_margin.so")
    return str(here / "_margin.so")


def _load() -> ctypes.CDLL:
    """Load the library of this package, or the one that MARGIN_LOSSES_LIBRARY names."""
    path = os.environ.get("MARGIN_LOSSES_LIBRARY") or _installed()
    try:
        return ctypes.CDLL(path)
    except OSError as error:
        raise ImportError(
            f"margin_losses: cannot load {path}: {error}; install the package with "
            "'pip install .', or let MARGIN_LOSSES_LIBRARY name the python/_margin.so of a build"
        ) from error


library = _load()
"""The library. Its functions release the GIL while they run."""


def function(name: str, result: Any, *arguments: Any) -> Callable[..., Any]:
    """Return a function of the library, which from now on knows its types."""
    try:
        found = getattr(library, name)
    except AttributeError:
        raise ImportError(
            f"margin_losses: {library._name} has no {name}: it is not this version's _margin.so"
        ) from None
    found.restype = result
    found.argtypes = arguments
    return found  # type: ignore[no-any-return]


for _name, _types in _FUNCTIONS.items():
    function(_name, *_types)


@dataclass(frozen=True)
class Loss:
    """What a loss is (margin_loss_info).

    ``margin_index`` says which of m1, m2 and m3 is "the margin": 1, 2 or 3; 0: none, 4: all three.
    """

    name: str
    index: int
    formula: str
    source: str
    scale: float
    m1: float
    m2: float
    m3: float
    past_pi: str
    margin_index: int
    normalised: bool
    has_angle: bool
    has_lambda: bool

    @property
    def margin(self) -> Optional[float]:
        """The default of the margin, None for a loss that has none or three."""
        return (None, self.m1, self.m2, self.m3, None)[self.margin_index]


def _read_loss(index: int) -> Optional[Loss]:
    found = library.margin_loss_get(index)
    if not found:
        return None
    info = found.contents
    return Loss(
        name=info.name.decode(),
        index=index,
        formula=info.formula.decode(),
        source=info.source.decode(),
        scale=info.scale,
        m1=info.m1,
        m2=info.m2,
        m3=info.m3,
        past_pi=library.margin_past_pi_name(info.past_pi).decode(),
        margin_index=info.margin_index,
        normalised=bool(info.normalised),
        has_angle=bool(info.has_angle),
        has_lambda=bool(info.has_lambda),
    )


def _read_losses() -> Dict[str, Loss]:
    losses: Dict[str, Loss] = {}
    loss = _read_loss(0)
    while loss is not None:
        losses[loss.name] = loss
        loss = _read_loss(len(losses))
    return losses


LOSSES: Mapping[str, Loss] = MappingProxyType(_read_losses())
"""The library's table of losses, by name. It is read-only."""


def names_of(option: str) -> Dict[str, int]:
    """The names of an option of the library ("past_pi", "gradient", "isa"), and their values."""
    name_of = getattr(library, f"margin_{option}_name")
    names: Dict[str, int] = {}
    while name_of(len(names)) != b"unknown":
        names[name_of(len(names)).decode()] = len(names)
    return names
