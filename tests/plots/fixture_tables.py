"""The tables of an invented run, as the drivers write them (common/table.h), from its invented JSON."""

import math
import os

LOSSES = ["softmax", "normsoftmax", "sphereface", "cosface", "arcface", "combined"]


def text_of(value):
    return "-" if value is None else str(value)


def put(folder, name, columns, series):
    """A table: `series` has lines by (label, kind), or is a list of lines without a series."""
    if isinstance(series, dict):
        blocks = ["".join("\t".join(map(text_of, (*key, *line))) + "\n" for line in lines)
                  for key, lines in series.items() if lines]
        columns = "#series kind " + columns
    else:
        blocks = ["".join("\t".join(map(text_of, line)) + "\n" for line in series)]
    if any(blocks):
        with open(os.path.join(folder, name + ".tsv"), "w", encoding="utf-8") as stream:
            stream.write(columns.replace(" ", "\t") + "\n" + "\n\n".join(blocks))


def objects(value):
    """A list of objects, also where the JSON has it as columns and rows."""
    return [dict(zip(value["columns"], row)) for row in value["rows"]] \
        if isinstance(value, dict) else value


def add(series, key, line):
    series.setdefault(key, []).append(line)


# ---- speed ---------------------------------------------------------------------------------------

def cases_of(speed):
    """The cases: the parts of the name, the repetitions' times, and the median's row."""
    cases = {}
    for row in speed["benchmarks"]:
        what, *parts = row["run_name"].split("/")
        case = cases.setdefault(row["run_name"], {
            "name": row["run_name"], "what": what, "times": [],
            **dict(part.split(":") for part in parts)})
        if row["run_type"] == "iteration":
            case["times"].append(row["real_time"])
        else:
            case["row"] = row
    for case in cases.values():
        case["by"] = case.get("isa", case.get("impl"))
        case["kind"] = ("blas" if case["what"] == "gemm3" else "isa" if "isa" in case else "peer")
        case["shape"] = tuple(int(case[key]) for key in "NDC")
        case["threads"] = int(case["threads"])
    order = ("avx512", "avx2", "scalar", "blas-unfused", "naive", "blis", "openblas")
    return sorted(cases.values(), key=lambda case: (
        order.index(case["by"]), math.prod(case["shape"]), case["threads"]))


def interval(row, key, ends=None):
    return [row.get(k) for k in (key, (ends or key) + "_low", (ends or key) + "_high")]


def per_row(case):
    unit = 1e3 / case["shape"][0]
    return [unit * x for x in (case["row"]["real_time"], min(case["times"]), max(case["times"]))]


def put_cases(folder, cases, losses):
    put(folder, "speed", "what loss impl isa N D C threads median_us low_us high_us quiet_us "
        "quiet_us_low quiet_us_high spread repetitions unstable per_cycle "
        "joules",
        [[case["what"], case.get("loss"), case.get("impl", "margin"), case.get("isa"),
          *case["shape"], case["threads"], *per_row(case), *per_row(case)[:1] * 3, case["row"]["spread"],
          len(case["times"]), str(case["row"]["unstable"]).lower(), 2.5, None] for case in cases])
    lines = []
    for loss in losses:
        case = next(case for case in cases if case["name"] ==
                    f"head/loss:{loss}/isa:avx512/N:128/D:512/C:1000/threads:1")
        row, unit = case["row"], 1e3 / 128
        lines.append([loss, case["name"], row["spread"], str(row["unstable"]).lower(),
                      *(unit * x for x in interval(row, "real_time", "time")),
                      *interval(row, "ratio_normsoftmax"), *interval(row, "ratio_gemm3"),
                      *interval(row, "ratio_unfused")])
    put(folder, "summary_speed", "loss case spread unstable us_per_row us_low us_high "
        "vs_normsoftmax vs_normsoftmax_low vs_normsoftmax_high vs_gemm3 vs_gemm3_low vs_gemm3_high "
        "vs_unfused vs_unfused_low vs_unfused_high", lines)


