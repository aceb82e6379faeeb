"""suspicious.py: what the numbers of a run's files say against showing them. The files have the
shape of results/schema.json. docs/method.md says why the limits below are so."""

import collections
import math
import os
import statistics

from finding import note, unfit

SECONDS = {"ns": 1e-9, "us": 1e-6, "ms": 1e-3, "s": 1.0}
FLOPS = {"head": 6, "gemm3": 6, "gemm3_packed": 6, "head_forward": 2}
ABOVE_PEAK = 1.1  # the peak itself is measured, perhaps beside a neighbour
WIDEST = 0.25  # an interval over its ratio, of the head that stands for a machine
APART = 1.5  # a time over what the share of the peak says: both are measured, and the peak twice
FEWEST = 4  # repetitions
BUSY = 0.5  # CPUs
BELOW_FLOOR = 0.9, 64  # the upper end of a head's ratio, from this D on
CHOSEN = {"N": 128, "D": 512, "C": 10000, "threads": 1}  # the head that stands for a machine


# ---- whose numbers these are ---------------------------------------------------------------------

def versions(files, grade):
    """Whether the files are of one build on one machine; `grade` makes the finding where not."""
    contexts = {name: value.get("context", value) for name, value in files.items()}
    first = next(iter(contexts), None)
    for name, context in contexts.items():
        if grade is note and name == first:
            continue  # judged among the others
        for field in ("commit", "version", "compiler", "flags", "cpu"):
            if context.get(field) != contexts[first].get(field):
                yield grade(f"{name}.json: {field} {context.get(field)!r}, but {first}.json has "
                            f"{contexts[first].get(field)!r}: of another build or machine")
        if context.get("dirty") is not False or context.get("commit") == "unknown":
            yield grade(f"{name}.json: the sources are no commit (dirty: {context.get('dirty')}): "
                        "commit them, build and measure again")
        if context.get("build_type") not in ("Release", None):
            yield grade(f"{name}.json: a build of type {context['build_type']!r}: only Release is "
                        "timed")


# ---- times ---------------------------------------------------------------------------------------

Case = collections.namedtuple("Case", "seconds unstable error")


def cases_of(results):
    """{name: Case} of speed.json, or of a summary's part."""
    if "cases" in results:
        return {row["case"]: Case([t for t in row["seconds"] or [] if t is not None],
                                  row["unstable"], row["error"]) for row in results["cases"]}
    found = collections.defaultdict(lambda: ([], [False], [None]))
    for row in results["benchmarks"]:
        seconds, unstable, error = found[row["run_name"]]
        if row.get("error_occurred"):
            error[0] = row.get("error_message") or "failed"
        elif row["run_type"] == "iteration":
            seconds.append(row["real_time"] * SECONDS[row["time_unit"]])
        unstable[0] = unstable[0] or bool(row.get("unstable"))
    return {name: Case(seconds, unstable[0], error[0])
            for name, (seconds, unstable, error) in found.items()}


def share_of_peak(name, case, peaks):
    """The rate of a case over the measured peak of its threads; None where it has none."""
    what, *rest = name.split("/")
    parts = dict(part.split(":", 1) for part in rest)
    peak = max((by_threads.get(parts["threads"], 0) for by_threads in peaks.values()), default=0)
    if what not in FLOPS or not peak:
        return None
    operations = FLOPS[what] * math.prod(int(parts[key]) for key in "NDC")
    return operations / statistics.median(case.seconds) / 1e9 / peak


def one_case(name, case, peaks, repetitions):
    if case.error:
        return unfit(f"speed.json: {name}: not timed: {case.error}")
    if len(case.seconds) < repetitions:
        return unfit(f"speed.json: {name}: {len(case.seconds)} of {repetitions} repetitions are "
                     "there")
    if min(case.seconds) <= 0:
        return unfit(f"speed.json: {name}: a repetition took no time")
    share = share_of_peak(name, case, peaks)
    if share and share > ABOVE_PEAK:
        return unfit(f"speed.json: {name}: {share:.2f} of the measured peak: that, or the time, is "
                     "wrong")
    return None


def intervals(results):
    """Medians that their own interval does not hold."""
    for row in results.get("benchmarks", ()):
        for field in ("time", "ratio_gemm3", "ratio_normsoftmax", "ratio_unfused"):
            middle = row.get("real_time" if field == "time" else field)
            low, high = row.get(field + "_low"), row.get(field + "_high")
            if None not in (middle, low, high) and not low <= middle <= high:
                yield unfit(f"speed.json: {row['run_name']}: {field} {middle:g} is not within its "
                            f"interval, {low:g} to {high:g}")


