"""Calls the loss under judgement: finds out what it takes and what it gives, and returns its value
and gradients as float64 arrays of one row, whatever its form."""

import copy
import dataclasses

import numpy
import torch

from . import apart, problems, surroundings
from .claim import UsageError
from .loading import Maker, first_line, kind, parameters

TAKES = ("embeddings", "weights", "cosines")
SHAPE = (4, 3)


def buffers(loss):
    """The state that a module keeps from call to call, such as running means."""
    return list(loss.named_buffers()) if isinstance(loss, torch.nn.Module) else []


class Refused(Exception):
    """The loss raised an error; the text is its own first line."""


@dataclasses.dataclass
class Outcome:
    """What a call gave: the mean row loss, and gradients of row 0 ("x", "cosines") and "w"."""

    loss: float
    gradients: dict
    dtype: object
    mutated: tuple
    raw: tuple = ()
    differentiable: bool = True
    whole: object = None  # the gradients of the mean loss by all rows

    @property
    def finite(self):
        return bool(numpy.isfinite(self.loss)) and all(
            numpy.isfinite(array).all() for array in self.gradients.values()
        )


class Subject:
    """The loss under judgement; `takes` one of TAKES, `gives` "loss", "rows" or "logits"."""

    def __init__(self, found, claim, margin_given=None, extra=(), takes=None):
        self.claim = claim
        self.maker = Maker(found, claim, margin_given, dict(extra))
        self.made, self.keep_state = {}, False
        self.global_changes = []
        self.shape = SHAPE
        self.gives, self.reduction, self.turned = "loss", "mean", False
        self.fixed = isinstance(found, torch.nn.Module)
        if self.fixed:
            self.read_shape(found)
        if takes not in (None,) + TAKES:
            raise UsageError("--takes %s is not one of %s" % (takes, ", ".join(TAKES)))
        self.find_form([takes] if takes else self.likely(found))

    @property
    def scales(self):
        """Can the loss be had with another scale?"""
        return self.maker.scales or not self.claim.unit

    @property
    def sizes(self):
        """Can the loss be had with other numbers of classes and dimensions?"""
        return not self.fixed or self.takes != "embeddings"

    def read_shape(self, module):
        table = next((p for p in module.parameters() if p.dim() == 2), None)
        if table is not None:
            classes = getattr(module, "num_classes", None)
            shape = tuple(table.shape)
            self.shape = shape[::-1] if classes == shape[1] != shape[0] else shape

    def likely(self, found):
        """What it may take, the most likely first."""
        loss = self.maker.make(self.claim.scale, self.shape)
        module = isinstance(loss, torch.nn.Module)
        if module and self.table(loss, self.shape) is not None:
            return ["embeddings"]
        if module and any(p.dim() == 2 for p in loss.parameters()):
            raise UsageError(
                "none of its parameters has the shape of class weights, %s or %s: name "
                "what it is called with by --takes" % (list(self.shape), list(self.shape[::-1]))
            )
        needed = [
            p
            for p in parameters(loss.forward if module else loss).values()
            if p.default is p.empty and p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)
        ]
        return ["weights"] if len(needed) >= 3 else ["cosines"]

    def find_form(self, candidates):
        errors = []
        shapes = [self.shape, self.shape[::-1]] if self.fixed else [self.shape]
        for takes, shape in ((takes, shape) for takes in candidates for shape in shapes):
            self.takes, self.shape = takes, shape
            if takes == "cosines" and not self.claim.unit:
                errors.append(
                    "over cosines, %s cannot be judged: it needs the norms" % self.claim.loss
                )
                continue
            try:
                self.learn_output()
                return
            except (Refused, UsageError) as error:
                errors.append("as a loss of %s: %s" % (takes, error))
        raise UsageError("no form of call works: " + "; ".join(errors))

    def learn_output(self):
        """Finds out what it returns, and whether a scalar is a mean or a sum."""
        case = problems.make(self.claim, self.takes, 1.0, self.claim.scale, self.shape, rows=3)
        self.gives = self.kind_of(self.call(case)[0], case)
        if self.takes == "cosines":
            self.needs_classes(case)
        if self.gives == "loss":
            one = float(self.call(case)[0])
            more = problems.make(self.claim, self.takes, 1.0, self.claim.scale, self.shape, rows=6)
            self.reduction = "sum" if float(self.call(more)[0]) > 1.5 * abs(one) > 0 else "mean"

    def needs_classes(self, case):
        """UsageError where labels only say which rows belong together, as for a triplet loss: then
        it is all the same which class all rows have, but not whether they have the same."""
        tried = [torch.tensor(row) for row in ([0, 0, 0], [1, 1, 1], [0, 1, 0])]
        # Three times each: a loss that varies may agree with itself by chance, and says nothing here.
        values = [{self.value(case, labels=labels) for _ in range(3)} for labels in tried]
        first, second, both = values
        if all(len(found) == 1 for found in values) and first == second != both:
            raise UsageError(
                "its labels name no classes, only rows that belong together: no margin-softmax loss"
            )

    def kind_of(self, out, case):
        if not isinstance(out, torch.Tensor):
            raise UsageError(
                "it returns %s, not a tensor: wrap it in a function that returns "
                "the loss" % kind(out)
            )
        rows, classes = case.rows, self.classes(case)
        if out.numel() == 1:
            return "loss"
        if out.numel() == rows:
            return "rows"
        if tuple(out.shape) == (rows, classes):
            return "logits"
        raise UsageError(
            "it returns a tensor of shape %s: not a loss, losses of rows, or logits"
            % list(out.shape)
        )

    @staticmethod
    def classes(case):
        return (
            case.arrays["cosines"].shape[1] if "cosines" in case.arrays else len(case.arrays["w"])
        )

    @staticmethod
    def table(loss, shape):
        """The parameter that holds the class weights, as [C, D] or [D, C]."""
        wanted = {tuple(shape), tuple(shape)[::-1]}
        return next((p for p in loss.parameters() if tuple(p.shape) in wanted), None)

    def loss_for(self, case, dtype):
        """The loss object for a case, kept for each scale, shape and dtype; its running state is
        set back before each call, so that calls do not judge each other."""
        scale = case.scale if self.claim.unit else self.claim.scale
        shape = self.shape if "cosines" in case.arrays else case.arrays["w"].shape
        key = (scale if self.maker.scales else 0.0, tuple(shape), dtype)
        if key not in self.made:
            loss = self.maker.make(scale, shape)
            if isinstance(loss, torch.nn.Module):
                loss = copy.deepcopy(loss) if self.fixed else loss
                loss = loss.to(dtype) if dtype != torch.float32 else loss
                loss.train()
            self.made[key] = loss, {name: buffer.clone() for name, buffer in buffers(loss)}
        loss, state = self.made[key]
        if not self.keep_state:
            for name, buffer in buffers(loss):
                buffer.copy_(state[name])
        return loss

    def state_of(self, case):
        """Names of the running state that the loss keeps."""
        return [name for name, _ in buffers(self.loss_for(case, torch.float32))]

    def tensors(self, case, dtype):
        """The case's arrays as leaves that want gradients, and what the loss is given of them."""
        leaves = {
            name: torch.tensor(array).to(dtype).requires_grad_()
            for name, array in case.arrays.items()
        }
        return leaves, {name: leaf.clone() for name, leaf in leaves.items()}

    def place_weights(self, loss, case, leaves):
        """Puts the case's class weights into the loss's own parameter, in either layout."""
        shape = case.arrays["w"].shape
        if not isinstance(loss, torch.nn.Module):
            raise UsageError("it is no torch.nn.Module, so it holds no class weights")
        table = self.table(loss, shape)
        if table is None:
            raise UsageError("it has no parameter of class weights of shape %s" % list(shape))
        if shape[0] != shape[1]:
            self.turned = tuple(table.shape) != shape
        with torch.no_grad():
            table.copy_(leaves["w"].t() if self.turned else leaves["w"])
        return table

    def call(self, case, dtype=torch.float32, labels=None):
        """(what it returns, leaves to differentiate by, what was given, labels) of one call."""
        loss = self.loss_for(case, dtype)
        leaves, given = self.tensors(case, dtype)
        labels = torch.tensor(case.labels) if labels is None else labels
        if self.takes == "embeddings":
            leaves = {"x": leaves["x"], "w": self.place_weights(loss, case, leaves)}
            given = {"x": given["x"]}
        order = {"embeddings": ("x",), "weights": ("x", "w"), "cosines": ("cosines",)}[self.takes]
        apart.alive()
        try:
            with surroundings.kept(self.global_changes):
                out = loss(*(given[name] for name in order), labels)
        except (Exception, SystemExit) as error:  # a refusal, or a fault: the judge tells which
            raise Refused("%s: %s" % (type(error).__name__, first_line(error))) from error
        apart.alive(busy=False)
        return out, leaves, given, labels

    def reduce(self, out, labels):
        """The mean row loss as a tensor."""
        if self.gives == "logits":
            return torch.nn.functional.cross_entropy(out, labels.long())
        if self.gives == "rows":
            return out.mean()
        return out.reshape(()) / (len(labels) if self.reduction == "sum" else 1)

    def value(self, case, dtype=torch.float32, labels=None):
        """The mean row loss as a number, without gradients."""
        out, _, _, labels = self.call(case, dtype, labels)
        try:
            return float(self.reduce(out, labels))
        except Exception as error:
            raise Refused("%s: %s" % (type(error).__name__, first_line(error))) from error

    def losses(self, case, dtype=torch.float32):
        """The loss of each row as an array where the loss gives rows or logits, else [the mean]."""
        if self.gives == "loss":
            return numpy.array([self.value(case, dtype)])
        out, _, _, labels = self.call(case, dtype)
        if self.gives == "logits":
            out = torch.nn.functional.cross_entropy(out, labels.long(), reduction="none")
        return out.detach().reshape(-1).double().numpy()

    def run(self, case, dtype=torch.float32):
        """Value and gradients of a case."""
        out, leaves, given, labels = self.call(case, dtype)
        before = {name: torch.tensor(array).to(dtype) for name, array in case.arrays.items()}
        apart.alive()
        try:
            loss = self.reduce(out, labels)
            parts = self.derive(loss, list(leaves.values()))
        except (Exception, SystemExit) as error:
            raise Refused("%s: %s" % (type(error).__name__, first_line(error))) from error
        apart.alive(busy=False)
        gradients = {}
        for (name, leaf), part in zip(leaves.items(), parts):
            part = torch.zeros_like(leaf) if part is None else part
            gradients[name] = part.detach().double().numpy()
        raw = (float(loss),) + tuple(array.tobytes() for array in gradients.values())
        return Outcome(
            float(loss),
            self.of_row(gradients, case),
            out.dtype,
            self.changed(before, given, leaves, labels, case),
            raw,
            loss.requires_grad,
            whole=self.laid_out(gradients),
        )

    def laid_out(self, gradients):
        """The gradients with class weights in the layout [C, D]."""
        if "w" in gradients and self.takes == "embeddings" and self.turned:
            return dict(gradients, w=gradients["w"].T)
        return gradients

    @staticmethod
    def derive(loss, leaves):
        """The gradients by the leaves; None for each of which the loss says nothing."""
        if not loss.requires_grad:
            return [None] * len(leaves)
        return torch.autograd.grad(loss, leaves, allow_unused=True)

    def of_row(self, gradients, case):
        """The gradients of row 0's own loss, class weights in the layout [C, D]."""
        gradients = self.laid_out(gradients)
        return {
            name: array if name == "w" else array[0] * case.rows
            for name, array in gradients.items()
        }

    def changed(self, before, given, leaves, labels, case):
        """The inputs that the call left other than they were."""
        names = [
            name for name, tensor in given.items() if not torch.equal(tensor.detach(), before[name])
        ]
        if self.takes == "embeddings":
            now = leaves["w"].detach().t() if self.turned else leaves["w"].detach()
            if not torch.equal(now, before["w"]):
                names.append("its own weight")
        if not torch.equal(labels, torch.tensor(case.labels)):
            names.append("labels")
        return tuple(names)
