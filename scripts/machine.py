#!/usr/bin/env python3
"""machine.py: a machine's entry in the gallery, results/machines/NAME.json, made of a run: the head
over the matrix products, shares of the peak, errors; a few kB. `margin check-results` has to accept
the run and the entry; results/README.md has the fields.
usage: machine.py RUN NAME [--cpu TEXT] [--out DIR]
  RUN         a folder, a pack (RUN.tar.xz) or a summary
  NAME        what the file is called: small letters, digits, '-'
  --cpu TEXT  what the CPU is, where the machine hides it (as virtual machines do)
  --out DIR   in place of results/machines
"""

import json
import os
import re
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True  # the folder may belong to somebody else
from report.run import Run  # noqa: E402
from run_files import Unusable, opened, table  # noqa: E402

HERE = os.path.dirname(os.path.abspath(__file__))
MACHINES = os.path.join(os.path.dirname(HERE), "results", "machines")
HEADS = ("N", "D", "C", "threads", "us_per_row", "over_floor", "low", "high", "share_of_peak")
ERRORS = ("loss", "worst_gradient", "outside", "share_of_bound")


def fail(message, status=1):
    print(f"machine.py: {message}", file=sys.stderr)
    sys.exit(status)


def number(text, digits=4):
    """A cell of a table; None where it has no number."""
    if text in (None, "NaN", "null"):
        return None
    value = float(f"{float(text):.{digits}g}")
    return int(value) if value.is_integer() else value


def peak_of(context, threads):
    return max(by_threads.get(threads, 0) for by_threads in context["fma_peaks"].values())


def heads_of(run, isa):
    """ArcFace's head by shape and threads, on the instruction set that `auto` means."""
    context, rows = run.json("speed")["context"], []
    for row in run.table("speed_shapes"):
        if row["series"] == isa and row["kind"] == "isa":
            peak = peak_of(context, row["threads"])
            share = float(row["gflops"]) / peak if peak else None
            dim, classes, threads = (int(row[key]) for key in ("D", "C", "threads"))
            nano = 6 * dim * classes / (float(row["rate"]) * threads)  # the rate is of each thread
            rows.append([int(row["N"]), dim, classes, threads, number(nano / 1e3),
                         *(number(row["to_floor" + end]) for end in ("", "_low", "_high")),
                         number(share)])
    return table(HEADS, sorted(rows, key=lambda row: (row[3], row[:3])))


def errors_of(run):
    """Of each loss the worst gradient over the angles, and how much of the promises it uses up."""
    worst = {row["loss"]: row["worst_gradient"] for row in run.table("summary")}
    rows = []
    for loss, gradient in worst.items():
        promises = [row for row in run.table("promises") if row["loss"] == loss]
        rows.append([loss, number(gradient), sum(int(row["outside"]) for row in promises),
                     number(max((float(row["share"]) for row in promises), default=None))])
    return table(ERRORS, rows)


def libraries_of(context):
    """{name: version} of those that make the floor; runs of 0.1.0 have a string alone."""
    found = {name: peer["version"] if isinstance(peer, dict) else peer
             for name, peer in context.get("peers", {}).items()}
    return {name: version for name, version in found.items() if version}


def entry(run, name, cpu):
    machine, context = run.json("machine"), run.json("speed")["context"]
    isa = machine["isa"]
    exps = machine.get("exp_peaks", {}).get(isa, {}).get("1")
    cases = run.table("speed")
    return {
        "schema": 1, "name": name, "cpu": cpu or machine["cpu"],
        "machine": {key: machine[key]
                    for key in ("architecture", "cpus", "memory_bytes", "os", "kernel")} | {
            "cache_bytes": [cache["bytes"] for cache in machine["caches"] or []
                            if cache["type"] != "Instruction"]},
        "build": {key: machine[key] for key in ("date", "version", "commit", "compiler", "flags",
                                                "isa", "threads")},
        "timing": {"cases": len(cases),
                   "unstable_cases": sum(row["unstable"] == "true" for row in cases),
                   "repetitions": context["repetitions"],
                   "interval_coverage": number(context.get("interval_coverage")),
                   "foreign_cpus": number(context.get("foreign_cpus"), 2)},
        "libraries": libraries_of(context),
        "peaks": {"fma_gflops": number(machine["fma_peak_gflops"]),
                  "fma_gflops_all": number(machine["fma_peak_gflops_all"]),
                  "copy_gbs": number(machine["copy_bandwidth_gbs"]),
                  "exp_ns": number(1 / exps) if exps else None},
        "heads": heads_of(run, isa), "errors": errors_of(run)}


def lines_of(value):
    """JSON with a line for each field, and for each row of a table."""
    lines = []
    for key, item in value.items():
        if isinstance(item, dict) and item.keys() == {"columns", "rows"}:
            rows = ",\n".join(map(json.dumps, item["rows"]))
            text = f'{{"columns": {json.dumps(item["columns"])}, "rows": [\n{rows}\n]}}'
        else:
            text = json.dumps(item, ensure_ascii=False)
        lines.append(f'"{key}": {text}')
    return "{\n" + ",\n".join(lines) + "\n}\n"


def checked(path):
    """Ends the program, with what the checker says, unless it accepts the run or entry."""
    done = subprocess.run([sys.executable, "-B", os.path.join(HERE, "check_results"), path],
                          text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    if done.returncode != 0:
        sys.stdout.write(done.stdout)
        fail(done.stderr.strip().split("\n")[-1]
             or f"{os.path.basename(path)}: not accepted, see above")


def write(value, folder):
    """The entry, once the checker has accepted it."""
    os.makedirs(folder, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder) as work:
        made = os.path.join(work, value["name"] + ".json")
        with open(made, "w", encoding="utf-8") as stream:
            stream.write(lines_of(value))
        checked(made)
        os.replace(made, os.path.join(folder, value["name"] + ".json"))


def arguments(words):
    options, rest = {"--cpu": None, "--out": MACHINES}, []
    while words:
        word = words.pop(0)
        if word in options and words:
            options[word] = words.pop(0)
        elif word.startswith("-"):
            fail(f"{word}: no such option, or without its value (see --help)", 2)
        else:
            rest.append(word)
    if len(rest) != 2 or not re.fullmatch("[a-z0-9][a-z0-9-]*", rest[1]):
        fail("a RUN and a NAME of small letters, digits and '-' are needed (see --help)", 2)
    return *rest, options["--cpu"], options["--out"]


def main():
    if sys.argv[1:] in (["-h"], ["--help"]):
        print(__doc__)
        return
    source, name, cpu, folder = arguments(sys.argv[1:])
    try:
        with opened(source) as run:
            checked(run)
            write(entry(Run(run), name, cpu), folder)
    except (OSError, Unusable) as error:
        fail(error)
    except (KeyError, TypeError, ValueError) as error:
        fail(f"{source}: lacks what an entry needs ({type(error).__name__}: {error}); "
             "run plots/draw.sh on it first")


main()
