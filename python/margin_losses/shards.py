"""Checkpoints of class weights in shards, as `margin reshard` moves them (docs/sharding.md).

>>> save_shard("step1000", rank, world, first, weight, momentum=momentum)  # each rank its rows
>>> finish_shards("step1000", world)  # one rank, after all have saved
>>> shard = load_shard("step1000", rank, world)  # as many ranks as there are then

A folder is a checkpoint once it holds shards.json. Must not know what the numbers mean.
"""

from __future__ import annotations

import json
import operator
import os
import re
from contextlib import suppress
from typing import Any, BinaryIO, Callable, Dict, List, NamedTuple, Optional, Tuple

import numpy as np

FORMAT, VERSION = "margin-shards", 1
HEADER = "shards.json"
MOST_ARRAYS = 32
# NumPy has no bfloat16: it is two bytes without a meaning.
DTYPES = {
    name: np.dtype("V2" if name == "bfloat16" else name)
    for name in (
        "float32 float64 float16 bfloat16 int8 int16 int32 int64 uint8 uint16 uint32 uint64".split()
    )
}
OWN_KEYS = ("format", "version", "classes", "arrays", "shards")


class Shard(NamedTuple):
    """Rows of a checkpoint: the class weights [count, D] from class `first` on, what was saved beside
    them by name, how many classes there are in all, and all that shards.json says."""

    first: int
    weight: np.ndarray
    companions: Dict[str, np.ndarray]
    classes: int
    header: Dict[str, Any]


def even_range(classes: int, rank: int, world: int) -> Tuple[int, int]:
    """Return the first class of `rank` and its number of classes, of even ranges for `world` ranks.

    The first `classes` mod `world` ranks have one class more than the others.
    """
    _check_rank(rank, world)
    if _whole("classes", classes) < 0:
        raise ValueError(f"classes must be 0 or more, got {classes}")
    each, more = divmod(classes, world)
    return rank * each + min(rank, more), each + (rank < more)


def save_shard(
    folder: Any, rank: int, world: int, first: int, weight: Any, **companions: Any
) -> None:
    """Write the shard of `rank`: its class weights [count, D] from class `first` on.

    Each of the `companions` [count, ...] is cut like the weights: momentum, a step of each class. All
    ranks give the same ones, in the same order. Types stay as they are; bfloat16 comes as ml_dtypes
    has it, or as two bytes without a meaning ("V2"). Any number of classes may be none.

    A folder that is a checkpoint already is refused (FileExistsError). In one whose saving was broken
    off the rank's files are replaced. `finish_shards` makes the checkpoint of it.
    """
    _check_rank(rank, world)
    first = _whole("first", first)
    if first < 0:
        raise ValueError(f"first must be a class from 0 on, got {first}")
    if len(companions) >= MOST_ARRAYS:
        raise ValueError(f"{len(companions)} companions: at most {MOST_ARRAYS - 1} are possible")
    arrays = {name: _array(name, value) for name, value in {"weight": weight, **companions}.items()}
    count = arrays["weight"].shape[0]
    if arrays["weight"].ndim != 2:
        raise ValueError(f"weight must be [count, D], got shape {arrays['weight'].shape}")
    for name, array in arrays.items():
        if array.shape[0] != count:
            raise ValueError(f"{name} has {array.shape[0]} classes, weight has {count}")
    folder = os.fspath(folder)
    os.makedirs(folder, exist_ok=True)
    _refuse_whole(folder)
    for name, array in arrays.items():
        path = os.path.join(folder, _file_name(name, rank, world))
        _write(path, lambda stream, a=array: np.lib.format.write_array(stream, a, version=(1, 0)))
    part = {"first": first, "count": count, "arrays": _describe(arrays)}
    _write_json(os.path.join(folder, _part_name(rank, world)), part)


def finish_shards(folder: Any, world: int, **notes: Any) -> None:
    """Make a checkpoint of what all ranks have saved: write shards.json.

    To be called by one rank, once `save_shard` has returned on all. The `notes` (such as step=1000)
    are kept in shards.json, also by `margin reshard`; values are what JSON can hold.
    """
    _check_rank(0, world)
    folder = os.fspath(folder)
    _refuse_whole(folder)
    own = sorted(set(notes).intersection(OWN_KEYS))
    if own:
        raise ValueError(f"{own[0]} is a key of the format, take another name")
    parts = [_read_part(folder, rank, world) for rank in range(world)]
    classes, arrays = 0, parts[0]["arrays"]
    for rank, part in enumerate(parts):
        if part["first"] != classes:
            raise ValueError(
                f"rank {rank} begins at class {part['first']}, but the ranks before it end before "
                f"class {classes}"
            )
        if list(part["arrays"].items()) != list(arrays.items()):
            raise ValueError(f"rank {rank} has saved {part['arrays']}, rank 0 {arrays}")
        classes += part["count"]
    if classes == 0:
        raise ValueError("no rank has saved a class")
    header = {"format": FORMAT, "version": VERSION, "classes": classes, **notes, "arrays": arrays}
    header["shards"] = [
        {
            "first": part["first"],
            "count": part["count"],
            "files": {name: _file_name(name, rank, world) for name in arrays},
        }
        for rank, part in enumerate(parts)
    ]
    _write_json(os.path.join(folder, HEADER), header)
    for rank in range(world):
        os.unlink(os.path.join(folder, _part_name(rank, world)))


