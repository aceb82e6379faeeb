"""Margin-softmax losses as PyTorch modules and functions.

The classes are made of the library's table of losses: ArcFaceLoss, CosFaceLoss, SphereFaceLoss,
NormSoftmaxLoss, SoftmaxLoss, CombinedMarginLoss, and those that the library has besides.
"""

from . import functional, modules
from .modules import *  # noqa: F403

__all__ = [*modules.__all__, "functional"]
