"""What the `margin` command measures and knows, as dicts with the names of its JSON: `angles`,
`verify`, `advise` and `info`. The numbers come from the same C code as the command's.

Must not know how anything is measured.
"""

from __future__ import annotations

import ctypes
import math
from ctypes import POINTER, c_double, c_int, c_int64, c_size_t, c_uint64, c_void_p
from typing import Any, Dict, List, Optional, Sequence, Tuple, Union

import numpy as np

from . import _arrays
from ._abi import LOSSES, Config, Loss, function, library
from ._heads import ISAS, resolved, whole

DECADES, STEPS = 5, 10  # of the curve that verify gives


class AnglesInput(ctypes.Structure):
    """angles_input of common/angles.h."""

    _fields_ = [
        ("rows", c_size_t),
        ("dim", c_size_t),
        ("classes", c_size_t),
        ("embeddings", c_void_p),
        ("labels", c_void_p),
        ("weights", c_void_p),
        ("threads", c_int),
    ]


class Angles(ctypes.Structure):
    """angles of common/angles.h."""

    _fields_ = [
        ("w_ec", c_double),
        ("w_inter", c_double),
        ("intra", c_double),
        ("inter", c_double),
        ("rows", c_size_t),
        ("zero_rows", c_size_t),
        ("single_rows", c_size_t),
        ("uncentred_rows", c_size_t),
        ("centres", c_size_t),
    ]


class RocPoint(ctypes.Structure):
    """roc_point of common/roc.h."""

    _fields_ = [
        ("limit", c_double),
        ("far", c_double),
        ("tar", c_double),
        ("threshold", c_double),
        ("above", c_double),
        ("below", c_double),
    ]


class RocResult(ctypes.Structure):
    """roc_result of common/roc.h."""

    _fields_ = [
        ("genuine", c_uint64),
        ("impostor", c_uint64),
        ("auc", c_double),
        ("auc_error", c_double),
        ("eer", c_double),
        ("eer_threshold", c_double),
        ("eer_below", c_double),
    ]


class VerificationInput(ctypes.Structure):
    """verification_input of common/verification.h."""

    _fields_ = [
        ("rows", c_size_t),
        ("dim", c_size_t),
        ("embeddings", c_void_p),
        ("labels", c_void_p),
        ("threads", c_int),
        ("line", c_void_p),
        ("points", c_void_p),
        ("point_count", c_size_t),
        ("cost", c_void_p),
        ("corner", c_void_p),
        ("user", c_void_p),
        ("sorted", c_size_t),
    ]


class Verification(ctypes.Structure):
    """verification of common/verification.h."""

    _fields_ = [
        ("all", RocResult),
        ("zero_rows", c_size_t),
        ("repeated", c_uint64),
        ("roc", RocPoint * (DECADES * STEPS + 1)),
    ]


class Advice(ctypes.Structure):
    """advice of cli/advice.h."""

    _fields_ = [
        ("config", Config),
        ("shrunk", c_int),
        ("margin_most", c_double),
        ("scale_centre", c_double),
        ("scale_slope", c_double),
    ]


class AdviceBounds(ctypes.Structure):
    """advice_bounds of cli/advice.h."""

    _fields_ = [
        ("posterior", c_double * 3),
        ("cosface_scale", c_double * 3),
        ("scale", c_double * 4),
        ("normface_loss", c_double * 4),
        ("adacos_scale", c_double),
        ("nearest_least", c_double),
        ("nearest_most", c_double),
        ("nearest_random", c_double),
        ("closest_random", c_double),
        ("posterior_aimed_at", c_double),
    ]


_angles_measure = function(
    "angles_measure", c_int, POINTER(AnglesInput), POINTER(Angles), c_void_p
)
_verification_measure = function(
    "verification_measure", c_int, POINTER(VerificationInput), POINTER(Verification)
)
_advice_of = function("advice_of", Advice, c_int, c_size_t, c_size_t)
_advice_bounds_of = function("advice_bounds_of", AdviceBounds, c_size_t, c_size_t)


# ---- what the measures share ---------------------------------------------------------------------


