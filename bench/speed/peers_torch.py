#!/usr/bin/env python3
"""peers_torch.py: ArcFace heads of PyTorch beside this library's, as a training step sees them.

Each head makes loss, dX and dW from the same X, W and labels, forward and backward. In rounds, one
step of each head after another, so that a busy moment meets all of them; ratios are of the steps of
one round. Before it is timed, each head's row losses and rows of dX are compared with the formula
in float64, by three kinds of rows: hard (90 degrees from their class), middle (60) and converged
(15). What a head gets wrong there is told beside its time.

Heads: `margin` (this library through margin_losses.torch), `margin-c` (the same without PyTorch,
through ctypes, into fresh memory), `unfused` (the formula and its gradient by hand, a product at a
time), `torch-eager` (the formula, the target's logit replaced),
`torch-detached` (the margin added without a gradient of its own), `torch-compiled` (the formula
under torch.compile), `torch-fused` (linear_cross_entropy, the margin put on afterwards), `pml`
(pytorch-metric-learning). Heads that this machine's PyTorch lacks are named and left out.

Memory: the allocator keeps what it has had (as in long training runs) for the times shown; a second
process has the allocator's defaults, whose times are shown beside, and the peaks of memory.

Writes Google Benchmark's JSON (results/README.md), and prints a table.
"""

from __future__ import annotations

import argparse
import ctypes
import json
import math
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from datetime import datetime, timezone
from pathlib import Path
from typing import Any, Callable, Dict, List, NamedTuple, Tuple

try:
    import torch
    import torch.nn.functional as F
except ImportError:
    sys.exit("peers_torch.py: PyTorch is missing: install python3-torch, or pip install torch")

SCALE, MARGIN = 64.0, 0.5
SHAPES = ("128x512x10000", "128x128x10000", "128x2x10000", "128x128x100000")
KINDS = {"hard": 90.0, "middle": 60.0, "converged": 15.0}  # degrees between a row and its class
KEPT = {"MALLOC_MMAP_MAX_": "0", "MALLOC_TRIM_THRESHOLD_": str(1 << 40)}


class Problem(NamedTuple):
    """x [N, D], w [C, D], y [N]; kind: the rows' indices by kind."""

    x: torch.Tensor
    w: torch.Tensor
    y: torch.Tensor
    kind: Dict[str, torch.Tensor]


class Step(NamedTuple):
    """A training step: `run` makes one and tells its seconds, `drop` forgets its gradients."""

    run: Callable[[], float]
    drop: Callable[[], None]


Head = Callable[[torch.Tensor, torch.Tensor, torch.Tensor, str], torch.Tensor]


# ---- the problem and the truth -------------------------------------------------------------------


def problem(rows: int, dim: int, classes: int) -> Problem:
    """Random classes, and rows at known angles from their own; all from one seed."""
    rng = torch.Generator().manual_seed(1)
    w = torch.randn(classes, dim, generator=rng)
    y = torch.randint(classes, (rows,), generator=rng)
    own = F.normalize(w[y].double())
    aside = torch.randn(rows, dim, generator=rng).double()
    aside = F.normalize(aside - (aside * own).sum(1, keepdim=True) * own)
    degrees = torch.tensor(list(KINDS.values()), dtype=torch.float64)[torch.arange(rows) % 3]
    theta = torch.deg2rad(degrees)[:, None]
    x = (own * theta.cos() + aside * theta.sin()) * 3.0
    kind = {name: torch.arange(k, rows, 3) for k, name in enumerate(KINDS)}
    return Problem(x.float(), w, y, kind)


