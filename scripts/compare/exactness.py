"""Errors: the greatest of each loss, kernel and sweep in one run against the other. They are the
same whenever the same code runs on the same inputs, so nothing is left to statistics. It must not
know how results are shown."""

import collections

from runs import MACHINE, differences, same_options

QUANTITIES = ("loss_rel", "grad_x", "grad_w", "nonfinite")
GROUP = ("loss", "option", "gradient", "isa", "sweep", "kind")
INPUTS = ("default", "theta", "scale", "classes", "dim", "cases")
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
    return errors_of(results, True), judged_of(results), errors_of(results, False)


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
        for quantity in QUANTITIES:
            pair = [of_all(points[group], inputs, quantity) for points in (a, b)]
            if None not in pair:
                growth = 1.0 if quantity == "nonfinite" else GROWTH
                yield {**dict(zip(GROUP, group)), "quantity": quantity, "a": pair[0], "b": pair[1],
                       "points": len(inputs), "verdict": verdict_of(*pair, growth)}


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


def compare(parsed_a, parsed_b, contexts):
    differing = ("seeds" if contexts[0].get("seed") != contexts[1].get("seed") else
                 "options" if not same_options(*contexts) else None)
    if differing:
        return {"reason": f"the {differing} differ, and with them the inputs", "rows": [],
                "promises": [], "lost": [], "other_inputs": []}
    skipped = other_inputs(parsed_a[2], parsed_b[2])
    rows = sorted(compare_groups(parsed_a[0], parsed_b[0], skipped),
                  key=lambda row: [str(row[key]) for key in GROUP + ("quantity",)])
    promises = sorted(compare_judged(parsed_a[1], parsed_b[1], bool(skipped)),
                      key=lambda row: [str(row[key]) for key in ("promise", "of", "isa")])
    lost = sorted("/".join(str(part) for part in group if part)
                  for group in parsed_a[0].keys() - parsed_b[0].keys())
    worse = not differences(*contexts, MACHINE)
    return {"reason": None, "other_inputs": sorted(skipped), "rows": rows, "promises": promises,
            "lost": [{"case": name, "verdict": "lost in B" if worse else "not in B", "worse": worse}
                     for name in lost]}
