"""Sampled classes: which rows of w a step of training looks at.

Must not know what is computed of them.
"""

from __future__ import annotations

from typing import Any, Optional

import numpy as np

from . import _arrays
from ._abi import LOSSES, Sample
from ._heads import number, run_sample, settings, whole

_MOST = 2**62


def sample(
    y: Any,
    classes: int,
    rate: float,
    seed: int = 0,
    step: int = 0,
    *,
    first: int = 0,
    count: Optional[int] = None,
    ignore_label: int = -1,
) -> np.ndarray:
    """Sample classes for one step of training: those of the labels, and a share of all others.

    Parameters
    ----------
    y : array of whole numbers [N]
        Labels in [0, classes), or -1; their classes are sampled in any case.
    classes : int
        C, the rows of w.
    rate : float
        In (0, 1]: the probability with which each other class is drawn.
    seed, step : int
        In [0, 2**64). Whether a class is drawn follows from seed, step and its number alone.
    first, count : int
        The range of classes to list; default: all of them. The lists of ranges side by side, one
        after another, are the list of the whole.
    ignore_label : int
        Rows of this label do not count, as those of -1.

    Returns
    -------
    numpy.ndarray, int64 [K]
        The sampled classes in rising order, as `head` takes them: ``class_index``.

    Raises
    ------
    ValueError, TypeError, MemoryError
        As `head`.
    """
    classes = whole("classes", classes, 1, _MOST)
    first = whole("first", first, 0, classes)
    count = classes - first if count is None else whole("count", count, 0, classes - first)
    ignored = whole("ignore_label", ignore_label, -(2**63), 2**63 - 1)
    labels = _arrays.labels(y, np.shape(y)[0] if np.ndim(y) else 0, ignored)
    # Memory that is not written to costs nothing; the list is copied, so none of it is kept.
    listed = np.empty(count, _arrays.LABEL)
    arrays = {"labels": labels, "class_index": listed}
    call = Sample(
        rows=len(labels),
        ignore_label=ignored,
        classes=classes,
        first=first,
        count=count,
        rate=number("rate", rate),
        seed=whole("seed", seed, 0, 2**64 - 1),
        step=whole("step", step, 0, 2**64 - 1),
        capacity=count,
        **_arrays.addresses({name: array for name, array in arrays.items() if array.size}),
    )
    run_sample(settings(next(iter(LOSSES))), call, {"labels": "y"})
    return listed[: call.found].copy()
