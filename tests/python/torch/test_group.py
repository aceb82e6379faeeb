"""Modules over the ranks of a process group: the bits of one process, however rows and classes are
divided; the same error on all ranks; checkpoints for any number of ranks. Ranks are forked before
PyTorch has threads, and compute the problem of one process themselves."""

import copy
import os
import unittest
from unittest import mock

import torch
import torch.distributed as dist
from harness import problem, row_weights
from ranks import cut, run

from margin_losses.torch import (
    ArcFaceLoss,
    CombinedMarginLoss,
    CosFaceLoss,
    NormSoftmaxLoss,
    SoftmaxLoss,
    SphereFaceLoss,
    _sharded,
)

ROWS, DIM = 25, 20


def filled(module, w, bias=None):
    """A module with these class weights, or those of its own classes."""
    first, count = module.class_range
    with torch.no_grad():
        module.weight.copy_(w[first : first + count])
        if module.bias is not None:
            module.bias.copy_(bias[first : first + count])
    return module


def step(module, x, y, sample_weight=None, factor=None):
    """The loss, and the gradients of x, weight and bias."""
    x = x.clone().requires_grad_()
    loss = module(x, y, sample_weight)
    loss.backward(factor)
    given = (x, module.weight, *([] if module.bias is None else [module.bias]))
    return [loss.detach(), *(t.grad for t in given)]


def same(found, expected, what):
    for name, a, b in zip(("loss", "dX", "dW", "db"), found, expected):
        assert torch.equal(torch.nan_to_num(a, 7.0), torch.nan_to_num(b, 7.0)), f"{what}: {name}"


def compare(group, made, classes, rows_cut, class_cut, weighted=False, scaled=None, **options):
    """One step over the ranks of the group, and in this process alone."""
    rank, world = dist.get_rank(group), dist.get_world_size(group)
    x, w, y, bias = problem(ROWS, DIM, classes)
    y[3], y[4] = -1, options.get("ignore_index", -100)
    first, end = cut(ROWS, rank, world, rows_cut)
    begin, stop = cut(classes, rank, world, class_cut or "even")
    own_range = None if class_cut is None else (begin, stop - begin)
    weights = row_weights(ROWS) if weighted else None
    per_row = options.get("reduction") == "none"
    factor = row_weights(ROWS) - 0.5 if per_row else scaled
    one = filled(made(classes, DIM, **options), w, bias)
    many = filled(
        made(classes, DIM, process_group=group, class_range=own_range, **options), w, bias
    )
    expected = step(one, x, y, weights, factor)
    rows = slice(first, end)
    found = step(
        many,
        x[rows],
        y[rows],
        None if weights is None else weights[rows],
        factor[rows] if per_row else factor,
    )
    begin, count = many.class_range
    expected[1] = expected[1][rows]
    expected[2:] = [t[begin : begin + count] for t in expected[2:]]
    if per_row:
        expected[0] = expected[0][rows]
    same(found, expected, f"{made.__name__}, {classes} in {own_range}, {world} ranks, {options}")


# ---- what runs on each rank ----------------------------------------------------------------------


