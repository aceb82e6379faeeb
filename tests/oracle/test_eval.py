#!/usr/bin/env python3
"""`margin eval` against the oracle, file to file: every loss, every option, every usable ISA, on
random and on adversarial inputs. Usage: test_eval.py MARGIN ORACLE_EVAL"""

import array
import json
import math
import random
import struct
import subprocess
import sys
import tempfile
from pathlib import Path

CODES = {"<f4": "f", "<f8": "d", "<i8": "q"}
ANGULAR = {"sphereface", "arcface", "combined"}


def write_npy(path, dtype, shape, values):
    shape_text = "(" + "".join(f"{n}, " for n in shape) + ")"
    header = f"{{'descr': '{dtype}', 'fortran_order': False, 'shape': {shape_text}, }}"
    header += " " * (-(len(header) + 11) % 64) + "\n"
    with open(path, "wb") as file:
        file.write(b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header.encode())
        array.array(CODES[dtype], values).tofile(file)


def read_npy(path):
    data = Path(path).read_bytes()
    size = struct.unpack("<H", data[8:10])[0]
    dtype = data[10 : 10 + size].decode().split("'descr': '")[1][:3]
    values = array.array(CODES[dtype])
    values.frombytes(data[10 + size :])
    return values


class Problem:
    """Embeddings, weights, labels and bias, as files."""

    def __init__(self, folder, name, seed, rows, dim, classes, adversarial):
        self.rng = random.Random(seed)
        self.shape = rows, dim, classes
        w = [self.vector(dim) for _ in range(classes)]
        labels = [self.rng.randrange(classes) for _ in range(rows)]
        x = [self.vector(dim) for _ in range(rows)]
        if adversarial:
            self.make_hard(x, w, labels)
        self.x, self.w = x, w
        self.files = {}
        self.write(folder, name, "embeddings", "<f4", (rows, dim), sum(x, []))
        self.write(folder, name, "weights", "<f4", (classes, dim), sum(w, []))
        self.write(folder, name, "labels", "<i8", (rows,), labels)
        self.write(folder, name, "bias", "<f4", (classes,), self.vector(classes))

    def vector(self, n):
        values = (self.rng.gauss(0, 1) for _ in range(n))
        return list(array.array("f", values))  # as the file will hold them

    def write(self, folder, name, what, dtype, shape, values):
        self.files[what] = str(Path(folder) / f"{name}-{what}.npy")
        write_npy(self.files[what], dtype, shape, values)

    def make_hard(self, x, w, labels):
        """Rows at, opposite to, and very near their class; zero vectors; ignored rows."""
        w[2] = [4 * v for v in w[1]]
        w[3] = [0.0] * len(w[3])
        for i, label in enumerate(labels):
            target = w[label]
            nearly = array.array("f", (v + 1e-6 * self.rng.gauss(0, 1) for v in target))
            x[i] = [
                x[i], list(target), [-v for v in target], list(nearly), [-v for v in nearly],
                [0.0] * len(target), [1e20 * v for v in x[i]] if i < 8 else x[i],
            ][i % 7]
            if i % 11 == 10:
                labels[i] = -1

    def effective_scale(self, options):
        def longest(rows):
            return max(math.sqrt(sum(v * v for v in row)) for row in rows)

        if options["loss"] == "softmax":
            return options.get("scale", 1) * (longest(self.x) * longest(self.w) + 4)
        if options.get("feature-norm") == "keep":
            return longest(self.x)
        return options.get("scale", 64)


def run(command, options, folder, name, extra=()):
    grads = {o: str(Path(folder) / f"{name}-{o}.npy")
             for o in ("grad-embeddings", "grad-weights", "per-sample")}
    arguments = [f"--{k}={v}" for k, v in {**options, **grads}.items()]
    done = subprocess.run([*command, *arguments, *extra], capture_output=True, text=True)
    if done.returncode != 0:
        raise SystemExit(f"FAILED {' '.join(done.args)}\n{done.stderr}")
    return json.loads(done.stdout), {o: read_npy(path) for o, path in grads.items()}


