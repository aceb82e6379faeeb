"""What ranks must have alike, and how what one finds wrong becomes the error of all.

Every rank judges the same claims in the same order, so every rank finds the same.
"""

from __future__ import annotations

import functools
from typing import Any, Dict, List, NamedTuple, Optional, Tuple

import torch

from .. import _abi, _heads
from ._compute import NAMES, Needs, Objective, Tensors
from ._ranks import Fault, Ranks, fault_of, raise_first


class Place(NamedTuple):
    """The classes of this rank, from `first` on, `count` of `classes`."""

    ranks: Ranks
    classes: int
    first: int
    count: int


class Claim(NamedTuple):
    """What a rank says at the beginning: what it found wrong, what it has and wants, and what must
    be the same on all ranks, or on those that have rows."""

    fault: Optional[Fault] = None
    rows: int = 0
    first: int = 0
    count: int = 0
    needs: Tuple[bool, ...] = (False,) * 3
    same: Optional[Dict[str, Any]] = None
    same_of_rows: Optional[Dict[str, Any]] = None


_OPTIONS = {
    "loss": [*_abi.LOSSES],
    "past_pi": [*_heads.PAST_PI],
    "gradient": [*_heads.GRADIENTS],
    "feature_norm": [*_heads.FEATURE_NORMS],
}


@functools.lru_cache(maxsize=1)
def arithmetic() -> str:
    """Say which bits this process has: SIMD instruction sets have the same."""
    scalar = _heads.resolved()[0] == _heads.ISAS["scalar"]
    return f"{_abi.library.margin_version().decode()}, {'scalar' if scalar else 'SIMD'}"


def claim_of(place: Place, o: Objective, t: Tensors, needs: Needs, names: Dict[str, str]) -> Claim:
    """Return what this rank says of a call; `names` are NAMES in a forward pass."""
    own_name = {f"m{o.made.info.margin_index}": "margin", "lambda_": "lambda"}
    made = {
        own_name.get(name, name): _OPTIONS[name][value] if name in _OPTIONS else value
        for name, value in o.made._asdict().items()
    }
    same = {
        "the library": arithmetic(),
        "the pass": "forward" if names is NAMES else "backward",
        "num_classes": place.classes,
        "embedding_size": t.w.shape[1],
        "bias": "given" if t.bias is not None else "not given",
        "reduction": o.reduction,
        "label_smoothing": o.label_smoothing,
        **made,
    }
    given = {"sample_weight": "given" if t.sample_weight is not None else "not given"}
    wanted = tuple(bool(n) for n in needs)
    return Claim(None, t.x.shape[0], place.first, t.w.shape[0], wanted, same, given)


def _difference(claims: List[Claim]) -> str:
    """Return the first thing that ranks must have alike and have not, or an empty text."""
    ranks = list(range(len(claims)))
    with_rows = [r for r in ranks if claims[r].rows > 0]
    for who, group in ((ranks, "same"), (with_rows, "same_of_rows")):
        for name in getattr(claims[0], group):
            values = [(r, getattr(claims[r], group)[name]) for r in who]
            for rank, value in values:
                if value != values[0][1]:
                    return (
                        f"rank {rank}: {name} is {value}, but {values[0][1]} on rank {values[0][0]}"
                    )
    return ""


def _gap(claims: List[Claim], classes: int) -> str:
    """Return what is wrong with the ranges of classes, or an empty text."""
    end = 0
    for rank, claim in enumerate(claims):
        if claim.first != end:
            return (
                f"rank {rank}: class_range begins at {claim.first}, but ranks before end at {end}"
            )
        end += claim.count
    return "" if end == classes else f"class_range: the ranks have {end} of {classes} classes"


def agree(ranks: Ranks, claim: Claim) -> List[Claim]:
    """Return the claims of all ranks; raise the first fault or disagreement, the same on all."""
    claims: List[Claim] = ranks.tell(claim)
    raise_first([c.fault for c in claims])
    assert claim.same is not None
    wrong = _difference(claims) or _gap(claims, claim.same["num_classes"])
    if wrong:
        raise ValueError(wrong)
    return claims


def _fault_here(t: Tensors, names: Dict[str, str]) -> Optional[Fault]:
    """Return the first of this rank's values that is not finite, as the library says it."""
    named = ((names["embeddings"], t.x), (names["weights"], t.w), ("bias", t.bias))
    for name, tensor in (*named, (names["row_weight"], t.sample_weight)):
        bad = [] if tensor is None else (~torch.isfinite(tensor)).nonzero()
        if len(bad) > 0:
            return fault_of(
                ValueError(f"{name}[{int(bad[0][0])}]: a value is a NaN or an infinity")
            )
    return None


def settle(
    ranks: Ranks, error: Optional[Exception], t: Tensors, names: Dict[str, str], value: Any = None
) -> List[Any]:
    """Return the values of all ranks, or raise what one found wrong: the same on all ranks.

    What is wrong with a row is found by all ranks, since all have it, so its owner says which.
    """
    said = ranks.tell((None if error is None else fault_of(error), value))
    faults = [fault for fault, _ in said]
    if any(faults):
        raise_first(ranks.tell(_fault_here(t, names)))
        raise_first(faults)
    return [value for _, value in said]
