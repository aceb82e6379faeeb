"""Errors: the greatest of each loss, kernel and sweep in one run against the other. They are the
same whenever the same code runs on the same inputs, so nothing is left to statistics. It must not
know how results are shown."""

import collections
import hashlib

from runs import MACHINE, differences, same_options
from run_files import table

QUANTITIES = ("loss_rel", "grad_x", "grad_w", "nonfinite")
GROUP = ("loss", "option", "gradient", "isa", "sweep", "kind")
INPUTS = ("default", "theta", "scale", "classes", "dim", "cases")
SUMMARY = (*GROUP, "points", "inputs", *QUANTITIES)
USUAL = ("loss", "sweep", "inputs", "errors")
SWEEP, CASES = GROUP.index("sweep"), INPUTS.index("cases")
GROWTH, TINY = 1.01, 2.0**-25  # a quarter of the last place of float32 is no growth
NOTHING_LEFT = 1.0  # an error as large as the exact result; what is beyond means nothing


def errors_of(results, ours):
    """{group: {inputs: {quantity: error}}} of the library's own rows, or of the usual formulas."""
    groups, seen = collections.defaultdict(dict), collections.Counter()
    for row in results["rows"]:
        if (row["impl"] == "margin") != ours:
            continue
        group, inputs = (tuple(row.get(key) for key in keys) for keys in (GROUP, INPUTS))
        group += () if ours else (row["impl"],)
        again = seen[group + inputs]
        seen[group + inputs] += 1
        errors = {q: float(row[q]) for q in QUANTITIES if row.get(q) is not None}
        groups[group][inputs + (again,)] = errors
    return groups


def judged_of(results):
    """The verdicts on promises and functions: {what: (inputs, outside, error, kept)}."""
    judged = {}
    for row in results.get("verdicts", ()):
        what = (row["promise"], row["loss"], row["isa"])
        judged[what] = (row["cases"], row["outside"], None, row["kept"])
    for row in results.get("functions", ()):
        judged["function", row["function"], row["isa"]] = (
            (row["cases"], row.get("every")), row.get("nonzero"), row["worst_ulp"], row.get("kept"))
    return judged


def parse(results):
    """Errors of the library and of the usual formulas by group and inputs, verdicts, and whether
    they are a summary's."""
    if "errors" in results:
        return {"ours": ours_from_summary(results["errors"]),
                "usual": usual_from_summary(results["usual"]),
                "judged": judged_of(results), "summary": True}
    return {"ours": errors_of(results, True), "usual": errors_of(results, False),
            "judged": judged_of(results), "summary": False}


# ---- summaries: of each group the greatest errors, and a checksum for its points ----------------

def checksum(values):
    return hashlib.sha256("\n".join(sorted(map(repr, values))).encode()).hexdigest()[:8]


def one_point(inputs):
    """In place of the inputs of all points: their checksum, and one row."""
    return (inputs,) + (None,) * (CASES - 1) + (1,)


def summarised(ours):
    """{group: {one_point: {quantity: the greatest error}}}, as of a summary's rows."""
    groups = {}
    for group, points in ours.items():
        errors = {q: of_all(points, points, q) for q in QUANTITIES}
        errors = {q: error for q, error in errors.items() if error is not None}
        groups[group] = {one_point(checksum(points)): {**errors, "points": len(points)}}
    return groups


def summarised_usual(usual):
    """The usual formulas' errors as a checksum for each loss and sweep: only whether they are the
    same is ever asked."""
    inputs, errors = collections.defaultdict(list), collections.defaultdict(list)
    for group, points in usual.items():
        key = group[0], group[SWEEP]
        inputs[key] += [(group, point) for point in points]
        errors[key] += [(group, point, sorted(found.items())) for point, found in points.items()]
    return usual_from_summary([{"loss": key[0], "sweep": key[1], "inputs": checksum(inputs[key]),
                                "errors": checksum(errors[key])} for key in inputs])


def as_summary(parsed):
    """(ours, usual) of a summary, or as one would have them."""
    if parsed["summary"]:
        return parsed["ours"], parsed["usual"]
    return summarised(parsed["ours"]), summarised_usual(parsed["usual"])


def ours_from_summary(rows):
    groups = {}
    for row in rows:
        errors = {key: row[key] for key in ("points", *QUANTITIES) if row[key] is not None}
        groups[tuple(row[key] for key in GROUP)] = {one_point(row["inputs"]): errors}
    return groups


def usual_from_summary(rows):
    groups = {}
    for row in rows:
        group = (row["loss"],) + (None,) * (SWEEP - 1) + (row["sweep"],)
        groups[group] = {row["inputs"]: row["errors"]}
    return groups


