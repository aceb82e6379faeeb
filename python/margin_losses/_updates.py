"""Optimizers that change class weights while the library computes their gradient: `SGD`, `AdamW`.

What is remembered from step to step lies here. Must not know how a head is called.
"""

from __future__ import annotations

from typing import Any, Dict, Optional

import numpy as np

from . import _arrays
from ._abi import Update
from ._heads import number, whole

Arrays = Dict[str, np.ndarray]
_SGD, _ADAMW = range(2)
_MOMENTS = ("moment1", "moment2", "bias_moment1", "bias_moment2")


class Optimizer:
    """What `SGD` and `AdamW` have in common: one belongs to one array of class weights.

    Attributes
    ----------
    learning_rate : float
        May be changed from step to step.
    steps : int
        Steps taken.
    moments : dict
        The arrays that are remembered, by their names in ``margin_update``, zeros at first; empty
        before the first step. Those of `bias` are among them. To go on from a checkpoint, set
        `steps` and `moments`.
    """

    _rule: int

    def __init__(self, learning_rate: float, weight_decay: float, renormalise: bool) -> None:
        self.learning_rate = learning_rate
        self.weight_decay = weight_decay
        self.renormalise = renormalise
        self.steps = 0
        self.moments: Arrays = {}

    def _numbers(self) -> Dict[str, Any]:
        """The rule's own numbers, by their fields."""
        raise NotImplementedError

    def _kept(self) -> int:
        """How many moments are remembered of each element."""
        raise NotImplementedError

    def _refuse_unknown(self) -> None:
        """A checkpoint of another optimizer may have other names, which would change nothing."""
        for name in self.moments:
            if name not in _MOMENTS:
                raise ValueError(f"update.moments has {name!r}: it takes {', '.join(_MOMENTS)}")

    def _hold(self, name: str, like: np.ndarray) -> np.ndarray:
        held = self.moments.get(name)
        if held is None:
            self.moments[name] = held = np.zeros_like(like)
        return _arrays.output(f"update.moments[{name!r}]", held, like.shape)

    def _arrays_of(self, w: np.ndarray, bias: Optional[np.ndarray]) -> Arrays:
        """The arrays of a step, by the names of the fields that point to them."""
        self._refuse_unknown()
        arrays = {"weights": w}
        for k in range(1, self._kept() + 1):
            arrays[f"moment{k}"] = self._hold(f"moment{k}", w)
        if bias is not None:
            arrays["bias"] = bias
            for k in range(1, self._kept() + 1):
                arrays[f"bias_moment{k}"] = self._hold(f"bias_moment{k}", bias)
        return arrays

    def _update(self, classes: int, arrays: Arrays, class_index: Optional[np.ndarray]) -> Update:
        """The library's struct of the next step. The arrays must be held by the caller."""
        update = Update(
            rule=self._rule,
            learning_rate=number("learning_rate", self.learning_rate),
            weight_decay=number("weight_decay", self.weight_decay),
            renormalise=bool(self.renormalise),
            step=whole("update.steps", self.steps, 0, 2**63 - 1) + 1,
            classes=classes,
            dim=arrays["weights"].shape[1],
            **self._numbers(),
            **_arrays.addresses(arrays),
        )
        if class_index is not None:
            update.class_index = _arrays.addresses({"class_index": class_index})["class_index"]
        return update


class SGD(Optimizer):
    """Stochastic gradient descent, with momentum and weight decay as ``torch.optim.SGD``.

    Parameters
    ----------
    learning_rate : float
        Of each step.
    momentum : float
        In [0, 1).
    weight_decay : float
        This times w is added to its gradient.
    nesterov : bool
        Nesterov's momentum.
    renormalise : bool
        Bring each class weight to length 1 after its step.
    """

    _rule = _SGD

    def __init__(
        self,
        learning_rate: float = 0.001,
        *,
        momentum: float = 0.0,
        weight_decay: float = 0.0,
        nesterov: bool = False,
        renormalise: bool = False,
    ) -> None:
        super().__init__(learning_rate, weight_decay, renormalise)
        self.momentum = momentum
        self.nesterov = nesterov

    def _kept(self) -> int:
        return int(self.momentum != 0.0)

    def _numbers(self) -> Dict[str, Any]:
        return {"momentum": number("momentum", self.momentum), "nesterov": bool(self.nesterov)}


class AdamW(Optimizer):
    """Adam with decoupled weight decay, as ``torch.optim.AdamW``.

    Parameters
    ----------
    learning_rate : float
        Of each step.
    beta1, beta2 : float
        How much of the first and second moments each step keeps, in [0, 1).
    epsilon : float
        Added to the root of the second moment.
    weight_decay : float
        Each step first multiplies w by 1 - learning_rate weight_decay.
    renormalise : bool
        Bring each class weight to length 1 after its step.
    """

    _rule = _ADAMW

    def __init__(
        self,
        learning_rate: float = 0.001,
        *,
        beta1: float = 0.9,
        beta2: float = 0.999,
        epsilon: float = 1e-8,
        weight_decay: float = 0.01,
        renormalise: bool = False,
    ) -> None:
        super().__init__(learning_rate, weight_decay, renormalise)
        self.beta1, self.beta2 = beta1, beta2
        self.epsilon = epsilon

    def _kept(self) -> int:
        return 2

    def _numbers(self) -> Dict[str, Any]:
        names = ("beta1", "beta2", "epsilon")
        return {name: number(name, getattr(self, name)) for name in names}