def put_losses(folder, cases):
    shapes = [(128, 512, 1000), (512, 128, 10000)]
    series = {}
    for case in cases:
        if case["shape"] in shapes and case["threads"] == 1:
            n, d, c = case["shape"]
            column = shapes.index(case["shape"]) + 1
            add(series, (f"{case['what']} {case['by']} {column}",
                         "isa" if case["kind"] == "isa" else "peer"),
                [f"N = {n}, D = {d}, C = {c}", case.get("loss"), *per_row(case),
                 int(case["row"]["unstable"])])
    put(folder, "speed_figure", "shape loss median_us least_us most_us unstable", series)


def put_shapes(folder, cases, floors):
    """The figures that compare shapes."""
    points = [case for case in cases if case["by"] != "scalar" and
              (case["what"] == "gemm3" or (case["what"], case.get("loss")) == ("head", "arcface"))]
    shapes = sorted({case["shape"] for case in points}, key=math.prod)
    nan, middle = ["NaN"] * 3, (128, 512, 10000)
    series, cost = {}, {}

    def point(by, kind, shape, threads, seconds, to_floor, gain, memory, intensity, gflops):
        lines = sum(1 << axis for axis in range(3)
                    if all(shape[k] == middle[k] for k in range(3) if k != axis))
        rate = 6e-9 * math.prod(shape) / seconds / threads
        add(series, (by, kind), [" × ".join(map(str, shape)), shapes.index(shape) + 1, threads,
                                 *shape, lines, rate, rate, rate, *to_floor, *gain, memory,
                                 intensity, gflops, *to_floor])

    for case in points:
        row, gain = case["row"], nan
        if "ratio_one_thread" in row:
            middle_, low, high = (1 / x for x in interval(row, "ratio_one_thread"))
            gain = [middle_, high, low]
        point(case["by"], case["kind"], case["shape"], case["threads"], 1e-3 * row["real_time"],
              interval(row, "ratio_gemm3"), gain, row.get("peak_memory_bytes", math.nan) / 1e6, 50.0,
              row.get("gflops", "NaN"))
    for shape, threads, seconds in floors:
        point("floor", "floor", shape, threads, seconds, nan, [2.0] * 3 if threads > 1 else nan,
              "NaN", "NaN", "NaN")
    for k, shape in enumerate(shapes):
        add(series, ("stored", "stored"), [None, k + 1, 1, 0, 0, 0, 0, *3 * nan, shape[0] * 4e-3,
                                           "NaN", "NaN", *nan])
    for threads in (1, 2):
        add(series, ("peak", "peak"), [None, 0, threads, 0, 0, 0, 0, *[110.0] * 3, *2 * nan, "NaN",
                                       7.0, 110.0 * threads, *nan])
    put(folder, "speed_shapes", "shape row threads N D C lines rate rate_low rate_high to_floor "
        "to_floor_low to_floor_high gain gain_low gain_high memory_mb flops_per_byte gflops "
        "quiet_to_floor quiet_to_floor_low quiet_to_floor_high", series)
    for case in cases:
        if case.get("isa") == "avx512" and "ratio_normsoftmax" in case["row"]:
            add(cost, (case["loss"], "loss"), [
                " × ".join(map(str, case["shape"])), shapes.index(case["shape"]) + 1, 1,
                *(100 * x - 100 for x in interval(case["row"], "ratio_normsoftmax"))])
    put(folder, "margin_cost", "shape row threads cost low high", cost)


def put_speed(folder, speed, losses):
    cases = cases_of(speed)
    floors = [(tuple(int(part.split(":")[1]) for part in key.split("/")[:3]), int(key[-1]),
               sum(floor[part + "_seconds"] for part in ("logits", "dx", "dw")))
              for key, floor in speed["context"]["gemm3_floor"].items()]
    put_cases(folder, cases, losses)
    put_losses(folder, cases)
    put_shapes(folder, cases, floors)


