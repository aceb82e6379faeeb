#!/usr/bin/env python3
"""The statistics of compare.sh by hand, against tables and by simulation."""

import math
import os
import random
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "scripts", "compare"))
sys.dont_write_bytecode = True
import intervals  # noqa: E402 (the path is set above)


def check_quiet():
    """The best third, rounded up; of pairs the one over the other."""
    assert intervals.quiet([5, 1, 9, 3, 2, 8, 7]) == 2
    assert intervals.quiet([4]) == 4
    rounds = [(4.0, 2.0), (9.0, 1.0), (8.0, 3.0)]  # one is the best third
    assert abs(intervals.log_quiet(rounds) - math.log(4 / 1)) < 1e-12
    steady = intervals.Quiet([(3.0,)] * 9)
    assert abs(steady.log - math.log(3)) < 1e-12 and steady.error < 1e-12
    assert intervals.Quiet(rounds * 3).log == intervals.Quiet(rounds * 3).log, "not repeatable"


def check_processes():
    """Processes that differ leave more open than repetitions within one."""
    rounds, of = [(1 + 0.1 * (k // 3) + 0.001 * (k % 3),) for k in range(9)], [k // 3 for k in range(9)]
    assert intervals.Quiet(rounds, of).error > 1.5 * intervals.Quiet([(t,) for (t,), k in zip(
        rounds, of) if k == 0] * 3).error
    assert intervals.Quiet(rounds, [0] * 9).error == intervals.Quiet(rounds).error


def check_widening():
    """An error grows where the others' are larger, never shrinks, and gains degrees of freedom."""
    rng = random.Random(5)
    sides = [intervals.Quiet([(rng.lognormvariate(0, 0.02),) for _ in range(9)]) for _ in range(2)]
    ratio = intervals.RatioOfQuiet(*sides)
    own = ratio.own_error
    low, high = ratio.interval(1e-4)
    assert abs(math.log(low) + math.log(high) - 2 * ratio.log) < 1e-12
    ratio.widen(own / 10)
    assert ratio.error == own and ratio.interval(1e-4)[1] < high
    ratio.widen(own * 3)
    assert abs(ratio.error / own - math.sqrt((8 * 9 + 4.5) / 12.5)) < 1e-12


def repetitions(rng, count=9, disturbed=0.3):
    return [(rng.lognormvariate(0, 0.01) * (1 + (rng.random() < disturbed) * rng.expovariate(3)),)
            for _ in range(count)]


def check_coverage():
    """Nine repetitions of the same thing, a third of them disturbed: 1 is in most intervals; and
    what is 5 % slower is mostly told from it."""
    rng, trials, inside, found = random.Random(3), 400, 0, 0
    for _ in range(trials):
        a, b = (intervals.Quiet(repetitions(rng)) for _ in range(2))
        low, high = intervals.RatioOfQuiet(b, a).interval(0.05)
        inside += low <= 1 <= high
        found += low * 1.05 > 1
    assert 0.93 <= inside / trials <= 0.999, inside
    assert found / trials > 0.75, found
    print(f"1 lies in {inside} of {trials} intervals of 95 %; 5 % are found {found} times")


def check_student():
    """Quantiles as they stand in every table."""
    for degrees, miss, t in ((1, 0.05, 12.7062), (2, 0.05, 4.30265), (4, 0.05, 2.77645),
                             (9, 0.001, 4.78091), (30, 0.01, 2.74999), (4, 2e-4, 13.0337)):
        assert abs(intervals.t_quantile(miss, degrees) - t) < 1e-4 * t, (degrees, miss)
    mean, low, high = intervals.mean_interval([1.0, 2.0, 3.0], intervals.t_quantile(0.05, 2))
    assert mean == 2 and abs(low + high - 4) < 1e-12
    assert abs(high - 2 - 4.30265 / math.sqrt(3)) < 1e-4


check_quiet()
check_processes()
check_widening()
check_coverage()
check_student()
print("quiet numbers, ratios and Student's t are as they should be")
