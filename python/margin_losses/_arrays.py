"""Checks of NumPy arrays, and arrays as the library takes them.

What fits is passed on as it is, without a copy. Must not know what is computed.
"""

from __future__ import annotations

from ctypes import addressof, c_char
from typing import Any, Callable, Dict, Optional, Tuple

import numpy as np

FLOAT = np.dtype(np.float32)
FLOAT16 = np.dtype(np.float16)
LABEL = np.dtype(np.int64)


def _shape_error(name: str, axes: str, found: Tuple[int, ...], remedy: str = "") -> ValueError:
    count = axes.count(",") + 1
    return ValueError(f"{name} must be [{axes}] = {count}-D, got shape {found}{remedy}")


def _refuse_masked(name: str, value: Any) -> None:
    if isinstance(value, np.ma.MaskedArray):
        raise TypeError(
            f"{name} is a masked array, whose mask would be lost: take {name}.filled(...), and "
            "label -1 for rows that do not count"
        )


def numbers(name: str, value: Any, kinds: str, holds: str, axes: str, wanted: str) -> np.ndarray:
    """Return numbers as an array of one of these kinds of dtype; one without elements may have any.

    `holds`, `axes` and `wanted` say in errors what belongs there, and which dtype would do.
    """
    _refuse_masked(name, value)
    try:
        given = np.asarray(value)
    except ValueError:
        raise ValueError(f"{name} must be [{axes}]: its rows differ in length") from None
    if given.dtype.kind in kinds or not given.size:
        return given
    if given.ndim == 0 and given.dtype.kind not in "fiubc":
        found = "None" if value is None else type(value).__name__
        raise TypeError(f"{name} must be an array of {holds} [{axes}], got {found}")
    remedy = f"{name}.astype(numpy.{wanted})"
    if not isinstance(value, np.ndarray):
        remedy = f"numpy.asarray({name}, dtype=numpy.{wanted})"
    if given.dtype.type is np.void and _half(given.dtype):  # bfloat16 without its name
        remedy = f"({name}.view('u2').astype('u4') << 16).view('f4')"
    raise TypeError(f"{name} must hold {holds}, got dtype {given.dtype}: take {remedy}")


def floats(name: str, value: Any, axes: str) -> np.ndarray:
    """Return numbers as a C-contiguous float32 array of these axes, as "N, D".

    Such an array is returned itself. Other floats and whole numbers are converted, other layouts
    copied.
    """
    dimensions = axes.count(",") + 1
    if type(value) is np.ndarray and value.dtype is FLOAT and value.ndim == dimensions:
        flags = value.flags
        if flags.c_contiguous and flags.aligned:
            return value
    given = numbers(name, value, "fiu", "floats", axes, "float32")
    if given.ndim != dimensions:
        if not given.size:
            raise ValueError(f"{name} is empty: it must be [{axes}]")
        raise _shape_error(name, axes, given.shape)
    with np.errstate(over="ignore"):
        converted = np.require(given, FLOAT, ["C", "ALIGNED"])
    if given.dtype != FLOAT and np.isfinite(given[np.isinf(converted)]).any():
        raise ValueError(
            f"{name} has numbers that float32 cannot hold (beyond 3.4e38): scale them down"
        )
    return converted


def _half(dtype: Any) -> Optional[str]:
    """The name of a type of 16 bits: float16, or bfloat16, which is that of ml_dtypes, or two bytes
    without a meaning, as .npy files have it; None of another dtype."""
    if dtype == FLOAT16:
        return "float16"
    if dtype.kind != "V" or dtype.itemsize != 2 or dtype.fields is not None:
        return None
    return "bfloat16" if dtype.type is np.void or dtype.name == "bfloat16" else None


def type_of(array: np.ndarray) -> str:
    """The library's name for the type of an array's elements, as `reals` returns it."""
    return "float32" if array.dtype is FLOAT else _half(array.dtype) or "float32"


def reals(name: str, value: Any, axes: str) -> np.ndarray:
    """Return numbers as `floats` does, but those of 16 bits as they are."""
    dtype = getattr(value, "dtype", None)
    if dtype is FLOAT or not isinstance(dtype, np.dtype) or _half(dtype) is None:
        return floats(name, value, axes)
    _refuse_masked(name, value)
    given = np.asarray(value)
    if given.ndim != axes.count(",") + 1:
        raise _shape_error(name, axes, given.shape)
    return np.require(given, None, ["C", "ALIGNED"])


def vector(name: str, value: Any, axis: str, count: int) -> np.ndarray:
    """Return numbers as a float32 array of `count` elements."""
    given = floats(name, value, axis)
    if len(given) != count:
        raise ValueError(f"{name} must be [{axis}] with {axis} = {count}, got shape {given.shape}")
    return given


