#!/usr/bin/env python3
"""study.py: does a margin help with strangers, and which one, when every loss has its own best scale
and margin? For so many identities, at equal steps and at equal epochs, it chooses scale and margin of
each loss by TAR at FAR 1e-3 of validation identities, over seeds of their own, and judges them over
other seeds on identities that neither training nor choice has seen. Writes JSON and, in tables/ beside
it, what the report, docs/separation.md and the figure show. Finished runs are kept in the file:
begun again, it goes on where it stopped.
"""

import argparse
import json
import math
import os
import subprocess
import sys
import tempfile
import time
from datetime import datetime, timezone

sys.dont_write_bytecode = True
here = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(here, "../../scripts"))
import search  # noqa: E402
import verdicts  # noqa: E402
from run_files import expanded, write_whole  # noqa: E402

LOSSES = ("normsoftmax", "sphereface", "cosface", "arcface")
SIZES = (100, 300, 1000, 3000)
MORE = {"sphere": (10000,), "characters": (4555,)}  # of --full: all that the default set has
# Equal epochs: so many; equal steps: as many as these are with so many identities.
EPOCHS, HOME = 6, 1000
JUDGED_FROM = 101  # the first seed of judging; those of tuning begin at 1
# The same for all losses; chosen on norm-softmax: rates 0.1 and 1 are worse on both data sets.
RECIPE = {"dim": 64, "batch": 128, "rate": 0.3, "samples": 20, "test-samples": 10}
DATA = {"sphere": {"unseen": 300, "validation": 200, "concentration": 80, "bend": 0.5},
        "characters": {"validation": 306, "hidden": "256,128"}}
QUICK = {"samples": 6, "test-samples": 6, "hidden": "32,32", "dim": 16, "batch": 32}
QUICK_DATA = {"sphere": {"unseen": 40, "validation": 40}, "characters": {}}


def fail(message, status=1):
    print(f"study.py: {message}", file=sys.stderr)
    sys.exit(status)


def say(line):
    """A line on a terminal, in the place of the one before."""
    if sys.stderr.isatty() and os.environ.get("TERM", "dumb") != "dumb":
        print(f"\r{line}\033[K", end="", file=sys.stderr, flush=True)


def tar_at(verification, limit):
    return next(row["tar"] for row in verification["roc"] if math.isclose(row["limit"], limit))


def quantities(part):
    """The numbers of a part of a run, by the names of verdicts.py."""
    tars = {f"tar_1e{k}": tar_at(part["verification"], 10 ** -k) for k in (2, 3, 4)}
    tpir = [row["tpir"] for row in part["identification"]["tpir"]]
    return {**tars, "eer": part["verification"]["eer"], "auc": part["verification"]["auc"],
            "rank_1": part["identification"]["rank_1"], "tpir_1e1": tpir[0], "tpir_1e2": tpir[1]}


