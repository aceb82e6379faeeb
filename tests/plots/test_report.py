#!/usr/bin/env python3
"""The report of an invented run: every number of its first screen is followed back to the run's
JSON by a computation of its own; every figure, claim and file is there."""

import json
import os
import re
import statistics

from fixture_tables import LOSSES, put_separation
from report_reader import invented_report, read, report, source
from run_fixture import draw, invented_run, load
from report_reader import numbers_in, unit_of

CASE = "head/loss:{}/isa:avx512/N:128/D:512/C:1000/threads:1"
NONE = "–"


# ---- the first screen's numbers, from the JSON ---------------------------------------------------

def median_row(run, loss):
    return next(b for b in load(run, "speed.json")["benchmarks"]
                if b["name"] == CASE.format(loss) + "_median")


def microseconds(run, loss):
    times = [b["real_time"] for b in load(run, "speed.json")["benchmarks"]
             if b["name"] == CASE.format(loss)]
    row = median_row(run, loss)
    return [t * 1e3 / 128 for t in (statistics.median(times), row["time_low"], row["time_high"])]


def ratio(run, loss, key):
    row = median_row(run, loss)
    return [row[key + end] for end in ("", "_low", "_high")] if key in row else None


def sweep(run, loss, usual):
    wanted = {"acos", "plain"} if usual else {"margin"}
    return [row for row in load(run, "stability.json")["rows"]
            if row["sweep"] == "theta" and row["loss"] == loss and row["default"]
            and row["impl"] in wanted and row["isa"] in ("avx512", "none")]


def worst(run, loss, usual):
    return [max(max(row["grad_x"], row["grad_w"]) for row in sweep(run, loss, usual)
                if row["nonfinite"] == 0)]


def not_finite(run, loss, usual):
    rows = sweep(run, loss, usual)
    return [sum(row["nonfinite"] > 0 for row in rows), len(rows)]


def gap(run, loss, data):
    return next((group["values"]["gap"] for group in load(run, "separation.json")["groups"]
                 if group["loss"] == loss and group["data"] == data), None)


def expected(run, loss):
    """By group and heading of a column: the number with the ends of its interval."""
    return {
        ("Speed", "µs per row"): microseconds(run, loss),
        ("Time relative to", "three matrix products"): ratio(run, loss, "ratio_gemm3"),
        ("Time relative to", "unfused head, BLAS"): ratio(run, loss, "ratio_unfused"),
        ("Time relative to", "NormSoftmax: the margin’s cost"):
            ratio(run, loss, "ratio_normsoftmax"),
        ("Worst gradient error", "here"): worst(run, loss, False),
        ("Worst gradient error", "usual formula"): worst(run, loss, True),
        ("Angles not finite", "here"): not_finite(run, loss, False),
        ("Angles not finite", "usual formula"): not_finite(run, loss, True),
        ("Gap between classes", "sphere"): gap(run, loss, "sphere"),
        ("Gap between classes", "fashion"): gap(run, loss, "fashion"),
    }


# ---- what the page shows -------------------------------------------------------------------------

def headings(table):
    """(group, heading) of each column."""
    over, heads = table.first("thead").all("tr")
    groups = []
    for cell in over.all("th", "td"):
        groups += [cell.text()] * int(cell.attributes["colspan"])
    heads = [cell.text() for cell in heads.all("th")]
    assert len(heads) == len(groups), (heads, groups)
    return list(zip(groups, heads))


def check_shown(shown, wanted, where):
    """Rounded to the digits that are shown."""
    assert abs(float(shown) - wanted) <= 0.501 * unit_of(shown), (where, shown, wanted)


def check_cell(cell, wanted, where):
    if wanted is None:
        assert cell.text() == NONE, where
        return
    assert abs(float(cell.attributes["data-sort"]) - wanted[0]) <= 1e-12 * abs(wanted[0]), where
    shown = numbers_in(cell.text())
    assert len(shown) == (1 if len(set(wanted)) == 1 else len(wanted)), (where, shown, wanted)
    for one, other in zip(shown, wanted):
        check_shown(one, other, where)


def check_table(run, table):
    columns = headings(table)
    rows = [list(row.all("th", "td")) for row in table.first("tbody").all("tr")]
    assert [row[0].text() for row in rows] == ["Softmax", "NormSoftmax", "SphereFace", "CosFace",
                                               "ArcFace", "Combined"]
    for row in rows:
        wanted = expected(run, row[0].text().lower())
        assert set(columns[1:]) == set(wanted), (columns, set(wanted))
        for column, cell in zip(columns[1:], row[1:]):
            check_cell(cell, wanted[column], (row[0].text(), column))
        unstable = row[1].text().startswith("~")
        assert unstable == median_row(run, row[0].text().lower())["unstable"], row[0].text()


