"""Times: each case of one run against the same case of the other. It must not know how results are
shown."""

import collections
import math

from intervals import LEAST, Quiet, RatioOfQuiet, median
from runs import MACHINE, TOLD_NOT, differences, same_selection
from run_files import table

SECONDS = {"ns": 1e-9, "us": 1e-6, "ms": 1e-3, "s": 1.0}
PRODUCTS = ("logits", "dx", "dw")
LEAST_OTHERS, LEAST_HERE = 8, 3  # cases of others' code that say what the machine did: in all, of a shape
MISS = 0.05
NORMAL_MAD = 1.4826  # standard deviations of a normal distribution in its median absolute deviation


def parts_of(name):
    what, *rest = name.split("/")
    return {"what": what, **dict(part.split(":", 1) for part in rest if ":" in part)}


def shape_of(parts):
    return "/".join(f"{key}:{parts.get(key)}" for key in ("N", "D", "C", "threads"))


class Case:
    def __init__(self, name):
        self.name, self.parts = name, parts_of(name)
        self.times, self.products, self.processes = {}, {}, {}
        self.error, self.unstable = None, False

    def add(self, row):
        if row.get("error_occurred"):
            self.error = str(row.get("error_message") or "failed")
        elif row.get("run_type", "iteration") == "iteration":
            k = row.get("repetition_index", 0)
            self.times[k] = row["real_time"] * SECONDS[row["time_unit"]]
            self.processes[k] = row.get("process", 0)
            self.products[k] = {p: row.get(p + "_seconds") for p in PRODUCTS}
        elif row.get("aggregate_name") == "median":
            self.unstable = bool(row.get("unstable"))

    @property
    def others(self):
        """Code by others, which a change of this project's code does not touch."""
        return "impl" in self.parts

    def seconds(self):
        return list(self.times.values())


SUMMARY = ("case", "unstable", "error", "seconds") + tuple(p + "_seconds" for p in PRODUCTS)


def summary_of(cases):
    """A row per case, for cases_from_summary; seconds by repetition, null where one is missing."""
    rows = []
    for case in cases.values():
        rounds = range(max(case.times, default=-1) + 1)
        parts = [[case.products.get(k, {}).get(p) for k in rounds] for p in PRODUCTS]
        rows.append([case.name, case.unstable, case.error, [case.times.get(k) for k in rounds],
                     *(part if any(part) else None for part in parts)])
    return table(SUMMARY, rows)


def cases_from_summary(rows):
    cases = {}
    for row in rows:
        case = cases[row["case"]] = Case(row["case"])
        case.unstable, case.error = row["unstable"], row["error"]
        case.times = {k: time for k, time in enumerate(row["seconds"]) if time is not None}
        case.products = {k: {p: (row[p + "_seconds"] or {k: None})[k] for p in PRODUCTS}
                         for k in case.times}
    return cases


def cases_from_rows(rows):
    cases = {}
    for row in rows:
        name = row.get("run_name") or row["name"]
        cases.setdefault(name, Case(name)).add(row)
    return cases


def cases_of(results):
    """Of the driver's file, or of a summary."""
    cases = (cases_from_summary(results["cases"]) if "cases" in results
             else cases_from_rows(results["benchmarks"]))
    for case in cases.values():
        if not all(math.isfinite(t) and t > 0 for t in case.times.values()):
            raise ValueError(f"{case.name}: a time that is not positive")
    return cases


class Yardsticks:
    """What a case's time is divided by where two machines are compared: the three matrix products
    of its shape in the same round, each by the library that is best at it; where there are none,
    the time that the machine's measured peak would take (in arbitrary units)."""

    def __init__(self, results, cases):
        self.context, self.products = results.get("context") or {}, collections.defaultdict(dict)
        for case in cases.values():
            if case.parts["what"] == "gemm3":
                self.products[shape_of(case.parts)][case.parts.get("impl")] = case.products

    def floor(self, parts):
        """Seconds of the three products in each round."""
        best = (self.context.get("gemm3_floor") or {}).get(shape_of(parts))
        library = self.products.get(shape_of(parts))
        if not best or not library or not all(best.get(p) in library for p in PRODUCTS):
            return {}
        rounds = set.intersection(*(set(library[best[p]]) for p in PRODUCTS))
        terms = {k: [library[best[p]][k][p] for p in PRODUCTS] for k in rounds}
        return {k: sum(t) for k, t in terms.items() if all(t)}

    def peak(self, parts):
        """The name and the rate of the work that a case is bound by."""
        key, name = (("exp_peaks", "exp peak") if parts["what"] == "rows"
                     else ("fma_peaks", "fma peak"))
        isa = parts.get("isa") or self.context.get("isa")
        rates = (self.context.get(key) or {}).get(isa) or {}
        return name, rates.get(parts.get("threads", "1"))

    def measure(self, case):
        """(yardstick, the case's rounds beside it); (None, []) where there is none."""
        floor = self.floor(case.parts) if case.parts["what"] != "rows" else {}
        paired = [(time, floor[k]) for k, time in case.times.items() if k in floor]
        if paired:
            return "gemm3", paired
        name, rate = self.peak(case.parts)
        return (name, [(time * rate,) for time in case.times.values()]) if rate else (None, [])


def quiet_of(case):
    return Quiet([(time,) for time in case.seconds()],
                 [case.processes.get(k, 0) for k in case.times])


