#!/usr/bin/env python3
"""study.py: does a margin help with strangers, and which one, when every loss has its own best scale
and margin? For so many identities, at equal steps and at equal epochs, it chooses scale and margin of
each loss by TAR at FAR 1e-3 of validation identities, over seeds of their own, and judges them over
other seeds on identities that neither training nor choice has seen. Writes JSON and, in tables/ beside
it, what the report, docs/separation.md and the figure show. Finished runs are kept in the file:
begun again, by the same driver, it goes on where it stopped; other --data and --identities may join.
"""

import argparse
import json
import math
import os
import signal
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
MOST = 100000  # identities that the driver takes
JUDGED_FROM = 101  # the first seed of judging; those of tuning begin at 1
# The same for all losses; chosen on norm-softmax: docs/separation.md says how.
RECIPE = {"dim": 64, "batch": 128, "rate": 0.3, "samples": 20, "test-samples": 10}
DATA = {"sphere": {"unseen": 300, "validation": 200, "concentration": 80, "bend": 0.5},
        "characters": {"validation": 306, "hidden": "256,128"}}
QUICK = {"samples": 6, "test-samples": 6, "hidden": "32,32", "dim": 16, "batch": 32}
QUICK_DATA = {"sphere": {"unseen": 40, "validation": 40}, "characters": {}}


STOPPED = "interrupted; the same command goes on from here"


def say(line):
    """A line on a terminal, in the place of the one before."""
    if sys.stderr.isatty() and os.environ.get("TERM", "dumb") != "dumb":
        print(f"\r{line}\033[K", end="", file=sys.stderr, flush=True)


def fail(message, status=1):
    say("")
    print(f"study.py: {message}", file=sys.stderr)
    sys.exit(status)


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
        self.known = {self.key(run, **run): run["values"] for run in file["runs"]}

    @staticmethod
    def key(cell, loss, scale, margin, seed, **_):
        """`cell`: a cell, or a run of it."""
        return cell_key(cell), loss, scale, margin, seed

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
        self.check_commit(found["context"])
        self.file["context"] = found["context"]
        return found["runs"]

    def check_commit(self, context):
        """The numbers of a file are all of one commit."""
        there, here = (f"{one.get('commit')}{' and changes' * bool(one.get('dirty'))}"
                       for one in (self.file.get("context", context), context))
        if there != here:
            fail(f"{self.options.out} has runs of commit {there}, {self.options.driver} is of {here}: name "
                 "another file, or remove it")

    def begin(self):
        """The least training of all data: what is amiss is said before any time is spent."""
        for data in self.options.data:
            self.drive({"data": data, "identities": 2, "epochs": 1, "samples": 1}, True, loss=verdicts.BASE,
                       seeds=1)

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
            row = {**dict(zip(CELL_KEY, cell_key(cell))), "loss": loss, "scale": run["scale"],
                   "margin": margin, "seed": run["seed"], "part": part, "seconds": run["seconds"],
                   "values": values}
            self.file["runs"].append(row)
            self.known[self.key(cell, **row)] = values
        write_all(self.options.out, self.file)

    def values(self, cell, loss, pairs, seeds, part):
        """For each (scale, added margin) a list of the seeds' values. No margin: norm-softmax."""
        keys = []
        for scale, added in pairs:
            own = None if not added else 1 + added if loss == "sphereface" else added
            named = loss if added else verdicts.BASE
            keys.append([self.key(cell, named, scale, own, seed) for seed in seeds])
        missing = [key for many in keys for key in many if key not in self.known]
        # Runs with the same seeds missing are one call.
        asked = {}
        for key in missing:
            lacks = tuple(other[-1] for other in missing if other[:-1] == key[:-1])
            asked.setdefault((key[1], lacks), []).append(key)
        for (named, lacks), own in asked.items():
            scales, margins = (list(dict.fromkeys(key[k] for key in own)) for k in (2, 3))
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


# What tells cells apart: at equal steps one may have fewer samples, and else be like another.
CELL_KEY = ("data", "identities", "epochs", "samples")


def cell_key(cell):
    return tuple(cell[name] for name in CELL_KEY)


def title(cell):
    return "{}, {} identities, {} epochs of {} samples each".format(*cell_key(cell))


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
                place = steps * (size + 2000), *cell_key(cell)
                found.setdefault(place, cell)["regimes"].append(regime)
    return [found[key] for key in sorted(found)]


