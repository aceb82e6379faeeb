#!/usr/bin/env python3
"""The price of the same bits: which libraries of products give the same bits on any number of
threads and with the kernels for any CPU, what their own modes for it cost, and the same of this
library's head.

usage: same_bits.py PROGRAM [--blas NAME[=PATH[:PREFIX[:SUFFIX]]]]... [--preload PATH]...
           [--shape NxDxC]... [--threads T,...] [--rounds R] [--out FILE]

PROGRAM is build/bin/product_bits, which checks every product first. Each library is run by default
and with each of its settings, a process each, in turns; times are processor seconds on one thread
over those of the default in the same round. Prints a table in Markdown; --out has all of it as JSON
(results/README.md). scripts/peers.sh prints options that name the newest libraries."""

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys

OUTPUTS = ("logits", "dX", "dW")  # of margin: losses of rows, dX, dW
INSTALLED = ("openblas", "blis", "onednn")
# What a library can be told, by how its version begins; margin is told by an option.
SETTINGS = {
    "OpenBLAS": [f"OPENBLAS_CORETYPE={core}"
                 for core in ("SkylakeX", "Haswell", "Zen", "Sandybridge", "Nehalem")],
    "Intel": [f"MKL_CBWR={mode}"
              for mode in ("AUTO", "AVX512", "AVX2", "AVX2,STRICT", "COMPATIBLE")],
    "AOCL": ["AOCL_ENABLE_INSTRUCTIONS=AVX2"],
    "oneDNN": ["ONEDNN_MAX_CPU_ISA=AVX2"],
    "margin": ["--isa=avx2", "--isa=scalar"],
}
STEERING = ("OPENBLAS_", "MKL_", "BLIS_", "AOCL_", "DNNL_", "ONEDNN_", "OMP_", "MARGIN_")


class Refused(Exception):
    """A run that could not be had, in one line."""


class Worker:
    """A process that runs one library with one setting on one shape."""

    def __init__(self, options, blas, shape, setting=None):
        sizes = zip(("rows", "dim", "classes"), shape)
        words = [options.program, *(f"--{key}={size}" for key, size in sizes)]
        words += [f"--preload={path}" for path in options.preload]
        words += [f"--blas={blas}"] if blas else []
        environment = {k: v for k, v in os.environ.items() if not k.startswith(STEERING)}
        if setting and setting.startswith("--"):
            words.append(setting)
        elif setting:
            environment.update([setting.split("=", 1)])
        self.setting, self.runs, self.seconds = setting, {}, []
        try:
            self.process = subprocess.Popen(
                words, env=environment, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                stderr=subprocess.PIPE)
        except OSError as error:
            raise Refused(f"{options.program}: {error.strerror}") from None
        self.says = json.loads(self.line())

    def line(self):
        line = self.process.stdout.readline()
        if not line:
            self.process.wait()
            raise Refused((self.process.stderr.read().strip() or "ended without a word"))
        return line

    def run(self, threads):
        """Processor seconds and the hash of each product."""
        self.process.stdin.write(f"{threads}\n")
        self.process.stdin.flush()
        seconds, *hashes = self.line().split()
        return float(seconds), hashes

    def close(self):
        self.process.stdin.close()
        self.process.wait()
        self.process.stdout.close()
        self.process.stderr.close()


def workers_of(options, blas, shape):
    """The default's worker, then those of the settings that this machine has."""
    workers = [Worker(options, blas, shape)]
    version = workers[0].says["version"]
    for setting in next((s for begins, s in SETTINGS.items() if version.startswith(begins)), []):
        try:
            workers.append(Worker(options, blas, shape, setting))
        except Refused as refused:
            print(f"same_bits.py: note: without {setting}: {refused}", file=sys.stderr)
    return workers


def differing(hashes, others):
    return [name for name, a, b in zip(OUTPUTS, hashes, others) if a != b]


def row_of(worker, default, shape, threads):
    """What a setting gives: which products have other bits, and its time over the default's."""
    ratios = [a / b for a, b in zip(worker.seconds, default.seconds)]
    low, middle, high = statistics.quantiles(ratios, n=4)
    first = worker.runs[threads[0]]
    over_threads = sorted({name for t in threads for name in differing(worker.runs[t], first)},
                          key=OUTPUTS.index)
    return {"setting": worker.setting, "kernels": worker.says["kernels"] or None,
            "N": shape[0], "D": shape[1], "C": shape[2],
            "cpu_seconds": statistics.median(worker.seconds),
            "ratio_default": middle, "ratio_default_q1": low, "ratio_default_q3": high,
            "differ_over_threads": over_threads,
            "differ_from_default": differing(first, default.runs[threads[0]]),
            "bits": {str(t): dict(zip(OUTPUTS, worker.runs[t])) for t in threads}}


