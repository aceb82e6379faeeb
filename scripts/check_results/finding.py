"""finding.py: what is to be said of a run: a line, and whether it makes the run unfit."""

import collections

Finding = collections.namedtuple("Finding", "unfit line")


def unfit(text):
    return Finding(True, "unfit: " + text)


def note(text):
    return Finding(False, "note: " + text)
