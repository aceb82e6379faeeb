#!/usr/bin/env python3
"""study.py: its search on goodness whose best pair is known, its statistics against SciPy, and a tiny
study end to end.
usage: test_study.py BUILD"""

import argparse
import itertools
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
import unittest

from scipy import stats

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
sys.path[:0] = [os.path.join(ROOT, "bench/separation"), os.path.join(ROOT, "scripts/check_results"),
                os.path.join(ROOT, "scripts")]
import search  # noqa: E402
import study  # noqa: E402
import verdicts  # noqa: E402
from report import study as said  # noqa: E402
from shape import faults_of  # noqa: E402

BUILD = sys.argv.pop(1)
PROGRAM = os.path.join(ROOT, "bench/separation/study.py")


class Search(unittest.TestCase):
    def found(self, best_scale, best_margin, plain_scale, plain):
        """The pair that is found where goodness falls with the distance, on the ladders, from the best
        pair, and is `plain` less that distance without a margin."""
        asked = set()

        def goodness(scales, margins):
            values = []
            for scale, margin in itertools.product(scales, margins):
                asked.add((scale, margin))
                at = search.SCALES.index(scale)
                if margin == 0:
                    values.append(plain - abs(at - search.SCALES.index(plain_scale)))
                else:
                    values.append(-abs(at - search.SCALES.index(best_scale))
                                  - abs(search.MARGINS.index(margin) - search.MARGINS.index(best_margin)))
            return values

        scale = search.tuned_scale(goodness)
        self.assertEqual(scale, plain_scale)
        pair = search.tuned(goodness, goodness, scale)
        self.assertLess(len(asked), 30)
        return pair

    def test_the_planted_pair_is_found(self):
        for scale, margin in itertools.product((4, 16, 64), (0.025, 0.1, 0.5, 1.4)):
            self.assertEqual(self.found(scale, margin, 24, -100), (scale, margin))

    def test_no_margin_where_none_is_better(self):
        self.assertEqual(self.found(16, 0.1, 8, 1), (8, 0))

    def test_of_equals_the_lower(self):
        self.assertEqual(search.climb((0, 1, 2, 3, 4), 3, lambda values: [0] * len(values)), 0)


def cell(values, added):
    """Two losses' values over the seeds, and what the second one's margin adds."""
    judged = {"normsoftmax": {"added": 0}, "arcface": {"added": added}}
    for loss, some in zip(judged, values):
        judged[loss]["values"] = {verdicts.PRIMARY: some}
    return {"judged": judged}


class Statistics(unittest.TestCase):
    def test_student(self):
        for freedom, t in itertools.product(range(1, 12), (0.1, 1, 2.776, 8, 40)):
            self.assertAlmostEqual(verdicts.tails(t, freedom), 2 * stats.t.sf(t, freedom), 12)
        values = [0.31, 0.35, 0.28, 0.33, 0.4]
        mean, low, high = verdicts.interval(values)
        wanted = stats.t.interval(0.95, 4, mean, stats.sem(values))
        self.assertAlmostEqual(low, wanted[0], 10)
        self.assertAlmostEqual(high, wanted[1], 10)
        self.assertAlmostEqual(verdicts.chance(values), stats.ttest_1samp(values, 0).pvalue, 12)
        self.assertEqual(verdicts.chance([0.0, 0.0]), 1)
        self.assertEqual(verdicts.interval([3.0]), [3.0, None, None])

    def test_holm(self):
        for got, want in ((verdicts.holm([0.01, 0.04, 0.03, 0.005]), [0.03, 0.06, 0.06, 0.02]),
                          (verdicts.holm([0.5, None, 0.9]), [1.0, None, 1.0])):
            for a, b in zip(got, want):
                self.assertEqual(a, b) if b is None else self.assertAlmostEqual(a, b, 12)

    def test_gains(self):
        base = [0.5, 0.6, 0.4, 0.55, 0.45]
        cells = [cell((base, [v + 0.1 + 0.001 * k for k, v in enumerate(base)]), 0.2),
                 cell((base, [v - 0.1 - 0.001 * k for k, v in enumerate(base)]), 0.2),
                 cell((base, base[::-1]), 0.2), cell((base, base), 0)]
        found = verdicts.gains(cells)
        self.assertEqual([row["verdict"] for row in found], ["helps", "harms", "undecided", "no margin"])
        self.assertAlmostEqual(found[0]["gain"][0], 0.102)
        self.assertAlmostEqual(found[0]["p_holm"], 4 * found[0]["p"], 12)
        self.assertEqual(found[3]["gain"], [0, 0, 0])


