"""What can be said about two sets of repetitions, and about differences between seeds.

Medians are resampled without drawing: the bootstrap's distribution of a median is that of an order
statistic of draws with replacement, which is known exactly, so the same samples always give the
same interval and the tails are not left to chance. It must not know what the numbers are.
"""

import bisect
import itertools
import math


def median(values):
    ordered = sorted(values)
    half = len(ordered) // 2
    return ordered[half] if len(ordered) % 2 else (ordered[half - 1] + ordered[half]) / 2


def at_least(k, n, p):
    """The probability of k or more successes in n trials."""
    return sum(math.comb(n, i) * p**i * (1 - p) ** (n - i) for i in range(k, n + 1))


def order_statistic(n, k):
    """The probability that the k-th of n draws from n values is each of them, in their order."""
    below = [at_least(k, n, i / n) for i in range(n + 1)]
    return [high - low for low, high in zip(below, below[1:])]


def resampled_median(values):
    """The bootstrap's distribution of the median: (value, probability), values ascending."""
    x, n, half = sorted(values), len(values), len(values) // 2
    if n % 2:
        return list(zip(x, order_statistic(n, half + 1)))
    atoms, whole = [], math.comb(n, half) / n**n
    # The lower middle draw is x[i], the upper one x[j].
    for i, lower in enumerate(order_statistic(n, half)):
        left = (i + 1) ** half - i**half
        apart = [whole * left * ((n - j) ** half - (n - j - 1) ** half) for j in range(i + 1, n)]
        atoms.append((x[i], max(0.0, lower - sum(apart))))
        atoms += [((x[i] + x[j]) / 2, p) for j, p in zip(range(i + 1, n), apart)]
    return sorted(atoms)


class RatioOfMedians:
    """The bootstrap's distribution of median(over) / median(under), drawn independently."""

    def __init__(self, over, under):
        self.middle = median(over) / median(under)
        self.under = resampled_median(under)
        atoms = resampled_median(over)
        self.over = [value for value, _ in atoms]
        self.cumulative = [0.0, *itertools.accumulate(p for _, p in atoms)]

    def at_most(self, ratio):
        return sum(p * self.cumulative[bisect.bisect_right(self.over, ratio * value)]
                   for value, p in self.under)

    def quantile(self, tail):
        """The ratio with `tail` of the distribution below it."""
        low = self.over[0] / self.under[-1][0] * (1 - 1e-9)
        high = self.over[-1] / self.under[0][0] * (1 + 1e-9)
        while high / low > 1 + 1e-9:
            middle = math.sqrt(low * high)
            if self.at_most(middle) < tail:
                low = middle
            else:
                high = middle
        return high

    def interval(self, miss):
        """The interval that misses the true ratio with probability `miss`."""
        return self.quantile(miss / 2), self.quantile(1 - miss / 2)


def t_tail(t, degrees):
    """The probability that |T| exceeds t under Student's t: an integral over atan(t / sqrt n)."""
    angle, steps = math.atan2(t, math.sqrt(degrees)), 2000
    width = (math.pi / 2 - angle) / steps

    def density(a):
        return max(0.0, math.cos(a)) ** (degrees - 1)

    area = sum((density(angle + i * width) + 4 * density(angle + (i + 0.5) * width)
                + density(angle + (i + 1) * width)) * width / 6 for i in range(steps))
    half = math.sqrt(math.pi) * math.gamma(degrees / 2) / math.gamma((degrees + 1) / 2) / 2
    return area / half


def t_quantile(miss, degrees):
    """The t that |T| exceeds with probability `miss`."""
    low, high = 0.0, 1.0
    while t_tail(high, degrees) > miss:
        high *= 2
    while high - low > 1e-9 * high:
        middle = (low + high) / 2
        low, high = (middle, high) if t_tail(middle, degrees) > miss else (low, middle)
    return high


def mean_interval(values, quantile):
    """Mean and interval by Student's t; `quantile` is t_quantile(miss, len(values) - 1)."""
    count, mean = len(values), math.fsum(values) / len(values)
    error = math.sqrt(math.fsum((v - mean) ** 2 for v in values) / (count - 1) / count)
    return mean, mean - quantile * error, mean + quantile * error