def all_losses(group):
    bias = {"bias": True}
    for number, (made, options) in enumerate(
        (
            (ArcFaceLoss, {}),
            (CosFaceLoss, {}),
            (SphereFaceLoss, {"feature_norm": "keep"}),
            (NormSoftmaxLoss, {}),
            (CombinedMarginLoss, {"past_pi": "taylor"}),
            (SoftmaxLoss, {}),
            (SoftmaxLoss, bias),
        )
    ):
        for classes, class_cut in (
            (2500, None),
            (60, "even"),
            (5000, ("uneven", "last")[number % 2]),
        ):
            reduction = ("mean", "sum", "none")[(number + classes // 1000) % 3]
            compare(
                group,
                made,
                classes,
                ("even", "uneven", "last")[(number + classes) % 3],
                class_cut,
                weighted=number % 2 == 0,
                reduction=reduction,
                **options,
            )


def divisions(group):
    """All divisions of rows and classes, also of many cells; factors; labels that do not count."""
    for rows_cut in ("even", "uneven", "last"):
        for class_cut in (None, "even", "uneven", "last"):
            for classes in (40, 2100, 20001):
                compare(group, ArcFaceLoss, classes, rows_cut, class_cut, ignore_index=0)
    with mock.patch.object(_sharded, "EXCHANGED", 1):  # parts of dX in more than one round
        for rows_cut in ("even", "last"):
            compare(group, ArcFaceLoss, 20001, rows_cut, None)
    compare(group, ArcFaceLoss, 2100, "even", None, scaled=torch.tensor(-3.0))
    compare(group, ArcFaceLoss, 60, "even", "even", label_smoothing=0.1)
    compare(group, ArcFaceLoss, 60, "even", "even", label_smoothing=0.1, reduction="none")
    for ranks in ([1, 2], [2, 0]):  # ranks of a smaller group are not those of the world
        smaller = dist.new_group(ranks)
        if dist.get_rank() in ranks:
            compare(smaller, CosFaceLoss, 2100, "uneven", None, weighted=True)


def labels_of_ranks(group):
    """Each rank has its own ignore_index: where all rows are computed, too."""
    rank, world = dist.get_rank(group), dist.get_world_size(group)
    for classes in (40, 2100):
        x, w, y, _ = problem(ROWS, DIM, classes)
        y[::2] = 5
        first, end = cut(ROWS, rank, world, "even")
        ignore = 5 if rank == world - 1 else -100
        many = ArcFaceLoss(classes, DIM, process_group=group, ignore_index=ignore)
        found = step(filled(many, w), x[first:end], y[first:end])
        last = y[cut(ROWS, world - 1, world, "even")[0] :]
        last[last == 5] = -1
        expected = step(filled(ArcFaceLoss(classes, DIM), w), x, y)
        begin, count = many.class_range
        expected[1:] = expected[1][first:end], expected[2][begin : begin + count]
        same(found, expected, f"{classes} classes, labels {ignore} of rank {rank}")


def nothing_counts(group):
    rank = dist.get_rank(group)
    for rows in (0, 2):
        for classes in (40, 2100):
            for reduction, value in (("mean", float("nan")), ("sum", 0.0)):
                module = ArcFaceLoss(classes, DIM, reduction=reduction, process_group=group)
                rows = rows if rank else 0
                found = step(module, torch.ones(rows, DIM), torch.full((rows,), -1))
                zeros = [torch.zeros(rows, DIM), torch.zeros_like(module.weight)]
                same(found, [torch.tensor(value), *zeros], f"{rows} rows, {reduction}")


def wants(group):
    """Gradients that one rank does not want, numbers of half precision, and a second backward."""
    rank, world = dist.get_rank(group), dist.get_world_size(group)
    x, w, y, _ = problem(ROWS, DIM, 2100)
    first, end = cut(ROWS, rank, world, "even")
    one, many = (filled(ArcFaceLoss(2100, DIM, process_group=g), w) for g in (None, group))
    expected = step(one, x, y)
    own = x[first:end].clone().requires_grad_(rank == 0)
    many.weight.requires_grad_(rank != 0)
    many(own, y[first:end]).backward()
    begin, count = many.class_range
    if rank == 0:
        assert many.weight.grad is None
        assert torch.equal(own.grad, expected[1][first:end])
    else:
        assert own.grad is None
        assert torch.equal(many.weight.grad, expected[2][begin : begin + count])
    with torch.no_grad():
        assert torch.equal(many(own, y[first:end]), expected[0])
    with torch.inference_mode():
        assert torch.equal(many(x[first:end] + 0, y[first:end]), expected[0])

    many.weight.requires_grad_()
    half = x[first:end].bfloat16().requires_grad_()
    twice = many(half, y[first:end])
    twice.backward(retain_graph=True)
    once = half.grad.clone()
    half.grad = None
    twice.backward()  # the gradients of the forward pass were handed out: all ranks make them anew
    assert half.grad.dtype is torch.bfloat16 and torch.equal(half.grad, once)
    whole = x.bfloat16().requires_grad_()
    one(whole, y).backward()
    assert torch.equal(once, whole.grad[first:end])
    for module in (one.half(), many.half()):  # class weights of half precision
        module.zero_grad()
        module(*((x, y) if module is one else (x[first:end], y[first:end]))).backward()
    assert many.weight.grad.dtype is torch.float16
    assert torch.equal(many.weight.grad, one.weight.grad[begin : begin + count])


def refused(group, kind, text, call):
    """The call raises the same on all ranks, and the next one is right."""
    try:
        call()
    except (TypeError, ValueError, RuntimeError) as error:
        found = (type(error), str(error))
    else:
        found = None
    everywhere = [None] * dist.get_world_size(group)
    dist.all_gather_object(everywhere, found, group=group)
    assert everywhere == [(kind, text)] * len(everywhere), everywhere


def errors(group):
    rank, world = dist.get_rank(group), dist.get_world_size(group)
    x, w, y, _ = problem(8, DIM, 2100)

    def module(classes=2100, made=ArcFaceLoss, **options):
        return made(classes, DIM, process_group=group, **options)

    def on(which, there, elsewhere):
        return there if rank == which else elsewhere

    for classes in (40, 2100):
        head, y = module(classes), y % 40
        wrong = y.clone()
        wrong[2] = classes
        refused(
            group,
            ValueError,
            f"rank 1: y[2] is {classes}: a label must be in [0, {classes}), "
            "or -1 or -100 for a row that does not count",
            lambda: head(x, on(1, wrong, y)),
        )
        bad = x.clone()
        bad[5, 3] = float("nan")
        finite = "a value is a NaN or an infinity"
        refused(group, ValueError, f"rank 2: x[5]: {finite}", lambda: head(on(2, bad, x), y))
        heavy = torch.ones(8)
        heavy[7] = float("inf")
        refused(
            group,
            ValueError,
            f"rank 1: sample_weight[7]: {finite}",
            lambda: head(x, y, on(1, heavy, torch.ones(8))),
        )
        rows = module(classes, reduction="none")
        rows.load_state_dict(head.state_dict())
        refused(
            group,
            ValueError,
            f"rank 1: the gradient of the rows' losses[7]: {finite}",
            lambda: rows(x, y).backward(on(1, heavy, torch.ones(8))),
        )
        spoilt = copy.deepcopy(head)
        if rank == 2:
            with torch.no_grad():
                spoilt.weight[3, 0] = float("inf")
        refused(group, ValueError, f"rank 2: weight[3]: {finite}", lambda: spoilt(x, y))
        again = rows(x, y)
        refused(
            group,
            ValueError,
            "rank 1: the pass is forward, but backward on rank 0",
            lambda: rows(x, y) if rank == 1 else again.backward(torch.ones(8)),
        )
        refused(
            group,
            ValueError,
            "rank 1: sample_weight is given, but not given on rank 0",
            lambda: head(x, y, on(1, torch.ones(8), None)),
        )
        assert head(x, y).item() > 0  # nothing is left of what was refused

    head = module()
    refused(
        group,
        ValueError,
        "rank 2: x has 19 columns and weight 20: both must be D, the embedding size",
        lambda: head(on(2, x[:, :19], x), y),
    )
    refused(
        group,
        TypeError,
        "rank 1: x is torch.float64: margin_losses computes in float32, take x.float()",
        lambda: head(on(1, x.double(), x), y),
    )
    narrow = ArcFaceLoss(2100, 12, process_group=group)
    refused(
        group,
        ValueError,
        "rank 1: embedding_size is 12, but 20 on rank 0",
        lambda: on(1, narrow, head)(on(1, x[:, :12], x), y),
    )
    for name, value, said, there in (
        ("scale", 32.0, 32.0, 64.0),
        ("margin", 0.25, 0.25, 0.5),
        ("past_pi", "easy", "easy", "paper"),
        ("gradient", "detached", "detached", "exact"),
        ("reduction", "sum", "sum", "mean"),
        ("label_smoothing", 0.1, 0.1, 0.0),
    ):
        refused(
            group,
            ValueError,
            f"rank 1: {name} is {said}, but {there} on rank 0",
            lambda: module(**{name: on(1, value, getattr(head, name))})(x, y),
        )
    refused(
        group,
        ValueError,
        "rank 2: loss is cosface, but arcface on rank 0",
        lambda: on(2, module(made=CosFaceLoss), head)(x, y),
    )
    refused(
        group,
        ValueError,
        "rank 1: num_classes is 2101, but 2100 on rank 0",
        lambda: on(1, module(2101), head)(x, y),
    )
    refused(
        group,
        ValueError,
        "rank 1: scale must be in (0, 1e9], got -1",
        lambda: on(1, changed(head, "scale", -1), head)(x, y),
    )
    gap = module(class_range=((0, 700), (701, 699), (1400, 700))[rank])
    refused(
        group,
        ValueError,
        "rank 1: class_range begins at 701, but ranks before end at 700",
        lambda: gap(x, y),
    )
    short = module(class_range=((0, 700), (700, 700), (1400, 699))[rank])
    refused(
        group, ValueError, "class_range: the ranks have 2099 of 2100 classes", lambda: short(x, y)
    )
    refused(
        group,
        ValueError,
        "label_smoothing: so many classes on several ranks have none, let it be 0",
        lambda: module(label_smoothing=0.1)(x, y),
    )
    refused(
        group,
        ValueError,
        "rank 1: sample_rate: classes on several ranks are not sampled, let it be 1",
        lambda: on(1, changed(head, "sample_rate", 0.5), head)(x, y),
    )
    learned = torch.ones(8, requires_grad=True)
    refused(
        group,
        ValueError,
        "rank 0: sample_weight requires gradients: over the ranks of a process group only with "
        'reduction="none"',
        lambda: head(x, y, learned),
    )
    module(reduction="none")(x, y, learned).sum().backward()
    assert learned.grad.shape == (8,)


def changed(module, name, value):
    module = copy.deepcopy(module)
    setattr(module, name, value)
    return module


def transforms(group):
    """Compiled, the loss is computed between two graphs; torch.func is refused on each rank."""
    head = filled(ArcFaceLoss(2100, DIM, process_group=group), problem(8, DIM, 2100)[1])
    x, _, y, _ = problem(8, DIM, 2100)

    def double(x):
        return head(2 * x, y)

    compiled = torch.compile(double, backend="eager")
    x.requires_grad_()
    gradients = [torch.autograd.grad(f(x), (x, head.weight)) for f in (double, compiled)]
    for a, b in zip(*gradients):
        assert torch.equal(a, b)
    try:
        torch.func.grad(double)(x)
    except RuntimeError as error:
        assert "torch.func" in str(error), error
    else:
        raise AssertionError("torch.func.grad of a loss over ranks")


def dies(group):
    """A rank that is gone is an error on the others, at once."""
    module = ArcFaceLoss(2100, DIM, process_group=group)
    x, _, y, _ = problem(8, DIM, 2100)
    module(x, y)
    if dist.get_rank(group) == 1:
        os._exit(3)
    try:
        module(x, y)
    except RuntimeError:
        os._exit(3)
    os._exit(0)


# ---- the tests -----------------------------------------------------------------------------------


class Group(unittest.TestCase):
    def test_losses(self):
        run(3, all_losses)

    def test_divisions(self):
        run(3, divisions)

    def test_two_ranks(self):
        run(2, all_losses)

    def test_one_rank(self):
        run(1, all_losses)

    def test_labels_of_ranks(self):
        run(3, labels_of_ranks)

    def test_nothing_counts(self):
        run(3, nothing_counts)

    def test_what_is_wanted(self):
        run(3, wants)

    def test_errors(self):
        run(3, errors)

    @unittest.skipUnless(hasattr(torch, "compiler"), "this PyTorch does not compile")
    def test_transforms(self):
        run(2, transforms)

    def test_a_rank_that_is_gone(self):
        self.assertEqual(run(3, dies, ends=False), [3, 3, 3])


if __name__ == "__main__":
    unittest.main()
