#!/usr/bin/env python3
"""The tables of the drivers against their JSON: medians, means and counts once more, from the
repetitions, rows and seeds themselves; and every figure of such a run drawn.
usage: test_tables.py BENCH_SPEED STABILITY_RUN BENCH_SEPARATION, the second a folder that
bench_stability --quick has written"""

import math
import os
import shutil
import statistics
import subprocess
import sys
import tempfile

from run_fixture import ROOT, draw, load

SEPARATION = ["--figure", "fig3,arcface-table3,constancy,arcface-fig5,bounds", "--seeds", "2", "--epochs", "1",
              "--samples", "12"]


def drive(program, *arguments):
    done = subprocess.run([program, *arguments], capture_output=True, text=True, timeout=280,
                          env={**os.environ, "OMP_WAIT_POLICY": "passive"})
    assert done.returncode == 0, (program, done.stderr)


def table(run, name):
    """The lines of a table as dictionaries; numbers where there are."""
    def value(text):
        try:
            return float(text)
        except ValueError:
            return None if text == "-" else text

    with open(os.path.join(run, "tables", name + ".tsv"), encoding="utf-8") as stream:
        lines = [line.split("\t") for line in stream.read().lstrip("#").splitlines() if line]
    assert all(len(line) == len(lines[0]) for line in lines), name
    return [dict(zip(lines[0], map(value, line))) for line in lines[1:]]


def same(got, wanted, where):
    if got is None or wanted is None or got != got or wanted != wanted:
        assert (got is None or got != got) == (wanted is None or wanted != wanted), where
    else:
        assert abs(got - wanted) <= 1e-9 * abs(wanted), (where, got, wanted)


def check_speed(run):
    times, rows = {}, {}
    for row in load(run, "speed.json")["benchmarks"]:
        if row["run_type"] == "iteration":
            times.setdefault(row["run_name"], []).append(row["real_time"])
        elif row["aggregate_name"] == "median":
            rows[row["run_name"]] = row
    cases = table(run, "speed")
    assert len(cases) == len(times), (len(cases), len(times))
    for case in cases:
        shape = "/".join(f"{key}:{case[key]:.0f}" for key in "NDC")
        who = [f"loss:{case['loss']}/isa:{case['isa']}", f"impl:{case['impl']}",
               f"impl:{case['impl']}/loss:{case['loss']}"]
        name = next(name for middle in who for name in
                    [f"{case['what']}/{middle}/{shape}/threads:{case['threads']:.0f}"] if name in times)
        unit = 1e-3 / case["N"]
        same(case["median_us"], statistics.median(times[name]) * unit, name)
        same(case["low_us"], min(times[name]) * unit, name)
        same(case["high_us"], max(times[name]) * unit, name)
        assert case["repetitions"] == len(times[name]) and len(times[name]) > 1
        assert case["unstable"] == str(rows[name]["unstable"]).lower()
    for line in table(run, "summary_speed"):
        row = rows[line["case"]]
        for key, name in (("vs_normsoftmax", "ratio_normsoftmax"), ("vs_gemm3", "ratio_gemm3"),
                          ("vs_unfused", "ratio_unfused"), ("us", "time")):
            for end in ("", "_low", "_high") if key != "us" else ("_low", "_high"):
                unit = 1e-3 / int(line["case"].split("N:")[1].split("/")[0]) if key == "us" else 1
                found = row.get(name + end)
                same(line[key + end], None if found is None else found * unit, line["case"])
    ratios = [row["to_floor"] for row in table(run, "speed_shapes")]
    ratios = {ratio for ratio in ratios if ratio == ratio}
    assert ratios and ratios <= {row.get("ratio_gemm3") for row in rows.values()}
    print(f"speed: {len(cases)} cases")


def check_stability(run):
    found = load(run, "stability.json")
    best = found["context"]["isas_usable"][-1]
    theta = [row for row in found["rows"] if row["sweep"] == "theta" and row["default"]
             and row["gradient"] == "exact" and row["theta"] is not None]
    lines = table(run, "summary_stability")
    assert lines
    for line in lines:
        for prefix, impl, isa in (("", "margin", best), ("usual_", line["usual"], "none")):
            mine = [row for row in theta if (row["loss"], row["impl"], row["isa"])
                    == (line["loss"], impl, isa)]
            finite = [row for row in mine if row["nonfinite"] == 0]
            worst = max(finite, key=lambda row: max(row["grad_x"], row["grad_w"]))
            same(line[prefix + "worst_gradient"], max(worst["grad_x"], worst["grad_w"]), line)
            same(line[prefix + "at_degrees"], math.degrees(worst["theta"]), line)
            assert (line[prefix + "points"], line[prefix + "nonfinite"]) == (
                len(mine), len(mine) - len(finite)), line
    series, compared = {}, 0
    for point in table(run, "gradient_error"):
        series.setdefault(point["series"], []).append(point["grad_x"])
    for name, errors in series.items():
        loss, impl = name.split()
        mine = [None if row["nonfinite"] else row["grad_x"] for row in theta
                if (row["loss"], row["impl"]) == (loss, impl) and row["isa"] in (best, "none")]
        assert sorted(filter(None, mine)) == sorted(x for x in errors if x == x and x), name
        assert len(mine) == len(errors), name
        compared += len(mine)
    assert compared > 100
    for promise in table(run, "promises"):
        mine = [v for v in found["verdicts"]
                if (v["promise"], v["loss"]) == (promise["promise"], promise["loss"])]
        assert promise["judged"] == sum(v["judged"] for v in mine)
        same(promise["share"], max(v["share"] for v in mine), promise)
    print(f"stability: {compared} angles")


