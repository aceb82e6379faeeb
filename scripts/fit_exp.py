#!/usr/bin/env python3
"""fit_exp.py: where the constants of the library's two exponentials come from.

  src/kernels/exp.inc.h      2^-f = 1 - f p(f),      |f| <= 1/16,    p of degree 3; a table of 2^(k/8)
  src/kernels/term_scalar.h  e^r = 1 + r + r^2 q(r), |r| <= ln(2)/2, q of degree 4

Fits p and q by the Remez algorithm, for the least greatest relative error of the exponential, prints
them beside those in the source, and exits with 1 when the source's error is above its claim or another
constant is not what it should be. Usage: fit_exp.py [ROOT]
"""

import math
import re
import struct
import sys
from decimal import Decimal
from pathlib import Path

LN2 = math.log(2)
CLAIM_P, CLAIM_Q = 6e-10, 4e-9  # 0.01 and 0.07 ulp of float32


def float32(x):
    return struct.unpack("f", struct.pack("f", x))[0]


def solve(rows):
    """The solution of linear equations, each a list of coefficients and its right side."""
    for k in range(len(rows)):
        pivot = max(range(k, len(rows)), key=lambda i: abs(rows[i][k]))
        rows[k], rows[pivot] = rows[pivot], rows[k]
        for i in range(len(rows)):
            factor = rows[i][k] / rows[k][k] if i != k else 0
            rows[i] = [a - factor * b for a, b in zip(rows[i], rows[k], strict=True)]
    return [row[-1] / row[k] for k, row in enumerate(rows)]


def polynomial(coefficients, x):
    return sum(c * x ** k for k, c in enumerate(coefficients))


def remez(target, weight, end, degree):
    """Coefficients from x^0 on with the least greatest |weight (polynomial - target)| for |x| <= end."""
    count = degree + 2
    points = [-end * math.cos(math.pi * (i + 0.5) / count) for i in range(count)]
    grid = [end * (i + 0.5) / 2000 for i in range(-2000, 2000)]
    for _ in range(10):
        *fitted, _ = solve([[*(x ** k for k in range(degree + 1)), (-1) ** i / weight(x), target(x)]
                            for i, x in enumerate(points)])
        errors = [weight(x) * (polynomial(fitted, x) - target(x)) for x in grid]
        turns = [i for i in range(1, len(grid)) if (errors[i] > 0) != (errors[i - 1] > 0)]
        points = [grid[max(range(first, end_), key=lambda i: abs(errors[i]))]
                  for first, end_ in zip([0, *turns], [*turns, len(grid)], strict=True)]
        if len(points) != count:
            raise ArithmeticError(f"{len(points)} extremes of the error, not {count}")
    return fitted


def judge(name, claim, fitted, source, error, end):
    """Prints the fit beside the source; 1 when the source's greatest error is above the claim."""
    grid = [end * i / 20000 for i in range(-20000, 20001)]
    best, rounded, reached = (max(abs(error(c, x)) for x in grid)
                              for c in (fitted, [float32(c) for c in fitted], source))
    print(f"{name}: relative error {best:.3g} at best, {rounded:.3g} with that rounded to float32; "
          f"source {reached:.3g}, claimed {claim:g}")
    for k, (wanted, there) in enumerate(zip(fitted, source, strict=True)):
        print(f"  of x^{k}  fitted {wanted.hex():>23}  source {there.hex():>23}")
    return reached > claim


def differs(name, there, wanted):
    print(f"{name}: {there} {'is right' if there == wanted else f'should be {wanted}'}")
    return there != wanted


def constants(path):
    text = path.read_text(encoding="utf-8")
    return text, [float.fromhex(c) for c in re.findall(r"(-?0x1\.[0-9a-f]*p[+-]?\d+)f", text)]


def main(root):
    text, (high, rest, _, *p) = constants(root / "src/kernels/exp.inc.h")
    _, (cut, per_ln2, ln2_high, ln2_low, *q) = constants(root / "src/kernels/term_scalar.h")
    table = [int(entry, 16) for entry in re.findall(r"0x3f[0-9a-f]{6}", text)]
    powers = [struct.unpack("I", struct.pack("f", 2 ** (k / 8)))[0] - (k << 20) for k in range(8)]
    fit_p = remez(lambda f: -math.expm1(-f * LN2) / f, lambda f: abs(f) * 2 ** f, 1 / 16, 3)
    fit_q = remez(lambda r: (math.expm1(r) - r) / r ** 2, lambda r: r * r * math.exp(-r), LN2 / 2, 4)
    return int(any([
        judge("exp.inc.h, p", CLAIM_P, fit_p, p[::-1],
              lambda c, f: (1 - f * polynomial(c, f)) * 2 ** f - 1, 1 / 16),
        judge("term_scalar.h, q", CLAIM_Q, fit_q, q[::-1],
              lambda c, r: (1 + r + r * r * polynomial(c, r)) * math.exp(-r) - 1, LN2 / 2),
        differs("bits of 2^(k/8) less k 2^20", table, powers),
        differs("log2(e)", [high, per_ln2], [float32(1 / LN2)] * 2),
        differs("log2(e), the rest", rest, float32(float(1 / Decimal(2).ln() - Decimal(high)))),
        differs("ln(2), the rest", ln2_low, float32(float(Decimal(2).ln() - Decimal(ln2_high)))),
        differs("n ln(2) rounded", sum(float32(n * ln2_high) != n * ln2_high for n in range(128)), 0),
        differs("the cut", cut, -float32((126 - 1 / 16) * LN2)),
    ]))


if __name__ == "__main__":
    if sys.argv[1:2] in (["-h"], ["--help"]):
        sys.exit(print(__doc__))
    sys.exit(main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).resolve().parent.parent))
