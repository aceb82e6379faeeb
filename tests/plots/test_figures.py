#!/usr/bin/env python3
"""Draws every figure of an invented run and checks that each is a well-formed SVG and a PNG, and
that it has every series that the data have (named here from the JSON, not by the plots' own filter),
that dots are as many as samples, and that a run without some file still gets its other figures."""

import os
import re
import shutil
import struct
import subprocess
import xml.etree.ElementTree as xml

from run_fixture import ROOT, draw, invented_run, load, only

SVG = "{http://www.w3.org/2000/svg}"


def series_in(run, figure):
    """The titles of the plots in a figure's SVG."""
    tree = xml.parse(os.path.join(run, "figures", f"fig_{figure}.svg"))
    return [group.find(SVG + "title").text for group in tree.iter(SVG + "g")
            if group.find(SVG + "title") is not None]


def paths_in(run, figure):
    return xml.parse(os.path.join(run, "figures", f"fig_{figure}.svg")).iter(SVG + "path")


def expected_series(run):
    speed, stability, separation = (load(run, name + ".json")
                                    for name in ("speed", "stability", "separation"))
    cases = [dict(part.split(":") for part in b["name"].split("/")[1:]) |
             {"what": b["name"].split("/")[0]} for b in speed["benchmarks"]]
    theta = [row for row in stability["rows"] if row["sweep"] == "theta"]
    expected = {
        "speed": {f"{c['what']} {c.get('isa', c.get('impl'))}" for c in cases},
        "target_logit": {curve["label"] for curve in stability["curves"]
                         if curve["figure"] == "target_logit"},
        "past_pi": {curve["label"] for curve in stability["curves"] if curve["figure"] == "past_pi"},
        "gradient_ends": {f"{row['loss']} {row['impl']} {end}" for row in theta for end in ("0", "pi")
                          if row["default"] and row["loss"] in ("sphereface", "arcface", "combined")},
        "nonfinite_map": {row["impl"] for row in stability["rows"] if row["sweep"] == "map"},
        "class_error": {f"{row['loss']} {row['impl']}" for row in stability["rows"]
                        if row["sweep"] == "classes"},
        "ulp_histogram": {f"{f['function']}{'' if f['isa'] == 'none' else ' ' + f['isa']} (0.88 ulp)"
                          for f in stability["functions"]},
        "gradient_error": {f"{row['loss']} {row['impl']}" for row in theta if row["default"]},
        "pareto": {"margin", "unfused", "torch-fused"},
        "scaling": {"computing", "exchange, 1 Gbit/s", "exchange, 10 Gbit/s", "exchange, 100 Gbit/s",
                    "part of W", "received in a step"},
        "study": {"sphereface", "cosface", "arcface"},
    }
    expected |= expected_comparisons(cases)
    for name, figure in separation["figures"].items():
        kinds = {"drawn_nearest", "drawn_closest"} if "drawn" in figure else set()
        labels = {curve.get("label", curve.get("kind")) for curve in figure["curves"]}
        if name != "arcface-fig4b": # whose curves target_logit has
            expected[name.replace("-", "_")] = labels | kinds
    for item in separation["runs"]:
        expected.setdefault("toy_features_" + item["data"], set()).add(item["loss"])
    return expected


def expected_comparisons(cases):
    """The figures that compare shapes: arcface's heads and the libraries' products."""
    heads = [c | {"by": c.get("isa", c.get("impl"))} for c in cases
             if c["what"] == "head" and c["loss"] == "arcface" and c.get("isa") != "scalar"]
    by = {c["by"] for c in heads}
    by_threads = {c["by"] for c in heads if c["threads"] == "2"}
    return {
        "speed_sizes": by | {"floor"},
        "speed_peers": by | {c["impl"] for c in cases if c["what"] == "gemm3"},
        "speed_threads": by_threads | {"floor"},
        "speed_memory": by | {"stored"},
        "speed_roofline": by_threads | {"roof"},
        "margin_cost": {c["loss"] for c in cases if "loss" in c},
    }


def check_series(run):
    expected = expected_series(run)
    listed = set(draw(run, "--list").split())
    assert listed == set(expected), f"figures {listed}, data for {set(expected)}"
    for figure, wanted in expected.items():
        missing = wanted - set(series_in(run, figure))
        assert not missing, f"fig_{figure} lacks {missing}"
        print(f"fig_{figure}: {len(wanted)} series")


