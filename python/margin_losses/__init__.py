"""Margin-softmax losses for CPUs, from NumPy arrays.

>>> import margin_losses as ml
>>> result = ml.head(x, w, y, loss="arcface")  # loss, dx, dw
"""

from ._abi import LOSSES, Loss, library
from ._calls import HeadResult, Prediction, RowsResult, head, predict, rows
from ._measures import advise, angles, info, verify
from ._sampling import sample

__version__: str = library.margin_version().decode()

__all__ = [
    "LOSSES",
    "HeadResult",
    "Loss",
    "Prediction",
    "RowsResult",
    "advise",
    "angles",
    "head",
    "info",
    "predict",
    "rows",
    "sample",
    "verify",
]
