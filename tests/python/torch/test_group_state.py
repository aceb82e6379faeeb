"""What modules over the ranks of a process group keep: class weights as they are drawn, state
dicts, checkpoints for any number of ranks; and training with DistributedDataParallel around the
network."""

import copy
import json
import os
import pickle
import tempfile
import unittest

import numpy
import torch
import torch.distributed as dist
from harness import Case, problem
from ranks import cut, run

from margin_losses.shards import load_shard
from margin_losses.torch import ArcFaceLoss, SoftmaxLoss

CLASSES, DIM, ROWS = 2100, 64, 24
case = Case()
case.maxDiff = None


# ---- training ------------------------------------------------------------------------------------


def sgd(parameters):
    return torch.optim.SGD(parameters, lr=0.5, momentum=0.9)


def adam(parameters):
    return torch.optim.AdamW(parameters, lr=0.01)


def made(group, loss, classes=CLASSES, **options):
    torch.manual_seed(3)
    if loss is SoftmaxLoss:
        options["bias"] = True
    return loss(classes, DIM, process_group=group, **options)


def train(module, optimizer, begin, end, rank=0, world=1):
    """Steps `begin` to `end`, each with a batch of its own, of which this rank has its rows."""
    for number in range(begin, end):
        x, _, y, _ = problem(ROWS, DIM, module.num_classes, seed=number)
        first, stop = cut(ROWS, rank, world, "even")
        optimizer.zero_grad()
        module(x[first:stop], y[first:stop]).backward()
        optimizer.step()


def whole(loss, make_optimizer, classes):
    """Class weights of six steps of one process."""
    module = made(None, loss, classes)
    train(module, make_optimizer(module.parameters()), 0, 6)
    return module


def saves(group, folder, loss, make_optimizer, classes):
    rank, world = dist.get_rank(group), dist.get_world_size(group)
    module = made(group, loss, classes)
    optimizer = make_optimizer(module.parameters())
    train(module, optimizer, 0, 3, rank, world)
    module.save_sharded(folder, optimizer, step=3)
    with case.assertRaisesRegex(FileExistsError, "rank 0: .* a checkpoint already"):
        module.save_sharded(folder, optimizer)


def goes_on(group, folder, loss, make_optimizer, classes, **options):
    rank, world = dist.get_rank(group), dist.get_world_size(group)
    module = made(group, loss, classes, **options)
    optimizer = make_optimizer(module.parameters())
    case.assertEqual(module.load_sharded(folder, optimizer)["step"], 3)
    train(module, optimizer, 3, 6, rank, world)
    expected = whole(loss, make_optimizer, classes)
    first, count = module.class_range
    for name, parameter in module.named_parameters():
        of_one = dict(expected.named_parameters())[name][first : first + count]
        case.assertTrue(torch.equal(parameter, of_one), name)


def refuses(group, folder):
    """What does not fit is refused on all ranks, and nothing changes."""
    rank = dist.get_rank(group)
    module = made(group, ArcFaceLoss)
    before = module.weight.clone()
    optimizer = sgd(module.parameters())
    for other, options, words in (
        (ArcFaceLoss(CLASSES + 1, DIM, process_group=group), (sgd,), "has 2100 classes of 64"),
        (ArcFaceLoss(CLASSES, DIM + 1, process_group=group), (), "this module 2100 of 65"),
        (module, (adam,), "was saved with SGD, not with AdamW"),
        (made(group, SoftmaxLoss), (), "has no bias"),
    ):
        with case.assertRaisesRegex(ValueError, f"^rank 0: .*{words}"):
            other.load_sharded(folder, *(o(other.parameters()) for o in options))
    with case.assertRaisesRegex(ValueError, "^rank 0: the optimizer has no weight of this module"):
        module.load_sharded(folder, sgd([torch.nn.Parameter(torch.ones(2))]))
    elsewhere = folder if rank else folder + "-missing"
    with case.assertRaisesRegex(OSError, "^rank 0: .*missing"):
        module.load_sharded(elsewhere, optimizer)
    case.assertTrue(torch.equal(module.weight, before))
    case.assertFalse(optimizer.state)
    with case.assertRaisesRegex(ValueError, "^rank 0: classes is a key of the format"):
        module.save_sharded(folder + "-never", classes=3)
    with case.assertRaisesRegex(ValueError, "^rank 0: the optimizer has no weight of this module"):
        module.save_sharded(folder + "-not", sgd([torch.nn.Parameter(torch.ones(2))]))
    biased = made(group, SoftmaxLoss)
    biased.save_sharded(folder + "-bias")
    with case.assertRaisesRegex(ValueError, "^rank 0: .* has a bias, and this module has none"):
        module.load_sharded(folder + "-bias")
    module.save_sharded(folder + "-new")
    with case.assertRaisesRegex(ValueError, "was saved without an optimizer"):
        module.load_sharded(folder + "-new", optimizer)
    case.assertNotIn("optimizer", module.load_sharded(folder + "-new"))
    half = made(group, ArcFaceLoss).bfloat16()
    half.save_sharded(folder + "-half")
    again = made(group, ArcFaceLoss).bfloat16()
    again.reset_parameters()
    again.load_sharded(folder + "-half")
    case.assertTrue(torch.equal(half.weight, again.weight))