def check_within(run, sentence):
    """How far from 1 the interval reaches of a ratio that cannot be told, from the JSON."""
    key = "ratio_normsoftmax" if "NormSoftmax" in sentence else "ratio_unfused"
    for shown, loss in re.findall(r"within ([\d.]+) % it cannot be told for (\w+)", sentence):
        _, low, high = ratio(run, loss.lower(), key)
        assert low < 1 < high, (loss, low, high)
        assert abs(float(shown) - 100 * max(high - 1, 1 - low)) <= 0.05, (shown, low, high)


def check_extremes(run, sentences):
    """The best and the worst loss for separation are named, and the sphere's picture is there."""
    for data in ("sphere", "fashion"):
        gaps = {loss: gap(run, loss, data)[0] for loss in LOSSES if gap(run, loss, data)}
        said = next(s for s in sentences if s.startswith(f"Separation, {data}"))
        best, worst_ = (re.search(word + r" (\w+) \(", said).group(1).lower()
                        for word in ("Best is", "worst"))
        assert gaps[best] == max(gaps.values()), (said, gaps)
        assert gaps[worst_] == min(gaps.values()), (said, gaps)


def check_sentences(run, section, table):
    """Each number of a sentence stands in the table; what has to be said of this run is said."""
    there = {number for cell in table.all("td") for number in numbers_in(cell.text())}
    sentences = [item.text() for item in section.first("ul").all("li")]
    assert len(sentences) == 7, sentences
    for sentence in sentences[:5]:  # of the others check_study knows
        check_within(run, sentence)
        numbers = set(numbers_in(re.sub(r"within [\d.]+ %", "", sentence)))
        assert numbers and numbers <= there, (sentence, numbers - there)
    for said in ("ArcFace takes 0.900 times as long, which is faster",
                 "within 6.1 % it cannot be told for SphereFace (1.020)",
                 "CosFace, ArcFace and Combined take 1.055 to 1.125 times as long, which is slower",
                 "leave a gap under SphereFace, CosFace and ArcFace",
                 "cannot be told from touching under NormSoftmax", "overlap under Softmax"):
        assert any(said in sentence for sentence in sentences), (said, sentences)
    check_extremes(run, sentences)
    pictures = [node.attributes.get("id") for node in section.first("figure").all("h3")]
    assert pictures == ["toy_features_sphere"], pictures


def check_figures(run, text, page):
    ids = {node.attributes.get("id") for node in page.all()}
    drawn = set(draw(run, "--list").split())
    assert len(list(page.all("figure"))) == len(drawn)
    for figure in drawn:
        assert figure in ids, f"{figure} is not in the report"
        assert f"plots/draw.sh RUN_DIR {figure}<" in text, f"no command for {figure}"
    for figure in page.all("figure"):
        links = [link.attributes["href"] for link in figure.all("a")]
        assert any(link.endswith(".json") for link in links), links
        assert len(figure.first("figcaption").text()) > 60, figure.first("h3").text()
    assert "fig_arcface_fig4b" not in text and "Chosen because invented" in text


def check_claims(run, text):
    for claim in load(run, "separation.json")["claims"]:
        row = re.search(rf"<tr><th[^>]*>{claim['claim']}<br>.*?</tr>", text).group(0)
        cells = re.findall(r"<td[^>]*>(.*?)</td>", row)
        assert claim["verdict"] in cells[-1], row
        check_shown(numbers_in(re.sub("<.*", "", cells[2]))[0], claim["mean"], row)
        check_shown(numbers_in(cells[2].split("least gap:")[1])[0], claim["least_gap"]["mean"], row)
        check_shown(numbers_in(cells[3].split("</span>")[1])[0], claim["other_split"]["mean"], row)
        assert claim["other_split"]["verdict"] in cells[3] and claim["changes"] in cells[0], row


def check_further_tables(run, page):
    """One row per case, promise and toy."""
    by_caption = {table.first("caption").text(): list(table.first("tbody").all("tr"))
                  for table in page.all("table")}
    rows = {word: next(r for caption, r in by_caption.items() if caption.startswith(word))
            for word in ("Median time", "Over all", "Two-dim", "From machine", "As they say")}
    names = {b["run_name"] for b in load(run, "speed.json")["benchmarks"]}
    assert len(rows["Median time"]) == len(names), (len(rows["Median time"]), len(names))
    for row in rows["Median time"]:
        assert ("~" in row.text()) == ("CosFace" in row.text()), row.text()
    promises = {(v["promise"], v["loss"]) for v in load(run, "stability.json")["verdicts"]
                if not v["promise"].endswith("_goal")}
    assert len(rows["Over all"]) == len(promises)
    assert [cell.text() for cell in rows["Over all"][0].all("td")][1:] == ["18", "0", "0.6"]
    assert len(rows["Two-dim"]) == len(load(run, "separation.json")["groups"])
    (library,) = rows["As they say"]
    assert [cell.text() for cell in library.all("th", "td")] == [
        "openblas", "OpenBLAS 1", "Zen", "a.so", "ab" * 32]
    assert any("Invented CPU" in row.text() for row in rows["From machine"])


