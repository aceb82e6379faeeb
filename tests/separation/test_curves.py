#!/usr/bin/env python3
"""The figures without training: their numbers against published values and against the formulas
written out here, and each is drawn. usage: test_curves.py BENCH_SEPARATION"""

import json
import math
import os
import subprocess
import sys
import tempfile

FIGURES = ["arcface-fig4b", "arcface-fig5", "cosface-fig2", "amsoftmax-psi", "bounds"]

# Target logit / s at 20, 30, ... 100 degrees, to four decimals.
LOGITS = {
    "Softmax": [.9397, .8660, .7660, .6428, .5000, .3420, .1736, .0000, -.1736],
    "SphereFace (m=4, λ=5)": [.8120, .6384, .4818, .3589, .1667, -.0773, -.3163, -.5000, -.6837],
    "SphereFace (m=1.35)": [.8910, .7604, .5878, .3827, .1564, -.0785, -.3090, -.5225, -.7071],
    "ArcFace (m=0.5)": [.6607, .5203, .3641, .1968, .0236, -.1504, -.3198, -.4794, -.6245],
    "CosFace (m=0.35)": [.5897, .5160, .4160, .2928, .1500, -.0080, -.1764, -.3500, -.5236],
    "CM1 (1, 0.3, 0.2)": [.5966, .4796, .3419, .1877, .0217, -.1510, -.3251, -.4955, -.6569],
    "CM2 (0.9, 0.4, 0.15)": [.6056, .4939, .3663, .2259, .0763, -.0788, -.2357, -.3905, -.5394],
}
PSI = {
    "Softmax: cos θ": LOGITS["Softmax"],
    "A-Softmax (m=2, λ=0)": [.7660, .5000, .1736, -.1736, -.5000, -.7660, -.9397, -1.0, -1.0603],
    "A-Softmax (m=4, λ=0)": [.1736, -.5, -.9397, -1.0603, -1.5, -2.1736, -2.7660, -3.0, -3.2340],
    "A-Softmax (m=4, λ=5)": LOGITS["SphereFace (m=4, λ=5)"],
    "AM-Softmax: cos θ − 0.35": LOGITS["CosFace (m=0.35)"],
}
# Width of the margin along theta_2 at theta_1 = 0, 30, 60 and 90 degrees.
WIDTHS = {"Softmax": [0, 0, 0, 0], "SphereFace (m=1.35)": [0, 10.5, 21.0, 31.5],
          "CosFace (m=0.35)": [49.46, 28.93, 21.37, 20.49], "ArcFace (m=0.5)": [28.65] * 4}


def near(what, value, expected, tolerance):
    assert value is not None and abs(value - expected) <= tolerance, (what, value, expected)


def curves(figure):
    return {c["label"]: dict(map(tuple, c["points"])) for c in figure["curves"]}


def check_logits(figure, golden, end):
    found = curves(figure)
    assert list(found) == list(golden), list(found)
    for label, values in golden.items():
        assert sorted(found[label]) == list(range(181))
        for degree, value in zip(range(20, 101, 10), values):
            near((label, degree), found[label][degree], value, 5.1e-5)
    for label, value in end.items():
        near((label, 180), found[label][180], value, 1e-12)


def check_crossings(figure):
    """ArcFace leaves CosFace at 30.70 degrees and meets it again at 120.66."""
    found = curves(figure)
    above = [t for t in range(181)
             if found["ArcFace (m=0.5)"][t] > found["CosFace (m=0.35)"][t]]
    assert above == list(range(31)) + list(range(121, 181)), above


def check_fig5(figure):
    found = curves(figure)
    assert list(found) == list(WIDTHS)
    for label, widths in WIDTHS.items():
        for degree, width in zip((0, 30, 60, 90), widths):
            near((label, degree), found[label][degree] - degree, width, 5.1e-3)


