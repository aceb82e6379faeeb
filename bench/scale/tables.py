"""tables.py: the tables of a scale.json, as the report, docs/scaling.md and the figure show them. It
measures nothing."""

import math

import model

# The plan: so many classes, rows and processors of a machine, links in bits a second, seconds of a
# message. Processors are taken to be as fast as the one that was measured.
CLASSES, DIM, ROWS, CORES = 100_000_000, 512, 6400, 32
LINKS, LATENCY = (1e9, 10e9, 100e9), 50e-6
MACHINES = (1, 2, 4, 8, 16, 32, 50, 64, 100, 128, 200, 256, 512, 1000, 1024)
SHOWN = (16, 64, 100, 128, 1000, 1024)
# What a step of one process holds and moves.
BYTES = ("weights", "workspace", "peak", "anonymous", "read", "written")


def cell(value):
    if value is None:
        return "-"
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def table(columns, rows):
    lines = ["#" + "\t".join(columns)] + ["\t".join(map(cell, row)) for row in rows]
    return "\n".join(lines) + "\n"


def steps_of(file, *parts):
    return [step for part in parts for step in file["parts"].get(part, {"steps": []})["steps"]]


def terms_kept(step):
    """Whether the workspace held all terms of a step of bench_scale."""
    return step["workspace_bytes"] >= 4 * model.sixteen(step["rows"]) * step["classes"]


def rates_of(file):
    """Seconds for a multiply-add, an exponential and an element of W; None where not measured."""
    steps = steps_of(file, "rates")
    if not steps:
        return None
    works = [model.work(s["rows"], s["dim"], s["classes"], terms_kept(s)) for s in steps]
    return model.least_squares(works, [s["cpu_seconds"] for s in steps])


def modelled(rates, step, classes=None, kept=None):
    kept = terms_kept(step) if kept is None else kept
    return rates and model.cpu_seconds(rates, step["rows"], step["dim"],
                                       classes or step["classes"], kept)


def gib(count):
    return None if count is None else count / 2**30


def over(a, b):
    return None if a is None or not b else a / b


# ---- what was measured ---------------------------------------------------------------------------

def large_steps(file, rates):
    """Steps of one process with 10^6 classes and more."""
    rows = []
    for s in steps_of(file, "million", "ten-million", "half"):
        seconds, cpu = s["seconds"], modelled(rates, s)
        rows.append([s["rows"], s["dim"], s["classes"], s["type"], s["weights"],
                     "stored" if s["stored"] else "streamed", s["threads"], seconds["median"],
                     seconds["low"], seconds["high"], s["steps"], s["minutes"], s["cpu_seconds"],
                     cpu, over(cpu, s["cpu_seconds"]),
                     s["cpu_seconds"] / (s["threads"] * seconds["median"]),
                     *(gib(s[key + "_bytes"]) for key in BYTES),
                     s["minor_faults"], s["major_faults"], s["judged"]["loss"], s["judged"]["dx"]])
    return table(["N", "D", "C", "type", "weights", "dw", "threads", "seconds", "low", "high",
                  "steps", "minutes", "cpu_seconds", "model_seconds", "model_ratio", "share",
                  *(key + "_gib" for key in BYTES), "minor_faults", "major_faults", "error_loss",
                  "error_dx"], rows)


def small_steps(file, rates):
    """The steps that the rates are of, and how well they fit."""
    rows = [[s["rows"], s["dim"], s["classes"], "kept" if terms_kept(s) else "again",
             s["cpu_seconds"], modelled(rates, s), over(modelled(rates, s), s["cpu_seconds"])]
            for s in steps_of(file, "rates")]
    return table(["N", "D", "C", "terms", "cpu_seconds", "model_seconds", "model_ratio"], rows)


