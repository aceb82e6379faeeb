"""What a loss claims to be: the formula, its settings, and what happens beyond pi.

The formulas are written here once more, independent of the library, so that the judge shares no
code with what it judges."""

import dataclasses
import math

PAST_PI = {
    "paper": "cos(m1 theta + m2) - m3, which rises again",
    "monotone": "(-1)^k cos(phi) - 2k, which falls all the way",
    "taylor": "c - m sin m",
    "clamp": "cos(min(phi, pi))",
    "easy": "a margin only where c > 0",
    "plain": "c, no margin at all",
}


class UsageError(Exception):
    """One line for the user; the command ends with 2."""


class Degrees(float):
    """An angle in radians that was written in degrees."""


@dataclasses.dataclass(frozen=True)
class Formula:
    """A row of the table of losses; `margin` names the field that --margin sets."""

    text: str
    scale: float
    m1: float = 1.0
    m2: float = 0.0
    m3: float = 0.0
    past_pi: str = ""
    margin: str = ""


FORMULAS = {
    "softmax": Formula("w.x", 1.0),
    "normsoftmax": Formula("cos(theta)", 64.0),
    "sphereface": Formula("psi(m theta)", 64.0, m1=1.35, past_pi="monotone", margin="m1"),
    "cosface": Formula("cos(theta) - m", 64.0, m3=0.35, margin="m3"),
    "arcface": Formula("cos(theta + m)", 64.0, m2=0.5, margin="m2"),
    "combined": Formula("cos(m1 theta + m2) - m3", 64.0, m2=0.3, m3=0.2),
}


@dataclasses.dataclass(frozen=True)
class Claim:
    """A formula with its settings. `past_pi` is None where the user claims no rule; `given` holds
    the settings that the user named."""

    loss: str
    scale: float
    m1: float
    m2: float
    m3: float
    past_pi: object = None
    keep_norm: bool = False
    given: tuple = ()

    @property
    def angular(self):
        """Does a margin act on the angle, so that there is something beyond pi?"""
        return self.m1 != 1.0 or self.m2 != 0.0

    @property
    def unit(self):
        """Are embeddings and class weights both normalised, so that s is the scale alone?"""
        return self.loss != "softmax" and not self.keep_norm

    @property
    def break_at(self):
        """The angle at which m1 theta + m2 reaches pi; pi where it never does."""
        return min((math.pi - self.m2) / self.m1, math.pi)

    def psi(self, theta, rule=None, lib=math):
        """(target logit / s, its derivative by theta), in the numbers of `lib`, math or
        mpmath."""
        cosine, sine = lib.cos(theta), lib.sin(theta)
        rule = rule or self.past_pi or "paper"
        phi = self.m1 * theta + self.m2
        if not self.angular:
            return cosine - self.m3, -sine
        if rule == "easy" and cosine <= 0 or rule == "plain" and phi > lib.pi:
            return cosine, -sine
        value, slope = lib.cos(phi), -self.m1 * lib.sin(phi)
        turns = int(lib.floor(phi / lib.pi))
        if turns > 0:
            sign = -1 if turns % 2 else 1
            value, slope = {
                "monotone": (sign * value - 2 * turns, sign * slope),
                "taylor": (cosine - self.m2 * lib.sin(self.m2), -sine),
                "clamp": (-1.0, 0.0),
            }.get(rule, (value, slope))
        return value - self.m3, slope

    def text(self):
        """The claim in one phrase, as the report begins."""
        parts = [
            "%s = %g" % (name, getattr(self, name))
            for name in ("m1", "m2", "m3")
            if getattr(self, name) != (1.0 if name == "m1" else 0.0)
        ]
        margin = FORMULAS[self.loss].margin
        parts = [part.replace(margin, "m", 1) if margin else part for part in parts]
        parts.append("s = %g" % self.scale)
        if self.keep_norm:
            parts.append("times |x|")
        if self.past_pi:
            parts.append("past pi: " + self.past_pi)
        return "%s: %s (%s)" % (self.loss, FORMULAS[self.loss].text, ", ".join(parts))


def make_claim(
    loss, scale=None, margin=None, m1=None, m2=None, m3=None, past_pi=None, feature_norm="fixed"
):
    """A Claim with the defaults of `loss` where nothing is given; UsageError on nonsense."""
    if loss not in FORMULAS:
        raise UsageError("--loss %s is not one of %s" % (loss, ", ".join(FORMULAS)))
    formula = FORMULAS[loss]
    given = {"scale": scale, "m1": m1, "m2": m2, "m3": m3}
    if margin is not None:
        if not formula.margin:
            raise UsageError(
                "--margin: %s has no single margin%s"
                % (loss, "; use --m1, --m2, --m3" if loss == "combined" else "")
            )
        if isinstance(margin, Degrees) and formula.margin != "m2":
            what = "a cosine" if formula.margin == "m3" else "a factor"
            raise UsageError("--margin: that of %s is %s, not an angle in degrees" % (loss, what))
        given[formula.margin] = margin
    for name in ("m1", "m2", "m3"):
        if given[name] is not None and name != formula.margin and loss != "combined":
            raise UsageError("--%s: %s has no %s" % (name, loss, name))
    keep = feature_norm == "keep"
    if keep and loss == "softmax":
        raise UsageError("--feature-norm keep: the logits of softmax have |x| as they are")
    named = tuple(name for name, value in given.items() if value is not None)
    values = {
        name: getattr(formula, name) if value is None else float(value)
        for name, value in given.items()
    }
    if keep and scale is None:
        values["scale"] = 1.0  # |x| stands in place of s
    check_ranges(values)
    rule = past_pi or formula.past_pi or None
    if rule is not None and not (values["m1"] != 1.0 or values["m2"] != 0.0):
        raise UsageError("--past-pi: %s with these margins never passes pi" % loss)
    return Claim(loss, past_pi=rule, keep_norm=keep, given=named, **values)


def angle(text):
    """A margin as a number; "28.6deg" is an angle in degrees."""
    if text.endswith("deg"):
        return Degrees(math.radians(float(text[:-3])))
    return float(text)


def check_ranges(values):
    """UsageError where a setting is out of its range."""
    for name, value in values.items():
        if not math.isfinite(value):
            raise UsageError("--%s %g is not a finite number" % (name, value))
    if values["scale"] <= 0:
        raise UsageError("--scale %g must be above 0" % values["scale"])
    if not 0 <= values["m2"] < math.pi:
        raise UsageError(
            "--margin %g: an angle is in radians and in [0, pi); degrees are "
            "written %gdeg" % (values["m2"], values["m2"])
        )
    if values["m1"] <= 0:
        raise UsageError("m1 = %g must be above 0" % values["m1"])