def measure(options, blas, shape):
    workers = workers_of(options, blas, shape)
    try:
        for worker in workers:
            for threads in options.threads:
                worker.runs[threads] = worker.run(threads)[1]
            worker.run(1)  # back on one thread: what this costs once is not timed
        for _ in range(options.rounds):
            for worker in workers:
                worker.seconds.append(worker.run(1)[0])
    finally:
        for worker in workers:
            worker.close()
    name = blas.split("=")[0] if blas else "margin"
    return [{"library": name, "version": worker.says["version"],
             **row_of(worker, workers[0], shape, options.threads)} for worker in workers]


def bits_text(outputs, name):
    said = ", ".join(outputs).replace("logits", "losses" if name == "margin" else "logits")
    return f"{said} differ" if outputs else "same"


def print_table(rows, threads):
    shapes = list(dict.fromkeys((r["N"], r["D"], r["C"]) for r in rows))
    heads = ["library", "setting", "kernels", f"bits on {', '.join(map(str, threads))} threads",
             "bits against its default", *(f"time, {n} x {d} x {c}" for n, d, c in shapes)]
    print(f"| {' | '.join(heads)} |")
    print("|--" * len(heads) + "|")
    for name, setting in dict.fromkeys((r["library"], r["setting"]) for r in rows):
        mine = [r for r in rows if (r["library"], r["setting"]) == (name, setting)]
        union = {key: [p for p in OUTPUTS if any(p in r[key] for r in mine)]
                 for key in ("differ_over_threads", "differ_from_default")}
        cells = [name, setting.lstrip("-") if setting else "default", mine[0]["kernels"] or "",
                 bits_text(union["differ_over_threads"], name),
                 bits_text(union["differ_from_default"], name) if setting else ""]
        for shape in shapes:
            row = next((r for r in mine if (r["N"], r["D"], r["C"]) == shape), None)
            cells.append("" if row is None else "1" if not setting else
                         f'{row["ratio_default"]:.2f} '
                         f'({row["ratio_default_q1"]:.2f}–{row["ratio_default_q3"]:.2f})')
        print(f"| {' | '.join(cells)} |")


def write(path, value):
    try:
        with open(path + ".part", "w", encoding="utf-8") as stream:
            json.dump(value, stream, indent=1)
            stream.write("\n")
        os.replace(path + ".part", path)
    except OSError as error:
        raise Refused(f"{path}: {error.strerror}") from None


def cpu_name():
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as stream:
            return next((line.split(":")[1].strip() for line in stream
                         if line.startswith("model name")), platform.machine())
    except OSError:
        return platform.machine()


def numbers(what, divided_by):
    def read(word):
        values = [int(part) for part in word.split(divided_by)]
        if min(values) < 1 or (what == "NxDxC" and len(values) != 3):
            raise ValueError(word)
        return values
    read.__name__ = what
    return read


def parsed():
    summary, usage, about = __doc__.split("\n\n")
    parser = argparse.ArgumentParser(prog="same_bits.py", usage=usage[len("usage: same_bits.py "):]
                                     .join(("%(prog)s ", "")), description=summary, epilog=about)
    parser.add_argument("program")
    parser.add_argument("--blas", action="append", default=[])
    parser.add_argument("--preload", action="append", default=[])
    parser.add_argument("--shape", action="append", type=numbers("NxDxC", "x"))
    parser.add_argument("--threads", type=numbers("numbers", ","), default=[1, 2, 3])
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--out")
    parser.error = lambda said: parser.exit(2, f"same_bits.py: {said}\n")
    options = parser.parse_args()
    if options.rounds < 2:
        parser.error("--rounds: 2 at least")
    options.shape = options.shape or [[128, 512, 10000], [1000, 100, 2001]]
    return options


def main():
    options, rows = parsed(), []
    try:
        for blas in [None, *INSTALLED, *options.blas]:
            for shape in options.shape:
                try:
                    rows += measure(options, blas, shape)
                except Refused as refused:
                    if blas not in INSTALLED:
                        raise
                    print(f"same_bits.py: note: left out: {refused}", file=sys.stderr)
        if options.out:
            write(options.out, {"cpu": cpu_name(), "threads": options.threads,
                                "rounds": options.rounds, "rows": rows})
    except Refused as refused:
        sys.exit(f"same_bits.py: {refused}")
    print_table(rows, options.threads)


main()
