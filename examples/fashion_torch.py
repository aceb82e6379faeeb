#!/usr/bin/env python3
"""fashion_torch.py: a small network on Fashion-MNIST, trained with ArcFaceLoss of this library and
with the same formula written in PyTorch operations, from the same seeds and first weights.

Prints both curves of the loss over five seeds, how much of the one lies within the band of the
other, the accuracy on test images, and the time of the head in each step. Rounding differs, and
training amplifies it: single runs part after some steps, so that only the spread over seeds tells
whether two heads train alike.

usage: fashion_torch.py [--data FOLDER] [--seeds 5] [--epochs 2] [--json FILE]
"""

from __future__ import annotations

import argparse
import gzip
import json
import math
import statistics
import sys
import time
from pathlib import Path
from typing import Dict, List, NamedTuple, Tuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from margin_losses.torch import ArcFaceLoss

FOLDER = "/usr/share/datasets/fashion-mnist"  # of Debian's dataset-fashion-mnist
IMAGES, TEST_IMAGES, BATCH, WINDOW = 12800, 4000, 128, 20
DIM, CLASSES, SCALE, MARGIN = 64, 10, 16.0, 0.5
STUDENT = {1: 12.706, 2: 4.303, 3: 3.182, 4: 2.776, 5: 2.571, 6: 2.447, 7: 2.365, 8: 2.306, 9: 2.262}