def spread(unstable, cases, repetitions, foreign):
    if repetitions < FEWEST:
        yield unfit(f"{repetitions} repetitions: {FEWEST} are needed for an interval")
    if unstable:
        yield note(f"{unstable} of {cases} cases are not known to 5 %")
    if foreign is not None and foreign > BUSY:
        yield note(f"others kept {foreign:.1f} CPUs busy during the timing")


def speed(results):
    context, cases = results["context"], cases_of(results)
    if len(cases) != context["cases"]:
        yield unfit(f"speed.json: {len(cases)} cases, but its context says {context['cases']}")
    found = (one_case(name, case, context["fma_peaks"], context["repetitions"])
             for name, case in cases.items())
    yield from filter(None, found)
    yield from intervals(results)
    if not any(name.startswith("gemm3/") for name in cases):
        yield unfit("speed.json: no BLAS was timed, so that a head has no floor: install one "
                    "(scripts/bootstrap.sh build) and measure again")
    yield from spread(sum(bool(case.unstable) for case in cases.values()), len(cases),
                      context["repetitions"], context.get("foreign_cpus"))


# ---- errors --------------------------------------------------------------------------------------

def stability(results):
    """Promises alone: goals are reported, not required."""
    for row in results["verdicts"]:
        where = f"stability.json: {row['promise']} of {row['loss']} on {row['isa']}"
        if row["kept"] != (row["outside"] == 0):
            yield unfit(f"{where}: kept is {row['kept']}, with {row['outside']} outside")
        elif not row["kept"] and not row["promise"].endswith("_goal"):
            yield unfit(f"{where}: {row['outside']} of {row['judged']} are outside "
                        f"({row['bound']})")
    for row in results["functions"]:
        if not row["kept"]:
            yield unfit(f"stability.json: {row['function']} on {row['isa']}: {row['worst_ulp']} "
                        f"ulp, {row['bound']} are promised")


def kernels(results):
    for row in results["kernels"]:
        if "error" in row:
            yield unfit(f"kernels.json: {row['name']}: differs from the scalar kernel: "
                        + row["error"])


# ---- a machine's entry ---------------------------------------------------------------------------

def stands(row):
    """Whether a head is the one that stands for the machine."""
    return all(row[key] == value for key, value in CHOSEN.items())


def one_head(row, peaks):
    where = f"heads: N {row['N']}, D {row['D']}, C {row['C']}, threads {row['threads']}"
    ratio, low, high = row["over_floor"], row["low"], row["high"]
    if (row["share_of_peak"] or 0) > ABOVE_PEAK:
        yield unfit(f"{where}: {row['share_of_peak']} of the measured peak: that, or the time, is "
                    "wrong")
    by_time = 6e-3 * row["D"] * row["C"] / row["us_per_row"]
    peak = peaks.get(row["threads"])
    if row["share_of_peak"] and peak and not 1 / APART < by_time / peak / row["share_of_peak"] < APART:
        yield unfit(f"{where}: us_per_row {row['us_per_row']} is {by_time / peak:.3g} of the peak, "
                    f"share_of_peak {row['share_of_peak']}: one of them is wrong")
    if None in (ratio, low, high):
        return
    if high < BELOW_FLOOR[0] and row["D"] >= BELOW_FLOOR[1]:
        yield note(f"{where}: over_floor is at most {high}: a head does more than its products, so "
                   "the libraries were disturbed or chose poor kernels")
    if not low <= ratio <= high:
        yield unfit(f"{where}: over_floor {ratio} is not within its interval, {low} to {high}")
    if stands(row) and high - low > WIDEST * ratio:
        yield unfit(f"{where}: over_floor is {low} to {high}, an interval wider than {WIDEST:.0%} "
                    "of it: measure again on an idle machine")


def entry(value, path):
    if value["name"] + ".json" != os.path.basename(path):
        yield unfit(f"name: {value['name']!r} is not the file's, {os.path.basename(path)}")
    if not any(map(stands, value["heads"])):
        yield unfit("heads: the one of N 128, D 512, C 10000 on one thread, which stands for the "
                    "machine, is missing: measure without --filter")
    peaks = {value["build"]["threads"]: value["peaks"]["fma_gflops_all"],
             1: value["peaks"]["fma_gflops"]}
    for row in value["heads"]:
        yield from one_head(row, peaks)
    for row in value["errors"]:
        if row["outside"]:
            yield unfit(f"errors: {row['loss']}: {row['outside']} results are outside what is "
                        "promised")
    timing = value["timing"]
    yield from spread(timing["unstable_cases"], timing["cases"], timing["repetitions"],
                      timing["foreign_cpus"])