class Study:
    """Runs of the driver, each made once and kept in the file."""

    def __init__(self, options, file):
        self.options, self.file = options, file
        self.known = {self.key(**run): run["values"] for run in file["runs"]}

    @staticmethod
    def key(data, identities, epochs, loss, scale, margin, seed, **_):
        return data, identities, epochs, loss, scale, margin, seed

    def drive(self, cell, brief, **given):
        """A call of the driver: its runs. What is given counts for more than the settings."""
        settings = {**self.file["settings"]["recipe"], **self.file["settings"]["data"][cell["data"]],
                    "samples": cell["samples"], "identities": cell["identities"],
                    "epochs": cell["epochs"], "threads": self.options.threads, **given}
        words = [word for name, value in settings.items() for word in ("--" + name, str(value))]
        with tempfile.TemporaryDirectory() as folder:
            out = os.path.join(folder, "runs.json")
            command = [self.options.driver, "--data", cell["data"], *words, "--out", out]
            done = subprocess.run(command + ["--brief"] * brief, stdout=subprocess.DEVNULL,
                                  stderr=subprocess.PIPE, text=True, check=False)
            if done.returncode != 0:
                fail(f"{done.stderr.strip()} ({' '.join(command)})")
            with open(out, encoding="utf-8") as stream:
                found = json.load(stream, object_hook=expanded)
            self.keep_losses(os.path.join(folder, "tables", "losses.tsv"))
        self.file["context"] = found["context"]
        return found["runs"]

    def keep_losses(self, table):
        """The figure takes names and colours from the driver's table of losses."""
        kept = os.path.join(os.path.dirname(os.path.abspath(self.options.out)), "tables", "losses.tsv")
        if not os.path.exists(kept):
            with open(table, encoding="utf-8") as stream:
                write_whole(kept, stream.read())

    def make(self, cell, loss, scales, margins, seeds, part):
        """Every pair of a scale and a margin of the loss's own, with each of the seeds."""
        say(f"study  {title(cell)}: {loss} s={scales} m={margins}")
        given = {"loss": loss, "scale": ",".join(map(str, scales)), "seed": seeds[0], "seeds": len(seeds)}
        if margins != [None]:
            given["margin"] = ",".join(map(str, margins))
        for run in self.drive(cell, True, **given):
            margin = None if margins == [None] else run[OWN_MARGIN[loss]]
            values = quantities(run["validation"] if part == "validation" else run)
            row = {"data": cell["data"], "identities": cell["identities"], "epochs": cell["epochs"],
                   "loss": loss, "scale": run["scale"], "margin": margin, "seed": run["seed"],
                   "part": part, "seconds": run["seconds"], "values": values}
            self.file["runs"].append(row)
            self.known[self.key(**row)] = values
        write_all(self.options.out, self.file)

    def values(self, cell, loss, pairs, seeds, part):
        """For each (scale, added margin) a list of the seeds' values. No margin: norm-softmax."""
        keys = []
        for scale, added in pairs:
            own = None if not added else 1 + added if loss == "sphereface" else added
            named = loss if added else verdicts.BASE
            keys.append([self.key(cell["data"], cell["identities"], cell["epochs"], named, scale, own,
                                  seed) for seed in seeds])
        missing = [key for many in keys for key in many if key not in self.known]
        # Runs with the same seeds missing are one call.
        asked = {}
        for key in missing:
            lacks = tuple(other[6] for other in missing if other[:6] == key[:6])
            asked.setdefault((key[3], lacks), []).append(key)
        for (named, lacks), own in asked.items():
            scales, margins = (list(dict.fromkeys(key[k] for key in own)) for k in (4, 5))
            self.make(cell, named, scales, margins, lacks, part)
        return [[self.known[key] for key in many] for many in keys]

    # ---- a cell: so many identities of some data, for so many epochs ----

    def choose(self, cell):
        """Each loss's scale and added margin, by the validation identities."""
        seeds = range(1, 1 + self.options.tuning_seeds)

        def measure(loss, seeds=seeds):
            def goodness(scales, margins):
                pairs = [(scale, margin) for scale in scales for margin in margins]
                found = self.values(cell, loss, pairs, seeds, "validation")
                return [sum(one[verdicts.PRIMARY] for one in many) / len(many) for many in found]
            return goodness

        scale = search.tuned_scale(measure(verdicts.BASE))
        chosen = {verdicts.BASE: (scale, 0)}
        for loss in LOSSES[1:]:
            chosen[loss] = search.tuned(measure(loss), measure(loss, seeds[:1]), scale)
        return chosen

    def judge(self, cell):
        """The cell with its losses as they are tuned, over other seeds and other strangers."""
        seeds, judged = range(JUDGED_FROM, JUDGED_FROM + self.options.seeds), {}
        for loss, (scale, added) in self.choose(cell).items():
            found = self.values(cell, loss, [(scale, added)], seeds, "unseen")[0]
            own = None if loss == verdicts.BASE else added + (loss == "sphereface")
            judged[loss] = {"scale": scale, "margin": own, "added": added, "seeds": list(seeds),
                            "values": {name: [one[name] for one in found]
                                       for name in verdicts.QUANTITIES}}
        return {**cell, "tuning_seeds": self.options.tuning_seeds, "judged": judged}

    def raw(self, data):
        """What strangers' images alone tell, with the seeds of judging; a little training goes with
        it for nothing."""
        cell = {"data": data, "identities": min(self.options.identities), "epochs": 1,
                "samples": self.file["settings"]["recipe"]["samples"]}
        runs = self.drive(cell, False, loss=verdicts.BASE, seed=JUDGED_FROM, seeds=self.options.seeds)
        return [tar_at(run["raw_verification"], 1e-3) for run in runs]


OWN_MARGIN = {"sphereface": "m1", "arcface": "m2", "cosface": "m3"}


def title(cell):
    return f"{cell['data']}, {cell['identities']} identities, {cell['epochs']} epochs"