class Remembering(study.Study):
    """A training's values are the samples that it had of each identity."""
    def make(self, cell, loss, scales, margins, seeds, part):
        for scale, margin, seed in itertools.product(scales, margins, seeds):
            self.known[self.key(cell, loss, scale, margin, seed)] = cell["samples"]


class Cells(unittest.TestCase):
    def test_equal_steps_in_as_many_epochs(self):
        """Such a cell has fewer samples, and is not that of equal epochs."""
        options = argparse.Namespace(data=["sphere"], identities=[1100], epochs=6, full=False)
        cells = study.cells_of(options, {"samples": 6, "batch": 32})
        self.assertEqual([(cell["epochs"], cell["samples"], cell["regimes"]) for cell in cells],
                         [(6, 5, ["steps"]), (6, 6, ["epochs"])])
        self.assertEqual(len(set(map(study.title, cells))), 2)
        made = Remembering(options, {"runs": []})
        for cell in cells:
            self.assertEqual(made.values(cell, "arcface", [(16, 0.1)], [1], "unseen"), [[cell["samples"]]])

    def test_the_report_counts_both(self):
        row = {"data": "sphere", "identities": "1100", "epochs": "6", "loss": "arcface", "verdict": "undecided",
               "gain": "0.01", "gain_low": "-0.01", "gain_high": "0.03"}
        self.assertIn("in 0 of 2 comparisons", said.answer([{**row, "steps": "1242"}, {**row, "steps": "1032"}],
                                                           "sphere"))


