#!/usr/bin/env python3
"""Writes an invented run: speed.json, stability.json, separation.json, machine.json and tables/ as the
drivers write them, with plausible shapes and small sizes. It only gives the plots something to draw
and must not be mistaken for a measurement. usage: make_fixture.py DIR"""

import json
import math
import os
import random
import sys

from fixture_tables import LOSSES, put_run

MARGINS = {"softmax": (1, 0, 0), "normsoftmax": (1, 0, 0), "sphereface": (1.35, 0, 0),
           "cosface": (1, 0, 0.35), "arcface": (1, 0.5, 0), "combined": (1, 0.3, 0.2)}
CURVES = [("softmax", "Softmax", (1, 0, 0, 0)), ("sphereface", "SphereFace (m=4, λ=5)", (4, 0, 0, 5)),
          ("sphereface", "SphereFace (m=1.35)", (1.35, 0, 0, 0)),
          ("arcface", "ArcFace (m=0.5)", (1, 0.5, 0, 0)),
          ("cosface", "CosFace (m=0.35)", (1, 0, 0.35, 0)),
          ("combined", "CM1 (1, 0.3, 0.2)", (1, 0.3, 0.2, 0)),
          ("combined", "CM2 (0.9, 0.4, 0.15)", (0.9, 0.4, 0.15, 0))]
CONTEXT = {"invented": True, "cpu": "Invented CPU", "cores": 2, "os": "Nowhere 1.0",
           "compiler": "cc 1.0", "commit": "0000000", "dirty": False, "date": "2026-01-01T00:00:00Z"}


def speed_rows(rng):
    shapes = {"head": [(128, 512, 1000), (512, 128, 10000)], "head_forward": [(128, 512, 1000)],
              "rows": [(128, 512, 1000), (512, 128, 10000)]}
    rows = []
    for what, sizes in shapes.items():
        for n, d, c in sizes:
            flops = {"head": 6, "head_forward": 2}.get(what, 0) * n * d * c + 40 * n * c
            shape = f"N:{n}/D:{d}/C:{c}/threads:1"
            for loss in LOSSES:
                for isa, rate in (("scalar", 4e9), ("avx2", 8e10), ("avx512", 9e10)):
                    seconds = flops / rate * (1 + 0.05 * LOSSES.index(loss))
                    more = {}
                    if what == "head":
                        more = head_fields(n, d, c, seconds, seconds / (flops / 1e11))
                        more |= ratio("ratio_normsoftmax", 0.95 + 0.035 * LOSSES.index(loss))
                        more |= ratio("ratio_unfused", 0.9) if loss == "arcface" else {}
                    rows += repetitions(rng, f"{what}/loss:{loss}/isa:{isa}/{shape}", seconds, more)
            if what == "head":
                rows += peers(rng, n, d, c, 1)
    for n, d, c in LINES:
        for threads in (1, 2):
            seconds = 6 * n * d * c / 8e10 / threads
            more = head_fields(n, d, c, seconds, 1.2) | speed_up(threads)
            for isa in ("avx2", "avx512"):
                rows += repetitions(rng, f"head/loss:arcface/isa:{isa}/N:{n}/D:{d}/C:{c}/"
                                         f"threads:{threads}", seconds, more, threads=threads)
            rows += peers(rng, n, d, c, threads)
    rng.shuffle(rows)
    return rows


LINES = [(128, 512, 10000), (32, 512, 10000), (128, 64, 10000), (128, 512, 8)]


def ratio(key, value):
    return {key: value, key + "_low": value * 0.97, key + "_high": value * 1.04}


def speed_up(threads):
    return ratio("ratio_one_thread", 1.1 / threads) if threads > 1 else {}


def head_fields(n, d, c, seconds, to_floor):
    """What the driver adds to the median's row of a head."""
    return {"bytes": 8 * (n + c) * d, "gflops": 6e-9 * n * d * c / seconds,
            "peak_memory_bytes": 2e6 + 2 * n * c, **ratio("ratio_gemm3", to_floor)}


def peers(rng, n, d, c, threads):
    rows, shape = [], f"N:{n}/D:{d}/C:{c}/threads:{threads}"
    for name, slower in (("openblas", 1.1), ("blis", 1.3)):
        seconds = 6 * n * d * c / 9e10 / threads * slower
        rows += repetitions(rng, f"gemm3/impl:{name}/{shape}", seconds,
                            ratio("ratio_gemm3", slower), threads=threads)
    for name, slower in (("blas-unfused", 1.5), ("naive", 90)):
        if name != "naive" or threads == 1:
            seconds = 6 * n * d * c / 9e10 / threads * slower
            more = head_fields(n, d, c, seconds, slower) | speed_up(threads)
            rows += repetitions(rng, f"head/impl:{name}/loss:arcface/{shape}", seconds, more,
                                threads=threads)
    return rows


