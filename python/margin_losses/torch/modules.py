"""The losses as modules that own the class weights.

Each class is one row of the library's table of losses: a new loss of the library is a new class.
"""

from __future__ import annotations

import inspect
import numbers
import re
from typing import TYPE_CHECKING, Any, Dict, Optional, Tuple, Type

import torch
from torch import Tensor, nn

from .._abi import LOSSES, Loss
from .._heads import number, whole
from . import _compute, _import
from ._function import NO_TRANSFORMS
from .functional import loss_of

__all__ = ["MarginLoss"]

_MOST = 2**31 - 1
_SAMPLED = ("sample_rate", "sample_seed")  # options of which a request knows nothing


def _outside_graphs(function: Any) -> Any:
    """Let torch.compile leave a function as it is, where there is torch.compile."""
    compiler = getattr(torch, "compiler", None)
    return compiler.disable(function) if hasattr(compiler, "disable") else function


class MarginLoss(nn.Module):
    """A margin-softmax loss over embeddings x [N, D] and labels y [N].

    Use the class of a loss, as ArcFaceLoss; they differ in their options. Every option is an
    attribute that may be changed at any time, for schedules of scale and margin.

    Parameters
    ----------
    num_classes : int
        C.
    embedding_size : int
        D.
    margin, scale : float
        Angular margins are in radians; defaults are those of the paper.
    m1, m2, m3 : float
        The margins of a loss that has three.
    past_pi, gradient : str
        What happens beyond pi, and "exact" or "detached"; see docs/pytorch.md.
    lambda_, feature_norm
        Of SphereFace.
    bias : bool
        Of softmax: whether there is a parameter `bias` [C].
    reduction : str
        "mean", "sum" or "none".
    ignore_index : int
        Rows of this label do not count, as those of -1.
    label_smoothing : float
        In [0, 1).
    sample_rate : float
        In (0, 1]. Below 1 a step in training mode looks at the classes of its labels and at a share
        of the others, and the gradient of `weight` is a sparse tensor.
    sample_seed : int
        Another seed: other classes.

    Attributes
    ----------
    weight : Parameter
        Class weights [C, D], at first normal with a standard deviation of 0.01.
    sample_step : int
        How many steps have sampled classes; the next one's are drawn by this number.
    """

    loss: str
    _defaults: Dict[str, Any]  # the options of the loss
    weight: nn.Parameter
    bias: Optional[nn.Parameter]
    scale: float
    reduction: str
    ignore_index: int
    label_smoothing: float
    sample_rate: float
    sample_seed: int
    sample_step: int

    def __init__(self, num_classes: int, embedding_size: int, **options: Any) -> None:
        super().__init__()
        if not hasattr(self, "loss"):
            raise TypeError(f"MarginLoss is the base of {', '.join(__all__[1:])}: take one of them")
        for name in options:
            if name not in self._defaults:
                raise TypeError(
                    f"{type(self).__name__} has no option {name!r}: "
                    f"there are {', '.join(self._defaults)}"
                )
        values = {**self._defaults, **options}
        with_bias = values.pop("bias", False)
        self.num_classes = whole("num_classes", num_classes, 1, _MOST)
        self.embedding_size = whole("embedding_size", embedding_size, 1, _MOST)
        self.sample_step = 0
        self._options = tuple(values)
        for name, value in values.items():
            setattr(self, name, value)
        _compute.objective(self._request())  # refuses what is out of range
        self._sampling()
        self.weight = nn.Parameter(torch.empty(self.num_classes, self.embedding_size))
        self.bias = nn.Parameter(torch.empty(self.num_classes)) if with_bias else None
        self.reset_parameters()

    def __setattr__(self, name: str, value: Any) -> None:
        """Set an attribute; a number under a name that is no option would change nothing."""
        if isinstance(value, numbers.Number) and not isinstance(value, bool):
            self._refuse_unknown(name)
        super().__setattr__(name, value)

    def _refuse_unknown(self, name: str) -> None:
        """Classes derived from those of the losses may have numbers of their own."""
        own = self.__dict__.get("_options", (name,))
        known = name in own or name in self.__dict__ or name.startswith("_")
        if not known and type(self) is _CLASSES[self.loss]:
            raise AttributeError(
                f"{type(self).__name__} has no option {name!r}: there are {', '.join(own)}"
            )

    def reset_parameters(self) -> None:
        """Draw the class weights anew."""
        nn.init.normal_(self.weight, std=0.01)
        if self.bias is not None:
            nn.init.zeros_(self.bias)

    def _request(self) -> _compute.Request:
        numbers = {name: getattr(self, name) for name in self._options if name not in _SAMPLED}
        return _compute.Request(self.loss, **numbers)

    def _sampling(self) -> _compute.Sampling:
        rate = number("sample_rate", self.sample_rate)
        if not 0.0 < rate <= 1.0:
            raise ValueError(f"sample_rate must be in (0, 1], got {rate:g}")
        seed, step = (
            whole(name, getattr(self, name), 0, 2**64 - 1)
            for name in ("sample_seed", "sample_step")
        )
        return _compute.Sampling(rate, seed, step)

    def forward(self, x: Tensor, y: Tensor, sample_weight: Optional[Tensor] = None) -> Tensor:
        """Return the loss of embeddings x [N, D] and labels y [N].

        `sample_weight` [N] are factors of the rows; the mean is then the sum of weighted losses
        over the sum of the weights of the rows that count.
        """
        if self.training and self.sample_rate != 1:
            return self._sampled_loss(x, y, sample_weight)
        return loss_of(self._request(), x, self.weight, self.bias, y, sample_weight)

    @_outside_graphs
    def _sampled_loss(self, x: Tensor, y: Tensor, sample_weight: Optional[Tensor]) -> Tensor:
        given = (x, self.weight, self.bias, y, sample_weight)
        loss = loss_of(self._request(), *given, self._sampling())
        self.sample_step += 1
        return loss

    def get_logits(self, x: Tensor) -> Tensor:
        """Return the logits [N, C] without a margin, by PyTorch: scale times cosine.

        They are float32 as the loss is, for parameters of half precision too.
        """
        kind = torch.float64 if self.weight.dtype is torch.float64 else torch.float32
        x, weight = x.to(kind), self.weight.to(kind)
        if not LOSSES[self.loss].normalised:
            bias = None if self.bias is None else self.bias.to(kind)
            return nn.functional.linear(x, weight, bias)
        normalize = nn.functional.normalize
        cosines = nn.functional.linear(normalize(x), normalize(weight))
        if getattr(self, "feature_norm", "fixed") == "keep":
            return cosines * x.norm(dim=1, keepdim=True)
        return cosines * self.scale

    def predict(self, x: Tensor, k: int = 1) -> Tuple[Tensor, Tensor]:
        """Return the k nearest classes of each row [N, k], and their cosines (softmax: logits)."""
        return _compute.predict(
            _compute.objective(self._request()).made, x, self.weight, self.bias, k
        )

    def __prepare_scriptable__(self) -> None:
        """Refuse torch.jit.script, which calls this first."""
        raise RuntimeError(NO_TRANSFORMS)

    @classmethod
    def from_pml(cls, other: nn.Module) -> "MarginLoss":
        """Return the same loss as one of pytorch-metric-learning, with a copy of its weights."""
        return cls._take(*_import.from_pml(other))

    @classmethod
    def from_insightface(cls, margin_loss: Any, weight: Any, **options: Any) -> "MarginLoss":
        """Return the same loss as ArcFace, CosFace or CombinedMarginLoss of InsightFace.

        `weight` are the class weights [C, D], or the module that has them (PartialFC).
        """
        name, own, weight = _import.from_insightface(margin_loss, weight)
        return cls._take(name, {**own, **options}, weight)

    @classmethod
    def _take(cls, name: str, options: Dict[str, Any], weight: Tensor) -> "MarginLoss":
        made = _CLASSES[name]
        if not issubclass(made, cls):
            raise TypeError(f"{cls.__name__}: the other loss is {made.__name__}, take that class")
        own = made(*weight.shape, **options)
        with torch.no_grad():
            own.weight.copy_(weight)
        return own

    def extra_repr(self) -> str:
        """Return what `print` shows of the module."""
        shape = f"{self.num_classes}, {self.embedding_size}"
        bias = ", bias=True" if self.bias is not None else ""
        kept = getattr(self, "feature_norm", "fixed") == "keep"  # |x| then stands for the scale
        hidden = _SAMPLED if self.sample_rate == 1 else ()
        hidden = ("scale", *hidden) if kept else hidden
        shown = [name for name in self._options if name not in hidden]
        return shape + bias + "".join(f", {name}={getattr(self, name)!r}" for name in shown)