# ---- the file ------------------------------------------------------------------------------------

def settings_of(options):
    recipe, data = dict(RECIPE), {name: dict(DATA[name]) for name in DATA}
    if options.quick:
        recipe.update(QUICK)
        for name, values in data.items():
            values.update(QUICK_DATA[name])
            values.pop("hidden", None)
    return {"recipe": recipe, "data": data, "chosen_by": verdicts.PRIMARY, "epochs": options.epochs,
            "seeds": options.seeds, "tuning_seeds": options.tuning_seeds}


def is_study(file):
    """Whether a JSON value is a file of this program, or of an earlier version."""
    return (isinstance(file, dict) and all(isinstance(file.get(name), dict) for name in ("settings", "raw"))
            and all(isinstance(file.get(name), list) for name in ("runs", "cells", "gains")))


def differing(there, here):
    """The settings that differ, with their numbers."""
    for name, value in here.items():
        old = there.get(name)
        if old != value:
            yield f"--{name.replace('_', '-')} {'unknown' if old is None else old}, not {value}" \
                if isinstance(value, int) else name


def read(path, settings):
    try:
        with open(path, encoding="utf-8") as stream:
            file = json.load(stream)
    except FileNotFoundError:
        return {"schema": 1, "settings": settings, "runs": [], "cells": [], "gains": [], "raw": {}}
    except OSError as error:
        fail(f"{path}: {error.strerror}")
    except (ValueError, RecursionError) as error:
        fail(f"{path}: {error}")
    if not is_study(file):
        fail(f"{path}: not a file of study.py; name another one")
    if file["settings"] != settings:
        fail(f"{path} has runs of other settings ({'; '.join(differing(file['settings'], settings))}): name another "
             "file, or remove it")
    return file


def check_writable(path):
    folder = os.path.dirname(os.path.abspath(path))
    try:
        os.makedirs(folder, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        fail(f"{path}: cannot be written: {error.strerror}")


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
        options.identities = list(dict.fromkeys(int(size) for size in options.identities.split(","))) \
            if options.identities else list(sizes)
    except ValueError:
        parser.error("--identities: whole numbers by commas")
    if max(options.identities) > MOST:
        parser.error(f"--identities: at most {MOST}")
    if min(*options.identities, 2) < 2 or min(options.epochs, options.tuning_seeds, options.threads) < 1 \
            or options.seeds < 2:
        parser.error("at least 2 --identities, 2 --seeds, and 1 of --epochs, --tuning-seeds, --threads")
    options.driver = os.path.join(options.build, "bin", "bench_separation")
    return options


def carry_out(options):
    settings = settings_of(options)
    cells = cells_of(options, settings["recipe"])
    for cell in cells:
        if cell["samples"] < 1:
            fail(f"--identities: with {cell['identities']} equal steps leave less than a sample of each; more "
                 "--epochs, or fewer identities", 2)
    file = read(options.out, settings)
    if not os.access(options.driver, os.X_OK):
        fail(f"{options.driver}: no such program; --build names the folder of a build")
    check_writable(options.out)
    study, begun = Study(options, file), time.monotonic()
    study.begin()
    for number, cell in enumerate(cells):
        done = study.judge(cell)
        file["cells"] = [old for old in file["cells"] if cell_key(old) != cell_key(cell)] + [done]
        if cell["data"] != "sphere" and cell["data"] not in file["raw"]:
            file["raw"][cell["data"]] = study.raw(cell["data"])
        file["gains"] = verdicts.gains(file["cells"])
        file["date"] = datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
        write_all(options.out, file)
        say("")
        print(f"{number + 1}/{len(cells)} {title(cell)}, {time.monotonic() - begun:.0f} s: "
              + ", ".join(f"{row['loss']} {row['gain'][0]:+.3f} {row['verdict']}"
                          for row in file["gains"] if row["cell"] == len(file["cells"]) - 1), flush=True)


def main():
    # Either way the driver that runs is ended, too.
    signal.signal(signal.SIGTERM, lambda *_: fail(STOPPED, 143))
    try:
        carry_out(parsed())
    except KeyboardInterrupt:
        fail(STOPPED, 130)
    except OSError as error:
        fail(f"{error.filename}: {error.strerror}")


if __name__ == "__main__":
    main()