def floors():
    """The three products of each shape with two numbers of threads, as the driver describes them."""
    return {f"N:{n}/D:{d}/C:{c}/threads:{t}":
            {"logits": "openblas", "dx": "blis", "dw": "openblas",
             **{key: 2 * n * d * c / 9e10 / t for key in ("logits_seconds", "dx_seconds",
                                                           "dw_seconds")}}
            for n, d, c in LINES for t in (1, 2)}


def speed_context():
    rates = {isa: {"1": 110.0, "2": 215.0} for isa in ("scalar", "avx2", "avx512")}
    bandwidths = {"avx2": {t: {"read": 30.0, "copy": 28.0, "copy_nt": 40.0} for t in ("1", "2")}}
    return dict(CONTEXT, cases=123, repetitions=5, interval_coverage=0.9375, unstable_cases=7,
                foreign_cpus=0.25, fma_peaks=rates, bandwidths=bandwidths, gemm3_floor=floors(),
                peers={"openblas": {"version": "OpenBLAS 1", "kernels": "Zen", "file": "a.so",
                                    "sha256": "ab" * 32}, "blis": None})


def repetitions(rng, name, seconds, more=None, count=5, threads=1):
    """A case's repetitions and its median, as the driver writes them."""
    times = sorted(seconds * 1e3 * (1 + 0.02 * rng.random()) for _ in range(count))
    common = {"run_name": name, "repetitions": count, "threads": threads, "time_unit": "ms"}
    rows = [dict(common, name=name, run_type="iteration", repetition_index=i, iterations=10,
                 real_time=time, cpu_time=time) for i, time in enumerate(times)]
    median = dict(common, name=name + "_median", run_type="aggregate", aggregate_name="median",
                  real_time=times[count // 2], cpu_time=times[count // 2])
    median |= {"time_low": times[0], "time_high": times[-1], "spread": 0.02,
               "unstable": "loss:cosface" in name}
    return rows + [median | (more or {})]


def psi(margin, theta):
    m1, m2, m3, lam = margin
    phi = m1 * theta + m2
    k = math.floor(phi / math.pi) if m1 > 1 else 0
    target = (-1) ** k * math.cos(phi) - 2 * k - m3
    return (lam * math.cos(theta) + target) / (1 + lam)


def usual(loss):
    """The formulation that stands for the usual way to write a loss."""
    return "acos" if loss in ("sphereface", "arcface", "combined") else "plain"


def verdicts():
    return [{"promise": promise, "bound": f"{promise} <= invented", "loss": loss, "isa": isa,
             "cases": 10, "judged": 9, "outside": 0, "share": 0.5 + k / 10, "kept": True}
            for promise in ("finite", "grad_x", "grad_x_goal") for loss in LOSSES
            for k, isa in enumerate(("scalar", "avx2"))]


def stability(rng):
    common = {"impl": "margin", "isa": "avx2", "option": "paper", "gradient": "exact",
              "default": True, "theta": 1.0, "scale": 64, "loss_ulp": 2.0, "grad_x": 3e-7,
              "grad_w": 3e-7, "nonfinite": 0}
    rows = []
    for step in range(46):
        theta = math.pi * step / 45
        for loss in LOSSES:
            row = dict(common, sweep="theta", loss=loss, theta=theta)
            rows += [dict(row, isa=isa, grad_x=4e-7 * (1 + rng.random()))
                     for isa in ("scalar", "avx2", "avx512")]
            rows.append(dict(row, default=False, option="clamp", grad_x=0.5))
            rows.append(dict(row, impl=usual(loss), isa="none", nonfinite=1 if step == 0 else 0,
                             grad_x=min(1.0, 1e-6 + math.exp(-12 * theta)) * (1 + rng.random())))
    rows += end_and_class_rows(rng, common) + map_rows(common)
    rows += [dict(common, sweep="scale", loss=loss, scale=2.0 ** e, grad_x=3e-7 + 1e-9 * 2 ** e)
             for e in range(11) for loss in LOSSES]
    curves = [{"loss": loss, "label": label, "theta_deg": degrees,
               "psi": psi(margin, math.radians(degrees)), "slope": 1.0, "figure": "target_logit"}
              for loss, label, margin in CURVES for degrees in range(0, 181, 2)]
    curves += [{"loss": "arcface", "label": label, "theta_deg": degrees, "figure": "past_pi",
                "psi": psi(MARGINS["arcface"] + (0,), math.radians(degrees)) - 0.1 * k, "slope": k}
               for k, label in enumerate(("paper", "monotone", "taylor", "clamp", "easy"))
               for degrees in range(0, 181, 2)]
    return {"schema": 3, "context": CONTEXT, "rows": rows, "curves": curves, "verdicts": verdicts(),
            "formulas": {"acos": "invented", "plain": "invented", "textbook": "invented"},
            "functions": [ulp_bins("exp", isa) for isa in ("scalar", "avx2")] +
                         [ulp_bins("log", "none")]}


def end_and_class_rows(rng, common):
    rows = []
    for loss in LOSSES:
        option = "paper" if loss in ("sphereface", "arcface", "combined") else "none"
        for step in range(1, 7):
            for theta in (10.0 ** -step, math.pi - 10.0 ** -step):
                row = dict(common, sweep="theta", loss=loss, theta=theta, option=option)
                rows.append(dict(row, isa="avx512", grad_x=1e-6 * (1 + rng.random())))
                rows.append(dict(row, impl=usual(loss), isa="none", grad_x=0.1,
                                 nonfinite=1 if step > 3 else 0))
            row = dict(common, sweep="classes", loss=loss, theta=None, classes=10 ** step,
                       loss_rel=1e-7, option=option)
            rows.append(dict(row, isa="avx512", grad_x=1e-6 * (1 + rng.random())))
            rows.append(dict(row, impl="acos" if option == "paper" else "plain", isa="none",
                             loss_rel=0.1, grad_x=0.2, grad_w=0.01))
    return rows


def map_rows(common):
    return [dict(common, sweep="map", loss="arcface", theta=math.pi * k / 10, scale=10.0 ** e,
                 impl=impl, isa="avx512" if impl == "margin" else "none",
                 grad_x=1e-6 if impl == "margin" else 0.3,
                 nonfinite=1 if impl == "acos" and k in (0, 10) else 0)
            for impl in ("margin", "acos", "textbook") for k in range(11) for e in range(5)]


def ulp_bins(name, isa):
    bins = [0] * 4 + [round(1e6 * math.exp(-(k - 16) ** 2 / 20)) for k in range(4, 36)] + [0] * 4
    return {"function": name, "isa": isa, "cases": sum(bins), "worst_ulp": 0.88, "bin_first": -1.25,
            "bin_width": 1 / 16, "bins": bins}


def separation_run(rng, data, loss, seed, classes=8, samples=60):
    spread = {"softmax": 0.16, "normsoftmax": 0.13, "sphereface": 0.07}.get(loss, 0.04)
    angles = [2 * math.pi * k / classes + 0.2 for k in range(classes)]
    features = []
    for k, angle in enumerate(angles):
        for _ in range(samples if seed == 1 else 0):
            radius = rng.lognormvariate(3, 0.4) * (3 if loss == "softmax" else 1)
            at = rng.gauss(angle, spread)
            features.append({"class": k, "x": radius * math.cos(at), "y": radius * math.sin(at)})
    centres = [[math.cos(a), math.sin(a)] for a in angles]
    gap = math.degrees(2 * math.pi / classes - 6 * spread)
    m1, m2, m3 = MARGINS[loss]
    return {"data": data, "loss": loss, "scale": 16, "m1": m1, "m2": m2, "m3": m3, "seed": seed,
            "dim": 2, "classes": classes, "train_accuracy": 0.99, "test_accuracy": 0.98 - spread / 9,
            "epochs": 10, "seconds": 1.5, "final_loss": 0.1,
            "stats": {"w_ec_deg": 2.0, "w_inter_deg": 45.0, "intra_deg": math.degrees(spread),
                      "inter_deg": 44.0, "gap_min_deg": gap - 3 + seed, "gap_median_deg": gap + seed,
                      "overlap_share": spread / 10,
                      "theta_deg": {"mean": 9.0, "p05": 1.0, "p50": 7.0, "p95": 20.0}},
            "centres": centres, "embedding_centres": centres, "features": features}


def groups(runs):
    """The seeds of each loss and data together, with an interval of the same width everywhere."""
    found = []
    for data in ("sphere", "fashion"):
        for loss in LOSSES[:5]:
            mine = [run for run in runs if run["data"] == data and run["loss"] == loss]
            means = {"gap": [run["stats"]["gap_median_deg"] for run in mine],
                     "intra": [run["stats"]["intra_deg"] for run in mine],
                     "accuracy": [run["test_accuracy"] for run in mine]}
            means = {key: sum(values) / len(values) for key, values in means.items()}
            found.append({"figures": [], "data": data, "dim": 2, "classes": 8, "label": loss,
                          "loss": loss, "scale": 16, "margin": None,
                          "values": {key: [mean, mean - 6.5, mean + 8]
                                     for key, mean in means.items()}})
    return found


def claims():
    """Invented verdicts, one of each kind."""
    return [{"claim": f"claim {k}", "where": "paper", "measured": "gap", "unit": unit, "paper": paper,
             "least": 0.0, "most": None, "split": "test", "mean": mean, "low": low, "high": high,
             "values": [mean], "p": 0.01, "p_holm": 0.03, "uncorrected": verdict, "verdict": verdict,
             "least_gap": {"mean": mean - 9, "low": mean - 11, "high": mean - 7},
             "other_split": {"split": "train", "mean": mean + 5, "low": mean + 4, "high": mean + 6,
                             "values": [mean + 5], "p": 0.02, "p_holm": 0.04, "uncorrected": "holds",
                             "verdict": "holds"}, "settings": [],
             "changes": "Its interval ends 11 degrees from the bound of 0."}
            for k, (unit, paper, mean, low, high, verdict) in enumerate([
                ("degrees", 28.6, 12.5, 11.0, 14.0, "holds"),
                ("degrees", None, -3.0, -4.0, -2.0, "does not"),
                ("1", None, 0.5, None, None, "undecided")])]


def figures_without_training():
    """Invented curves for the figures that bench_separation computes without a run."""
    def curve(label, loss, points, **more):
        return dict(more, label=label, loss=loss, points=points)

    logits = [curve(label, loss, [[t, psi(margin, math.radians(t))] for t in range(181)])
              for loss, label, margin in CURVES]
    widths = {"normsoftmax": 0, "sphereface": 10, "cosface": 20, "arcface": 28}
    margins = [curve(loss.title(), loss, [[t, t + width] for t in range(91)])
               for loss, width in widths.items()]
    planes = [curve("Softmax", "softmax", [[x / 9, x / 6] for x in range(-9, 10)]),
              curve("NSL", "normsoftmax", [[x / 9, x / 9] for x in range(-9, 10)]),
              curve("A-Softmax", "sphereface", [[x, 4 * x] for x in range(46)]),
              curve("LMCL", "cosface", [[x / 9, x / 9 - 0.3] for x in range(-9, 10)])]
    classes = [2, 30, 1000, 10**6]
    bounds = [dict(curve(label, None, [[c, math.log(c)] for c in classes]), panel="scale")
              for label in ("CosFace, P = 0.9", "AdaCos, fixed s")]
    bounds.append(dict(curve("C = 10", None, [[s, math.exp(-s)] for s in range(31)]), panel="loss"))
    bounds += [dict(curve("D = 512", None, [[c, 1 + side / c] for c in classes]), panel="margin",
                    dim=512, side=("low", "high")[side]) for side in (0, 1)]
    sphere = [{"kind": kind, "dim": dim, "points": [[n, 70 - 5 * k] for n in (1e2, 1e4, 1e8)]}
              for dim in (128, 512) for k, kind in enumerate(("nearest", "closest", "asymptotic"))]
    drawn = [{"n": n, "dim": dim, "nearest_deg": 70, "nearest_error_deg": 0.5,
              "closest_deg": 65 if n < 1e4 else None, "closest_error_deg": None}
             for n in (100, 10000) for dim in (128, 512)]
    return {"arcface-fig4b": {"curves": logits}, "arcface-fig5": {"curves": margins},
            "cosface-fig2": {"curves": planes}, "amsoftmax-psi": {"curves": logits[:5]},
            "bounds": {"curves": bounds, "chosen": ["Chosen because invented."]},
            "sphere-size": {"curves": sphere, "drawn": drawn}}


def in_columns(objects):
    """A list of objects as the drivers write it where keys repeat."""
    names = list(dict.fromkeys(key for item in objects for key in item))
    return {"columns": names, "rows": [[item.get(name) for name in names] for item in objects]}


def as_written(files):
    """With tables where the drivers write them."""
    stability, separation = files["stability"], files["separation"]
    tables = {key: in_columns(stability[key]) for key in ("rows", "curves", "verdicts")}
    runs = [{**run, "features": in_columns(run["features"])} for run in separation["runs"]]
    return {**files, "stability": {**stability, **tables},
            "separation": {**separation, "runs": runs}}


def main():
    if len(sys.argv) != 2:
        sys.exit("usage: make_fixture.py DIR")
    rng = random.Random(1)
    runs = [separation_run(rng, data, loss, seed) for data in ("sphere", "fashion")
            for loss in LOSSES[:5] for seed in (1, 2)]
    files = {"speed": {"context": speed_context(), "benchmarks": speed_rows(rng)},
             "stability": stability(rng), "machine": CONTEXT,
             "separation": {"schema": 2, "context": CONTEXT, "runs": runs, "groups": groups(runs),
                            "figures": figures_without_training(), "claims": claims()}}
    os.makedirs(sys.argv[1], exist_ok=True)
    for name, value in as_written(files).items():
        with open(os.path.join(sys.argv[1], name + ".json"), "w", encoding="utf-8") as stream:
            json.dump(value, stream, ensure_ascii=False)
    put_run(sys.argv[1], files)


main()
