"""The ranks of a process group: what they exchange, and how they come to the same opinion.

Must not know losses. All methods but those that say so are collective: each rank of the group calls
the same ones in the same order.
"""

from __future__ import annotations

from itertools import accumulate
from typing import Any, List, NamedTuple, NoReturn, Optional, Sequence

import torch
import torch.distributed as dist
from torch import Tensor

# What ranks tell each other of, a kind before what it is a kind of; the last is for all others.
_KINDS = (
    TypeError,
    ValueError,
    MemoryError,
    FileExistsError,
    FileNotFoundError,
    OSError,
    RuntimeError,
)


class Fault(NamedTuple):
    """What a rank found wrong: the kind of error by its place in a list, and its one line."""

    kind: int
    text: str


def fault_of(error: Exception) -> Fault:
    """Return an error as ranks tell each other of it. Not collective."""
    kind = next((k for k, known in enumerate(_KINDS) if isinstance(error, known)), len(_KINDS) - 1)
    return Fault(kind, str(error))


def raise_first(faults: Sequence[Optional[Fault]]) -> None:
    """Raise the first rank's fault, if any: the same on all ranks. Not collective."""
    for rank, fault in enumerate(faults):
        if fault is not None:
            raise _KINDS[fault.kind](f"rank {rank}: {fault.text}")


def places(counts: Sequence[int]) -> List[int]:
    """Return where each rank's items begin, and how many there are, by how many each rank has."""
    return [0, *accumulate(counts)]


def sizes(of: Sequence[int]) -> List[int]:
    """Return how many items each rank has, by where they begin."""
    return [end - begin for begin, end in zip(of, of[1:])]


class Ranks:
    """A process group of PyTorch, of which this process is rank `rank` of `world`."""

    def __init__(self, group: Any) -> None:
        if not dist.is_available():
            raise RuntimeError("process_group: this PyTorch was built without torch.distributed")
        if not isinstance(group, dist.ProcessGroup):
            raise TypeError(
                "process_group must be a group of torch.distributed that this process belongs to, "
                f"got {type(group).__name__}"
            )
        if dist.get_backend(group) == "nccl":
            raise ValueError(
                "process_group has the backend nccl, but the loss is computed on the CPU: "
                'take torch.distributed.new_group(backend="gloo")'
            )
        self.group = group
        self.rank, self.world = dist.get_rank(group), dist.get_world_size(group)

    def __deepcopy__(self, _: Any) -> "Ranks":
        """Return the same ranks: copies of a module talk to the same others."""
        return self

    def __reduce__(self) -> NoReturn:
        raise TypeError(
            "a process group cannot be pickled: save state_dict(), or take save_sharded"
        )

    def tell(self, value: Any) -> List[Any]:
        """Return the values of all ranks, in their order."""
        values: List[Any] = [None] * self.world
        dist.all_gather_object(values, value, group=self.group)
        return values

    def agree(self, error: Optional[Exception]) -> None:
        """Raise the first rank's error on all ranks; return where none has one."""
        raise_first(self.tell(None if error is None else fault_of(error)))

    def gather(self, items: Tensor, of: Sequence[int]) -> None:
        """Fill `items`, of which this rank has written those from of[rank] on, with all others'."""
        waiting = []
        for rank in range(self.world):
            part = items[of[rank] : of[rank + 1]]
            if part.numel() > 0:
                source = dist.distributed_c10d.get_global_rank(self.group, rank)
                waiting.append(dist.broadcast(part, source, group=self.group, async_op=True))
        for work in waiting:
            work.wait()

    def exchange(self, items: Tensor, sent: Sequence[int], got: Sequence[int]) -> Tensor:
        """Send the ranks `items`, sent[r] of them to rank r; return got[r] of each rank r."""
        out = items.new_empty((sum(got), *items.shape[1:]))
        dist.all_to_all_single(out, items.contiguous(), list(got), list(sent), group=self.group)
        return out

    def move(self, items: Tensor, have: Sequence[int], need: Sequence[int]) -> Tensor:
        """Return the items need[rank] to need[rank + 1]; ranks have them as `have` says."""
        own, wanted = self._range(have, self.rank), self._range(need, self.rank)
        sent = [_shared(own, self._range(need, rank)) for rank in range(self.world)]
        got = [_shared(self._range(have, rank), wanted) for rank in range(self.world)]
        return self.exchange(items, sent, got)

    @staticmethod
    def _range(of: Sequence[int], rank: int) -> range:
        return range(of[rank], of[rank + 1])


def _shared(a: range, b: range) -> int:
    """Return how many items two ranges share."""
    return max(0, min(a.stop, b.stop) - max(a.start, b.start))