_COMMON: Dict[str, Any] = {
    "reduction": "mean",
    "ignore_index": -100,
    "label_smoothing": 0.0,
    "sample_rate": 1.0,
    "sample_seed": 0,
}


def _options(loss: Loss) -> Dict[str, Any]:
    """The options of a loss, with their defaults."""
    options: Dict[str, Any] = {}
    if loss.margin_index == 4:
        options.update(m1=loss.m1, m2=loss.m2, m3=loss.m3)
    elif loss.margin_index:
        options["margin"] = loss.margin
    if loss.normalised:
        options["scale"] = loss.scale
    if loss.has_angle:
        options["past_pi"] = loss.past_pi
    if loss.margin_index:
        options["gradient"] = "exact"
    if loss.has_lambda:
        options.update(lambda_=0.0, feature_norm="fixed")
    if not loss.normalised:
        options["bias"] = False
    return {**options, **_COMMON}


def _class_name(name: str) -> str:
    """ "arcface" -> "ArcFaceLoss", "normsoftmax" -> "NormSoftmaxLoss"."""
    if name == "combined":
        return "CombinedMarginLoss"
    words = re.sub(r"(?<=.)(face|softmax)$", r" \1", name).split()
    return "".join(word.capitalize() for word in words) + "Loss"


def _make_class(loss: Loss) -> Type[MarginLoss]:
    def __init__(self: MarginLoss, num_classes: int, embedding_size: int, **options: Any) -> None:
        MarginLoss.__init__(self, num_classes, embedding_size, **options)

    defaults = _options(loss)
    kind = inspect.Parameter
    own = list(inspect.signature(__init__).parameters.values())[:-1]
    own += [kind(name, kind.KEYWORD_ONLY, default=value) for name, value in defaults.items()]
    __init__.__qualname__ = f"{_class_name(loss.name)}.__init__"
    __init__.__signature__ = inspect.Signature(own)  # type: ignore[attr-defined]
    __init__.__doc__ = MarginLoss.__doc__
    members = {
        "loss": loss.name,
        "_defaults": defaults,
        "__init__": __init__,
        "__module__": __name__,
        "__doc__": f"{loss.name}: {loss.formula} ({loss.source}); options as in MarginLoss.",
    }
    return type(_class_name(loss.name), (MarginLoss,), members)


if TYPE_CHECKING:  # what type checkers and editors see of the classes made below

    class ArcFaceLoss(MarginLoss): ...

    class CosFaceLoss(MarginLoss): ...

    class SphereFaceLoss(MarginLoss): ...

    class NormSoftmaxLoss(MarginLoss): ...

    class SoftmaxLoss(MarginLoss): ...

    class CombinedMarginLoss(MarginLoss): ...


_CLASSES = {name: _make_class(loss) for name, loss in LOSSES.items()}
for _made in _CLASSES.values():
    globals()[_made.__name__] = _made
    __all__.append(_made.__name__)
