#!/usr/bin/env python3
"""The page of the toy, RUN/toy.html, of a small run in headless Chromium, at a phone's and a desk's
width, light and dark: nothing wider than the page, no script errors; every stored training can be
chosen, and each number shown is that of toy.json; sliders change the picture; keys and playing move
along the training. One file without anything from elsewhere. Exit 77 (skipped) where there is no
Chromium.
usage: test_toy_browser.py BENCH_SEPARATION"""

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile

from test_report_browser import (DARK, channels, check_layout, check_pictures, found_browser, prepare,
                                 probed)

PHONE, DESK = (400, 844), (1200, 900)
STILL = "--force-prefers-reduced-motion"
EPOCHS = 4
LOSSES = ("softmax", "normsoftmax", "sphereface", "cosface", "arcface")


def made(program, folder):
    """A small run; its toy.json and its page."""
    run = os.path.join(folder, "<!-- <script> & run")
    done = subprocess.run([program, "--figure", "fig3", "--folder", run, "--seeds", "1", "--epochs",
                           str(EPOCHS), "--samples", "12"], capture_output=True, text=True, timeout=280,
                          env={**os.environ, "OMP_WAIT_POLICY": "passive"})
    assert done.returncode == 0 and done.stderr == "", done.stderr
    with open(os.path.join(run, "toy.json"), encoding="utf-8") as stream:
        toy = json.load(stream)
    with open(os.path.join(run, "toy.html"), encoding="utf-8") as stream:
        return toy, stream.read(), run


def check_file(page, run):
    assert len(page) < 3e6
    assert not re.search(r"(src|href)\s*=\s*[\"'](?!#)|@import|url\(|fetch\(|XMLHttpRequest|import\(|eval\(",
                         page), "something from elsewhere"
    assert set(re.findall(r"https?://[^\"'\s]*", page)) == {"http://www.w3.org/2000/svg"}
    assert not re.search(r"^@\w+@$", page, re.M), "a part is missing"
    if shutil.which("tidy"):
        done = subprocess.run(["tidy", "-q", "-errors", "-utf8", os.path.join(run, "toy.html")],
                              text=True, stderr=subprocess.PIPE)
        assert done.returncode == 0 and not done.stderr, done.stderr


def stored(toy):
    """{(loss, margin, scale, epoch) as the page offers them: (run, frame)}."""
    found = {}
    for run in toy["runs"]:
        ways = [(run["loss"], run["margin"])]
        if run["loss"] == "normsoftmax":
            ways += [("sphereface", 1), ("cosface", 0), ("arcface", 0)]
        for loss, margin in ways:
            scale = "has none" if loss == "softmax" else f"{run['scale']:g}"
            for frame in run["frames"]:
                found[loss, margin, scale, f"{frame['epoch']} of {EPOCHS}"] = run, frame
    return found


def shown(value, factor=1):
    return "–" if value is None else f"{factor * value:.1f}".replace("-", "−")


def close(text, value, factor=1):
    """The page's rounding; at a half either way."""
    said = re.sub(r"[^-−\d.–]", "", text)
    return said == shown(value, factor) or abs(float(said.replace("−", "-")) - factor * value) < 0.0501


def check_states(found, toy):
    wanted = stored(toy)
    seen = {(s["loss"], s["margin"], s["scale"], s["epoch"]): s for s in found["states"]}
    assert seen.keys() == wanted.keys(), sorted(map(str, seen.keys() ^ wanted.keys()))[:5]
    for key, state in seen.items():
        _, frame = wanted[key]
        for k, part in enumerate(("train", "test")):
            for row, (field, factor) in enumerate((("gap_median_deg", 1), ("gap_min_deg", 1),
                                                   ("accuracy", 100), ("theta_mean_deg", 1))):
                assert close(state["numbers"][row][k], frame[part][field], factor), (key, field, state)
        assert state["dots"] == [toy["feature_classes"].count(c) for c in range(8)], key
        assert key[3].split()[0] in re.search(r"epoch (\d+)", state["label"]).group(1), state["label"]
    # Another training or epoch, another picture (all begin alike); another margin, another curve.
    arcs = {s["arc"] for key, s in seen.items() if key[3] == f"{EPOCHS} of {EPOCHS}"}
    assert len(arcs) > 0.8 * len(toy["runs"]), len(arcs)
    assert len({s["arc"] for s in seen.values()}) > 2 * len(arcs)
    curves = {key[:2]: s["psi"] for key, s in seen.items()}
    arcface = [curve for (loss, _), curve in curves.items() if loss == "arcface"]
    assert len(arcface) == len(set(arcface)) == 8
    print(f"{len(seen)} states of the page have the numbers of toy.json")


def check_controls(found):
    assert found["keys"] == [f"{epoch} of {EPOCHS}" for epoch in (1, 2, 1)], found["keys"]
    assert found["played"] == {"pressed": "true", "after": "false", "epoch": f"{EPOCHS} of {EPOCHS}"}
    assert len(found["controls"]) >= len(LOSSES) + 4
    for control in found["controls"]:
        assert control["focused"] and control["labelled"] and control["outline"] == "solid", control
        assert control["height"] >= 36, f"too small for a finger: {control}"


def main():
    browser = found_browser()
    with tempfile.TemporaryDirectory() as folder:
        toy, page, run = made(os.path.abspath(sys.argv[1]), folder)
        check_file(page, run)
        for size in (PHONE, DESK):
            prepare(folder, page, size, "toy_probe.js")
            light = probed(browser, folder, size, STILL)
            check_layout(light, size)
            check_states(light, toy)
            check_controls(light)
            check_pictures(browser, folder, size)
        dark = probed(browser, folder, DESK, STILL, DARK)
        assert max(channels(dark["background"])) < 60 and min(channels(light["background"])) > 240


main()