# ---- stability -----------------------------------------------------------------------------------

def series_of(rows, losses, *ends):
    """Rows of the library and of the formulations by loss and implementation."""
    series = {}
    rows = [row for row in rows if row["default"] and row["isa"] in ("avx512", "none")]
    for row in sorted(rows, key=lambda row: (losses.index(row["loss"]), row["impl"] != "margin")):
        for end in ends or ("",):
            add(series, (" ".join([row["loss"], row["impl"], *end.split()]), row["loss"]), (row, end))
    return series


def lost(row, *keys):
    return ["NaN" if row["nonfinite"] else row[key] for key in keys]


def summary_line(rows):
    finite = [row for row in rows if not row["nonfinite"]]
    worst = max(finite, key=lambda row: max(row["grad_x"], row["grad_w"]))
    return [max(worst["grad_x"], worst["grad_w"]), math.degrees(worst["theta"]),
            len(rows) - len(finite), len(rows)]


def put_stability(folder, stability, losses):
    all_rows = objects(stability["rows"])
    rows = {sweep: [row for row in all_rows if row["sweep"] == sweep]
            for sweep in ("theta", "map", "classes")}
    theta = series_of(rows["theta"], losses)
    put(folder, "gradient_error", "theta_deg grad_x grad_w lost", {
        key: sorted([math.degrees(row["theta"]), *lost(row, "grad_x", "grad_w"),
                     int(row["nonfinite"] > 0)] for row, _ in lines)
        for key, lines in theta.items()})
    angular = [row for row in rows["theta"] if row["loss"] in ("sphereface", "arcface", "combined")]
    ends = {key: sorted([near, *lost(row, "grad_x"), int(row["nonfinite"] > 0)] for row, end in lines
                        for near in [row["theta"] if end == "0" else math.pi - row["theta"]]
                        if 0 < near < 0.11)
            for key, lines in series_of(angular, losses, "0", "pi").items()}
    put(folder, "gradient_ends", "distance grad_x lost", ends)
    put(folder, "class_error", "classes loss_rel grad_x grad_w", {
        key: [[row["classes"], *lost(row, "loss_rel", "grad_x", "grad_w")] for row, _ in lines]
        for key, lines in series_of(rows["classes"], losses).items()})
    put(folder, "nonfinite_map", "angle theta log10_scale nonfinite wrong", {
        (impl, "arcface"): [[round(row["theta"] / math.pi * 10), row["theta"],
                             math.log10(row["scale"]), row["nonfinite"], int(row["grad_x"] > 0.1)]
                            for row in rows["map"] if row["impl"] == impl]
        for impl in ("margin", "acos", "textbook")})
    for figure in ("target_logit", "past_pi"):
        series = {}
        for point in objects(stability["curves"]):
            if point["figure"] == figure:
                add(series, (point["label"], point["loss"]),
                    [point["theta_deg"], point["psi"], point["slope"]])
        put(folder, figure, "theta_deg psi slope", series)
    put(folder, "ulp_histogram", "error_ulp share", {
        (f["function"] + ("" if f["isa"] == "none" else " " + f["isa"]) + " (0.88 ulp)", f["isa"]):
            [[f["bin_first"] + (k + 0.5) * f["bin_width"], count / f["cases"]]
             for k, count in enumerate(f["bins"])] for f in stability["functions"]})
    put(folder, "promises", "promise bound loss judged outside share", [
        [promise, f"{promise} <= invented", loss, 18, 0, 0.6]
        for promise in ("finite", "grad_x") for loss in losses])
    put(folder, "summary_stability", "loss worst_gradient at_degrees nonfinite points usual "
        "usual_worst_gradient usual_at_degrees usual_nonfinite usual_points", [
            [loss, *summary_line([row for row, _ in theta[f"{loss} margin", loss]]), usual,
             *summary_line([row for row, _ in theta[f"{loss} {usual}", loss]])]
            for loss in losses for usual in ("acos", "plain")
            if (f"{loss} {usual}", loss) in theta])