class Checkpoints(Case):
    def setUp(self):
        holder = tempfile.TemporaryDirectory(prefix="margin-torch-shards-")
        self.addCleanup(holder.cleanup)
        self.folder = os.path.join(holder.name, "step3")

    def test_any_number_of_ranks(self):
        """Three steps on two ranks and three more on three, or on one, are six of one process."""
        for number, given in enumerate(
            ((ArcFaceLoss, sgd, CLASSES), (SoftmaxLoss, adam, CLASSES), (SoftmaxLoss, sgd, 40))
        ):
            folder = f"{self.folder}-{number}"
            run(2, saves, folder, *given)
            run(3, goes_on, folder, *given)
            run(1, goes_on, folder, *given)

    def test_what_is_in_it(self):
        run(2, saves, self.folder, ArcFaceLoss, sgd, CLASSES)
        shard = load_shard(self.folder)
        self.assertEqual(list(shard.companions), ["momentum"])
        self.assertEqual(shard.companions["momentum"].dtype, numpy.float32)
        with open(os.path.join(self.folder, "shards.json")) as stream:
            header = json.load(stream)
        self.assertEqual(header["optimizer"], {"kind": "SGD", "weight": {}})
        self.assertEqual([s["count"] for s in header["shards"]], [1008, 1092])
        run(2, refuses, self.folder)

    def test_a_module_of_one_process(self):
        """It saves and loads the same files, also where it knows no group."""
        module = made(None, ArcFaceLoss)
        module.save_sharded(self.folder)
        other = ArcFaceLoss(CLASSES, DIM)
        other.load_sharded(self.folder)
        self.assertTrue(torch.equal(other.weight, module.weight))


# ---- what modules keep ---------------------------------------------------------------------------


def draws(group):
    """Of equal seeds class weights are those of one process, and so is what is drawn next."""
    for classes, dim in ((2100, 20), (3, 7), (70001, 19), (40, 1), (209713, 5)):
        torch.manual_seed(5)
        one = ArcFaceLoss(classes, dim)
        after = torch.randn(3)
        torch.manual_seed(5)
        many = ArcFaceLoss(classes, dim, process_group=group)
        case.assertTrue(torch.equal(torch.randn(3), after))
        first, count = many.class_range
        case.assertTrue(torch.equal(many.weight, one.weight[first : first + count]))


def keeps(group):
    rank = dist.get_rank(group)
    own = (700 * rank, 700)
    head = ArcFaceLoss(CLASSES, DIM, process_group=group, class_range=own)
    case.assertIn(f"2100, 64, class_range={own}", repr(head))
    case.assertEqual(head.class_range, own)
    state = head.state_dict()
    case.assertEqual(list(state), ["weight", "class_range"])
    network = torch.nn.Sequential(torch.nn.Linear(2, 2), copy.deepcopy(head))
    twin = copy.deepcopy(network)
    network[1].reset_parameters()
    network.load_state_dict(twin.state_dict())
    case.assertTrue(torch.equal(network[1].weight, head.weight))
    x, _, y, _ = problem(8, DIM, CLASSES)
    case.assertTrue(torch.equal(network[1](x, y), head(x, y)))
    case.assertEqual(head.get_logits(x).shape, (8, 700))
    other = {**state, "class_range": torch.tensor([1, 700])}
    for module, given in ((head, other), (ArcFaceLoss(700, DIM), other)):
        with case.assertRaisesRegex(RuntimeError, r"weight has the class_range \(1, 700\)"):
            module.load_state_dict(given)
    with case.assertRaisesRegex(RuntimeError, r"weight has the class_range \(0, 2100\)"):
        head.load_state_dict(ArcFaceLoss(CLASSES, DIM).state_dict())
    with case.assertRaisesRegex(RuntimeError, "needs the weights of all classes"):
        head.predict(x)
    with case.assertRaisesRegex(TypeError, "a process group cannot be pickled"):
        pickle.dumps(head)
    for error, words, group_of, own in (
        (TypeError, "class_range must be .first, count., got 3", group, 3),
        (ValueError, r"class_range's count must be in \[0, 2\]", group, (2098, 3)),
        (ValueError, r"class_range's first must be in \[0, 2100\]", group, (-1, 3)),
        (TypeError, "process_group must be a group .* got int", 3, None),
        (TypeError, "class_range is of a rank", None, (0, 3)),
    ):
        with case.assertRaisesRegex(error, words):
            ArcFaceLoss(CLASSES, DIM, process_group=group_of, class_range=own)


def with_ddp(group):
    """The network's gradients are averaged over ranks: those of x times their number are summed."""
    rank, world = dist.get_rank(group), dist.get_world_size(group)
    torch.manual_seed(7)
    network = torch.nn.Linear(12, DIM)
    alone = copy.deepcopy(network)
    network = torch.nn.parallel.DistributedDataParallel(network)
    heads = [made(g, ArcFaceLoss, scale=16) for g in (group, None)]
    steps = [sgd([*n.parameters(), *h.parameters()]) for n, h in zip((network, alone), heads)]
    first, end = cut(ROWS, rank, world, "even")
    for number in range(4):
        images, _, y, _ = problem(ROWS, 12, CLASSES, seed=number)
        x = network(images[first:end])
        x.register_hook(lambda g: g * world)
        values = heads[0](x, y[first:end]), heads[1](alone(images), y)
        for value, optimizer in zip(values, steps):
            optimizer.zero_grad()
            value.backward()
            optimizer.step()
        case.assertNear(values[0].detach(), values[1].detach())
    begin, count = heads[0].class_range
    case.assertNear(network.module.weight, alone.weight, 1e-5)
    case.assertNear(heads[0].weight, heads[1].weight[begin : begin + count], 1e-5)


class Modules(unittest.TestCase):
    def test_draws(self):
        run(3, draws)

    def test_state(self):
        run(3, keeps)

    def test_distributed_data_parallel(self):
        run(2, with_ddp)


if __name__ == "__main__":
    unittest.main()
