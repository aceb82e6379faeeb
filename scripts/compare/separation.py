"""Separation: what the same trainings came to in one run and in the other, paired by seed, for the
data and the first weights of a seed are the same. It must not know how results are shown."""

import functools

from intervals import mean_interval, t_quantile
from runs import TOLD_NOT, same_options
from run_files import table

TRAINING = ("data", "label", "loss", "dim", "classes", "epochs", "concentration", "map", "imbalance",
            "flipped_share", "outlier_share", "scale", "m1", "m2", "m3")
# Each with the sign of what is better and its unit.
QUANTITIES = {"gap": (1, "degrees"), "accuracy": (1, "1"), "intra": (-1, "degrees"),
              "tar_1e3": (1, "1")}
LEAST_SEEDS, MISS = 3, 0.05


def tar_at(run, limit):
    roc = (run.get("verification") or {}).get("roc") or ()
    return next((point.get("tar") for point in roc if point.get("limit") == limit), None)


def measured(run):
    if "stats" not in run:  # a summary has the quantities themselves
        return {key: run[key] for key in QUANTITIES if run.get(key) is not None}
    stats = run["stats"]
    values = {"gap": stats.get("gap_median_deg"), "accuracy": run.get("test_accuracy"),
              "intra": stats.get("intra_deg"), "tar_1e3": tar_at(run, 1e-3)}
    return {key: float(value) for key, value in values.items() if value is not None}


def parse(results):
    """{(training, quantity): {seed: value}}, and {claim: verdict}."""
    values = {}
    for run in results["runs"]:
        training = tuple(run.get(key) for key in TRAINING)
        for quantity, value in measured(run).items():
            values.setdefault((training, quantity), {})[run["seed"]] = value
    claims = {(c["claim"], c["where"], c["measured"]): c["verdict"]
              for c in results.get("claims", ())}
    return values, claims


def summary_of(results):
    """What `parse` needs of the runs: their settings, seed and quantities."""
    names, rows = [*TRAINING, "seed", *QUANTITIES], []
    for run in results["runs"]:
        found = {**run, **dict.fromkeys(QUANTITIES), **measured(run)}
        rows.append([found.get(name) for name in names])
    return table(names, rows)


@functools.lru_cache(maxsize=None)
def quantile(miss, degrees):
    return t_quantile(miss, degrees)


def compare_seeds(quantity, a, b, everywhere):
    seeds = sorted(a.keys() & b.keys())
    apart = [b[seed] - a[seed] for seed in seeds]
    row = {"quantity": quantity, "unit": QUANTITIES[quantity][1], "seeds": len(seeds),
           "a": sum(a[s] for s in seeds) / len(seeds), "b": sum(b[s] for s in seeds) / len(seeds),
           "difference": sum(apart) / len(apart)}
    if not any(apart):
        return row | {"verdict": "the same"}
    if len(seeds) < LEAST_SEEDS:
        return row | {"verdict": "too few seeds"}
    _, low, high = mean_interval(apart, quantile(MISS, len(seeds) - 1))
    mean, low_all, high_all = mean_interval(apart, quantile(MISS / everywhere, len(seeds) - 1))
    better = mean * QUANTITIES[quantity][0] > 0
    seen = low_all > 0 or high_all < 0
    return row | {"low": low, "high": high, "low_all": low_all, "high_all": high_all, "verdict":
                  ("separates better" if better else "separates less") if seen
                  else TOLD_NOT, "within": max(high_all, -low_all)}


def claim_verdict(a, b):
    """`a` and `b` are the runs' verdicts; a run of one seed has none."""
    if a == b:
        return "the same"
    return {("holds", "does not"): "no longer holds", ("does not", "holds"): "holds now"}.get(
        (a, b), "changed")


def compare(parsed_a, parsed_b, contexts):
    (values_a, claims_a), (values_b, claims_b) = parsed_a, parsed_b
    both = [key for key in values_a if values_a[key].keys() & values_b.get(key, {}).keys()]
    rows = [{**dict(zip(TRAINING, key[0])), **compare_seeds(key[1], values_a[key], values_b[key],
                                                            len(both))} for key in both]
    claims = [{"claim": key[0], "where": key[1], "measured": key[2], "a": claims_a[key],
               "b": claims_b[key], "verdict": claim_verdict(claims_a[key], claims_b[key])}
              for key in claims_a if key in claims_b and same_options(*contexts)
              and claims_a[key] and claims_b[key]]
    return {"rows": rows, "claims": claims}