def summary_of(parsed):
    """The rows that `parse` makes the same of: errors, and checksums of the usual formulas."""
    errors = [[*group, point.get("points"), inputs[0], *(point.get(q) for q in QUANTITIES)]
              for group, points in summarised(parsed["ours"]).items()
              for inputs, point in points.items()]
    usual = [[group[0], group[SWEEP], inputs, found]
             for group, points in summarised_usual(parsed["usual"]).items()
             for inputs, found in points.items()]
    return {"errors": table(SUMMARY, errors), "usual": table(USUAL, usual)}


def other_inputs(a, b):
    """The sweeps with other inputs: the usual formulas, whose code is the same in both runs, err
    otherwise. If one sweep has such rows, then one without any row of theirs in common has, too."""
    common, differing = set(), set()
    for group in a.keys() & b.keys():
        for inputs in a[group].keys() & b[group].keys():
            common.add(group[SWEEP])
            if a[group][inputs] != b[group][inputs]:
                differing.add(group[SWEEP])
    everything = {group[SWEEP] for group in a.keys() | b.keys()}
    return differing | (everything - common) if differing else set()


def of_all(points, inputs, quantity):
    """The greatest error of these points; of `nonfinite`, how many of their rows' results are."""
    values = [(points[i][quantity], i[CASES] or 1) for i in inputs if quantity in points[i]]
    if quantity == "nonfinite":
        return sum(share * cases for share, cases in values) if values else None
    return max((min(error, NOTHING_LEFT) for error, _ in values), default=None)


def verdict_of(a, b, growth=GROWTH):
    if b > a * growth + TINY:
        return "less exact"
    if a > b * growth + TINY:
        return "more exact"
    return "as exact"


def compare_groups(a, b, skipped):
    for group in a.keys() & b.keys():
        if group[SWEEP] in skipped:
            continue
        inputs = a[group].keys() & b[group].keys()
        count = sum(a[group][point].get("points", 1) for point in inputs)
        for quantity in QUANTITIES:
            pair = [of_all(points[group], inputs, quantity) for points in (a, b)]
            if None not in pair:
                growth = 1.0 if quantity == "nonfinite" else GROWTH
                yield {**dict(zip(GROUP, group)), "quantity": quantity, "a": pair[0], "b": pair[1],
                       "points": count, "verdict": verdict_of(*pair, growth)}


def kept_verdict(a, b, same_inputs):
    """What became of a promise; (inputs, outside, error, kept) of each run."""
    if a[3] != b[3]:
        return "broken" if a[3] else "kept now"
    if not same_inputs:
        return "other inputs"
    if (a[1] or 0) != (b[1] or 0):
        return "less exact" if (b[1] or 0) > (a[1] or 0) else "more exact"
    return "as exact" if a[2] is None else verdict_of(a[2], b[2])


def compare_judged(a, b, other):
    """`other`: some inputs of the promises differ; those of functions are every float."""
    for what in a.keys() & b.keys():
        if a[what][0] == b[what][0]:
            same = what[0] == "function" or not other
            yield {"promise": what[0], "of": what[1], "isa": what[2], "outside_a": a[what][1],
                   "outside_b": b[what][1], "worst_a": a[what][2], "worst_b": b[what][2],
                   "kept_a": a[what][3], "kept_b": b[what][3],
                   "verdict": kept_verdict(a[what], b[what], same)}


def other_points(a, b, skipped):
    """How many groups of errors two summaries, or one and a run, cannot compare: the greatest of
    other points."""
    return sum(not a[group].keys() & b[group].keys() for group in a.keys() & b.keys()
               if group[SWEEP] not in skipped)


def compare(parsed_a, parsed_b, contexts):
    differing = ("seeds" if contexts[0].get("seed") != contexts[1].get("seed") else
                 "options" if not same_options(*contexts) else None)
    if differing:
        return {"reason": f"the {differing} differ, and with them the inputs", "rows": [],
                "promises": [], "lost": [], "other_inputs": [], "other_points": 0}
    both = (parsed_a, parsed_b)
    summary = any(part["summary"] for part in both)
    ours, usual = zip(*(as_summary(part) if summary else (part["ours"], part["usual"])
                        for part in both))
    skipped = other_inputs(*usual)
    rows = sorted(compare_groups(*ours, skipped),
                  key=lambda row: [str(row[key]) for key in GROUP + ("quantity",)])
    promises = sorted(compare_judged(parsed_a["judged"], parsed_b["judged"], bool(skipped)),
                      key=lambda row: [str(row[key]) for key in ("promise", "of", "isa")])
    lost = sorted("/".join(str(part) for part in group if part)
                  for group in ours[0].keys() - ours[1].keys())
    worse = not differences(*contexts, MACHINE)
    return {"reason": None, "other_inputs": sorted(skipped), "rows": rows, "promises": promises,
            "other_points": other_points(*ours, skipped) if summary else 0,
            "lost": [{"case": name, "verdict": "lost in B" if worse else "not in B", "worse": worse}
                     for name in lost]}