def load_shard(
    folder: Any,
    rank: int = 0,
    world: int = 1,
    *,
    first: Optional[int] = None,
    count: Optional[int] = None,
) -> Shard:
    """Return the rows of `rank` of `world` ranks, whatever the number of shards in the folder.

    Their range is even (see `even_range`), or `count` classes from class `first` on. Files are mapped
    and only what is in the range is read. Where it lies in one file the arrays are views of it, which
    may be written to: the file does not change.
    """
    folder = os.fspath(folder)
    header = _read_header(folder)
    classes = header["classes"]
    if (first is None) != (count is None):
        raise ValueError("first and count are given together")
    if first is None or count is None:
        first, count = even_range(classes, rank, world)
    first, count = _whole("first", first), _whole("count", count)
    if first < 0 or count < 0 or first + count > classes:
        raise ValueError(f"{folder}: classes {first} to {first + count} are not within 0 to {classes}")
    arrays = {
        name: _rows(folder, header, name, first, count) for name in header["arrays"]
    }
    return Shard(first, arrays.pop("weight"), arrays, classes, header)


# ---- names and checks ----------------------------------------------------------------------------


def _whole(argument: str, value: Any) -> int:
    """Return a whole number as Python's; anything else is refused."""
    try:
        return operator.index(value)
    except TypeError:
        raise TypeError(f"{argument} must be a whole number, got {value!r}") from None


def _check_rank(rank: int, world: int) -> None:
    rank, world = _whole("rank", rank), _whole("world", world)
    if world < 1 or world > 99999:
        raise ValueError(f"world must be a number of ranks from 1 to 99999, got {world}")
    if rank < 0 or rank >= world:
        raise ValueError(f"rank must be from 0 to {world - 1}, got {rank}")


def _refuse_whole(folder: str) -> None:
    path = os.path.join(folder, HEADER)
    if os.path.exists(path):
        raise FileExistsError(f"{folder} is a checkpoint already: save to another folder")


def _file_name(name: str, rank: int, world: int) -> str:
    return f"{name}-{rank:05d}-of-{world:05d}.npy"


def _part_name(rank: int, world: int) -> str:
    return f"shard-{rank:05d}-of-{world:05d}.json"


def _dtype_name(dtype: np.dtype) -> Optional[str]:
    return next((name for name, known in DTYPES.items() if dtype == known), None)


def _array(name: str, value: Any) -> np.ndarray:
    """Return `value` as an array that the format can hold, in C order."""
    if not re.fullmatch("[A-Za-z0-9_]{1,64}", name):
        raise ValueError(f"{name!r} is no name of letters, digits and _")
    array = np.asarray(value)
    if array.dtype.name == "bfloat16":
        array = array.view("V2")
    elif not array.dtype.isnative:
        array = array.astype(array.dtype.newbyteorder("="))
    if _dtype_name(array.dtype) is None:
        raise TypeError(f"{name} has dtype {array.dtype}, not one of {', '.join(DTYPES)}")
    if array.ndim < 1 or array.ndim > 4 or 0 in array.shape[1:]:
        raise ValueError(f"{name} must be [count, ...], got shape {array.shape}")
    return np.ascontiguousarray(array)


def _describe(arrays: Dict[str, np.ndarray]) -> Dict[str, Any]:
    return {
        name: {"dtype": _dtype_name(array.dtype), "row": list(array.shape[1:])}
        for name, array in arrays.items()
    }


# ---- files ---------------------------------------------------------------------------------------


def _write(path: str, write: Callable[[BinaryIO], Any]) -> None:
    """Let `write` fill the file `path`, which appears whole or not at all."""
    temporary = path + ".unfinished"
    try:
        with open(temporary, "wb") as stream:
            write(stream)
            stream.flush()
            os.fsync(stream.fileno())
        os.replace(temporary, path)
        _sync_folder(os.path.dirname(path))
    except BaseException:
        with suppress(OSError):
            os.unlink(temporary)
        raise


