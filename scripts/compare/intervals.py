"""What can be said about two sets of repetitions, and about differences between seeds.

The quiet number of repetitions is the mean of the best third of them: other work on the machine only
ever adds time. Its error is its spread among samples drawn with replacement; the draws are the same
each time, so that the same files give the same interval. It must not know what the numbers are.
"""

import functools
import math
import random

DRAWS = 300
LEAST = 4         # repetitions: with fewer, samples that do not overlap at all may well be chance
SHARED_DEGREES = 8  # of freedom, that the errors of all cases lend to each


def median(values):
    ordered = sorted(values)
    half = len(ordered) // 2
    return ordered[half] if len(ordered) % 2 else (ordered[half - 1] + ordered[half]) / 2


def quiet(values):
    best = (len(values) + 2) // 3
    return math.fsum(sorted(values)[:best]) / best


def log_quiet(rounds):
    """Of times; or, where a round has two, of the first ones over the second ones."""
    return sum(sign * math.log(quiet(series)) for sign, series in zip((1, -1), zip(*rounds)))


class Quiet:
    """The logarithm of a quiet number, its error, and its degrees of freedom; `rounds` is a list of
    (time,) or of (time, time of what it is divided by)."""

    def __init__(self, rounds, processes=None):
        """`processes`: which of several made each round; then they are drawn first."""
        draw = random.Random(1)
        whole = log_quiet(rounds)
        made = {}
        for one, process in zip(rounds, processes or [0] * len(rounds)):
            made.setdefault(process, []).append(one)
        groups = list(made.values())
        apart = [log_quiet([one for group in draw.choices(groups, k=len(groups))
                            for one in draw.choices(group, k=len(group))]) - whole
                 for _ in range(DRAWS)]
        bias = math.fsum(apart) / DRAWS
        self.log, self.count = whole - bias, len(rounds)
        self.error = math.sqrt(math.fsum((x - bias) ** 2 for x in apart) / DRAWS)


class RatioOfQuiet:
    """B over A. The best third of drawn samples is worse than that of all, which is taken off. An
    error of few repetitions is uncertain itself: `widen` lends it what the others' say."""

    def __init__(self, over, under):
        self.log = over.log - under.log
        self.own_error = self.error = math.hypot(over.error, under.error)
        self.own_degrees = self.degrees = (over.count + under.count) / 4

    @property
    def middle(self):
        return math.exp(self.log)

    def widen(self, usual):
        """`usual` is the median of the errors of all cases. An error is never made smaller."""
        squares = SHARED_DEGREES * usual**2 + self.own_degrees * self.own_error**2
        self.degrees = SHARED_DEGREES + self.own_degrees
        self.error = max(self.own_error, math.sqrt(squares / self.degrees))

    def interval(self, miss):
        """The interval that misses the true ratio with probability `miss`."""
        reach = t_quantile(miss, self.degrees) * self.error
        return math.exp(self.log - reach), math.exp(self.log + reach)


def t_half(degrees):
    """Half the integral of cos(a)^(degrees - 1) over -pi / 2 to pi / 2."""
    return math.sqrt(math.pi) * math.gamma(degrees / 2) / math.gamma((degrees + 1) / 2) / 2


def t_tail(t, degrees):
    """The probability that |T| exceeds t under Student's t: an integral over atan(t / sqrt n)."""
    angle, steps = math.atan2(t, math.sqrt(degrees)), 2000
    width = (math.pi / 2 - angle) / steps

    def density(a):
        return max(0.0, math.cos(a)) ** (degrees - 1)

    area = sum((density(angle + i * width) + 4 * density(angle + (i + 0.5) * width)
                + density(angle + (i + 1) * width)) * width / 6 for i in range(steps))
    return area / t_half(degrees)


@functools.lru_cache(maxsize=None)
def t_quantile(miss, degrees):
    """The t that |T| exceeds with probability `miss`: by Newton's steps from below, which stay there,
    since the tail is convex."""
    t, step = 0.0, 1.0
    while step > 1e-9 * t:
        slope = (1 + t * t / degrees) ** (-(degrees + 1) / 2) / math.sqrt(degrees) / t_half(degrees)
        step = (t_tail(t, degrees) - miss) / slope
        t += step
    return t


def mean_interval(values, quantile):
    """Mean and interval by Student's t; `quantile` is t_quantile(miss, len(values) - 1)."""
    count, mean = len(values), math.fsum(values) / len(values)
    error = math.sqrt(math.fsum((v - mean) ** 2 for v in values) / (count - 1) / count)
    return mean, mean - quantile * error, mean + quantile * error
