#!/usr/bin/env python3
"""Numbers in the sentences of docs/separation.md: filled from a run, whole or summary; what the run lacks
is named; and no two forms of a number are read as one."""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../scripts"))
sys.dont_write_bytecode = True
import pages_separation as pages  # noqa: E402

VALUES = {"gap": [12.345678, -0.04, 20.96], "accuracy": [0.98765, 0.97, 1.0]}
GROUP = {"figures": ["arcface-fig3", "sweep"], "label": "sphereface m=1 s=|x|", "dim": 2}


class Run:
    def __init__(self, *groups):
        self.results = {"groups": list(groups)}


def filled(run, key):
    return pages.fill(run, f"a <!--={key}-->7.7<!--/--> b")


def check(run):
    for key, number in (("fig3;sphereface m=1 s=|x|;gap", "12.3"),
                        ("arcface-fig3.2;sphereface m=1 s=|x|;gap;ci", "12.3 [0.0, 21.0]"),
                        ("sweep;sphereface m=1 s=|x|;accuracy", "0.988"),
                        ("sweep;sphereface m=1 s=|x|;accuracy;%", "98.8")):
        assert filled(run, key) == f"a <!--={key}-->{number}<!--/--> b", filled(run, key)


def check_missing(key, what, *groups):
    try:
        filled(Run(*groups), key)
    except pages.Missing as error:
        assert what in str(error), error
    else:
        raise AssertionError(key)


def main():
    whole, summary = dict(GROUP, values=VALUES), GROUP | VALUES
    check(Run(whole))
    check(Run(summary, dict(summary, figures=["constancy"])))
    check_missing("fig3;softmax;gap", "0 groups 'softmax' of 'fig3'", whole)
    check_missing("fig3.64;sphereface m=1 s=|x|;gap", "0 groups", whole)
    check_missing("sweep;sphereface m=1 s=|x|;gap", "2 groups", whole, dict(whole))
    check_missing("sweep;sphereface m=1 s=|x|;tar_1e3", "no tar_1e3", whole)
    print("numbers in sentences checked")


main()
