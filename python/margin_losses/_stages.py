"""The stages of the head for the classes that one rank holds (include/margin_shards.h).

Must not know NumPy or PyTorch, nor how ranks exchange what the stages give.
"""

from __future__ import annotations

import ctypes
from functools import lru_cache
from typing import Dict, Optional, Sequence, Tuple

from . import _abi, _heads
from ._abi import Head, Shard, library

STATS_BYTES = ctypes.sizeof(_abi.ShardStats)
"""What a node says of a row."""


@lru_cache(maxsize=64)
def cuts_of(rows: int, dim: int, classes: int) -> Tuple[int, ...]:
    """Return the classes that the cells of a head begin with, and `classes` behind the last.

    `dim` is D, plus 1 where there is a bias.
    """
    cells = library.margin_shard_cells(rows, dim, classes)
    return tuple(library.margin_shard_cut(rows, dim, classes, k) for k in range(cells + 1))


def nodes_of(rows: int, dim: int, classes: int, first_cell: int, end_cell: int) -> int:
    """Return how many statistics each row has in cells first_cell to end_cell - 1."""
    return library.margin_shard_nodes(rows, dim, classes, first_cell, end_cell)  # type: ignore


def width_of(dim: int) -> int:
    """Return the floats of a row's part of dX."""
    return library.margin_shard_width(dim)  # type: ignore


def shard_of(classes: int, cells: Sequence[int], here: int) -> Shard:
    """Return the place of rank `here` in a head whose ranks begin with these cells."""
    shard = Shard(classes=classes, shards=len(cells) - 1, here=here)
    shard.cuts = (ctypes.c_size_t * len(cells))(*cells)
    return shard


class Step:
    """One step of a head: its stages in their order, and the context that they share.

    To be used in `with`. Arrays that `call` and `shard` point to must be held until its end. Errors
    are those of `_heads.run_head`, which also says what `names` are.
    """

    def __init__(
        self,
        made: _heads.Settings,
        threads: int,
        call: Head,
        shard: Shard,
        names: Optional[Dict[str, str]] = None,
    ) -> None:
        self._made, self._threads, self._names = made, threads, names
        self._call, self._shard = call, shard
        self._context: Optional[_heads.Context] = None

    def __enter__(self) -> "Step":
        self._open(0)
        return self

    def __exit__(self, *_: object) -> None:
        if self._context is not None:
            self._context.busy = False

    def _open(self, workspace: int) -> None:
        if self._context is not None:
            self._context.busy = False
        self._context = _heads.open_context(self._made, self._threads, 0, workspace)

    def _do(self, stage: str, *arguments: object) -> None:
        context = self._context
        assert context is not None
        status = getattr(library, f"margin_shard_{stage}")(context.handle, *arguments)
        if status != _abi.OK:
            _heads.fail(context, status, self._call, self._names)

    def measure(self) -> float:
        """Return how large the class weights are."""
        found = ctypes.c_double()
        self._do("measure", self._call, ctypes.byref(found))
        return found.value

    def forward(self, stats: int) -> None:
        """Write the statistics of the classes to the address `stats`."""
        context = self._context
        assert context is not None
        status = library.margin_shard_forward(context.handle, self._call, self._shard, stats)
        if status == _abi.WORKSPACE:  # the library's default is too small for this shape
            self._open(library.margin_context_fault(context.handle).contents.bytes)
            self._do("forward", self._call, self._shard, stats)
        elif status != _abi.OK:
            _heads.fail(context, status, self._call, self._names)

    def part(self, node: int, first: int, count: int, part: int) -> None:
        """Write a node's part of dX of `count` rows from `first` on to the address `part`."""
        self._do("part", node, first, count, part)

    def combine(self, stats: int) -> None:
        """Make losses of the statistics of all classes; the results are in the call."""
        self._do("combine", stats)

    def gradient(self, first: int, count: int, parts: int, out: int) -> None:
        """Write dX of `count` rows from `first` on to the address `out`, of all classes' parts."""
        self._do("gradient", first, count, parts, out, 0)

    def backward(self) -> None:
        """Write dW."""
        self._do("backward")
