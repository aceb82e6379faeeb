"""The head over the ranks of a process group: each has some rows and the weights of some classes.

No value is computed here: what ranks hold comes together, and the library's stages and order of
sums do the rest, so the bits are those of one process with all rows and classes. Must not know
modules.
"""

from __future__ import annotations

import functools
from bisect import bisect_right
from typing import Any, Dict, List, NamedTuple, Optional, Tuple

import torch
from torch import Tensor

from .._abi import Shard
from .._heads import whole
from .._stages import STATS_BYTES, Step, cuts_of, nodes_of, shard_of, width_of
from ._compute import (
    NAMES,
    Gradients,
    Needs,
    Objective,
    Request,
    Tensors,
    checked,
    compute,
    head_call,
    objective,
    of_nothing,
    pointer,
    row_weights,
    value_of,
)
from ._claims import Claim, Place, agree, arithmetic, claim_of, settle
from ._function import eager
from ._ranks import Ranks, fault_of, places, sizes
from .functional import refuse_transforms

EXCHANGED = 8 << 20
"""The parts of dX that a rank sends or receives at a time take about so many bytes."""


def place_of(group: Any, dim: int, classes: int, own: Optional[Tuple[int, int]]) -> Place:
    """Return the place of this rank in a head of `classes` classes: with the classes `own`, the
    first and how many, else with an even share of the cells, for which no class moves in a step.

    `dim` is D, plus 1 where there is a bias. Of a head of one cell the last rank has all.
    """
    ranks = Ranks(group)
    arithmetic()  # the library can compute here
    if own is None:
        cuts = cuts_of(1, dim, classes)
        cells = len(cuts) - 1
        begin, end = (cuts[cells * r // ranks.world] for r in (ranks.rank, ranks.rank + 1))
        return Place(ranks, classes, begin, end - begin)
    try:
        first, count = own
    except (TypeError, ValueError):
        raise TypeError(f"class_range must be (first, count), got {own!r}") from None
    first = whole("class_range's first", first, 0, classes)
    count = whole("class_range's count", count, 0, classes - first)
    if ranks.world == 1 and count != classes:
        raise ValueError(f"class_range must be (0, {classes}) of a process group of one rank")
    return Place(ranks, classes, first, count)


def draw(place: Place, weight: Tensor, std: float) -> None:
    """Draw the weights of all classes as normal_ does, block by block, and keep those of the place.

    So they do not depend on the number of ranks, where the seeds are equal.
    """
    columns, at = weight.shape[1], 0
    rows = max(16, (1 << 20) // columns // 16 * 16)  # normal_ draws 16 numbers at a time
    while at < place.classes:
        count = rows if place.classes - at >= 2 * rows else place.classes - at
        block = weight.detach().new_empty((count, columns)).normal_(std=std)
        begin, end = max(at, place.first), min(at + count, place.first + place.count)
        if begin < end:
            with torch.no_grad():
                weight[begin - place.first : end - place.first] = block[begin - at : end - at]
        at += count


# ---- who has what --------------------------------------------------------------------------------


class Plan(NamedTuple):
    """Where each rank's items begin, and how many there are in all, of rows, of the classes that
    ranks have and of those that they compute, of cells and of nodes; and which gradients a rank
    wants."""

    rows: List[int]
    classes: List[int]
    computed: List[int]
    cells: List[int]
    nodes: List[int]
    needs: Needs


def _nearest(cuts: Tuple[int, ...], item: int) -> int:
    """Return which of the cuts is nearest to a class."""
    k = bisect_right(cuts, item) - 1
    return k if k + 1 == len(cuts) or item - cuts[k] <= cuts[k + 1] - item else k + 1


def _plan(claims: List[Claim], dim: int) -> Plan:
    """Return the plan of a step with at least one row; it follows from the claims alone.

    `dim` is D, plus 1 where there is a bias. A head of one cell is for the rank with most classes.
    """
    rows, counts = places([c.rows for c in claims]), [c.count for c in claims]
    classes = places(counts)
    shape = rows[-1], dim, classes[-1]
    cuts = cuts_of(*shape)
    cells = [_nearest(cuts, first) for first in classes]
    if len(cuts) == 2:
        home = counts.index(max(counts))
        cells = [int(rank > home) for rank in range(len(classes))]
    nodes = places([nodes_of(*shape, *pair) for pair in zip(cells, cells[1:])])
    needs = [any(n) for n in zip(*(c.needs for c in claims))]
    return Plan(rows, classes, [cuts[k] for k in cells], cells, nodes, needs)


class _Call(NamedTuple):
    """What all steps of a call read; `t` are the rows and classes that this rank has."""

    ranks: Ranks
    plan: Plan
    o: Objective
    t: Tensors
    names: Dict[str, str]

    def own(self, of: List[int]) -> slice:
        """Return which items are this rank's."""
        return slice(of[self.ranks.rank], of[self.ranks.rank + 1])


def _to_computers(c: _Call) -> Tensors:
    """Return the weights and biases of the classes that this rank computes, beside its own rows."""
    plan, t = c.plan, c.t
    if plan.classes == plan.computed:
        return t
    bias = None if t.bias is None else c.ranks.move(t.bias, plan.classes, plan.computed)
    return t._replace(w=c.ranks.move(t.w, plan.classes, plan.computed), bias=bias)


def _to_owners(c: _Call, gradients: Gradients) -> Gradients:
    """Return dX as it is, and dW and db of the classes that this rank has."""
    plan = c.plan
    if plan.classes == plan.computed:
        return gradients
    return [
        gradients[0],
        *(
            None if g is None else c.ranks.move(g, plan.computed, plan.classes)
            for g in gradients[1:]
        ),
    ]


# ---- a head of one cell --------------------------------------------------------------------------


def _room(t: Tensors, needs: Needs) -> Gradients:
    """Return what has the shape of the gradients that are wanted."""
    given = zip((t.x, t.w, t.bias), needs)
    return [torch.empty_like(a) if a is not None and n else None for a, n in given]


def _at_home(c: _Call) -> Tuple[Tensor, Gradients]:
    """Compute the whole head on the rank that has its cell."""
    ranks, plan, t = c.ranks, c.plan, c.t
    rows = [plan.rows[-1] * cell for cell in plan.cells]
    x, y, weight = (
        None if a is None else ranks.move(a, plan.rows, rows) for a in (t.x, t.y, t.sample_weight)
    )
    full = _to_computers(c)._replace(x=x, y=y, sample_weight=weight)
    error, loss, gradients = None, t.x.new_empty(0), _room(full, plan.needs)
    try:
        if len(full.w) > 0:
            loss, gradients = compute(c.o, full, plan.needs, c.names)
    except Exception as failed:
        error = failed
    per_row = c.o.reduction == "none"
    said = settle(ranks, error, t, c.names, loss.item() if loss.dim() == 0 else None)
    if per_row:
        loss = ranks.move(loss, rows, plan.rows)
    else:
        loss = t.x.new_full((), said[plan.cells.index(1) - 1])
    if gradients[0] is not None:
        gradients[0] = ranks.move(gradients[0], rows, plan.rows)
    return loss, _to_owners(c, gradients)


# ---- a head in stages ----------------------------------------------------------------------------


def _all_rows(c: _Call, own: Optional[Tensor]) -> Optional[Tensor]:
    """Return what all ranks have of rows, of what this rank has."""
    if own is None:
        return None
    every = own.new_empty((c.plan.rows[-1], *own.shape[1:]))
    every[c.own(c.plan.rows)] = own
    c.ranks.gather(every, c.plan.rows)
    return every


def _targets(c: _Call, y: Tensor, own: Tensor) -> Tensor:
    """Return for each row what belongs to the class of its label; `own` is what this rank has of
    its classes. What stands at rows that do not count means nothing."""
    classes = c.plan.classes
    rows = (y >= 0).nonzero()[:, 0]
    owner = torch.bucketize(y[rows], torch.tensor(classes[1:]), right=True)
    rows = rows[torch.sort(owner, stable=True).indices]
    of = places(torch.bincount(owner, minlength=c.ranks.world).tolist())
    gathered = own.new_empty((len(rows), *own.shape[1:]))
    here = c.own(of)
    gathered[here] = own[y[rows[here]] - classes[c.ranks.rank]]
    c.ranks.gather(gathered, of)
    targets = own.new_zeros((len(y), *own.shape[1:]))
    targets[rows] = gathered
    return targets


def _largest(c: _Call, step: Step) -> float:
    """Return the largest measure of all ranks, where the loss reads it."""
    if c.o.made.info.normalised:
        return 0.0
    error, own = None, 0.0
    try:
        own = step.measure()
    except Exception as failed:
        error = failed
    measures = settle(c.ranks, error, c.t, c.names, own)
    return max((m for m in measures if m < float("inf")), default=0.0)  # others are refused later


def _forward(c: _Call, step: Step, stats: Tensor) -> None:
    """Fill in the statistics of all ranks."""
    error = None
    try:
        step.forward(stats[c.plan.nodes[c.ranks.rank] :].data_ptr())
    except Exception as failed:
        error = failed
    settle(c.ranks, error, c.t, c.names)
    c.ranks.gather(stats, c.plan.nodes)


def _gradient_of_rows(c: _Call, step: Step) -> Tensor:
    """Return dX of this rank's rows: the parts of all classes come, some rows at a time."""
    ranks, plan, dx = c.ranks, c.plan, torch.empty_like(c.t.x)
    width, nodes = width_of(dx.shape[1]), sizes(plan.nodes)
    together = max(16, EXCHANGED // (4 * width * max(plan.nodes[-1], ranks.world * max(nodes))))
    mine, counts = nodes[ranks.rank], sizes(plan.rows)
    for start in range(0, max(counts), together):
        some = [max(0, min(together, count - start)) for count in counts]
        sent = dx.new_empty((mine * sum(some), width))
        at = 0
        for rank, count in enumerate(some):
            for node in range(mine if count > 0 else 0):
                step.part(node, plan.rows[rank] + start, count, sent[at:].data_ptr())
                at += count
        here = some[ranks.rank]
        got = ranks.exchange(sent, [mine * count for count in some], [n * here for n in nodes])
        if here > 0:
            first = plan.rows[ranks.rank] + start
            step.gradient(first, here, got.data_ptr(), dx[start:].data_ptr())
    return dx


def _shard(c: _Call, y: Tensor) -> Shard:
    """Return this rank's place in the head, with the class weights of all rows' labels."""
    shard = shard_of(c.plan.classes[-1], c.plan.cells, c.ranks.rank)
    targets = _targets(c, y, c.t.w)
    biases = None if c.t.bias is None else _targets(c, y, c.t.bias)
    shard.targets, shard.target_bias = pointer(targets), pointer(biases)
    shard.want_embeddings = c.plan.needs[0]
    shard.held = (targets, biases)
    return shard


def _in_stages(c: _Call) -> Tuple[Tensor, Gradients]:
    """Compute the head by cells, each rank those of its classes."""
    plan, o, t = c.plan, c.o, c.t
    if o.label_smoothing:
        raise ValueError("label_smoothing: so many classes on several ranks have none, let it be 0")
    x, y, weight = (_all_rows(c, a) for a in (t.x, t.y, t.sample_weight))
    full = _to_computers(c)._replace(x=x, y=y, sample_weight=weight)
    weights, weightless = row_weights(o, full, y)
    call, rows, gradients = head_call(o, full, weights, (False, *plan.needs[1:]))
    shard = _shard(c, y)
    stats = torch.empty((plan.nodes[-1], plan.rows[-1] * STATS_BYTES), dtype=torch.uint8)
    with Step(o.made, torch.get_num_threads(), call, shard, c.names) as step:
        shard.measure = _largest(c, step)
        _forward(c, step, stats)
        step.combine(stats.data_ptr())
        if plan.needs[0]:
            gradients[0] = _gradient_of_rows(c, step)
        step.backward()
    loss = value_of(o, call, weightless, x) if rows is None else rows[c.own(plan.rows)].clone()
    return loss, _to_owners(c, gradients)


# ---- the call ------------------------------------------------------------------------------------


@torch.inference_mode(False)  # threads of gloo, which know no such mode, write to what is made here
def _compute(
    place: Place, o: Objective, t: Tensors, needs: Needs, names: Dict[str, str] = NAMES
) -> Tuple[Tensor, Gradients]:
    """Return loss and gradients as `compute` does, over all ranks: the loss of all rows (of none:
    those of this rank), dX of this rank's rows, dW and db of its classes."""
    ranks = place.ranks
    t = Tensors(*(None if a is None else a.detach().contiguous() for a in t))
    t = t._replace(x=t.x.float(), w=t.w.float())
    claims = agree(ranks, claim_of(place, o, t, needs, names))
    if all(c.rows == 0 for c in claims):
        return of_nothing(o, t, needs)
    given = any(c.rows > 0 and c.same_of_rows["sample_weight"] == "given" for c in claims)
    if given != (t.sample_weight is not None):  # only where this rank has no rows
        t = t._replace(sample_weight=t.x.new_empty(0) if given else None)
    t = t._replace(y=t.y.masked_fill(t.y == o.ignore_index, -1))
    o = o._replace(ignore_index=-1)  # each rank has its own
    plan = _plan(claims, t.w.shape[1] + (t.bias is not None))
    run = _at_home if plan.cells[-1] == 1 else _in_stages
    loss, gradients = run(_Call(ranks, plan, o, t, names))
    return loss, [g if n else None for g, n in zip(gradients, needs)]


def _check_labels(y: Tensor, classes: int, ignore: int) -> None:
    wrong = ((y < 0) | (y >= classes)) & (y != -1) & (y != ignore)
    if wrong.any():
        row = int(wrong.nonzero()[0])
        raise ValueError(
            f"y[{row}] is {int(y[row])}: a label must be in [0, {classes}), "
            f"or -1 or {ignore} for a row that does not count"
        )


def _check(place: Place, request: Request, t: Tensors) -> Objective:
    """Refuse what this rank alone finds wrong with its tensors, and return the objective."""
    o = objective(request)
    if t.w.shape[0] != place.count:
        raise ValueError(f"weight has {t.w.shape[0]} rows, but class_range says {place.count}")
    if t.x.is_meta:
        raise RuntimeError("x is on meta: ranks exchange numbers, so none can be without data")
    weights = t.sample_weight
    if weights is not None and weights.requires_grad and request.reduction != "none":
        raise ValueError(
            "sample_weight requires gradients: over the ranks of a process group only with "
            'reduction="none"'
        )
    _check_labels(t.y, place.classes, request.ignore_index)
    return o


def loss_of(
    place: Place, request: Request, x: Any, w: Any, bias: Any, y: Any, sample_weight: Any, rate: Any
) -> Tensor:
    """Return the loss of the rows of all ranks, or refuse it on all ranks, as a `rate` of sampled
    classes that is not 1."""
    refuse_transforms(Tensors(x, w, bias, y, sample_weight))  # ranks cannot talk within one
    fault = None
    try:
        t = checked(x, w, bias, y, sample_weight, least_classes=0)
        o = _check(place, request, t)
        if rate != 1:
            raise ValueError("sample_rate: classes on several ranks are not sampled, let it be 1")
    except Exception as error:
        fault = fault_of(error)
    if fault is not None:
        agree(place.ranks, Claim(fault))
    over_ranks = functools.partial(_compute, place)
    if o.reduction != "none" or t.sample_weight is None:
        return eager(o, t, over_ranks)
    return eager(o, t._replace(sample_weight=None), over_ranks) * t.sample_weight