class EndToEnd(unittest.TestCase):
    def command(self, out, *arguments):
        return [sys.executable, "-B", PROGRAM, "--build", BUILD, "--out", out, "--quick", "--data", "sphere",
                "--identities", "20", "--epochs", "2", "--threads", "2", *arguments]

    def run_study(self, out, *arguments):
        return subprocess.run(self.command(out, *arguments), capture_output=True, text=True, timeout=240)

    def interrupt(self, out, number, status, *arguments):
        """Ends a study once it has written something: one line, and a whole file."""
        before = os.stat(out).st_mtime_ns if os.path.exists(out) else 0
        with subprocess.Popen(self.command(out, *arguments), stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              text=True, preexec_fn=lambda: signal.signal(number, signal.SIG_DFL)) as running:
            while running.poll() is None and (not os.path.exists(out) or os.stat(out).st_mtime_ns == before):
                time.sleep(0.005)
            running.send_signal(number)
            output = running.communicate(timeout=60)
        self.assertEqual((running.returncode, *output),
                         (status, "", "study.py: interrupted; the same command goes on from here\n"))
        with open(out, encoding="utf-8") as stream:
            self.assertTrue(json.load(stream)["runs"])

    def test_a_tiny_study(self):
        with tempfile.TemporaryDirectory() as folder:
            out = os.path.join(folder, "study.json")
            few = ("--tuning-seeds", "1", "--seeds", "3")
            self.interrupt(out, signal.SIGTERM, 143, *few)
            self.interrupt(out, signal.SIGINT, 130, *few)
            done = self.run_study(out, *few)
            self.assertEqual((done.returncode, done.stderr), (0, ""))
            self.assertEqual(done.stdout.count("\n"), 2)
            with open(out, encoding="utf-8") as stream:
                text = stream.read()
            self.check(json.loads(text))
            self.assertEqual(faults_of("study", json.loads(text)), [])
            again = self.run_study(out, *few)  # begun again: nothing is run
            self.assertEqual(again.returncode, 0)
            with open(out, encoding="utf-8") as stream:
                self.assertEqual(json.load(stream)["runs"], json.loads(text)["runs"])
            self.check_tables(os.path.join(folder, "tables"))
            self.assertEqual(sorted(os.listdir(folder)), ["study.json", "tables"])
            self.check_refusals(out, text, few)

    def check_refusals(self, out, text, few):
        """What one file cannot have, and what no training should find out."""
        context = json.loads(text)["context"]
        commit, but = context["commit"], " and changes" * context["dirty"]
        changed = text.replace(f'"commit": "{commit}"', '"commit": "another"')
        for written, more, message in [
                (text.replace('"rate": 0.3', '"rate": 0.2'), (), "has runs of other settings (recipe): name another"),
                (text, ("--seeds", "4"), "(--seeds 3, not 4)"), (text, ("--epochs", "3"), "(--epochs 2, not 3)"),
                (text, ("--tuning-seeds", "2"), "(--tuning-seeds 1, not 2)"),
                (text.replace('"tuning_seeds": 1}', '"x": 1}', 1), (), "(--tuning-seeds unknown, not 1)"),
                (changed, (), f"has runs of commit another{but}, {BUILD}/bin/bench_separation is of {commit}{but}:"),
                ("{}", (), "not a file of study.py"), ("[]", (), "not a file of study.py"),
                (text, ("--build", "/nope"), "/nope/bin/bench_separation: no such program"),
                (text, ("--out", "/proc/x.json"), "/proc/x.json: cannot be written"),
                (text, ("--identities", "20,90000"), "--identities: with 90000 equal steps leave less than")]:
            with open(out, "w", encoding="utf-8") as stream:
                stream.write(written)
            refused = self.run_study(out, *few, *more)
            self.assertEqual((refused.stdout, refused.stderr.count("\n")), ("", 1), refused.stderr)
            self.assertIn(message, refused.stderr)
            self.assertEqual(refused.returncode, 2 if "--identities" in more else 1)
            with open(out, encoding="utf-8") as stream:
                self.assertEqual(stream.read(), written)

    def check(self, file):
        """A setting is chosen by validation identities and seeds of its own, and is no worse there than
        any other of its loss that was tried with all of these seeds."""
        runs = file["runs"]
        self.assertEqual({(run["part"], run["seed"]) for run in runs},
                         {("validation", 1), ("unseen", 101), ("unseen", 102), ("unseen", 103)})
        self.assertEqual([cell["regimes"] for cell in file["cells"]], [["epochs"], ["steps"]])
        for cell in file["cells"]:
            for loss, judged in cell["judged"].items():
                own = [run for run in runs if run["loss"] == loss and run["epochs"] == cell["epochs"]]
                tried = {(run["scale"], run["margin"]): run["values"][verdicts.PRIMARY]
                         for run in own if run["part"] == "validation"}
                if judged["added"] or loss == "normsoftmax":
                    chosen = judged["scale"], judged["margin"]
                    self.assertEqual(tried[chosen], max(tried.values()))
                    self.assertEqual(judged["values"]["tar_1e3"],
                                     [run["values"]["tar_1e3"] for run in own if run["part"] == "unseen"
                                      and (run["scale"], run["margin"]) == chosen])
        for row in file["gains"]:
            judged = file["cells"][row["cell"]]["judged"]
            a, b = (judged[loss]["values"]["tar_1e3"] for loss in (row["loss"], "normsoftmax"))
            self.assertAlmostEqual(row["gain"][0], sum(a) / 3 - sum(b) / 3, 12)

    def check_tables(self, folder):
        self.assertEqual(sorted(os.listdir(folder)), ["losses.tsv", "study.tsv", "study_measures.tsv",
                                                      "study_raw.tsv"])
        with open(os.path.join(folder, "study.tsv"), encoding="utf-8") as stream:
            names, *lines = [line.rstrip("\n").lstrip("#").split("\t") for line in stream]
        rows = [dict(zip(names, line)) for line in lines]
        self.assertEqual(len(rows), 8)
        self.assertRegex(said.answer(rows, "sphere"), r"^On synthetic identities a margin helps strangers "
                                                      r"in \d of 6 comparisons with norm-softmax; it harms in")
        head, lines = said.side_by_side(rows)
        self.assertEqual((head[-1], len(lines), lines[0][:3]),
                         ("on synthetic identities", 8, ["equal epochs", "20", "norm-softmax"]))

    def test_wrong_usage(self):
        for text, *arguments in [("no faces", "--data", "faces"), ("whole numbers", "--identities", "x"),
                                 ("at least 2", "--identities", "1"), ("at most 100000", "--identities", "100001"),
                                 ("at least 2", "--seeds", "1")]:
            done = subprocess.run([sys.executable, "-B", PROGRAM, "--out", "x.json", *arguments],
                                  capture_output=True, text=True)
            self.assertEqual(done.returncode, 2, done.stderr)
            self.assertIn(text, done.stderr)


if __name__ == "__main__":
    unittest.main()