def _finite(value: float) -> Optional[float]:
    """A number, None for NaN and the infinities, as in the command's JSON."""
    return value if math.isfinite(value) else None


def _degrees(radians: float) -> Optional[float]:
    return _finite(math.degrees(radians))


def _directions(name: str, array: np.ndarray) -> np.ndarray:
    """Return an array whose rows are all finite."""
    if not array.size:
        raise ValueError(f"{name} is empty: it must have a row and a column")
    bad = np.flatnonzero(~np.isfinite(array).all(axis=1))
    if bad.size:
        raise ValueError(f"{name}[{bad[0]}] holds a NaN or an infinity")
    return array


def _samples(x: Any, y: Any, ignore_label: int) -> Tuple[np.ndarray, np.ndarray]:
    """Return embeddings, and labels in which -1 alone stands for a row that takes no part."""
    ignored = whole("ignore_label", ignore_label, -(2**63), 2**63 - 1)
    x = _directions("x", _arrays.floats("x", x, "N, D"))
    y = _arrays.labels(y, len(x), -1)
    if ignored != -1:
        bad = np.flatnonzero((y < 0) & (y != ignored))
        y = np.where(y == ignored, -1, y)
    else:
        bad = np.flatnonzero(y < -1)
    if bad.size:
        raise ValueError(
            f"y[{bad[0]}] is negative: labels must be at least 0, or {ignored} for rows that "
            "take no part (ignore_label)"
        )
    return x, y


def _numbered(y: np.ndarray) -> Tuple[np.ndarray, int]:
    """Number the identities 0, 1, ... in the order of their labels; and how many there are."""
    known, numbers = np.unique(y[y >= 0], return_inverse=True)
    numbered = np.full(len(y), -1, _arrays.LABEL)
    numbered[y >= 0] = numbers
    return numbered, len(known)


# ---- angles --------------------------------------------------------------------------------------


def angles(x: Any, y: Any, w: Any = None, *, ignore_label: int = -1) -> Dict[str, Any]:
    """How embeddings and class weights lie to each other: the angle statistics of ArcFace's table.

    Parameters
    ----------
    x : array of floats [N, D]
        Embeddings, not normalised.
    y : array of whole numbers [N]
        Labels: in [0, C) with `w`, else any from 0.
    w : array of floats [C, D], optional
        Class weights, not normalised.
    ignore_label : int
        Rows of this label take no part.

    Returns
    -------
    dict
        As ``margin angles --json``, angles in degrees, None where there is nothing to measure:
        ``w_ec_deg`` between a class's weight and its centre, ``w_inter_deg`` from a weight to the
        nearest other one, ``intra_deg`` between a sample and its centre, ``inter_deg`` from a
        centre to the nearest other one, all means; ``rows``, ``ignored``, ``zero_rows``,
        ``single_rows``, ``uncentred_rows``, ``dim``, ``classes``, ``centres``.

    Raises
    ------
    ValueError, TypeError, MemoryError
        As `head`.
    """
    x, y = _samples(x, y, ignore_label)
    if w is None:
        y, classes = _numbered(y)
    else:
        w = _directions("w", _arrays.weights(w, x.shape[1]))
        classes = len(w)
        bad = np.flatnonzero(y >= classes)
        if bad.size:
            raise ValueError(f"y[{bad[0]}] is {y[bad[0]]}: a label must be in [0, {classes})")
    call = AnglesInput(
        rows=len(x),
        dim=x.shape[1],
        classes=classes,
        embeddings=_arrays.address(x),
        labels=_arrays.address(y),
        weights=None if w is None else _arrays.address(w),
        threads=1,
    )
    found = Angles()
    if _angles_measure(call, found, None) != 0:
        raise MemoryError("angles: out of memory")
    return {
        "w_ec_deg": _degrees(found.w_ec),
        "w_inter_deg": _degrees(found.w_inter),
        "intra_deg": _degrees(found.intra),
        "inter_deg": _degrees(found.inter),
        "rows": len(x),
        "ignored": int((y < 0).sum()),
        "zero_rows": found.zero_rows,
        "single_rows": found.single_rows,
        "uncentred_rows": found.uncentred_rows,
        "dim": x.shape[1],
        "classes": classes,
        "centres": found.centres,
    }


