"""What losses of other libraries are called here, read from their objects.

Must not import those libraries. What has no counterpart is refused, never approximated.
"""

from __future__ import annotations

import math
from typing import Any, Dict, Tuple

from torch import Tensor

Taken = Tuple[str, Dict[str, Any], Tensor]  # name of the loss, its options, class weights [C, D]

_REDUCTIONS = {"MeanReducer": "mean", "SumReducer": "sum", "DoNothingReducer": "none"}


def _refuse(other: Any, why: str) -> TypeError:
    return TypeError(f"{type(other).__name__} has no counterpart here: {why}")


# ---- pytorch-metric-learning ---------------------------------------------------------------------


def _pml_reduction(other: Any) -> str:
    """The reduction of a loss; what else it adds to the loss is refused."""
    for part in ("weight_regularizer", "embedding_regularizer"):
        if getattr(other, part, None) is not None:
            raise _refuse(other, f"{part} is set; make the loss without, and add it to the loss")
    reducer = type(other.reducer).__name__
    if reducer not in _REDUCTIONS:
        raise _refuse(other, f'its reducer is {reducer}; make one with reduction="none" instead')
    return _REDUCTIONS[reducer]


def _refuse_distance(other: Any) -> None:
    """Refuse a distance that is not the cosine."""
    distance = other.distance
    kind = type(distance).__name__
    if kind not in ("CosineSimilarity", "DotProductSimilarity"):
        raise _refuse(other, f"its distance is {kind}, not CosineSimilarity")
    if not distance.normalize_embeddings:
        raise _refuse(other, "its distance does not normalise embeddings")
    for name, cosine in (("p", 2), ("power", 1)):
        found = getattr(distance, name)
        if found != cosine:
            raise _refuse(other, f"its {kind} has {name}={found:g}: the cosine has {name}={cosine}")


def _pml_options(other: Any) -> Tuple[str, Dict[str, Any]]:
    kind = type(other).__name__
    if not type(other).__module__.startswith("pytorch_metric_learning"):
        raise _refuse(other, "it is none of pytorch-metric-learning")
    if kind == "ArcFaceLoss":  # it keeps its margin in radians
        return "arcface", {"margin": float(other.margin), "scale": other.scale, "past_pi": "taylor"}
    if kind == "CosFaceLoss":
        return "cosface", {"margin": float(other.margin), "scale": other.scale}
    if kind == "NormalizedSoftmaxLoss":
        return "normsoftmax", {"scale": 1.0 / other.temperature}
    if kind == "SphereFaceLoss":
        if other.scale != 1:
            raise _refuse(other, f"it multiplies |x| by its scale of {other.scale}, not 1")
        return "sphereface", {"margin": float(other.margin), "feature_norm": "keep"}
    raise _refuse(other, "ArcFaceLoss, CosFaceLoss, NormalizedSoftmaxLoss and SphereFaceLoss have")


def from_pml(other: Any) -> Taken:
    """Read a loss of pytorch-metric-learning, whose weights are W [D, C]."""
    name, options = _pml_options(other)
    _refuse_distance(other)
    options["reduction"] = _pml_reduction(other)
    return name, options, other.W.detach().t()


# ---- InsightFace ---------------------------------------------------------------------------------


def _insightface_arcface(other: Any) -> Dict[str, Any]:
    """There are two: an older one that computes the sine, and one that takes the arc cosine where
    no gradient is recorded, so that the margin's derivative is 1."""
    if hasattr(other, "s"):
        return {"margin": float(other.margin), "scale": other.s, "gradient": "detached"}
    past_pi = "easy" if other.easy_margin else "taylor"
    margin = math.atan2(other.sin_m, other.cos_m)
    return {"margin": margin, "scale": other.scale, "past_pi": past_pi}


def _insightface_options(other: Any) -> Tuple[str, Dict[str, Any]]:
    kind = type(other).__name__
    if kind == "ArcFace":
        return "arcface", _insightface_arcface(other)
    if kind == "CosFace":
        return "cosface", {"margin": float(other.m), "scale": other.s}
    if kind == "CombinedMarginLoss":
        if other.interclass_filtering_threshold > 0:
            raise _refuse(other, "interclass_filtering_threshold is set")
        if other.m1 == 1.0 and other.m3 == 0.0:
            return "arcface", {"margin": other.m2, "scale": other.s, "gradient": "detached"}
        if other.m3 > 0:  # it leaves m1 and m2 out then
            return "cosface", {"margin": other.m3, "scale": other.s}
    raise _refuse(other, "ArcFace, CosFace and CombinedMarginLoss with one margin have")


def from_insightface(other: Any, weight: Any) -> Taken:
    """Read a margin of InsightFace's arcface_torch, and the class weights beside it."""
    name, options = _insightface_options(other)
    weight = getattr(weight, "weight", weight)
    if not isinstance(weight, Tensor) or weight.dim() != 2:
        raise TypeError("weight must be the class weights [C, D], or the module that has them")
    return name, options, weight.detach()
