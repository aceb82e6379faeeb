#!/usr/bin/env python3
"""Every verdict of bench_separation once more, by SciPy and from the values alone: means, intervals,
tests, Holm's correction, ranges, the other samples, and what would change them; on a small run and on
cases made by hand.
usage: test_verdicts.py PROGRAM JUDGE_CASES"""

import json
import math
import os
import re
import subprocess
import sys
import tempfile
import unittest

import numpy as np
from scipy import stats

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../scripts"))
from run_files import expanded  # noqa: E402

CASES = sys.argv.pop(2)
PROGRAM = sys.argv.pop(1)
LEVEL = 0.05


def ends_of(claim):
    return (-math.inf if claim["least"] is None else claim["least"],
            math.inf if claim["most"] is None else claim["most"])


def probability(values, bound):
    """Both sides; equal values leave nothing to chance."""
    return 0.0 if np.ptp(values) == 0 else stats.ttest_1samp(values, bound).pvalue


def p_of(values, least, most):
    mean = np.mean(values)
    if mean <= least:
        return probability(values, least)
    if mean >= most:
        return probability(values, most)
    return max(probability(values, end) for end in (least, most) if math.isfinite(end))


def by_interval(values, least, most):
    mean, error = np.mean(values), 0.0 if np.ptp(values) == 0 else stats.sem(values)
    reach = stats.t.ppf(0.975, len(values) - 1) * error
    if least < mean - reach and mean + reach < most:
        return "holds"
    return "does not" if mean + reach <= least or mean - reach >= most else "undecided"


def holm(ps):
    """By the definition: the greatest, over all smaller ones, of p times how many are not smaller."""
    return [max(min(1.0, q * sum(other >= q for other in ps)) for q in ps if q <= p) for p in ps]


