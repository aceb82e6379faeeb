#!/usr/bin/env python3
"""The statistics of compare.sh against brute force, tables and simulation."""

import itertools
import math
import os
import random
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "scripts", "compare"))
sys.dont_write_bytecode = True
import intervals  # noqa: E402 (the path is set above)


def check_resampling():
    """Every resample of a few values, counted, has the medians that the formula gives."""
    for values in ([3.0, 1.0, 2.0], [1.0, 4.0, 2.0, 8.0], [5.0, 1.0, 2.0, 9.0, 3.0],
                   [1.0, 2.0, 4.0, 8.0, 16.0, 32.0]):
        counted = {}
        for draw in itertools.product(values, repeat=len(values)):
            middle = intervals.median(draw)
            counted[middle] = counted.get(middle, 0) + len(values) ** -len(values)
        given = {}
        for value, p in intervals.resampled_median(values):
            given[value] = given.get(value, 0) + p
        for value in counted.keys() | given.keys():
            apart = abs(counted.get(value, 0) - given.get(value, 0))
            assert apart < 1e-12, (values, value, apart)


def check_ratio():
    """The quantiles of a ratio against all pairs of resampled medians."""
    rng = random.Random(2)
    for n in (5, 6, 9):
        over, under = ([rng.lognormvariate(0, 0.1) for _ in range(n)] for _ in range(2))
        pairs = sorted((a / b, p * q) for a, p in intervals.resampled_median(over)
                       for b, q in intervals.resampled_median(under))
        ratio = intervals.RatioOfMedians(over, under)
        for tail in (0.5, 0.025, 0.975, 1e-4, 1 - 1e-4):
            total = 0.0
            for value, p in pairs:
                total += p
                if total >= tail:
                    break
            assert abs(ratio.quantile(tail) / value - 1) < 1e-8, (n, tail)


def check_coverage():
    """Nine repetitions of the same thing, now and then disturbed: 1 is in most intervals."""
    rng, trials, inside = random.Random(3), 1000, 0
    for _ in range(trials):
        a, b = ([rng.lognormvariate(0, 0.03) * (1.5 if rng.random() < 0.1 else 1) for _ in range(9)]
                for _ in range(2))
        low, high = intervals.RatioOfMedians(a, b).interval(0.05)
        inside += low <= 1 <= high
    assert 0.93 <= inside / trials <= 0.995, inside
    print(f"1 lies in {inside} of {trials} intervals of 95 %")


def check_student():
    """Quantiles as they stand in every table."""
    for degrees, miss, t in ((1, 0.05, 12.7062), (2, 0.05, 4.30265), (4, 0.05, 2.77645),
                             (9, 0.001, 4.78091), (30, 0.01, 2.74999), (4, 2e-4, 13.0337)):
        assert abs(intervals.t_quantile(miss, degrees) - t) < 1e-4 * t, (degrees, miss)
    mean, low, high = intervals.mean_interval([1.0, 2.0, 3.0], intervals.t_quantile(0.05, 2))
    assert mean == 2 and abs(low + high - 4) < 1e-12
    assert abs(high - 2 - 4.30265 / math.sqrt(3)) < 1e-4


check_resampling()
check_ratio()
check_coverage()
check_student()
print("medians, ratios and Student's t are as they should be")
