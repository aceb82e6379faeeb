#!/usr/bin/env python3
"""The report of an invented run as a document: valid HTML, one file without anything from
elsewhere, every link leads somewhere, and what a reader without eyes or mouse needs is there. It
must not know the numbers."""

import os
import re
import shutil
import subprocess

from report_reader import invented_report, read, report, source
from run_fixture import ROOT, draw, invented_run, only


def check_valid(run):
    """HTML Tidy has nothing to say. It takes a figure as a whole; figures are checked as XML by
    test_figures.py."""
    tidy = shutil.which("tidy")
    if tidy is None:
        print("tidy is not installed: only the order of tags is checked")
        return
    done = subprocess.run([tidy, "-q", "-errors", "-utf8", os.path.join(run, "report.html")],
                          text=True, stderr=subprocess.PIPE)
    assert done.returncode == 0 and not done.stderr, f"not valid HTML:\n{done.stderr[:2000]}"


def check_self_contained(run, text, page):
    assert "@import" not in text and not re.search(r"url\((?!#)", text)
    scripts = list(page.all("script"))
    assert len(scripts) == 1 and not scripts[0].attributes, "one script, inside the page"
    assert not re.search(r"fetch|XMLHttpRequest|import\(|eval", scripts[0].text())
    ids = [node.attributes["id"] for node in page.all() if "id" in node.attributes]
    assert len(ids) == len(set(ids)), f"ids used twice: {[i for i in ids if ids.count(i) > 1][:5]}"
    for node in page.all():
        assert "src" not in node.attributes, node.tag
        assert node.tag not in ("iframe", "object", "base"), node.tag
        link = node.attributes.get("href", node.attributes.get("xlink:href"))
        if link is not None and link.startswith("#"):
            assert link[1:] in ids, f"{link} leads nowhere"
        elif link is not None:
            assert os.path.isfile(os.path.join(run, link)), f"{link} is not beside the report"


def check_headings(page):
    levels = [int(node.tag[1]) for node in page.all("h1", "h2", "h3", "h4", "h5", "h6")]
    assert levels[0] == 1 and levels.count(1) == 1, levels
    for before, level in zip(levels, levels[1:]):
        assert level <= before + 1, f"h{level} follows h{before}"


def check_accessible(page):
    assert page.first("html").attributes["lang"] == "en"
    assert "width=device-width" in page.first("meta", name="viewport").attributes["content"]
    assert page.first("title").text()
    ids = {node.attributes.get("id"): node for node in page.all()}
    for svg in page.all("svg"):
        about = svg.attributes
        assert about["role"] == "img" and len(about["aria-label"]) > 4, about
        assert ids[about["aria-describedby"]].tag == "p"
    for table in page.all("table"):
        assert table.first("caption").text().strip()
        for cell in table.all("th"):
            assert cell.attributes.get("scope") in ("col", "row", "colgroup"), cell.text()
    for box in page.all("div"):
        if box.attributes.get("class") in ("scroll", "plot"):  # a keyboard must reach what it hides
            assert box.attributes["tabindex"] == "0" and box.attributes["aria-label"]
    sections = {section.attributes["id"] for section in page.all("section")}
    contents = {link.attributes["href"][1:] for link in page.first("nav").all("a")}
    assert sections == contents, f"not in the contents: {sections ^ contents}"
    assert next(page.first("body").all("a")).attributes["href"] == "#answers", "no skip link"


# ---- contrast ------------------------------------------------------------------------------------

def luminance(colour):
    values = [int(colour[k:k + 2], 16) / 255 for k in (1, 3, 5)]
    linear = [v / 12.92 if v <= 0.04045 else ((v + 0.055) / 1.055) ** 2.4 for v in values]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one, other):
    lower, upper = sorted((luminance(one), luminance(other)))
    return (upper + 0.05) / (lower + 0.05)


def check_contrast(text):
    """Every colour of text on the page's, in each of the three palettes: light, dark, print."""
    palettes = [dict(re.findall(r"--(\w+): (#[0-9a-f]{6})", block))
                for block in re.findall(r":root \{(.*?)\}", text, re.S)]
    assert len(palettes) == 3, palettes
    for palette in palettes:
        for name in ("ink", "soft", "accent"):
            found = contrast(palette[name], palette["page"])
            assert found >= 4.5, f"{name} on the page: {found:.1f} to 1 in {palette}"


def check_parts():
    """A run with the results of one driver only has a report of these; one without figures none."""
    with invented_run() as run:
        draw(run, "toy_features_sphere", "--format", "svg")
        report(run)
        assert 'href="toy.html"' not in source(run)
        with open(os.path.join(run, "toy.html"), "w", encoding="utf-8") as stream:
            stream.write("invented")
        report(run)
        assert source(run).count('href="toy.html"') == 1
    for kept, heading in (("speed", "Speed"), ("stability", "Worst gradient error"),
                          ("separation", "Gap between classes")):
        with invented_run() as run:
            only(run, kept)
            draw(run, "--format", "svg")
            report(run)
            page = read(source(run))
            check_valid(run)
            check_self_contained(run, source(run), page)
            groups = [cell.text() for cell in page.first("table").first("tr").all("th")]
            assert groups[0] == heading and len(groups) <= 2, groups
    with invented_run() as run:
        done = subprocess.run([os.path.join(ROOT, "scripts", "report.py"), run], text=True,
                              stderr=subprocess.PIPE)
        assert done.returncode == 1, done
        assert re.fullmatch(r"report\.py: .*summary\.tsv: .*draw\.sh.*\n", done.stderr), done.stderr
        assert not os.path.exists(os.path.join(run, "report.html"))


def main():
    with invented_report() as run:
        text = source(run)
        page = read(text)
        check_valid(run)
        check_self_contained(run, text, page)
        check_headings(page)
        check_accessible(page)
        check_contrast(text)
    check_parts()
    print("page checked")


main()