# ---- separation ----------------------------------------------------------------------------------

def put_toys(folder, separation):
    lines = []
    names = ("gap", "intra", "inter", "w_ec", "accuracy")
    for data in ("sphere", "fashion"):
        runs = [run | {"features": objects(run["features"])} for run in separation["runs"]]
        runs = [run for run in runs if run["data"] == data and run["features"]]
        groups = {g["loss"]: g["values"] for g in separation["groups"] if g["data"] == data}
        name = "toy_features_" + data
        put(folder, name, "x y z class is_weight", {
            ("-", run["loss"]): [[f["x"], f["y"], 0, f["class"], 0] for f in run["features"]]
                                + [[*at, 0, k, 1] for k, at in enumerate(run["centres"])]
            for run in runs})
        put(folder, name + "_panels", "radius scale m1 m2 m3 test_accuracy train_gap train_gap_low "
            "train_gap_high gap gap_low gap_high accuracy accuracy_low accuracy_high intra intra_low "
            "intra_high inter inter_low inter_high seed seeds data", {
                ("-", run["loss"]): [[120.0, *(run[key] for key in ("scale", "m1", "m2", "m3")),
                                      run["test_accuracy"],
                                      *12 * [run["stats"]["gap_median_deg"]], *3 * [44.0],
                                      1, 2, data]]
                for run in runs})
        put(folder, name + "_arcs", "part class begin end next", {
            ("-", run["loss"]): [[part, k, 45 * k - half, 45 * k + half, 45 * (k + 1) - half]
                                 for part, half in (("train", 15), ("test", 24)) for k in range(8)]
            for run in runs})
        for run in runs:
            found = [groups[run["loss"]].get(key, [None] * 3) for key in names]
            lines.append([run["loss"], "-", data, *(x for three in found for x in three)])
    put(folder, "toys", "loss settings data gap gap_low gap_high intra intra_low intra_high inter "
        "inter_low inter_high w_ec w_ec_low w_ec_high accuracy accuracy_low accuracy_high", lines)


def put_separation(folder, separation, _losses=None):
    put_toys(folder, separation)
    judged = ("split", "mean", "low", "high", "verdict", "p", "p_holm", "uncorrected")
    put(folder, "claims", "claim where measured unit paper seeds split mean low high verdict p p_holm "
        "uncorrected other_split other other_low other_high other_verdict other_p other_p_holm "
        "other_uncorrected least_gap least_gap_low least_gap_high changes", [
            [*(claim[key] for key in ("claim", "where", "measured", "unit", "paper")),
             len(claim["values"]), *(claim[key] for key in judged),
             *(claim["other_split"][key] for key in judged),
             *(claim["least_gap"][key] for key in ("mean", "low", "high")), claim["changes"]]
            for claim in separation["claims"]])
    for name in ("arcface-fig4b", "arcface-fig5", "cosface-fig2", "amsoftmax-psi"):
        put(folder, name.replace("-", "_"), "x y", {
            (curve["label"], curve["loss"]): curve["points"]
            for curve in separation["figures"][name]["curves"]})
    put(folder, "bounds", "x y high", {
        (curve["label"], curve["panel"]): [[x, y, y] for x, y in curve["points"]]
        for curve in separation["figures"]["bounds"]["curves"]})
    size = separation["figures"]["sphere-size"]
    series = {(curve["kind"], str(curve["dim"])): [[*point, 0] for point in curve["points"]]
              for curve in size["curves"]}
    for kind in ("nearest", "closest"):
        for row in size["drawn"]:
            if row[kind + "_deg"] is not None:
                add(series, ("drawn_" + kind, str(row["dim"])), [row["n"], row[kind + "_deg"], 1.0])
    put(folder, "sphere_size", "n angle_deg twice_error", series)