def _sync_folder(folder: str) -> None:
    """Make renames in it last, so that no shards.json outlives a power cut without its files."""
    descriptor = os.open(folder or ".", os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _write_json(path: str, value: Any) -> None:
    text = json.dumps(value, indent=1, allow_nan=False) + "\n"
    _write(path, lambda stream: stream.write(text.encode()))


def _read_part(folder: str, rank: int, world: int) -> Dict[str, Any]:
    try:
        with open(os.path.join(folder, _part_name(rank, world)), "rb") as stream:
            return json.load(stream)
    except FileNotFoundError:
        raise ValueError(f"{folder}: rank {rank} of {world} has not saved its shard") from None


def _fault_of(header: Any) -> str:
    """Return what is wrong with the content of shards.json, or an empty text."""
    try:
        if header["format"] != FORMAT or header["version"] != VERSION:
            return f"not version {VERSION} of {FORMAT}"
        next_class = 0
        for k, shard in enumerate(header["shards"]):
            if not isinstance(shard["count"], int) or shard["count"] < 0:
                return f"shard {k} has {shard['count']!r} classes"
            if shard["first"] != next_class:
                return f"shard {k} begins at class {shard['first']}, not {next_class}"
            next_class += shard["count"]
            for name in header["arrays"]:
                file = shard["files"][name]
                if not file or os.path.basename(file) != file:
                    return f"shard {k}: {file!r} is not a file of this folder"
        if next_class != header["classes"] or next_class < 1:
            return f"{header['classes']} classes, but the shards have {next_class}"
        for name, array in header["arrays"].items():
            if array["dtype"] not in DTYPES:
                return f"{name}: dtype {array['dtype']} is not known"
            if not all(isinstance(n, int) and n > 0 for n in array["row"]):
                return f"{name}: row is {array['row']!r}, not whole numbers from 1"
        return "" if len(header["arrays"]["weight"]["row"]) == 1 else "weight is no matrix"
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        return f"not as the format says: {error!r}"


def _read_header(folder: str) -> Dict[str, Any]:
    path = os.path.join(folder, HEADER)
    try:
        with open(path, "rb") as stream:
            header = json.load(stream)
    except FileNotFoundError:
        found = os.listdir(folder)
        if any(re.fullmatch(r"shard-\d{5}-of-\d{5}\.json", name) for name in found):
            raise FileNotFoundError(
                f"{folder}: no {HEADER}: finish_shards was not called, so it may not be whole"
            ) from None
        raise
    except ValueError as error:
        raise ValueError(f"{path}: not JSON: {error}") from None
    fault = _fault_of(header)
    if fault:
        raise ValueError(f"{path}: {fault}")
    return header


def _open(folder: str, header: Dict[str, Any], name: str, shard: Dict[str, Any]) -> np.ndarray:
    """Map the file of one array in one shard, which has classes; writing changes no file."""
    path = os.path.join(folder, shard["files"][name])
    array = header["arrays"][name]
    wanted = (shard["count"], *array["row"])
    try:
        found = np.load(path, mmap_mode="c", allow_pickle=False)
    except (EOFError, ValueError) as error:
        raise ValueError(f"{path}: no whole .npy file: {error}") from None
    if found.shape != wanted or found.dtype != DTYPES[array["dtype"]]:
        raise ValueError(
            f"{path}: {list(found.shape)} of {found.dtype}, but by {HEADER} it is {list(wanted)} of "
            f"{array['dtype']}"
        )
    if os.path.getsize(path) != found.offset + found.nbytes:
        kind = array["dtype"]
        raise ValueError(f"{path}: it holds more bytes than {list(wanted)} of {kind} needs")
    return found


def _rows(folder: str, header: Dict[str, Any], name: str, first: int, count: int) -> np.ndarray:
    """Return `count` rows of one array from class `first` on."""
    pieces: List[np.ndarray] = []
    for shard in header["shards"]:
        start = max(first, shard["first"])
        end = min(first + count, shard["first"] + shard["count"])
        if start < end:
            rows = _open(folder, header, name, shard)
            pieces.append(rows[start - shard["first"] : end - shard["first"]])
    if len(pieces) == 1:
        return np.asarray(pieces[0])  # no memmap any more, but a view of it
    array = header["arrays"][name]
    out = np.empty((count, *array["row"]), DTYPES[array["dtype"]])
    at = 0
    for piece in pieces:
        out[at : at + len(piece)] = piece
        at += len(piece)
    return out