class Verdicts(unittest.TestCase):
    def near(self, got, want, what):
        self.assertAlmostEqual(got, want, delta=1e-8 * max(1.0, abs(want)), msg=what)

    def check_part(self, part, claim):
        values, (least, most) = part["values"], ends_of(claim)
        what = claim["measured"]
        self.near(part["mean"], np.mean(values), what)
        if len(values) < 2:
            for key in ("low", "high", "p", "p_holm", "uncorrected", "verdict"):
                self.assertIsNone(part[key], what)
            return
        low, high = ((part["mean"],) * 2 if np.ptp(values) == 0 else
                     stats.t.interval(0.95, len(values) - 1, np.mean(values), stats.sem(values)))
        self.near(part["low"], low, what)
        self.near(part["high"], high, what)
        self.near(part["p"], p_of(values, least, most), what)
        self.assertEqual(part["uncorrected"], by_interval(values, least, most), what)
        # The interval's decision is the test's.
        if abs(part["p"] - LEVEL) > 1e-6 and np.ptp(values) > 0:
            self.assertEqual(part["uncorrected"] != "undecided", part["p"] < LEVEL, what)

    def check_family(self, parts, ps):
        """`ps` are all that were tested at once; `parts` those of them that have verdicts here."""
        adjusted = holm([p for p in ps if p is not None])
        adjusted = iter(adjusted)
        adjusted = [None if p is None else next(adjusted) for p in ps]
        for part, p_holm in zip(parts, adjusted):
            if part is None or p_holm is None:
                continue
            self.near(part["p_holm"], p_holm, "Holm")
            self.assertEqual(part["verdict"],
                             part["uncorrected"] if p_holm < LEVEL else "undecided")

    def check_changes(self, claim, ps):
        """The distance to the bound that decides, and the seeds that would."""
        text = claim["changes"]
        bound = min(ends_of(claim), key=lambda end: abs(end - claim["mean"]))
        clear = claim["low"] - bound if claim["mean"] > bound else bound - claim["high"]
        told = re.match(r"Its interval (ends|reaches) (\S+) ?\S* (from|beyond) the bound of (\S+?)[;.]",
                        text.replace(" degrees", ""))
        self.assertEqual((told.group(1), told.group(2)),
                         ("ends" if clear > 0 else "reaches", "%.3g" % abs(clear)), text)
        self.assertEqual("without the correction" in text, claim["uncorrected"] != claim["verdict"])
        other = claim["other_split"]
        self.assertEqual(bool(other and other["verdict"] != claim["verdict"]), " samples it " in text)
        first, *others = [claim["uncorrected"]] + [row["verdict"] for row in claim["settings"]]
        changed = others and (others[0] != first or any(v not in (others[0], "undecided") for v in others))
        self.assertEqual(bool(changed), "by its interval alone with 500 samples a class" in text, text)
        for row in claim["settings"][1:]:
            self.assertEqual(row["verdict"] not in (others[0], "undecided"),
                             f", and with {row['setting']} it " in text, text)
        needed = re.search(r"(\d+) seeds like these", text)
        self.assertEqual(bool(needed), claim["verdict"] == "undecided", text)
        if needed:
            values, factor = claim["values"], sum(p >= claim["p"] for p in ps if p is not None)

            def decides(seeds):
                error = np.std(values, ddof=1) / math.sqrt(seeds)
                return factor * 2 * stats.t.sf(abs(np.mean(values) - bound) / error,
                                               seeds - 1) < LEVEL
            seeds = int(needed.group(1))
            self.assertEqual(decides(seeds), "not even" not in text, text)
            self.assertFalse(decides(seeds - 1), text)

    def check(self, claims):
        for claim in claims:
            self.check_part(claim, claim)
            if claim["other_split"]:
                self.check_part(claim["other_split"], claim)
                self.assertEqual({claim["split"], claim["other_split"]["split"]}, {"test", "train"})
            for row in claim["settings"]:
                least, most = ends_of(claim)
                self.assertEqual(row["verdict"], "holds" if row["low"] > least and row["high"] < most
                                 else "does not" if row["high"] <= least or row["low"] >= most
                                 else "undecided")
        ps = [claim["p"] for claim in claims]
        self.check_family(claims, ps)
        self.check_family([claim["other_split"] for claim in claims],
                          [(claim["other_split"] or claim)["p"] for claim in claims])
        for claim in claims:
            if claim["verdict"] is None:
                self.assertIsNone(claim["changes"])
            else:
                self.check_changes(claim, ps)

    # ---- cases by hand

    def judge(self, *lines):
        done = subprocess.run([CASES], input="\n".join(lines) + "\n", capture_output=True, text=True,
                              check=True)
        claims = json.loads(done.stdout)
        self.assertEqual(len(claims), len(lines))
        self.check(claims)
        return claims

    def test_equal_values(self):
        found = self.judge("0.99 inf 1 1 1 1 1", "-inf 0.99 1 1 1 1 1", "0 inf 0 0 0", "-1 1 0.1 0.1 0.1",
                           "0 inf 0.1 0.1")
        self.assertEqual([claim["verdict"] for claim in found],
                         ["holds", "does not", "does not", "holds", "holds"])
        self.assertEqual({claim["p_holm"] for claim in found}, {0.0})

    def test_two_seeds(self):
        found = self.judge("0 inf 5 5.1", "0 inf 5 9", "-inf 0 1 1.01 | 1 2")
        self.assertEqual([claim["verdict"] for claim in found], ["holds", "undecided", "does not"])

    def test_one_seed(self):
        found = self.judge("0 inf 5", "0 inf -1 | 3")
        self.assertEqual([claim["verdict"] for claim in found], [None, None])

    def test_ranges(self):
        near = "1.01 1.0 0.99 1.02 0.98"
        found = self.judge(f"0.8 1.2 {near}", f"0.999 1.2 {near}", f"0.8 1.001 {near}",
                           f"-inf 0.9 {near}", f"1.2 inf {near}", f"-inf 1.2 {near}",
                           "0.8 1.2 0.5 0.6 0.7 0.4 0.9")
        self.assertEqual([claim["verdict"] for claim in found],
                         ["holds", "undecided", "undecided", "does not", "does not", "holds",
                          "undecided"])

    def test_correction_turns_a_verdict(self):
        alone, = self.judge("0 inf 1 2 3 4 5")
        self.assertEqual((alone["verdict"], alone["p"]), ("holds", alone["p_holm"]))
        among = self.judge("0 inf 1 2 3 4 5", *["0 inf -1 1 2 -2 0.5"] * 5)[0]
        self.assertEqual((among["uncorrected"], among["verdict"]), ("holds", "undecided"))
        self.assertIn("without the correction for 6 claims it holds", among["changes"])

    def test_other_samples(self):
        """The other samples' verdicts are those of a run that were judged on them."""
        found = self.judge("0 inf 1 2 3 4 5 | -4 -4.1 -4.2 -4.1 -4", "0 inf 5 5.1 5.2 5 5.1")
        self.assertEqual(found[0]["other_split"]["verdict"], "does not")
        self.assertIn("on training samples it does not hold", found[0]["changes"])
        self.assertIsNone(found[1]["other_split"])

    def test_many(self):
        rng = np.random.default_rng(17)
        lines = []
        for count in (2, 3, 4, 5, 6, 10, 25) * 5:
            ends = sorted(rng.normal(0, 2, 2))
            ends = [("-inf", ends[1]), (ends[0], "inf"), tuple(ends)][int(rng.integers(3))]
            values = [" ".join(map(repr, map(float, rng.normal(rng.normal(0, 3), 0.5, count))))
                      for _ in "ab"]
            lines.append(f"{ends[0]} {ends[1]} " + " | ".join(values[:1 + int(rng.integers(2))]))
        found = self.judge(*lines)
        self.assertEqual({claim["verdict"] for claim in found}, {"holds", "does not", "undecided"})

    # ---- a run

    def test_a_run(self):
        with tempfile.TemporaryDirectory() as folder:
            draw = os.path.join(folder, "draw.sh")  # nothing is drawn
            os.symlink("/bin/true", draw)
            done = subprocess.run(
                [PROGRAM, "--figure", "fig3,table3,annealing,constancy,fig4a,sensitivity",
                 "--folder", folder, "--seeds", "3", "--epochs", "1", "--samples", "8"],
                capture_output=True, text=True, timeout=280,
                env={**os.environ, "OMP_WAIT_POLICY": "passive", "MARGIN_PLOTS": folder})
            self.assertEqual((done.returncode, done.stderr), (0, ""), done.stderr)
            with open(os.path.join(folder, "separation.json"), encoding="utf-8") as stream:
                claims = json.load(stream, object_hook=expanded)["claims"]
        self.check(claims)
        self.assertGreater(len(claims), 40)
        keys = [(claim["claim"], claim["measured"]) for claim in claims]
        self.assertEqual(len(set(keys)), len(keys))
        # No numbers are judged twice, but for a slope that grows and may follow one for one.
        numbers = [tuple(claim["values"]) for claim in claims if "one for one" not in claim["claim"]]
        numbers += [tuple(-value for value in values) for values in numbers]
        self.assertEqual(len({n for n in numbers if any(n)}), len([n for n in numbers if any(n)]))
        for claim in claims:
            self.assertEqual(bool(claim["least_gap"]), "median gap" in claim["measured"]
                             or "the same slope" in claim["measured"], claim["measured"])
        self.assertEqual({len(claim["settings"]) for claim in claims}, {0, 7})
        table = done.stdout[done.stdout.index("\nverdict"):].split("\n")
        self.assertLessEqual(max(map(len, table)), 120)


if __name__ == "__main__":
    unittest.main()