def check_png(run, figure):
    with open(os.path.join(run, "figures", f"fig_{figure}.png"), "rb") as stream:
        head = stream.read(24)
    width, height = struct.unpack(">II", head[16:24])
    assert head[:8] == b"\x89PNG\r\n\x1a\n" and width >= 1200 and height >= 600, (figure, head)


def check_dots(run):
    """A dot per sample, and one per loss in the panel of gaps at most."""
    for data in ("sphere", "fashion"):
        samples = sum(len(item["features"]) for item in load(run, "separation.json")["runs"]
                      if item["data"] == data)
        dots = sum(len(re.findall(r"M[-.0-9]+ [-.0-9]+h0", path.get("d")))
                   for path in paths_in(run, "toy_features_" + data)
                   if path.get("stroke-linecap") == "round")
        assert abs(dots - samples) <= 12, f"{data}: {dots} dots, {samples} samples"


def check_study(run):
    """Six cells in two rows: crosses where no margin is best, a loss's own mark elsewhere; the cell of both
    regimes is pale the second time, and the figure says so."""
    with open(os.path.join(run, "figures", "fig_study.svg"), encoding="utf-8") as stream:
        svg = stream.read()
    uses = re.findall(r"<use xlink:href='#gpPt(\d+)' [^>]*color='(#\w+)'", svg)
    own = {"1": "#e69f00", "11": "#0072b2"}  # crosses of SphereFace, hollow diamonds of CosFace
    for mark, colour in own.items():
        colours = [of for kind, of in uses if kind == mark and of not in ("#4d4d4d", "#ffffff")]
        assert len(colours) == 12 and colours.count(colour) == 10 and len(set(colours)) == 2, (mark, colours)
    assert "Pale: the same trainings as at equal epochs." in svg


def check_few_losses():
    """One to three losses: the last panel's axis has their names, and no numbers among them."""
    for wanted in (("arcface",), ("softmax", "arcface"), ("softmax", "cosface", "arcface")):
        with invented_run() as run:
            for name in ("toy_features_sphere", "toy_features_sphere_panels"):
                path = os.path.join(run, "tables", name + ".tsv")
                with open(path, encoding="utf-8") as stream:
                    head, text = stream.read().split("\n", 1)
                blocks = [block for block in text.rstrip("\n").split("\n\n\n")
                          if block.split("\t")[1] in wanted]
                with open(path, "w", encoding="utf-8") as stream:
                    stream.write(head + "\n" + "\n\n\n".join(blocks) + "\n")
            draw(run, "toy_features_sphere", "--format", "svg")
            tree = xml.parse(os.path.join(run, "figures", "fig_toy_features_sphere.svg"))
            texts = ["".join(node.itertext()).strip() for node in tree.iter(SVG + "text")]
            halves = [text for text in texts if re.fullmatch(r"\d\.\d", text)]
            assert not halves, f"{wanted}: {halves} among the names"
            assert any("seed 1 of 2" in text for text in texts), texts


def check_curves_are_golden(run):
    """The curve that the table carries is the formula's: ArcFace at 60 degrees."""
    path = os.path.join(run, "tables", "target_logit.tsv")
    with open(path, encoding="utf-8") as stream:
        rows = [line.split("\t") for line in stream.read().split("\n") if "ArcFace (m=0.5)" in line]
    values = {float(row[2]): float(row[3]) for row in rows}
    assert abs(values[60.0] - 0.0236) < 5e-5, values[60.0]


def check_other_renderers(run):
    """Each picture is drawn by another library than browsers have, which refuses marks of no size."""
    for name in sorted(os.listdir(os.path.join(run, "figures"))):
        if name.endswith(".svg") and shutil.which("rsvg-convert"):
            path = os.path.join(run, "figures", name)
            done = subprocess.run(["rsvg-convert", path], stdout=subprocess.DEVNULL,
                                  stderr=subprocess.PIPE, text=True)
            assert done.returncode == 0 and done.stderr == "", (name, done.stderr)


