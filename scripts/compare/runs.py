"""A run's folder as the comparisons need it: the JSON files that are there, and where they come
from. It must not know what is compared."""

import json
import os

FILES = ("machine", "speed", "stability", "separation")
# Where these differ, times say nothing about the code.
MACHINE = ("cpu", "architecture", "cpus", "isas_usable")
BUILD = ("compiler", "build_type", "flags")

WHERE = ("--out", "--machine-json", "--checkpoints")


class Unusable(Exception):
    """One line that names the file at fault."""


def refuse_constant(text):
    raise ValueError(f"{text} is not JSON")


def read(path):
    try:
        with open(path, encoding="utf-8") as stream:
            value = json.load(stream, parse_constant=refuse_constant)
    except OSError as error:
        raise Unusable(f"{path}: {error.strerror}") from None
    except (ValueError, RecursionError) as error:
        raise Unusable(f"{path}: {error}") from None
    if not isinstance(value, dict):
        raise Unusable(f"{path}: not a JSON object")
    return value


class Run:
    def __init__(self, folder):
        self.folder = folder
        if not os.path.isdir(folder):
            raise Unusable(f"{folder}: no such folder")
        paths = {name: os.path.join(folder, name + ".json") for name in FILES}
        self.files = {name: read(path) for name, path in paths.items() if os.path.exists(path)}
        if not set(self.files) - {"machine"}:
            raise Unusable(f"{folder}: no speed.json, stability.json or separation.json")

    def context(self, name):
        """Where one file's numbers come from; what it does not say, machine.json may."""
        given = self.files.get(name, {}).get("context")
        return {**self.files.get("machine", {}), **(given if isinstance(given, dict) else {})}

    def any_context(self):
        return self.context(next((n for n in FILES[1:] if n in self.files), "machine"))

    def parsed(self, name, parse):
        """What `parse` makes of one file."""
        try:
            return parse(self.files[name])
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise Unusable(f"{os.path.join(self.folder, name)}.json: not as the driver writes it "
                           f"({type(error).__name__}: {error})") from None


def differences(a, b, keys):
    """The keys whose values are known in both contexts and differ."""
    return [key for key in keys
            if a.get(key) is not None and b.get(key) is not None and a[key] != b[key]]


def same_options(a, b):
    """Whether both commands were told the same, but for where to write."""
    chosen = []
    for context in (a, b):
        words = iter((context.get("command") or [None])[1:])
        chosen.append([word for word in words if not (word in WHERE and next(words, True))])
    return chosen[0] == chosen[1]


def same_selection(a, b):
    """Whether both runs have the same cases: on such a machine, with such options."""
    return not differences(a, b, MACHINE) and same_options(a, b)


def commit_of(context):
    commit = context.get("commit")
    name = str(commit)[:7] if commit else "no commit"
    return name + ("+changes" if context.get("dirty") else "")


def describe(run):
    """What stands at the top of a comparison about one of the runs."""
    context = run.any_context()
    keys = ("cpu", "cpus", "architecture", "isa", "isas_usable", "compiler", "build_type", "flags",
            "commit", "dirty", "date", "foreign_cpus")
    return {"folder": run.folder, **{key: context.get(key) for key in keys},
            "commits": {name: commit_of(run.context(name)) for name in FILES[1:]
                        if name in run.files}}