def exact_rows(p: Problem) -> Tuple[torch.Tensor, torch.Tensor]:
    """Return the row losses and their gradients with respect to x, by the formula in float64: from
    the angle, and from the sum of the others, so that small losses keep their digits."""
    x = p.x.double().requires_grad_()
    w, index = p.w.double(), torch.arange(len(p.y))
    cosines = F.normalize(x) @ F.normalize(w).T
    u, v = F.normalize(x), F.normalize(w)[p.y]
    theta = 2.0 * torch.atan2((u - v).norm(dim=1), (u + v).norm(dim=1))
    others = (SCALE * cosines).index_put((index, p.y), torch.tensor(-math.inf).double())
    loss = F.softplus(others.logsumexp(1) - SCALE * torch.cos(theta + MARGIN), threshold=700.0)
    loss.sum().backward()
    return loss.detach(), x.grad


# ---- the heads -----------------------------------------------------------------------------------


def put_margin(t: torch.Tensor) -> torch.Tensor:
    """Return cos(theta + m) from t = cos(theta)."""
    sine = (1.0 - t * t).clamp(min=0.0).sqrt()
    return t * math.cos(MARGIN) - sine * math.sin(MARGIN)


def eager(x: torch.Tensor, w: torch.Tensor, y: torch.Tensor, reduction: str) -> torch.Tensor:
    """The formula, with the target's logit replaced."""
    cosines = F.linear(F.normalize(x), F.normalize(w))
    t = cosines.gather(1, y[:, None])
    return F.cross_entropy(SCALE * cosines.scatter(1, y[:, None], put_margin(t)), y,
                           reduction=reduction)


def detached(x: torch.Tensor, w: torch.Tensor, y: torch.Tensor, reduction: str) -> torch.Tensor:
    """The margin is added to the target's cosine as if it were a constant."""
    cosines = F.linear(F.normalize(x), F.normalize(w))
    with torch.no_grad():
        t = cosines.gather(1, y[:, None])
        extra = torch.zeros_like(cosines).scatter_(1, y[:, None], put_margin(t) - t)
    return F.cross_entropy(SCALE * (cosines + extra), y, reduction=reduction)


def fused(x: torch.Tensor, w: torch.Tensor, y: torch.Tensor, reduction: str) -> torch.Tensor:
    """PyTorch's fused cross entropy of the cosines, and the margin put on what it gives: with the
    plain loss l and the target's logits z and z', L = log(exp(z') + exp(l + z) - exp(z)) - z'."""
    u, v = F.normalize(x), F.normalize(w)
    plain = F.linear_cross_entropy(u * SCALE, v, y, reduction="none")
    t = (u * v[y]).sum(1)
    others = SCALE * t + plain.expm1().log()
    loss = F.softplus(others - SCALE * put_margin(t))
    return loss.mean() if reduction == "mean" else loss


def metric_learning(dim: int, classes: int) -> Head:
    """pytorch-metric-learning's ArcFaceLoss: weights [D, C], the margin in degrees."""
    from pytorch_metric_learning import losses, reducers

    kinds = {"mean": reducers.MeanReducer(), "none": reducers.DoNothingReducer()}
    made = losses.ArcFaceLoss(classes, dim, margin=math.degrees(MARGIN), scale=SCALE)
    del made.W

    def head(x: torch.Tensor, w: torch.Tensor, y: torch.Tensor, reduction: str) -> torch.Tensor:
        made.W, made.reducer = w.T, kinds[reduction]
        loss = made(x, y)
        return loss if reduction == "mean" else loss["loss"]["losses"]

    return head


