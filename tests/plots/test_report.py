#!/usr/bin/env python3
"""The report of an invented run: well-formed, self-contained, with every figure, and with numbers
that follow from the run's JSON by a computation of its own."""

import html.parser
import os
import re
import statistics
import subprocess
import sys

from run_fixture import ROOT, draw, invented_run, load

VOID = {"meta", "br", "hr", "img", "input", "link"}


class Balance(html.parser.HTMLParser):
    """Fails where tags do not close in order; collects the cells of the first table and the ids."""

    def __init__(self):
        super().__init__()
        self.open, self.ids, self.rows, self.tables = [], [], [], 0

    def handle_starttag(self, tag, attrs):
        if tag not in VOID:
            self.open.append(tag)
        self.ids += [value for key, value in attrs if key == "id"]
        self.tables += tag == "table"
        if tag == "tr" and self.tables == 1:
            self.rows.append([])

    def handle_startendtag(self, tag, attrs):
        self.ids += [value for key, value in attrs if key == "id"]

    def handle_endtag(self, tag):
        assert self.open and self.open[-1] == tag, f"</{tag}> closes <{self.open[-1:]}>"
        self.open.pop()

    def handle_data(self, data):
        if self.tables == 1 and self.rows and self.open[-1] in ("th", "td"):
            self.rows[-1].append(data)


def microseconds_per_row(run, loss):
    name = f"head/loss:{loss}/isa:avx512/N:128/D:512/C:1000/threads:1"
    times = [b["real_time"] for b in load(run, "speed.json")["benchmarks"] if b["name"] == name]
    return statistics.median(times) * 1e3 / 128


def gap(run, loss, data):
    return statistics.median(item["stats"]["gap_median_deg"]
                             for item in load(run, "separation.json")["runs"]
                             if item["loss"] == loss and item["data"] == data)


def check_numbers(run, table):
    heading = table[1]
    for row in table[2:]:
        loss = row[0].lower()
        wanted = microseconds_per_row(run, loss)
        assert abs(float(row[heading.index("µs per row")]) / wanted - 1) < 1e-3, (row, wanted)
        relative = wanted / microseconds_per_row(run, "normsoftmax")
        assert abs(float(row[heading.index("relative to NormSoftmax")]) - relative) < 1e-3, row
        if loss != "combined":
            shown = row[heading.index("median gap")].rstrip("°").replace("−", "-")
            assert abs(float(shown) - gap(run, loss, "fashion")) < 0.06, (row, shown)


def main():
    with invented_run() as run:
        draw(run, "--format", "svg")
        subprocess.run([os.path.join(ROOT, "scripts", "report.py"), run], check=True)
        with open(os.path.join(run, "report.html"), encoding="utf-8") as stream:
            text = stream.read()
        parser = Balance()
        parser.feed(text)
        assert not parser.open, f"not closed: {parser.open}"
        twice = {i for i in parser.ids if parser.ids.count(i) > 1}
        assert not twice, f"ids used twice: {sorted(twice)[:5]}"
        foreign = set(re.findall(r"(?:src|href)\s*=\s*[\"'](?!#)([^\"']*)", text))
        assert not foreign, f"not self-contained: {foreign}"
        assert "<script" not in text and "@import" not in text and "url(http" not in text
        for figure in set(draw(run, "--list").split()) - {"arcface_fig4b"}:  # it is target_logit
            assert figure in parser.ids, f"{figure} is not in the report"
            assert f"plots/draw.sh RUN_DIR {figure}" in text, f"no command for {figure}"
        assert "fig_arcface_fig4b" not in text and "Chosen because invented" in text
        assert len(parser.rows) == 8, parser.rows
        check_numbers(run, parser.rows)
        assert "Invented CPU" in text
        for said in ("123 cases of 5 repetitions", "93.8%", "7 cases with", "0.25 CPUs"):
            assert said in text, said
        for claim in load(run, "separation.json")["claims"]:
            row = re.search(rf"<tr><th[^>]*>{claim['claim']}<br>.*?</tr>", text).group(0)
            cells = re.findall(r"<td>(.*?)</td>", row)
            assert cells[-1] == claim["verdict"], row
            assert abs(float(cells[2].rstrip("°").replace("−", "-")) - claim["mean"]) < 0.06, row
    print("report checked")


if __name__ == "__main__":
    sys.exit(main())
