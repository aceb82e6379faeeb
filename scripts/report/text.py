"""How names and numbers are written on the page."""

import html
import math

NAMES = {"softmax": "Softmax", "normsoftmax": "NormSoftmax", "sphereface": "SphereFace",
         "cosface": "CosFace", "arcface": "ArcFace", "combined": "Combined"}
NONE = "–"


def escape(text):
    return html.escape(str(text))


def loss_name(loss):
    """A loss as people write it; one that is not known here as the program has it."""
    return escape(NAMES.get(loss, loss))


def is_number(text):
    return text is not None and text not in ("null", "NaN")


def number(text, form):
    return form.format(float(text)).replace("-", "−") if is_number(text) else NONE


def scientific(text):
    """1.2·10⁻⁵ below 0.01; plain otherwise."""
    if not is_number(text) or float(text) == 0 or 0.01 <= abs(float(text)) < 1000:
        return number(text, "{:.2f}")
    mantissa, exponent = f"{float(text):.1e}".split("e")
    return f"{mantissa}·10<sup>{int(exponent)}</sup>".replace("-", "−")


def four_digits(value):
    """The format that writes a value with four digits, and its interval with the same decimals."""
    if not is_number(value) or float(value) <= 0:
        return "{:.4g}"
    return f"{{:.{max(0, 3 - math.floor(math.log10(float(value))))}f}}"


def interval(low, high, form):
    if not is_number(low) or not is_number(high) or low == high:
        return ""
    return f"{number(low, form)} to {number(high, form)}"


def listed(words):
    """a, b and c"""
    words = list(words)
    return " and ".join([", ".join(words[:-1])] * (len(words) > 1) + words[-1:])