def all_options():
    for loss in ("softmax", "normsoftmax", "sphereface", "cosface", "arcface", "combined"):
        scales = (1, 0.25) if loss == "softmax" else (64, 1, 1000)
        yield {"loss": loss}
        for k, scale in enumerate(scales):
            margins = [{}, {}, {}]
            if loss in ("cosface", "arcface"):
                margins = [{}, {"margin": 0.2}, {"margin": 0.7}]
            elif loss == "sphereface":
                margins = [{}, {"margin": 4}, {"margin": 2, "lambda": 5}]
            elif loss == "combined":
                margins = [{}, {"m1": 0.9, "m2": 0.4, "m3": 0.15}, {"m1": 2, "m3": -0.1}]
            base = {"loss": loss, "scale": scale, **margins[k]}
            if loss not in ANGULAR:
                yield base
                continue
            for past_pi in ("paper", "monotone", "taylor", "clamp", "easy"):
                for gradient in ("exact", "detached"):
                    yield {**base, "past-pi": past_pi, "gradient": gradient}
                    if loss == "sphereface" and k == 1:
                        keep = {k: v for k, v in base.items() if k != "scale"}
                        yield {**keep, "past-pi": past_pi, "gradient": gradient,
                               "feature-norm": "keep"}


def worst(got, want, bound):
    """The largest error as a share of bound times the largest entry; NaN if anything is."""
    if len(got) != len(want):
        return math.inf
    largest = max(abs(v) for v in want)
    apart = max(abs(a - b) if math.isfinite(a) else math.inf for a, b in zip(got, want))
    return apart / (bound * largest + 1e-37)


def compare(options, problem, ours, exact):
    s = problem.effective_scale(options)
    loss_bound, gradient_bound = 2e-6 + 2e-7 * s, 1e-5 + 4e-7 * s
    shares = {
        "loss": abs(ours[0]["loss"] - exact[0]["loss"]) / (loss_bound * exact[0]["loss"] + 1e-37),
        "per-sample": max(abs(a - b) / (loss_bound * b + 1e-37)
                          for a, b in zip(ours[1]["per-sample"], exact[1]["per-sample"])),
        "theta mean": abs(ours[0]["theta"]["mean"] - exact[0]["theta_mean"]) / 1e-4,
        "accuracy": abs(ours[0]["accuracy"] - exact[0]["accuracy"]) / 1e-9,
        "ignored": abs(ours[0]["ignored"] - exact[0]["ignored"]) / 0.5,
    }
    for what in ("grad-embeddings", "grad-weights"):
        shares[what] = worst(ours[1][what], exact[1][what], gradient_bound)
    return shares


def main(margin, oracle):
    isas = json.loads(subprocess.run([margin, "info", "--json"], capture_output=True, text=True,
                                     check=True).stdout)["isas_usable"]
    failures, runs, largest = 0, 0, 0.0
    with tempfile.TemporaryDirectory() as folder:
        problems = [Problem(folder, "random", 1, 23, 19, 31, False),
                    Problem(folder, "hard", 2, 22, 6, 9, True)]
        for number, options in enumerate(all_options()):
            problem = problems[number % 2]
            if number % 3 == 1:
                options["label-smoothing"] = 0.1
            files = dict(problem.files)
            bias = files.pop("bias")
            if options["loss"] == "softmax" and number % 2 == 0:
                files["bias"] = bias
            exact = run([oracle], {**options, **files}, folder, "exact")
            for isa in isas:
                ours = run([margin, "eval"], {**options, **files, "isa": isa, "threads": 2},
                           folder, "ours", ["--json"])
                shares = compare(options, problem, ours, exact)
                runs += 1
                for what, share in shares.items():
                    largest = max(largest, share)
                    if not share <= 1:
                        failures += 1
                        print(f"{options} {isa}: {what} is {share:.3g} of what is allowed")
    print(f"{runs} evaluations, {failures} outside the bounds, worst {largest:.2f} of a bound")
    return 1 if failures or runs == 0 else 0


if __name__ == "__main__":
    if len(sys.argv) != 3:
        raise SystemExit(__doc__)
    sys.exit(main(sys.argv[1], sys.argv[2]))
