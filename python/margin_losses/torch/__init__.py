"""Margin-softmax losses as PyTorch modules and functions.

The classes are made of the library's table of losses: ArcFaceLoss, CosFaceLoss, SphereFaceLoss,
NormSoftmaxLoss, SoftmaxLoss, CombinedMarginLoss, and those that the library has besides.
"""

from typing import TYPE_CHECKING

from . import functional, modules
from .modules import *  # noqa: F403

if TYPE_CHECKING:
    from .modules import ArcFaceLoss, CombinedMarginLoss, CosFaceLoss, MarginLoss  # noqa: F401
    from .modules import NormSoftmaxLoss, SoftmaxLoss, SphereFaceLoss  # noqa: F401

__all__ = [*modules.__all__, "functional"]