def settings_of(label):
    """"arcface m=0.5 s=64" -> "m = 0.5, s = 64"; None of no settings."""
    return label.partition(" ")[2].replace(" s=", ", s=").replace("=", " = ") or None


def check_arcs(found, lines):
    """Round the circle, the gaps' median is the drawn seed's."""
    drawn = {run["seed"] for run in found["runs"] if run.get("features")}
    runs = {(run["loss"], settings_of(run["label"])): run for run in found["runs"]
            if "arcface-fig3" in run["figures"] and run["seed"] in drawn}
    for (loss, settings), run in runs.items():
        for part, stats in ("train", run["train_stats"]), ("test", run["stats"]):
            mine = [line for line in lines
                    if (line["loss"], line["series"], line["part"]) == (loss, settings, part)]
            gaps = [line["next"] - line["end"] for line in mine]
            assert len(gaps) == 8 and {line["class"] for line in mine} == set(range(8)), (loss, part)
            same(statistics.median(gaps), stats["gap_median_deg"], (loss, part))
            same(min(gaps), stats["gap_min_deg"], (loss, part))


def check_separation(run):
    found = load(run, "separation.json")
    groups = {(g["loss"], settings_of(g["label"]), g["data"]): g["values"]
              for g in found["groups"] if "arcface-fig3" in g["figures"]}
    toys = table(run, "toys")
    assert {toy["loss"] for toy in toys} >= {"softmax", "normsoftmax", "sphereface", "cosface", "arcface"}
    for toy in toys:
        for name in ("gap", "intra", "inter", "w_ec", "accuracy"):
            for end, value in zip(("", "_low", "_high"), groups[toy["loss"], toy["settings"], toy["data"]][name]):
                same(toy[name + end], value, toy)
    for panel in table(run, "toy_features_sphere_panels"):
        runs = [r for r in found["runs"] if r["loss"] == panel["loss"] and "arcface-fig3" in r["figures"]
                and (r["m1"], r["m2"], r["m3"]) == (panel["m1"], panel["m2"], panel["m3"])]
        assert len(runs) == 2
        same(panel["gap"], statistics.mean(r["stats"]["gap_median_deg"] for r in runs), panel)
        same(panel["train_gap"], statistics.mean(r["train_stats"]["gap_median_deg"] for r in runs), panel)
    check_arcs(found, table(run, "toy_features_sphere_arcs"))
    samples = sum(len(r["features"]) for r in found["runs"] if "arcface-fig3" in r["figures"])
    points = table(run, "toy_features_sphere")
    assert sum(point["is_weight"] == 0 for point in points) == samples > 0
    claims = {(c["claim"], c["measured"]): c for c in found["claims"]}
    for line in table(run, "claims"):
        claim = claims[line["claim"], line["measured"]]
        same(line["mean"], claim["mean"], line)
        assert line["verdict"] == claim["verdict"] and line["seeds"] == len(claim["values"])
    print(f"separation: {len(toys)} toys")


def check_shapes(run):
    """The files are as results/schema.json says, and no promise is broken."""
    sys.path.append(os.path.join(ROOT, "scripts", "check_results"))
    try:
        import shape
        import suspicious
    except ImportError as error:
        print(f"not checked against the schema: {error}")
        return
    for name in ("speed", "stability", "separation", "toy"):
        assert not shape.faults_of(name, load(run, name + ".json")), (name, shape.faults_of(
            name, load(run, name + ".json")))
    found = [*suspicious.speed(load(run, "speed.json")), *suspicious.stability(load(run, "stability.json"))]
    assert [finding.line for finding in found if finding.unfit] == [
        "unfit: 3 repetitions: 4 are needed for an interval"], found


def main():
    speed, stability, separation = map(os.path.abspath, sys.argv[1:])
    with tempfile.TemporaryDirectory() as run:
        shutil.copytree(stability, run, dirs_exist_ok=True)
        drive(speed, "--smoke", "--repetitions", "3", "--out", os.path.join(run, "speed.json"))
        drive(separation, *SEPARATION, "--folder", run)
        check_speed(run)
        check_stability(run)
        check_separation(run)
        check_shapes(run)
        drawn = draw(run, "--list").split()
        draw(run, "--format", "svg")
        assert len(drawn) >= 19 and {"speed_peers", "sweep"} & set(drawn) == {"speed_peers"}, drawn
        # A result without features takes its table with it.
        drive(separation, "--data", "sphere", "--loss", "arcface", "--dim", "3", "--epochs", "1",
              "--samples", "12", "--out", os.path.join(run, "separation.json"))
        left = os.listdir(os.path.join(run, "tables"))
        assert "table3.tsv" not in left and "toys.tsv" not in left, left


main()