class EagerArcFace(nn.Module):
    """The formula of ArcFace as one writes it in PyTorch."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(CLASSES, DIM) * 0.01)

    def forward(self, x: Tensor, y: Tensor) -> Tensor:
        """Return the mean loss of embeddings x [N, D] with labels y [N]."""
        cosines = F.linear(F.normalize(x), F.normalize(self.weight))
        c = cosines.gather(1, y[:, None])
        target = c * math.cos(MARGIN) - (1.0 - c * c).clamp(min=1e-12).sqrt() * math.sin(MARGIN)
        return F.cross_entropy(SCALE * cosines.scatter(1, y[:, None], target), y)


class Run(NamedTuple):
    """What one training gave."""

    curve: List[float]  # mean loss of each window of steps
    accuracy: float
    head_ms: float  # median of a step's time in the head, forward and backward


def network() -> nn.Module:
    """Return images [N, 1, 28, 28] -> embeddings [N, D]."""
    return nn.Sequential(
        nn.Conv2d(1, 16, 5, stride=2, padding=2), nn.BatchNorm2d(16), nn.ReLU(),
        nn.Conv2d(16, 32, 3, stride=2, padding=1), nn.BatchNorm2d(32), nn.ReLU(),
        nn.Flatten(), nn.Linear(32 * 7 * 7, DIM), nn.BatchNorm1d(DIM))


def read_idx(path: Path, skip: int) -> Tensor:
    """Return the bytes of a gzipped IDX file after its header."""
    try:
        data = gzip.decompress(path.read_bytes())
    except OSError as error:
        sys.exit(f"fashion_torch.py: {path}: {error.strerror or error}: install "
                 "dataset-fashion-mnist, or name the folder of its files with --data")
    return torch.frombuffer(bytearray(data[skip:]), dtype=torch.uint8)


def images(folder: Path, part: str, count: int) -> Tuple[Tensor, Tensor]:
    """Return the first images of a part, [count, 1, 28, 28] about 0, and their labels."""
    pixels = read_idx(folder / f"{part}-images-idx3-ubyte.gz", 16)[: count * 784]
    labels = read_idx(folder / f"{part}-labels-idx1-ubyte.gz", 8)[:count]
    return pixels.view(count, 1, 28, 28).float() / 127.5 - 1.0, labels.long()


def head_step(head: nn.Module, x: Tensor, y: Tensor) -> Tuple[float, Tensor, float]:
    """Run the head forward and backward; return the loss, its gradient for x, and seconds."""
    x = x.detach().requires_grad_()
    start = time.perf_counter()
    loss = head(x, y)
    loss.backward()
    return loss.item(), x.grad, time.perf_counter() - start


def train(head: nn.Module, seed: int, epochs: int, data: Dict[str, Tensor]) -> Run:
    """Train a network and the head from `seed`."""
    torch.manual_seed(seed)
    net = network()
    with torch.no_grad():
        head.weight.copy_(torch.randn(CLASSES, DIM) * 0.01)
    everything = list(net.parameters()) + list(head.parameters())
    optimizer = torch.optim.SGD(everything, lr=0.05, momentum=0.9, weight_decay=5e-4)
    losses, seconds = [], []
    for _ in range(epochs):
        for batch in torch.randperm(IMAGES).split(BATCH):
            optimizer.zero_grad()
            x = net(data["x"][batch])
            loss, gradient, took = head_step(head, x, data["y"][batch])
            x.backward(gradient)
            optimizer.step()
            losses.append(loss)
            seconds.append(took)
    net.eval()
    with torch.no_grad():
        cosines = F.normalize(net(data["test_x"])) @ F.normalize(head.weight).T
    accuracy = (cosines.argmax(1) == data["test_y"]).float().mean().item()
    curve = [statistics.fmean(losses[k:k + WINDOW]) for k in range(0, len(losses), WINDOW)]
    return Run(curve, accuracy, statistics.median(seconds) * 1e3)


def band(runs: List[Run]) -> List[Tuple[float, float]]:
    """Return for each window the interval that holds one more run with 95 % probability."""
    n, bounds = len(runs), []
    for values in zip(*(run.curve for run in runs)):
        half = STUDENT[n - 1] * statistics.stdev(values) * math.sqrt(1.0 + 1.0 / n)
        bounds.append((statistics.fmean(values) - half, statistics.fmean(values) + half))
    return bounds


def report(all_runs: Dict[str, List[Run]]) -> Dict[str, float]:
    """Print the comparison; return its numbers."""
    ours, eager = all_runs["margin"], all_runs["eager"]
    bounds = band(eager)
    print(f"{'steps':>9} {'margin':>8} {'eager':>8}   band of eager")
    for k, (low, high) in enumerate(bounds):
        means = [statistics.fmean(run.curve[k] for run in runs) for runs in (ours, eager)]
        print(f"{k * WINDOW + 1:4}-{(k + 1) * WINDOW:4} {means[0]:8.4f} {means[1]:8.4f}   "
              f"[{low:.4f}, {high:.4f}]")
    inside = [low <= run.curve[k] <= high for run in ours for k, (low, high) in enumerate(bounds)]
    ratios = [b.head_ms / a.head_ms for a, b in zip(ours, eager)]
    found = {"inside_band": statistics.fmean(inside), "head_ratio": statistics.median(ratios)}
    for name, runs in all_runs.items():
        found[f"accuracy_{name}"] = statistics.fmean(run.accuracy for run in runs)
        found[f"accuracy_spread_{name}"] = statistics.stdev(run.accuracy for run in runs)
        found[f"head_ms_{name}"] = statistics.median(run.head_ms for run in runs)
    print(f"{100 * found['inside_band']:.0f} % of the windows of margin's runs are within the 95 % "
          "band of eager's")
    for name in all_runs:
        print(f"{name:6} accuracy {100 * found[f'accuracy_{name}']:.2f} % +- "
              f"{100 * found[f'accuracy_spread_{name}']:.2f}, head {found[f'head_ms_{name}']:.3f} ms")
    print(f"the eager head takes {found['head_ratio']:.1f} times as long")
    return found


def main() -> None:
    """Read the command line and the images, train, report."""
    parser = argparse.ArgumentParser(description="ArcFaceLoss against the eager formula on "
                                     "Fashion-MNIST: curves, accuracy, time of the head.")
    parser.add_argument("--data", type=Path, default=Path(FOLDER), help="default: %(default)s")
    parser.add_argument("--seeds", type=int, default=5, choices=range(2, 11), metavar="2..10",
                        help="default: %(default)s")
    parser.add_argument("--epochs", type=int, default=2, help="default: %(default)s")
    parser.add_argument("--json", type=Path, metavar="FILE", help="where the numbers go")
    a = parser.parse_args()
    x, y = images(a.data, "train", IMAGES)
    test_x, test_y = images(a.data, "t10k", TEST_IMAGES)
    data = {"x": x, "y": y, "test_x": test_x, "test_y": test_y}
    all_runs: Dict[str, List[Run]] = {"margin": [], "eager": []}
    for seed in range(a.seeds):  # one after the other, so that a busy moment meets both
        heads = {"margin": ArcFaceLoss(CLASSES, DIM, margin=MARGIN, scale=SCALE),
                 "eager": EagerArcFace()}
        for name, head in heads.items():
            if sys.stderr.isatty():
                print(f"\rseed {seed + 1} of {a.seeds}: {name}  ", end="", file=sys.stderr)
            all_runs[name].append(train(head, seed, a.epochs, data))
    if sys.stderr.isatty():
        print(file=sys.stderr)
    found = report(all_runs)
    if a.json:
        a.json.write_text(json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    main()