def check_fig2(figure):
    found = {c["label"]: c for c in figure["curves"]}
    points = curves(figure)
    assert list(found) == ["Softmax", "NSL", "A-Softmax (m=4)", "LMCL (m=0.35)"]
    assert [c["plane"] for c in figure["curves"]] == ["cosine", "cosine", "angle", "cosine"]
    for x, y in points["NSL"].items():
        near("NSL", y, x, 1e-12)
    for x, y in points["LMCL (m=0.35)"].items():
        near("LMCL", y, x - 0.35, 1e-12)
    for x, y in points["A-Softmax (m=4)"].items():
        near("A-Softmax", y, 4 * x, 1e-5)
    near("end", max(points["A-Softmax (m=4)"]), 45, 1e-12)
    for x, y in points["Softmax"].items():
        near("Softmax", y, x * found["Softmax"]["norm_ratio"], 1e-12)


def panel(figure, name):
    return [c for c in figure["curves"] if c["panel"] == name]


def check_bounds(figure):
    for curve in panel(figure, "scale"):
        points = dict(map(tuple, curve["points"]))
        assert min(points) == 2 and max(points) == 10**6
        for c, s in points.items():
            p = curve.get("posterior")
            near(("scale", c), s, math.sqrt(2) * math.log(c - 1) if p is None else
                 (c - 1) / c * math.log((c - 1) * p / (1 - p)), 1e-9)
    losses = {c["classes"]: dict(map(tuple, c["points"])) for c in panel(figure, "loss")}
    for n, values in {10: (1.377, 1.345e-4), 100: (3.612, 4.055e-3), 1000: (5.908, 4.392e-2),
                      10575: (8.266, .3918), 100000: (10.51, 1.712)}.items():
        for s, value in zip((1, 10), values):
            near(("loss", n, s), losses[n][s] / value, 1, 6e-4)
    sides = {(c["dim"], c["side"]): dict(map(tuple, c["points"])) for c in panel(figure, "margin")}
    assert {d for d, _ in sides} == {2, 64, 512}
    for c, m in sides[2, "high"].items():
        near(("margin", c), m, 1 - math.cos(2 * math.pi / c), 1e-12)
        near(("margin", c), sides[2, "low"][c], m, 0)
    for dim in (64, 512):
        for c, m in sides[dim, "high"].items():
            low = sides[dim, "low"][c]
            assert low <= m
            if c <= dim + 1:
                near(("margin", dim, c), m, c / (c - 1), 1e-12)
            if c <= 2 * dim:
                near(("margin", dim, c), low, m, 0)
            else:
                assert m <= 1 and 0.4 < low < 1, (dim, c, low)


def main():
    program = os.path.abspath(sys.argv[1])
    with tempfile.TemporaryDirectory() as folder:
        run = subprocess.run([program, "--figure", ",".join(FIGURES), "--folder", folder],
                             cwd=folder, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        assert run.returncode == 0 and run.stderr == "", run
        with open(os.path.join(folder, "separation.json"), encoding="utf-8") as stream:
            result = json.load(stream)
        drawn = set(os.listdir(os.path.join(folder, "figures")))
    figures = result["figures"]
    assert sorted(figures) == sorted(FIGURES) and result["runs"] == []
    for name in FIGURES:
        assert figures[name]["chosen"], name
        for kind in ("svg", "png"):
            assert "fig_%s.%s" % (name.replace("-", "_"), kind) in drawn, drawn
    check_logits(figures["arcface-fig4b"], LOGITS,
                 {"ArcFace (m=0.5)": -math.cos(0.5), "CosFace (m=0.35)": -1.35})
    check_logits(figures["amsoftmax-psi"], PSI,
                 {"A-Softmax (m=2, λ=0)": -3, "A-Softmax (m=4, λ=0)": -7, "A-Softmax (m=4, λ=5)": -2})
    check_crossings(figures["arcface-fig4b"])
    check_fig5(figures["arcface-fig5"])
    check_fig2(figures["cosface-fig2"])
    check_bounds(figures["bounds"])
    print("%d figures as published" % len(FIGURES))


main()