def check_one_seed():
    """Without intervals nothing is said about differences."""
    with invented_run() as run:
        separation = load(run, "separation.json")
        for group in separation["groups"]:
            group["values"] = {key: [value[0], None, None]
                               for key, value in group["values"].items()}
        for claim in separation["claims"]:
            claim.update(low=None, high=None, verdict=None)
        with open(os.path.join(run, "separation.json"), "w", encoding="utf-8") as stream:
            json.dump(separation, stream)
        put_separation(os.path.join(run, "tables"), separation)
        draw(run, "target_logit", "--format", "svg")
        report(run)
        page = read(source(run))
        assert "One seed has no interval: this run gives no verdicts." in source(run)
        for cell in page.all("span"):
            assert cell.attributes.get("class") != "verdict" or cell.text() == NONE, cell.text()
        said = page.first("ul", **{"class": "answers"}).text()
        assert said.count("one seed gives no interval") == 2, said
        assert "told from touching" not in said and "overlap" not in said, said


TORCH = {"run_name": "head/impl:torch-eager/loss:arcface/N:128/D:2/C:10000/threads:1",
         "real_time": 13.9, "time_low": 13.5, "time_high": 14.1, "unstable": True,
         "ratio_margin": 12.7, "ratio_margin_low": 12.1, "ratio_margin_high": 13.3,
         "default_malloc_ratio_margin": 14.3, "peak_memory_bytes": 36 * 2**20,
         "error_loss_hard": 3e-8, "error_loss_middle": 3e-7, "error_loss_converged": 1.0,
         "error_dx_hard": 7e-7, "error_dx_middle": 5e-7, "error_dx_converged": None}


def check_torch():
    """Heads of PyTorch are a table of the report where the run has them."""
    with invented_run() as run:
        draw(run, "target_logit", "--format", "svg")
        report(run)
        assert "ArcFace in PyTorch" not in source(run)
        with open(os.path.join(run, "torch.json"), "w", encoding="utf-8") as stream:
            json.dump({"benchmarks": [TORCH]}, stream)
        report(run)
        table = next(table for table in read(source(run)).all("table")
                     if "heads in PyTorch" in table.first("caption").text())
        cells = [cell.text() for cell in table.first("tbody").first("tr").all("th", "td")]
        assert cells[:5] == ["torch-eager", "128", "2", "10000", "1"], cells
        assert cells[5].startswith("~ 13.9") and cells[6].startswith("12.7"), cells
        assert cells[7:9] == ["14.30", "36.0"] and cells[-1] == "not finite", cells


def check_scale(page):
    """Steps with very many classes."""
    table = next(table for table in page.all("table")
                 if "of SGD in one process" in table.first("caption").text())
    cells = [cell.text() for cell in table.first("tbody").first("tr").all("th", "td")]
    assert cells[:6] == ["10 000 000", "512", "64", "float32, a mapped file", "streamed", "1.51"], cells
    assert cells[6].startswith("90.5") and "87.2 to 93.8" in cells[6], cells
    assert cells[7:] == ["44.5", "43.2", "19.07", "17.43", "0.21", "16.81", "19.08"], cells


def check_study(page, answers):
    """Tuned against tuned: the answers, a cell of both regimes counted once, and the table."""
    said = [item.text() for item in answers.all("li") if item.text().startswith("Tuned")]
    assert len(said) == 2 and said[0].startswith(
        "Tuned, sphere. On synthetic identities a margin helps strangers in 2 of 6 comparisons"), said
    assert ("helps strangers in 3 of 9 comparisons with norm-softmax; it harms in 0, is undecided in 3 and was "
            "not chosen in 3. By their own intervals, without the correction, 3 gains are above 0 and 0 below it. "
            "By these ArcFace gains most in 3 of 3 problems.") in said[1], said
    assert "0.030 [0.010, 0.050] (ArcFace, m=0.1 s=24, 100 identities, 6 epochs)" in said[1], said
    table = next(table for table in page.all("table")
                 if "best scale and margin" in table.first("caption").text())
    rows = [[cell.text() for cell in row.all("th", "td")] for row in table.first("tbody").all("tr")]
    assert len(rows) == 24 and rows[3][:6] == ["characters, equal epochs", "100", "6", "ArcFace", "24", "0.1"], rows
    assert rows[3][-1] == "helps" and rows[0][-1] == "–", rows


def main():
    with invented_report() as run:
        text = source(run)
        page = read(text)
        answers = page.first("section", id="answers")
        check_table(run, answers.first("table"))
        check_sentences(run, answers, answers.first("table"))
        check_figures(run, text, page)
        check_claims(run, text)
        check_further_tables(run, page)
        check_scale(page)
        check_study(page, answers)
        for said in ("123 cases of 5 repetitions", "93.8%", "7 cases not known to 5 %", "0.25 CPUs"):
            assert said in text, said
        assert not [f for f in os.listdir(run) if f.endswith(".part")]
    check_one_seed()
    check_torch()
    print("report checked")


main()