def over_ranks(file, rates):
    """Steps over ranks; a rank's processors' seconds, its memory, its bytes."""
    rows = [[s["ranks"], s["threads"], s["rows"], s["dim"], s["classes"], s["seconds"],
             s["waiting"], s["cpu_seconds"],
             modelled(rates, s, s["classes"] / s["ranks"], True), gib(s["peak_bytes"]),
             sum(s["received_bytes"].values()) / 2**20] for s in steps_of(file, "ranks")]
    return table(["ranks", "threads", "N", "D", "C", "seconds", "waiting", "cpu_seconds",
                  "model_seconds", "peak_gib", "received_mib"], rows)


def workers(file, rates):
    """One and two workers: as ranks and as threads."""
    steps = steps_of(file, "scaling")
    one = {s["kind"]: s for s in steps if s["ranks"] * s["threads"] == 1}
    rows = []
    for s in steps:
        first = one[s["kind"]]
        pairs = sorted(b / a for a, b in zip(s["seconds_of_rounds"], first["seconds_of_rounds"]))
        gain = pairs[len(pairs) // 2] * s["classes"] / first["classes"]
        rows.append([s["kind"], s["ranks"], s["threads"], s["classes"], s["seconds"], gain,
                     pairs[0] * s["classes"] / first["classes"],
                     pairs[-1] * s["classes"] / first["classes"], s["cpu_seconds"],
                     s["cpu_seconds"] * s["ranks"] / first["cpu_seconds"] * first["classes"] / s["classes"],
                     modelled(rates, s, s["classes"] / s["ranks"], True)])
    return table(["kind", "ranks", "threads", "C", "seconds", "gain", "gain_low", "gain_high",
                  "cpu_seconds", "cpu_ratio", "model_seconds"], rows)


def bytes_counted(file, cuts):
    """What margin_mpi counted and what the model says, by kind."""
    rows = []
    for s in steps_of(file, "bytes", "ranks"):
        if s["ranks"] == 1:
            continue
        said = model.received(cuts, s["rows"], s["dim"], s["classes"], s["ranks"])
        rows += [[s["ranks"], s["rows"], s["dim"], s["classes"], kind, s["received_bytes"][kind],
                  said[kind], over(said[kind], s["received_bytes"][kind])] for kind in model.CASES]
    return table(["ranks", "N", "D", "C", "kind", "counted", "model", "model_ratio"], rows)


# ---- what is not here ----------------------------------------------------------------------------

def speeds(file, rates):
    """The rates as one reads them."""
    context = file.get("context") or {}
    per = [1e-9 / rate if rate else None for rate in rates or [None] * 3]
    return table(["cpu", "isa", "commit", "date", "gflops", "gexp", "gelements"],
                 [[*(context.get(key) for key in ("cpu", "isa", "commit", "date")),
                   2 * per[0] if per[0] else None, *per[1:]]])


def plans(rates, cuts, machines):
    shape = (ROWS, DIM, CLASSES)
    return [model.plan(cuts, rates, shape, ranks, CORES, [link / 8 for link in LINKS], LATENCY)
            for ranks in machines]


def planned(rates, cuts, machines):
    rows = [[p["ranks"], ROWS, DIM, CLASSES, CORES, p["compute"], *p["exchange"],
             gib(p["weights_bytes"]), gib(p["received_bytes"])] for p in plans(rates, cuts, machines)]
    return table(["machines", "N", "D", "C", "cores", "compute", "exchange_1", "exchange_10",
                  "exchange_100", "weights_gib", "received_gib"], rows)


def made(file, cuts):
    """All tables by name; without rates, those of the plan are left out."""
    rates = rates_of(file)
    found = {"scale_steps": large_steps(file, rates), "scale_rates": small_steps(file, rates),
             "scale_ranks": over_ranks(file, rates), "scale_workers": workers(file, rates),
             "scale_bytes": bytes_counted(file, cuts), "scale_speeds": speeds(file, rates)}
    if rates is not None and all(math.isfinite(rate) for rate in rates):
        found["scale_plan"] = planned(rates, cuts, SHOWN)
        found["scaling"] = planned(rates, cuts, MACHINES)
    return found