def cells_of(options, recipe):
    """The cells of all data and sizes, cheap ones first. Where the equal steps are no whole number of
    epochs, these have fewer samples."""
    found = {}
    for data in options.data:
        for size in options.identities + list(MORE[data]) * options.full:
            epochs = -(-options.epochs * HOME // size)
            fewer = round(options.epochs * HOME * recipe["samples"] / (size * epochs))
            for regime, count, samples in (("epochs", options.epochs, recipe["samples"]),
                                           ("steps", epochs, min(recipe["samples"], fewer))):
                steps = count * -(-size * samples // recipe["batch"])
                cell = {"data": data, "identities": size, "epochs": count, "samples": samples,
                        "steps": steps, "regimes": []}
                found.setdefault((steps * (size + 2000), data, size, count), cell)["regimes"].append(regime)
    return [found[key] for key in sorted(found)]


# ---- the file ------------------------------------------------------------------------------------

def settings_of(options):
    recipe, data = dict(RECIPE), {name: dict(DATA[name]) for name in DATA}
    if options.quick:
        recipe.update(QUICK)
        for name, values in data.items():
            values.update(QUICK_DATA[name])
            values.pop("hidden", None)
    return {"recipe": recipe, "data": data, "chosen_by": verdicts.PRIMARY}


def read(path, settings):
    try:
        with open(path, encoding="utf-8") as stream:
            file = json.load(stream)
    except FileNotFoundError:
        return {"schema": 1, "settings": settings, "runs": [], "cells": [], "gains": [], "raw": {}}
    except (OSError, ValueError) as error:
        fail(f"{path}: {error}")
    if file["settings"] != settings:
        fail(f"{path} has runs of other settings: name another file, or remove it")
    return file


def write_all(path, file):
    """The file, an object of each list on a line, and its tables."""
    parts = []
    for name, value in file.items():
        if isinstance(value, list) and value:
            rows = ",\n".join(json.dumps(row) for row in value)
            parts.append(f"{json.dumps(name)}: [\n{rows}\n]")
        else:
            parts.append(f"{json.dumps(name)}: {json.dumps(value)}")
    write_whole(path, "{\n" + ",\n".join(parts) + "\n}\n")
    folder = os.path.join(os.path.dirname(os.path.abspath(path)), "tables")
    for name, text in verdicts.tables_of(file).items():
        write_whole(os.path.join(folder, name + ".tsv"), text)


# ---- the command line ----------------------------------------------------------------------------

def parsed():
    parser = argparse.ArgumentParser(prog="study.py", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", required=True, metavar="FILE", help="study.json of a run")
    parser.add_argument("--build", default="build", help="the build's folder (build)")
    parser.add_argument("--data", default=",".join(DATA), metavar="NAMES",
                        help="by commas (%(default)s; scripts/characters.sh makes characters)")
    parser.add_argument("--identities", metavar="LIST",
                        help=f"numbers by commas ({','.join(map(str, SIZES))})")
    parser.add_argument("--epochs", type=int, default=EPOCHS, metavar="N",
                        help="of equal epochs (%(default)s)")
    parser.add_argument("--tuning-seeds", type=int, default=2, metavar="N",
                        help="by which a setting is chosen (%(default)s)")
    parser.add_argument("--seeds", type=int, default=5, metavar="N",
                        help="by which it is judged (%(default)s)")
    parser.add_argument("--threads", type=int, default=os.cpu_count(), metavar="T",
                        help="of the driver (%(default)s); changes no number")
    parser.add_argument("--quick", action="store_true", help="a tiny problem, to try the program")
    parser.add_argument("--full", action="store_true", help="10000 synthetic identities and all 4555 characters, too")
    options = parser.parse_args()
    options.data = options.data.split(",")
    for name in options.data:
        if name not in DATA:
            parser.error(f"--data: no {name}; there are {', '.join(DATA)}")
    sizes = (30, 60) if options.quick else SIZES
    try:
        options.identities = [int(size) for size in options.identities.split(",")] \
            if options.identities else list(sizes)
    except ValueError:
        parser.error("--identities: whole numbers by commas")
    if min(*options.identities, 2) < 2 or min(options.epochs, options.tuning_seeds, options.threads) < 1 \
            or options.seeds < 2:
        parser.error("at least 2 --identities, 2 --seeds, and 1 of --epochs, --tuning-seeds, --threads")
    options.driver = os.path.join(options.build, "bin", "bench_separation")
    return options


def main():
    options = parsed()
    settings = settings_of(options)
    file = read(options.out, settings)
    study, begun = Study(options, file), time.monotonic()
    cells = cells_of(options, settings["recipe"])
    for number, cell in enumerate(cells):
        done = study.judge(cell)
        file["cells"] = [old for old in file["cells"] if title(old) != title(cell)] + [done]
        if cell["data"] != "sphere" and cell["data"] not in file["raw"]:
            file["raw"][cell["data"]] = study.raw(cell["data"])
        file["gains"] = verdicts.gains(file["cells"])
        file["date"] = datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
        write_all(options.out, file)
        say("")
        print(f"{number + 1}/{len(cells)} {title(cell)}, {time.monotonic() - begun:.0f} s: "
              + ", ".join(f"{row['loss']} {row['gain'][0]:+.3f} {row['verdict']}"
                          for row in file["gains"] if row["cell"] == len(file["cells"]) - 1), flush=True)


main()