def compare_case(a, b, rulers, same_machine):
    """A row, and in it `found`, the ratio that its verdict will be of."""
    row = {"case": a.name, "others": a.others, "unstable": a.unstable or b.unstable,
           "seconds_a": median(a.seconds()), "seconds_b": median(b.seconds()),
           "repetitions": min(len(a.times), len(b.times)),
           "threads": int(a.parts.get("threads", "1")), "place": shape_of(a.parts)}
    (name_a, under), (name_b, over) = (ruler.measure(case) for ruler, case in zip(rulers, (a, b)))
    yardstick = name_a if name_a == name_b else None
    against = RatioOfQuiet(Quiet(over), Quiet(under)) if yardstick else None
    times = RatioOfQuiet(quiet_of(b), quiet_of(a)) if same_machine else against
    return row | {"basis": "time" if same_machine else yardstick, "found": times,
                  "yardstick": yardstick, "ratio_yardstick": against and against.middle}


def put_intervals(rows, everywhere):
    """Of each case alone, and of all cases at once; those of one shape and number of threads lend one
    another what an error usually is."""
    for place in {row["place"] for row in rows}:
        group = [row for row in rows if row["place"] == place and row["found"]]
        usual = median([row["found"].own_error for row in group]) if group else None
        for row in group:
            row["found"].widen(usual)
    for row in rows:
        if (found := row.pop("found")) is not None:
            row["ratio"] = found.middle
            row["low"], row["high"] = found.interval(MISS)
            row["low_all"], row["high_all"] = found.interval(MISS / everywhere)


def machine_noise(rows, least=LEAST_OTHERS):
    """What others' code, the same in both runs, says about the machine: how much slower it was for
    all (1: not at all), and how far apart a ratio may be by chance: three standard deviations, from
    the median absolute deviation; of few twice the greatest. None where there is too little of it."""
    logs = [math.log(row["ratio"]) for row in rows if row["others"] and row["basis"] == "time"]
    if len(logs) < least:
        return {"others": len(logs), "shift": None, "noise": None}
    shift = median(logs)
    apart = [abs(x - shift) for x in logs]
    noise = 3 * NORMAL_MAD * median(apart) if len(logs) >= LEAST_OTHERS else 2 * max(apart)
    return {"others": len(logs), "shift": math.exp(shift), "noise": math.exp(noise) - 1}


def limits_of(rows, key, threshold, alike, least=LEAST_OTHERS):
    """{threads, or place: what the machine did, and the ratios that a change must go beyond}."""
    limits = {}
    for value in sorted({row[key] for row in rows}):
        group = [row for row in rows if row[key] == value]
        limit = machine_noise(group if alike else [], least)
        needed, shift = max(threshold, limit["noise"] or 0.0), limit["shift"] or 1.0
        limits[value] = limit | {"needed": needed, "low": min(1.0, shift) / (1 + needed),
                                 "high": max(1.0, shift) * (1 + needed)}
    return limits


def evidence(row):
    """How far the interval of a case keeps from 1: what is merely noisy has none."""
    return max(math.log(row["low_all"]), -math.log(row["high_all"]))


def within(row):
    """How large a change, in per cent, the interval leaves open."""
    return 100 * max(row["high_all"] - 1, 1 - row["low_all"])


def verdict_of(row, limit):
    if row["basis"] is None:
        return "not comparable"
    if row["repetitions"] < LEAST:
        return "too few repetitions"
    shift = limit["shift"] or 1.0
    if row["low_all"] > max(1.0, shift) and row["ratio"] > limit["high"]:
        return "slower"
    if row["high_all"] < min(1.0, shift) and row["ratio"] < limit["low"]:
        return "faster"
    return TOLD_NOT


def lost_cases(a, b, alike):
    """What only one run could time; a regression where B should have timed it as A did."""
    for name in [*a, *(name for name in b if name not in a)]:
        timed = [name in cases and bool(cases[name].times) for cases in (a, b)]
        if timed[0] == timed[1]:
            continue
        without, cases = ("B", b) if timed[0] else ("A", a)
        error = cases[name].error if name in cases else None
        worse = timed[0] and (bool(error) or alike)
        verdict = f"fails in {without}" if error else f"lost in {without}" if worse \
            else f"not in {without}"
        yield {"case": name, "error": error, "worse": worse, "verdict": verdict}


def compare(run_a, run_b, threshold):
    results = [run.files["speed"] for run in (run_a, run_b)]
    cases = [run.parsed("speed", cases_of) for run in (run_a, run_b)]
    rulers = [Yardsticks(r, c) for r, c in zip(results, cases)]
    contexts = [run.context("speed") for run in (run_a, run_b)]
    machine = differences(*contexts, MACHINE)
    both = [n for n, case in cases[0].items() if case.times and n in cases[1] and cases[1][n].times]
    own = sum(not cases[0][n].others for n in both)
    rows = [compare_case(cases[0][n], cases[1][n], rulers, not machine) for n in both]
    put_intervals(rows, max(own, 1))
    alike = not machine and not differences(*contexts, ("peers",))
    # Two threads are disturbed by whatever else runs, and large shapes by a neighbour in the caches.
    limits = limits_of(rows, "threads", threshold, alike)
    here = limits_of(rows, "place", threshold, alike, LEAST_HERE)
    for row in rows:
        place = here[row.pop("place")]
        row["verdict"] = verdict_of(row, limits[row["threads"]] if place["shift"] is None else place)
        if row["verdict"] == TOLD_NOT:
            row["within_percent"] = within(row)
    return {"threshold": threshold, "limits": limits, "compared": own, "others": len(rows) - own,
            "rows": rows, "lost": list(lost_cases(*cases, same_selection(*contexts)))}