# ---- verify --------------------------------------------------------------------------------------


def _limits(far: Union[float, Sequence[float], None]) -> List[float]:
    """The limits on FAR: each once, falling."""
    if far is None:
        return [math.pow(10.0, -(k + 1)) for k in range(DECADES)]
    given = _arrays.numbers("far", far, "fiu", "rates", "P", "float64")
    limits = {float(limit) for limit in given.ravel()}
    bad = [limit for limit in limits if not 0.0 < limit <= 1.0]
    if bad or not limits:
        raise ValueError(f"far must hold rates greater than 0 and at most 1, got {far!r}")
    return sorted(limits, reverse=True)


def _point(point: RocPoint) -> Dict[str, Optional[float]]:
    return {
        "far_limit": _finite(point.limit),
        "far": _finite(point.far),
        "tar": _finite(point.tar),
        "threshold": _finite(point.threshold),
    }


def verify(
    x: Any, y: Any, far: Union[float, Sequence[float], None] = None, *, ignore_label: int = -1
) -> Dict[str, Any]:
    """How well embeddings tell whether two samples are of one identity, over all pairs of rows.

    A pair is genuine when its labels are equal; its score is the cosine, and it is accepted when
    the score is at least the threshold. FAR: accepted impostor pairs over all impostor pairs; TAR:
    accepted genuine pairs over all genuine pairs.

    Parameters
    ----------
    x : array of floats [N, D]
        Embeddings, not normalised. Zero vectors take no part.
    y : array of whole numbers [N]
        Identities, from 0.
    far : float or sequence of floats, optional
        Limits on FAR at which TAR is given, in (0, 1]; default 1e-1 to 1e-5. ``tar_at_far`` has
        each once, the largest first, in whatever order they are given.
    ignore_label : int
        Rows of this label take no part.

    Returns
    -------
    dict
        As ``margin verify --json``: ``tar_at_far`` and ``roc``, lists of dicts with ``far_limit``,
        ``far``, ``tar``, ``threshold``; ``eer``, ``eer_threshold``, ``auc``, ``auc_error``;
        ``genuine_pairs``, ``impostor_pairs``, ``repeated_pairs``, ``rows``, ``ignored``,
        ``zero_rows``, ``single_rows``, ``identities``, ``dim``. None where so few pairs cannot
        show a rate.

    Raises
    ------
    ValueError
        Also where there is no genuine or no impostor pair.
    TypeError, MemoryError
        As `head`.
    """
    limits = _limits(far)
    x, y = _samples(x, y, ignore_label)
    y, identities = _numbered(y)
    points = (RocPoint * len(limits))(*[RocPoint(limit=limit) for limit in limits])
    call = VerificationInput(
        rows=len(x),
        dim=x.shape[1],
        embeddings=_arrays.address(x),
        labels=_arrays.address(y),
        threads=1,
        points=ctypes.addressof(points),
        point_count=len(limits),
    )
    found = Verification()
    if _verification_measure(call, found) != 0:
        raise MemoryError("verify: out of memory")
    if not found.all.genuine or not found.all.impostor:
        kind = "impostor" if found.all.genuine else "genuine"
        raise ValueError(f"y: no {kind} pair: two rows with a direction and {_SAME[kind]} needed")
    return {
        "tar_at_far": [_point(point) for point in points],
        "eer": _finite(found.all.eer),
        "eer_threshold": _finite(found.all.eer_threshold),
        "auc": _finite(found.all.auc),
        "auc_error": _finite(found.all.auc_error),
        "genuine_pairs": found.all.genuine,
        "impostor_pairs": found.all.impostor,
        "repeated_pairs": found.repeated,
        "rows": len(x),
        "ignored": int((y < 0).sum()),
        "zero_rows": found.zero_rows,
        "single_rows": int((np.bincount(y[y >= 0]) == 1).sum()),
        "identities": identities,
        "dim": x.shape[1],
        "roc": [_point(point) for point in found.roc],
    }


_SAME = {"genuine": "one label are", "impostor": "different labels are"}