class Unfused(torch.autograd.Function):
    """What one writes with NumPy or a BLAS: normalised copies, the cosines stored, their softmax,
    two more products, and the gradient of the normalisation."""

    @staticmethod
    def forward(ctx: Any, x: torch.Tensor, w: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        lengths = [v.norm(dim=1, keepdim=True) for v in (x, w)]
        u, v = x / lengths[0], w / lengths[1]
        index = torch.arange(len(y))
        p = u @ v.T
        t = p[index, y]
        slope = math.cos(MARGIN) + t * math.sin(MARGIN) / (1.0 - t * t).clamp(min=0.0).sqrt()
        p[index, y] = put_margin(t)
        p *= SCALE
        highest = p.amax(1, keepdim=True)
        target = p[index, y]
        sums = p.sub_(highest).exp_().sum(1, keepdim=True)
        p /= sums
        p[index, y] -= 1.0
        p[index, y] *= slope
        ctx.save_for_backward(u, v, p, *lengths)
        return (sums.log() + highest)[:, 0] - target

    @staticmethod
    def backward(ctx: Any, grad: torch.Tensor) -> Tuple[torch.Tensor, torch.Tensor, None]:
        u, v, p, x_length, w_length = ctx.saved_tensors
        p = p * (SCALE * grad[:, None])
        dx, dw = p @ v, p.T @ u
        return ((dx - (dx * u).sum(1, keepdim=True) * u) / x_length,
                (dw - (dw * v).sum(1, keepdim=True) * v) / w_length, None)


def unfused(x: torch.Tensor, w: torch.Tensor, y: torch.Tensor, reduction: str) -> torch.Tensor:
    """The formula and its gradient by hand."""
    loss = Unfused.apply(x, w, y)
    return loss.mean() if reduction == "mean" else loss


def ours(x: torch.Tensor, w: torch.Tensor, y: torch.Tensor, reduction: str) -> torch.Tensor:
    """This library."""
    from margin_losses.torch import functional

    return functional.arcface_loss(x, w, y, margin=MARGIN, scale=SCALE, reduction=reduction)


def heads_of(dim: int, classes: int) -> Tuple[Dict[str, Head], Dict[str, str]]:
    """Return the heads by name, and why others are missing."""
    heads: Dict[str, Head] = {"margin": ours, "unfused": unfused, "torch-eager": eager,
                              "torch-detached": detached}
    missing = {}
    if hasattr(torch, "compile"):
        heads["torch-compiled"] = torch.compile(eager)
    else:
        missing["torch-compiled"] = f"PyTorch {torch.__version__} has no torch.compile"
    if hasattr(F, "linear_cross_entropy"):
        heads["torch-fused"] = fused
    else:
        missing["torch-fused"] = f"PyTorch {torch.__version__} has no linear_cross_entropy"
    try:
        heads["pml"] = metric_learning(dim, classes)
    except ImportError:
        missing["pml"] = "pytorch-metric-learning is not installed"
    return heads, missing


# ---- one head: errors, memory, a step ------------------------------------------------------------


def errors(head: Head, p: Problem, truth: Tuple[torch.Tensor, torch.Tensor]) -> Dict[str, float]:
    """Return the relative errors of the row losses, and of the rows of dX in norm: of each kind of
    rows the median."""
    x = p.x.clone().requires_grad_()
    loss = head(x, p.w.clone().requires_grad_(), p.y, "none")
    loss.sum().backward()
    of_loss = (loss.detach().double() - truth[0]).abs() / truth[0]
    of_dx = (x.grad.double() - truth[1]).norm(dim=1) / truth[1].norm(dim=1)
    found = {}
    for kind, index in p.kind.items():
        found[f"error_loss_{kind}"] = of_loss[index].median().item()
        found[f"error_dx_{kind}"] = of_dx[index].median().item()
    return found


def resident(field: str) -> int:
    """Return bytes of this process's memory, VmRSS or its peak VmHWM."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(field + ":"):
            return int(line.split()[1]) * 1024
    return 0


def peak_of(step: Step) -> int:
    """Return by how much memory grew at most during a step, with no gradients before it. A thread
    of its own makes it, so that what this library keeps for a thread is counted too."""
    step.drop()
    ctypes.CDLL(None).malloc_trim(0)
    Path("/proc/self/clear_refs").write_text("5")
    before = resident("VmRSS")
    thread = threading.Thread(target=step.run)
    thread.start()
    thread.join()
    return max(0, resident("VmHWM") - before)


def torch_step(head: Head, p: Problem) -> Step:
    """Return a step of a head in PyTorch."""
    x, w = p.x.clone().requires_grad_(), p.w.clone().requires_grad_()

    def drop() -> None:
        x.grad = w.grad = None

    def run() -> float:
        drop()
        start = time.perf_counter()
        head(x, w, p.y, "mean").backward()
        return time.perf_counter() - start

    return Step(run, drop)


def plain_step(p: Problem, threads: int) -> Step:
    """The same of the library without PyTorch; dX and dW are fresh memory in each step."""
    from margin_losses import _abi, _heads

    made = _heads.settings("arcface", scale=SCALE, margin=MARGIN)
    kept: List[torch.Tensor] = []

    def run() -> float:
        kept.clear()
        start = time.perf_counter()
        kept.extend((torch.empty_like(p.x), torch.empty_like(p.w)))
        call = _abi.Head(rows=p.x.shape[0], dim=p.x.shape[1], classes=p.w.shape[0],
                         embeddings=p.x.data_ptr(), weights=p.w.data_ptr(), labels=p.y.data_ptr(),
                         grad_embeddings=kept[0].data_ptr(), grad_weights=kept[1].data_ptr())
        _heads.run_head(made, threads, call)
        return time.perf_counter() - start

    return Step(run, kept.clear)


# ---- a worker: one shape, one setting of the allocator -------------------------------------------


def work(shape: str, threads: int, rounds: int, seconds: float) -> Dict[str, Any]:
    """Check and time every head of one shape; return what was found."""
    torch.set_num_threads(threads)
    rows, dim, classes = map(int, shape.split("x"))
    p = problem(rows, dim, classes)
    truth = exact_rows(p)
    heads, missing = heads_of(dim, classes)
    found: Dict[str, Any] = {"missing": missing, "heads": {}}
    steps = {}
    for name, head in heads.items():
        found["heads"][name] = errors(head, p, truth)
        steps[name] = torch_step(head, p)
    found["heads"]["margin-c"] = {}
    steps["margin-c"] = plain_step(p, threads)
    for step in steps.values():
        step.run()
        step.run()
    for name, step in steps.items():
        found["heads"][name]["peak_memory_bytes"] = peak_of(step)
    times: Dict[str, List[float]] = {name: [] for name in steps}
    end = time.perf_counter() + seconds
    order = list(steps)
    while len(times["margin"]) < rounds and (time.perf_counter() < end or len(times["margin"]) < 5):
        for name in order:
            times[name].append(steps[name].run())
        order.append(order.pop(0))
    for name in steps:
        found["heads"][name]["seconds"] = times[name]
    return found


def run_worker(shape: str, a: argparse.Namespace, threads: int, kept: bool) -> Dict[str, Any]:
    """Run `work` in a process of its own, whose allocator keeps memory or has its defaults."""
    command = [sys.executable, __file__, "--worker", shape, "--threads", str(threads),
               "--rounds", str(a.rounds), "--seconds", str(a.seconds)]
    # One arena, so that malloc_trim gives all that is free back before a peak is measured.
    limits = {"OMP_NUM_THREADS": str(threads), "OPENBLAS_NUM_THREADS": str(threads),
              "MALLOC_ARENA_MAX": "1"}
    done = subprocess.run(command, env={**os.environ, **(KEPT if kept else {}), **limits},
                          stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode != 0:
        sys.exit(f"peers_torch.py: the process of {shape} ended with {done.returncode}")
    return json.loads(done.stdout)


# ---- results -------------------------------------------------------------------------------------


def interval(values: List[float]) -> Tuple[float, float]:
    """Return the order statistics that hold the true median with 95 % probability or more."""
    n, below, k = len(values), 0.0, 0
    while k < n // 2 and below + math.comb(n, k) * 0.5**n <= 0.025:
        below += math.comb(n, k) * 0.5**n
        k += 1
    ordered = sorted(values)
    return ordered[max(0, k - 1)], ordered[n - max(1, k)]


def row_of(name: str, shape: str, threads: int, kept: Dict, default: Dict) -> Dict[str, Any]:
    """Return the row of one head: the median's, as results/README.md says."""
    rows, dim, classes = shape.split("x")
    mine, here = kept["heads"][name], kept["heads"]["margin"]["seconds"]
    times, other = mine["seconds"], default["heads"][name]["seconds"]
    case = f"head/impl:{name}/loss:arcface/N:{rows}/D:{dim}/C:{classes}/threads:{threads}"
    ratios = [t / m for t, m in zip(times, here)]
    default_ratios = [t / m for t, m in zip(other, default["heads"]["margin"]["seconds"])]
    median = statistics.median(times)
    low, high = interval(times)
    spread = 2.0 * statistics.median([abs(t - median) for t in times]) / median
    ratio_low, ratio_high = interval(ratios)
    row = {
        "name": case + "_median", "run_name": case, "run_type": "aggregate",
        "aggregate_name": "median", "aggregate_unit": "time", "threads": threads,
        "iterations": len(times), "time_unit": "ms", "real_time": median * 1e3,
        "time_low": low * 1e3, "time_high": high * 1e3, "spread": spread,
        "unstable": spread > 0.05, "ratio_margin": statistics.median(ratios),
        "ratio_margin_low": ratio_low, "ratio_margin_high": ratio_high,
        "default_malloc_time": statistics.median(other) * 1e3,
        "default_malloc_ratio_margin": statistics.median(default_ratios),
        "peak_memory_bytes": default["heads"][name]["peak_memory_bytes"],
    }
    row.update({k: v if math.isfinite(v) else None for k, v in mine.items() if k[:6] == "error_"})
    return row


def context(a: argparse.Namespace, missing: Dict[str, str]) -> Dict[str, Any]:
    """Return what the numbers belong to."""
    import margin_losses

    cpu = next((line.split(":", 1)[1].strip() for line in
                Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name")),
               platform.processor())
    return {"date": datetime.now(timezone.utc).isoformat(timespec="seconds"), "cpu": cpu,
            "cpus": os.cpu_count(), "load": os.getloadavg()[0], "python": platform.python_version(),
            "torch": torch.__version__, "margin": margin_losses.__version__,
            "scale": SCALE, "margin_radians": MARGIN, "rounds": a.rounds, "missing": missing}


def shown(row: Dict[str, Any], field: str) -> str:
    """An error for people; what is not finite is null in the row."""
    if field not in row:
        return ""
    return "nan" if row[field] is None else f"{row[field]:.0e}"


def table(rows: List[Dict[str, Any]]) -> None:
    """Print the rows for people."""
    shape = ""
    for row in rows:
        _, impl, _, *where = row["run_name"].split("/")
        if shape != " ".join(where):
            shape = " ".join(where)
            print(f"\n{shape}\n{'':14}{'':10} {'':21} {'default':>7} {'peak':>7}   "
                  "error of the row loss       error of dX\n"
                  f"{'head':14}{'ms':>10} {'times margin':>21} {'malloc':>7} {'MiB':>7}"
                  + 2 * ("   " + " ".join(f"{kind:>6}" for kind in KINDS)))
        ratio, low, high = (row["ratio_margin" + end] for end in ("", "_low", "_high"))
        of_kinds = ("   " + " ".join(f"{shown(row, f'error_{what}_{kind}'):>{max(6, len(kind))}}"
                                for kind in KINDS)
                    for what in ("loss", "dx"))
        print(f"{impl[5:]:14}{row['real_time']:9.3f}{'~' if row['unstable'] else ' '}"
              f"{f'{ratio:.2f} [{low:.2f}, {high:.2f}]':>22} "
              f"{row['default_malloc_ratio_margin']:7.2f} "
              f"{row['peak_memory_bytes'] / 2**20:7.1f}" + "".join(of_kinds).rstrip())
    print("\n~: the spread of the times is above 5 %")


def write(path: str, text: str) -> None:
    """Write a whole file or none."""
    folder = os.path.dirname(os.path.abspath(path))
    with tempfile.NamedTemporaryFile("w", dir=folder, suffix=".part", delete=False) as part:
        part.write(text)
    os.replace(part.name, path)


def pareto(rows: List[Dict[str, Any]]) -> str:
    """Return the table of fig_pareto: a series a head, a row a shape and kind of rows; "-" for what
    is not finite."""
    lines = ["#series\tkind\tshape\tthreads\trows\tms\tlow\thigh\terror\tmib"]
    for name in dict.fromkeys(row["run_name"].split("/")[1] for row in rows):
        for row in (row for row in rows if row["run_name"].split("/")[1] == name):
            shape = " × ".join(part[2:] for part in row["run_name"].split("/")[3:6])
            for kind in KINDS if f"error_dx_{next(iter(KINDS))}" in row else ():
                error = row[f"error_dx_{kind}"]
                cells = [name[5:], "ours" if name == "impl:margin" else "peer", shape, row["threads"],
                         kind, *(f"{row[key]:.6g}" for key in ("real_time", "time_low", "time_high")),
                         "-" if error is None else f"{error:.3g}",
                         f"{row['peak_memory_bytes'] / 2**20:.1f}"]
                lines.append("\t".join(map(str, cells)))
        if lines[-1]:
            lines += ["", ""]
    return "\n".join(lines).rstrip("\n") + "\n"


def shapes(text: str) -> List[str]:
    """Read the shapes of --shapes."""
    for shape in text.split(","):
        sizes = shape.split("x")
        if len(sizes) != 3 or not all(size.isdigit() and int(size) > 0 for size in sizes):
            raise argparse.ArgumentTypeError(f"{shape} is no shape, such as {SHAPES[0]}")
    return text.split(",")


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description="ArcFace heads of PyTorch beside this library's: time, memory, errors.")
    parser.add_argument("--out", metavar="FILE", help="where the JSON goes, and beside it tables/pareto.tsv for the figure "
                        "(default: nowhere)")
    parser.add_argument("--shapes", type=shapes, default=",".join(SHAPES), metavar="NxDxC,...",
                        help="default: %(default)s")
    parser.add_argument("--threads", default="1", metavar="T,...", help="default: %(default)s")
    parser.add_argument("--rounds", type=int, default=51, help="at most (default: %(default)s)")
    parser.add_argument("--seconds", type=float, default=20.0,
                        help="of timing for each shape and allocator, about (default: %(default)s)")
    parser.add_argument("--worker", metavar="NxDxC", help=argparse.SUPPRESS)
    return parser.parse_args()


def main() -> None:
    """Measure every shape, print the table and write the file."""
    a = arguments()
    if a.worker:
        json.dump(work(a.worker, int(a.threads), a.rounds, a.seconds), sys.stdout)
        return
    rows, missing = [], {}
    for threads in map(int, a.threads.split(",")):
        for shape in a.shapes:
            if sys.stderr.isatty():
                print(f"{shape}, {threads} thread(s)", file=sys.stderr)
            kept, default = (run_worker(shape, a, threads, keep) for keep in (True, False))
            missing.update(kept["missing"])
            rows += [row_of(name, shape, threads, kept, default) for name in kept["heads"]]
    table(rows)
    for name, why in missing.items():
        print(f"left out: {name}: {why}")
    if a.out:
        results = {"context": context(a, missing), "benchmarks": rows}
        write(a.out, json.dumps(results, indent=1, allow_nan=False) + "\n")
        tables = os.path.join(os.path.dirname(os.path.abspath(a.out)), "tables")
        os.makedirs(tables, exist_ok=True)
        write(os.path.join(tables, "pareto.tsv"), pareto(rows))


if __name__ == "__main__":
    main()
