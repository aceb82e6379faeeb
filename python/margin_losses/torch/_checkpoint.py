"""Class weights of modules, and what an optimizer keeps of them, as checkpoints (docs/sharding.md).

An array is named as the parameter's or the optimizer's own, except "momentum" for SGD's
momentum_buffer; those of a bias begin with "bias". What is one number for all classes, as the step
of Adam, is a note: whole where the optimizer has it as a Python number, else a float.
"""

from __future__ import annotations

from typing import Any, Callable, Dict, Iterator, Optional, Tuple, TypeVar

import numpy as np
import torch
from torch import Tensor, nn

from ..shards import Shard, finish_shards, load_shard, save_shard
from ._claims import Place

Optimizer = Optional[torch.optim.Optimizer]
T = TypeVar("T")

_NAMES = {"momentum_buffer": "momentum"}
_NOTE = "optimizer"  # its kind, and its numbers for each parameter


def _parameters(module: Any) -> Iterator[Tuple[str, str, nn.Parameter]]:
    """Yield the parameters, with their names and with what the names of their companions begin."""
    yield "weight", "", module.weight
    if module.bias is not None:
        yield "bias", "bias_", module.bias


def _array(tensor: Tensor) -> np.ndarray:
    """Return a tensor as an array; bfloat16 as two bytes without a meaning, as the format does.

    SGD's momentum of sampled classes is a sparse tensor.
    """
    tensor = (tensor.to_dense() if tensor.is_sparse else tensor).detach().contiguous()
    if tensor.dtype is torch.bfloat16:
        return tensor.view(torch.int16).numpy().view("V2")
    return tensor.numpy()


def _tensor(array: np.ndarray) -> Tensor:
    """Return a tensor of its own of an array that was loaded."""
    if array.dtype == np.dtype("V2"):
        return torch.from_numpy(array.view(np.int16)).view(torch.bfloat16).clone()
    return torch.from_numpy(array).clone()


def _refuse_others(module: Any, optimizer: Optimizer) -> None:
    """Refuse an optimizer of other parameters: it keeps nothing of these."""
    if optimizer is None:
        return
    held = {id(p) for group in optimizer.param_groups for p in group["params"]}
    for name, _, parameter in _parameters(module):
        if id(parameter) not in held:
            raise ValueError(
                f"the optimizer has no {name} of this module: make it of loss.parameters()"
            )


def _together(place: Optional[Place], work: Callable[[], T]) -> T:
    """Return what the work gives; where it fails on one rank, raise that on all."""
    if place is None:
        return work()
    error, result = None, None
    try:
        result = work()
    except Exception as failed:
        error = failed
    place.ranks.agree(error)
    return result  # type: ignore[return-value]


# ---- saving --------------------------------------------------------------------------------------


def _companions(module: Any, optimizer: Optimizer) -> Tuple[Dict[str, np.ndarray], Dict[str, Any]]:
    """Return the arrays that go with the class weights, and the optimizer's note."""
    _refuse_others(module, optimizer)
    arrays: Dict[str, np.ndarray] = {}
    note: Dict[str, Any] = {"kind": type(optimizer).__name__}
    for name, prefix, parameter in _parameters(module):
        if name != "weight":
            arrays[name] = _array(parameter)
        if optimizer is None:
            continue
        note[name] = {}
        for key, value in optimizer.state.get(parameter, {}).items():
            if isinstance(value, Tensor) and value.dim() > 0:
                arrays[prefix + _NAMES.get(key, key)] = _array(value)
            elif value is not None:
                note[name][key] = value if isinstance(value, int) else float(value)
    return arrays, {} if optimizer is None else {_NOTE: note}


def save(
    module: Any, place: Optional[Place], folder: Any, optimizer: Optimizer, notes: Dict[str, Any]
) -> None:
    """Save the module's class weights with `notes`; see MarginLoss.save_sharded."""
    rank, world = (0, 1) if place is None else (place.ranks.rank, place.ranks.world)

    def own() -> Dict[str, Any]:
        arrays, note = _companions(module, optimizer)
        save_shard(folder, rank, world, module.class_range[0], _array(module.weight), **arrays)
        return note

    note = _together(place, own)
    _together(place, lambda: finish_shards(folder, world, **notes, **note) if rank == 0 else None)


# ---- loading -------------------------------------------------------------------------------------


def _read(module: Any, folder: Any) -> Shard:
    """Read what is of this module's classes."""
    first, count = module.class_range
    shard = load_shard(folder, first=first, count=count)
    if (shard.classes, shard.weight.shape[1]) != (module.num_classes, module.embedding_size):
        raise ValueError(
            f"{folder} has {shard.classes} classes of {shard.weight.shape[1]} dimensions, and this "
            f"module {module.num_classes} of {module.embedding_size}"
        )
    return shard


def _state_of(name: str, prefix: str, shard: Shard) -> Dict[str, Any]:
    """Return what an optimizer keeps of a parameter."""
    numbers = shard.header[_NOTE].get(name, {}).items()
    state = {k: v if isinstance(v, int) else torch.tensor(v) for k, v in numbers}
    for key, array in shard.companions.items():
        own = key[len(prefix) :]
        if key.startswith(prefix) and key != "bias" and (prefix or not key.startswith("bias_")):
            ours = next((k for k, v in _NAMES.items() if v == own), own)
            state[ours] = _tensor(array)
    return state


def _changes(
    module: Any, folder: Any, optimizer: Optimizer
) -> Tuple[Shard, Dict[str, Tensor], Dict[str, Dict[str, Any]]]:
    """Return what was read, the parameters of it, and the optimizer's state of each."""
    _refuse_others(module, optimizer)
    shard = _read(module, folder)
    note = shard.header.get(_NOTE)
    kind = None if optimizer is None else type(optimizer).__name__
    if kind is not None and (note is None or note["kind"] != kind):
        saved = "without an optimizer" if note is None else f"with {note['kind']}"
        raise ValueError(f"{folder} was saved {saved}, not with {kind}: leave the optimizer out")
    if module.bias is None and "bias" in shard.companions:
        raise ValueError(f"{folder} has a bias, and this module has none")
    values, states = {}, {}
    for name, prefix, parameter in _parameters(module):
        if name not in ("weight", *shard.companions):
            raise ValueError(f"{folder} has no {name}")
        values[name] = _tensor(shard.weight if name == "weight" else shard.companions[name])
        if optimizer is not None:
            states[name] = _state_of(name, prefix, shard)
    return shard, values, states


def load(module: Any, place: Optional[Place], folder: Any, optimizer: Optimizer) -> Dict[str, Any]:
    """Load the module's class weights; see MarginLoss.load_sharded."""
    shard, values, states = _together(place, lambda: _changes(module, folder, optimizer))
    for name, _, parameter in _parameters(module):
        with torch.no_grad():
            parameter.copy_(values[name])
        if optimizer is not None:
            optimizer.state[parameter] = states[name]
    if optimizer is not None:  # as its load_state_dict does: it may want its numbers as tensors
        optimizer.__setstate__({"state": optimizer.state, "param_groups": optimizer.param_groups})
    return shard.header