# ---- advise --------------------------------------------------------------------------------------


def advise(classes: int, dim: int = 512) -> Dict[str, Any]:
    """Scale and margin of each loss for a number of classes, and the bounds they come from.

    Parameters
    ----------
    classes : int
        At least 2.
    dim : int
        Dimension of an embedding, at least 2.

    Returns
    -------
    dict
        As ``margin advise --json``: ``classes``, ``dim``, ``posterior``, ``bounds``, and
        ``advice``: a list with ``loss``, ``scale``, ``m1``, ``m2``, ``m3``, ``shrunk``,
        ``margin_most``, ``scale_centre`` and ``scale_45_degrees`` for each loss that normalises.

    Raises
    ------
    ValueError, TypeError
        A number that does not fit, or so many classes that they lie less than 0.01 degrees apart.
    """
    classes = whole("classes", classes, 2, 10**9)
    dim = whole("dim", dim, 2, 10**5)
    bounds = _advice_bounds_of(dim, classes)
    if math.degrees(bounds.nearest_least) < 0.01:
        raise ValueError(
            f"classes: in {dim} dimensions {classes} are less than 0.01 degrees apart"
        )
    return {
        "classes": classes,
        "dim": dim,
        "posterior": bounds.posterior_aimed_at,
        "bounds": _bounds(bounds),
        "advice": [
            _advice(loss, _advice_of(loss.index, dim, classes))
            for loss in LOSSES.values()
            if loss.normalised
        ],
    }


def _bounds(b: AdviceBounds) -> Dict[str, Any]:
    return {
        "cosface_scale": [
            {"posterior": p, "scale": _finite(s)} for p, s in zip(b.posterior, b.cosface_scale)
        ],
        "normface_loss": [
            {"scale": s, "loss": _finite(loss)} for s, loss in zip(b.scale, b.normface_loss)
        ],
        "adacos_scale": _finite(b.adacos_scale),
        "nearest_least_deg": _degrees(b.nearest_least),
        "nearest_most_deg": _degrees(b.nearest_most),
        "nearest_random_deg": _degrees(b.nearest_random),
        "closest_random_deg": _degrees(b.closest_random),
    }


def _advice(loss: Loss, a: Advice) -> Dict[str, Any]:
    return {
        "loss": loss.name,
        "scale": _finite(a.config.scale),
        "m1": a.config.m1,
        "m2": a.config.m2,
        "m3": a.config.m3,
        "shrunk": bool(a.shrunk),
        "margin_most": _finite(a.margin_most),
        "scale_centre": _finite(a.scale_centre),
        "scale_45_degrees": _finite(a.scale_slope),
    }


# ---- info ----------------------------------------------------------------------------------------


def _loss(loss: Loss) -> Dict[str, Any]:
    margins = [loss.m1, loss.m2, loss.m3]
    return {
        "name": loss.name,
        "formula": loss.formula,
        "source": loss.source,
        "scale": loss.scale,
        "margin": margins if loss.margin_index == 4 else loss.margin,
        "m1": loss.m1,
        "m2": loss.m2,
        "m3": loss.m3,
        "past_pi": loss.past_pi if loss.has_angle else None,
        "normalised": loss.normalised,
        "has_lambda": loss.has_lambda,
    }


def info() -> Dict[str, Any]:
    """What this library can do on this machine, as ``margin info --json`` (but for the commit).

    Returns
    -------
    dict
        ``version``, ``isa`` (the one chosen), ``isas_built``, ``isas_usable``, ``threads`` (those
        that a call without `threads` may use), ``losses``.

    Raises
    ------
    ValueError
        MARGIN_ISA of the environment names an instruction set that is not usable here.
    """
    isa, threads = resolved()
    named = {name: value for name, value in ISAS.items() if value}
    return {
        "version": library.margin_version().decode(),
        "isa": next(name for name, value in named.items() if value == isa),
        "isas_built": [name for name, value in named.items() if library.margin_isa_built(value)],
        "isas_usable": [name for name, value in named.items() if library.margin_isa_usable(value)],
        "threads": threads,
        "losses": [_loss(loss) for loss in LOSSES.values()],
    }
