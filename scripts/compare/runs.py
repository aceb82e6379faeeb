"""A run as the comparisons need it: the files that are there, and where their numbers come from. It
must not know what is compared."""

import os
import sys

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from run_files import DRIVERS, Files, Unusable  # noqa: E402

FILES = ("machine", *DRIVERS)
# Where these differ, times say nothing about the code.
MACHINE = ("cpu", "architecture", "cpus", "isas_usable")
TOLD_NOT = "cannot be told"  # a change, within what the repetitions or seeds leave open
BUILD = ("compiler", "build_type", "flags")

WHERE = ("--out", "--machine-json", "--checkpoints")


class Run:
    def __init__(self, shown, folder):
        """`shown`: what the person called it; `folder`: where its files are."""
        self.shown, self.all = shown, Files(folder)
        self.files = {name: self.all.get(name) for name in FILES
                      if self.all.get(name) is not None}
        if not set(self.files) - {"machine"}:
            raise Unusable(f"{shown}: no speed.json, stability.json or separation.json")

    @property
    def summary(self):
        return self.all.summary

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
            raise Unusable(f"{self.all.path(name)}: not as the driver writes it "
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
    return {"folder": run.shown, "summary": run.summary, **{key: context.get(key) for key in keys},
            "commits": {name: commit_of(run.context(name)) for name in FILES[1:]
                        if name in run.files}}