def check_parts():
    """Only some results: the figures of those, no others; one figure and one format on demand."""
    with invented_run() as run:
        only(run, "stability")
        draw(run)
        names = sorted(os.listdir(os.path.join(run, "figures")))
        assert names == sorted(f"fig_{name}.{kind}" for kind in ("png", "svg") for name in (
            "class_error", "gradient_ends", "gradient_error", "nonfinite_map", "past_pi",
            "target_logit", "ulp_histogram")), names
        draw(run, "target_logit", "--format", "pdf")
        with open(os.path.join(run, "figures", "fig_target_logit.pdf"), "rb") as stream:
            assert stream.read(5) == b"%PDF-"


def check_hostile_folder():
    """No part of a folder's name is run or expanded; what another draws at the same time stays."""
    with invented_run() as source:
        name = "it's \"ü\" `touch OWNED` $HOME [a]* | @x; system('touch OWNED') #"
        run = os.path.join(source, name)
        os.mkdir(run)
        shutil.move(os.path.join(source, "tables"), run)
        draw(run, "target_logit", "--format", "svg")
        assert "ArcFace (m=0.5)" in series_in(run, "target_logit")
        parts = [os.path.join(run, "figures", "fig_target_logit.svg.part"),
                 os.path.join(run, "tables", "summary.tsv.part")]
        for part in parts:
            os.mkdir(part)  # of another process, and nothing that could be written
        os.rename(os.path.join(run, "tables", "losses.tsv"), os.path.join(run, "tables", "compare.tsv"))
        draw(run, "target_logit", "--format", "svg")
        assert sorted(os.listdir(os.path.join(run, "figures"))) == ["fig_target_logit.svg",
                                                                    "fig_target_logit.svg.part"]
        assert all(os.path.isdir(part) for part in parts)
        owned = [folder for folder in (run, os.path.join(ROOT, "plots"), ".")
                 if os.path.exists(os.path.join(folder, "OWNED"))]
        assert not owned, owned


def check_figures_without_numbers():
    """A figure whose table is gone goes, whatever is drawn; no other file does, and none of a summary."""
    with invented_run() as run:
        figures = os.path.join(run, "figures")
        os.mkdir(figures)
        theirs = ["fig_mine.svg", "fig_toy_features_mine.png", "fig_past_pi.txt", "past_pi.svg"]
        stale = ["fig_past_pi.svg", "fig_past_pi.png", "fig_arcface_fig4b.pdf", "fig_speed_sizes.svg",
                 "fig_toy_features_characters.svg", "fig_toy_features_fashion.svg"]
        for table in ("past_pi", "arcface_fig4b", "speed_shapes"):
            if os.path.exists(os.path.join(run, "tables", table + ".tsv")):
                os.remove(os.path.join(run, "tables", table + ".tsv"))
        for name in [*theirs, *stale, "fig_speed.png"]:
            with open(os.path.join(figures, name), "w", encoding="utf-8"):
                pass
        toys = os.path.join(run, "tables", "toys.tsv")
        with open(toys, encoding="utf-8") as stream:
            lines = [line for line in stream if "fashion" not in line]
        with open(toys, "w", encoding="utf-8") as stream:
            stream.writelines(lines)  # its samples are still there, of a run before
        summary = os.path.join(run, "summary.json")
        with open(summary, "w", encoding="utf-8"):
            pass
        drawn = ["fig_target_logit.svg", "fig_speed.png"]
        draw(run, "target_logit", "--format", "svg")
        assert sorted(os.listdir(figures)) == sorted([*theirs, *stale, *drawn])
        assert not os.path.exists(os.path.join(run, "tables", "summary.tsv"))  # not from what a summary has
        os.remove(summary)
        draw(run, "target_logit", "--format", "svg")
        assert sorted(os.listdir(figures)) == sorted([*theirs, *drawn]), os.listdir(figures)


def main():
    with invented_run() as run:
        draw(run)
        check_series(run)
        for figure in expected_series(run):
            check_png(run, figure)
        check_dots(run)
        check_study(run)
        check_curves_are_golden(run)
        check_other_renderers(run)
        left = [f for f in os.listdir(os.path.join(run, "figures")) if not f.endswith(("svg", "png"))]
        assert not left, f"left behind: {left}"
    check_few_losses()
    check_parts()
    check_hostile_folder()
    check_figures_without_numbers()


main()