def put_scale(folder):
    """A step of one process, and the plan that fig_scaling draws."""
    put(folder, "scale_steps", "#N D C type weights dw threads seconds low high steps minutes "
        "cpu_seconds model_seconds model_ratio share weights_gib workspace_gib peak_gib "
        "anonymous_gib read_gib written_gib minor_faults major_faults error_loss error_dx",
        [[64, 512, 10000000, "float32", "file", "streamed", 2, 90.5, 87.25, 93.75, 3, 1.51, 44.5,
          43.25, 0.97, 0.25, 19.07, 0.16, 17.43, 0.21, 16.81, 19.08, 3104233, 1176, 9.2e-08, 1e-07]])
    put(folder, "scaling", "#machines N D C cores compute exchange_1 exchange_10 exchange_100 "
        "weights_gib received_gib",
        [[k, 6400, 512, 100000000, 32, 700 / k, *(0.3 * (k > 1) * (1 + k / 500) / 10 ** link
                                                   for link in range(3)), 190 / k, 0.04 * (k > 1)]
         for k in (1, 2, 8, 64, 100, 128, 1000)])


def put_study(folder):
    """Two data sets at equal epochs and steps, one of them with a cell of both."""
    rows = []
    for data, regime, identities, epochs in (("characters", "epochs", 100, 6), ("characters", "epochs", 1000, 6),
                                             ("characters", "steps", 100, 60), ("characters", "steps", 1000, 6),
                                             ("sphere", "epochs", 100, 6), ("sphere", "steps", 100, 60)):
        rows.append([data, regime, identities, epochs, 942, "normsoftmax", 16, "-", 0, 0.5, 0.48, 0.52,
                     "-", "-", "-", "-", "-"])
        for loss, added, gain, verdict in (("sphereface", 0, 0, "no margin"), ("cosface", 0.2, -0.01, "undecided"),
                                           ("arcface", 0.1, 0.03, "helps")):
            reach = 0.02 * (added > 0)
            rows.append([data, regime, identities, epochs, 942, loss, 24, added + (loss == "sphereface"), added,
                         0.5 + gain, 0.48 + gain, 0.52 + gain, gain, gain - reach, gain + reach, 0.04, verdict])
    put(folder, "study", "#data regime identities epochs steps loss scale margin added tar tar_low tar_high "
        "gain gain_low gain_high p_holm verdict", rows)


def put_pareto(folder):
    """Three heads, of which one has rows without a finite gradient."""
    series = {}
    for head, ms, mib, errors in (("margin", 40.0, 28.0, (1e-7, 1e-7, 1.5e-7)),
                                  ("unfused", 60.0, 90.0, (4e-7, 5e-7, 1.0)),
                                  ("torch-fused", 80.0, 120.0, (4e-7, 5e-7, None))):
        for kind, error in zip(("hard", "middle", "converged"), errors):
            add(series, (head, "ours" if head == "margin" else "peer"),
                ["128 × 512 × 10000", 1, kind, ms, ms, ms, error, mib])
    put(folder, "pareto", "shape threads rows ms low high error mib", series)


def put_losses_table(folder, losses):
    titles = [loss.replace("face", "Face").replace("softmax", "Softmax") for loss in losses]
    put(folder, "losses", "#loss title",
        [[loss, title[0].upper() + title[1:]] for loss, title in zip(losses, titles)])


def put_run(run, files):
    folder = os.path.join(run, "tables")
    os.makedirs(folder, exist_ok=True)
    put_losses_table(folder, LOSSES)
    put_speed(folder, files["speed"], LOSSES)
    put_stability(folder, files["stability"], LOSSES)
    put_separation(folder, files["separation"])
    put_scale(folder)
    put_study(folder)
    put_pareto(folder)
    for name, text in (("torch", '{"benchmarks": []}\n'), ("scale", '{"schema": 1, "parts": {}}\n'),
                       ("study", '{"schema": 1}\n')):
        with open(os.path.join(run, name + ".json"), "w", encoding="utf-8") as stream:
            stream.write(text)