def weights(
    value: Any, dim: int, taken: Callable[[str, Any, str], np.ndarray] = floats
) -> np.ndarray:
    """Return class weights [C, D] as `taken` takes arrays; those that fit as [D, C] only are called
    transposed."""
    w = taken("w", value, "C, D")
    if w.shape[1] == dim:
        return w
    if w.shape[0] == dim:
        raise ValueError(
            f"w is transposed: it must be [C, D] with D = {dim}, got shape {w.shape}; "
            "take numpy.ascontiguousarray(numpy.transpose(w))"
        )
    raise ValueError(f"w has {w.shape[1]} columns, x has {dim}: D differs")


def labels(value: Any, rows: int, ignored: int, of: str = "x") -> np.ndarray:
    """Return labels as a C-contiguous int64 array [N]; such an array is returned itself.

    The library takes an ignored label of 0 for none, so rows of that one are given -1 here.
    """
    if type(value) is np.ndarray and value.dtype is LABEL:
        given = value
    else:
        given = _whole_labels(value)
    if given.ndim != 1:
        raise _shape_error("y", "N", given.shape, _label_remedy(given.shape))
    if len(given) != rows:
        raise ValueError(f"y has {len(given)} labels, {of} has {rows} rows: N differs")
    if ignored == 0:
        given = np.where(given == 0, -1, given)
    if given.dtype is LABEL and given.flags.c_contiguous and given.flags.aligned:
        return given
    return np.require(given, LABEL, ["C", "ALIGNED"])


def _whole_labels(value: Any) -> np.ndarray:
    given = numbers("y", value, "iu", "whole numbers", "N", "int64")
    if given.dtype == np.uint64 and given.size and given.max() > np.iinfo(np.int64).max:
        raise ValueError(f"y holds {given.max()}: labels must be in [0, C)")
    return given


def _label_remedy(shape: Tuple[int, ...]) -> str:
    if len(shape) != 2:
        return ""
    if shape[1] == 1:
        return ": take numpy.ravel(y)"
    return ": if it is one-hot, take numpy.argmax(y, axis=1)"


def class_index(value: Any, rows: int) -> np.ndarray:
    """Return numbers of rows of w, of which there are `rows`, as a C-contiguous int64 array [K].

    The library checks that they rise.
    """
    given = numbers("class_index", value, "iu", "whole numbers", "K", "int64")
    if given.ndim != 1:
        raise _shape_error("class_index", "K", given.shape)
    if not given.size:
        raise ValueError("class_index is empty: K must be at least 1")
    if given.max() >= rows:
        raise ValueError(f"class_index holds {given.max()}: w has {rows} rows")
    return np.require(given, LABEL, ["C", "ALIGNED"])


def output(name: str, value: Any, shape: Tuple[int, ...]) -> np.ndarray:
    """Return an array that the library may write to; None is given a new one."""
    if value is None:
        return np.empty(shape, FLOAT)
    kind = isinstance(value, np.ndarray) and value.dtype == FLOAT
    if kind and value.shape == shape and value.flags.carray:
        return np.asarray(value)
    found = type(value).__name__
    if isinstance(value, np.ndarray):
        found = f"{value.dtype} of shape {value.shape}"
        if kind and value.shape == shape:
            found += ", not contiguous" if value.flags.writeable else ", not writable"
    raise (ValueError if kind else TypeError)(
        f"{name} must be a writable C-contiguous float32 array of shape {shape}, got {found}"
    )


def refuse_overlaps(
    written: Dict[str, np.ndarray], read: Dict[str, np.ndarray], names: Dict[str, str]
) -> None:
    """Refuse arrays to write to that share memory with another one; all are contiguous.

    `names` says what an error calls arrays.
    """
    arrays = {**read, **written}
    spans = {n: (at, at + arrays[n].nbytes) for n, at in addresses(arrays).items()}
    for name in written:
        begin, end = spans.pop(name)
        for other, (other_begin, other_end) in spans.items():
            if begin < other_end and other_begin < end:
                known = names.get(other, other)
                raise ValueError(f"{name} shares memory with {known}: give it an array of its own")


def address(array: np.ndarray) -> int:
    """Where an array lies. Whoever passes it on must hold the array."""
    return addresses({"": array})[""]


def addresses(arrays: Dict[str, np.ndarray], view: Any = c_char.from_buffer) -> Dict[str, int]:
    """Where the arrays lie. Whoever passes this on must hold them."""
    try:
        return {name: addressof(view(array)) for name, array in arrays.items()}
    except (BufferError, TypeError, ValueError):  # one is read-only; this takes three times as long
        return {name: array.ctypes.data for name, array in arrays.items()}
