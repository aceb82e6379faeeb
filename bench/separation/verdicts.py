"""verdicts.py: what judged runs say: means with intervals over seeds, gains over norm-softmax paired
within a seed, Holm's correction over all of them, and the tables of a study.json. It measures
nothing."""

import math
import os
import sys

here = os.path.dirname(os.path.abspath(__file__))
sys.path.append(os.path.join(here, "../../scripts/compare"))
from intervals import t_quantile as quantile, t_tail as tails  # noqa: E402 (the path is set above)

PRIMARY, BASE, LEVEL = "tar_1e3", "normsoftmax", 0.05
QUANTITIES = ("tar_1e2", "tar_1e3", "tar_1e4", "eer", "auc", "rank_1", "tpir_1e1", "tpir_1e2")


def error_of(values):
    mean = sum(values) / len(values)
    return mean, math.sqrt(sum((v - mean) ** 2 for v in values) / (len(values) - 1) / len(values))


def interval(values):
    """Mean and 95 % interval; of a single value None for its ends."""
    if len(values) < 2:
        return [values[0], None, None]
    mean, error = error_of(values)
    reach = quantile(LEVEL, len(values) - 1) * error
    return [mean, mean - reach, mean + reach]


def chance(values):
    """p of the two-sided test that the mean is 0; None of a single value."""
    if len(values) < 2:
        return None
    mean, error = error_of(values)
    return tails(abs(mean) / error, len(values) - 1) if error > 0 else float(mean == 0)


def holm(chances):
    """Adjusted p of each, over all."""
    adjusted, least = [None] * len(chances), 0.0
    order = sorted((p, k) for k, p in enumerate(chances) if p is not None)
    for done, (p, k) in enumerate(order):
        least = adjusted[k] = max(least, min(1.0, (len(order) - done) * p))
    return adjusted


def verdict(gain, p, margin_added):
    if not margin_added:
        return "no margin"
    if p is None:
        return None
    return "undecided" if p >= LEVEL else "helps" if gain > 0 else "harms"


def gains(cells):
    """Every loss with a margin over norm-softmax, both as tuned, in every cell."""
    found = []
    for number, cell in enumerate(cells):
        base = cell["judged"][BASE]["values"][PRIMARY]
        for loss, judged in cell["judged"].items():
            if loss != BASE:
                apart = [a - b for a, b in zip(judged["values"][PRIMARY], base)]
                found.append({"cell": number, "loss": loss, "gain": interval(apart),
                              "p": chance(apart)})
    for row, p in zip(found, holm([row["p"] for row in found])):
        added = cells[row["cell"]]["judged"][row["loss"]]["added"]
        row.update(p_holm=p, verdict=verdict(row["gain"][0], p, added))
    return found


# ---- tables --------------------------------------------------------------------------------------

def cell_text(value):
    return "-" if value is None else f"{value:.5g}" if isinstance(value, float) else str(value)


def table(columns, rows):
    lines = ["#" + "\t".join(columns)] + ["\t".join(map(cell_text, row)) for row in rows]
    return "\n".join(lines) + "\n"


def placed(cells):
    """(regime, cell's number, cell), regime by regime, in the order of data and identities."""
    found = [(regime, number, cell) for number, cell in enumerate(cells) for regime in cell["regimes"]]
    return sorted(found, key=lambda item: (item[2]["data"], item[0], item[2]["identities"]))


def study_table(cells, compared):
    of = {(row["cell"], row["loss"]): row for row in compared}
    rows = []
    for regime, number, cell in placed(cells):
        for loss, judged in cell["judged"].items():
            row = of.get((number, loss), {"gain": [None] * 3, "p_holm": None, "verdict": None})
            rows.append([cell["data"], regime, cell["identities"], cell["epochs"], cell["steps"], loss,
                         judged["scale"], judged["margin"], judged["added"],
                         *interval(judged["values"][PRIMARY]), *row["gain"], row["p_holm"],
                         row["verdict"]])
    return table(["data", "regime", "identities", "epochs", "steps", "loss", "scale", "margin", "added",
                  "tar", "tar_low", "tar_high", "gain", "gain_low", "gain_high", "p_holm",
                  "verdict"], rows)


def measures_table(cells):
    """All that was measured of the strangers."""
    rows = []
    for number, cell in enumerate(cells):
        for loss, judged in cell["judged"].items():
            rows.append([cell["data"], cell["identities"], cell["epochs"], loss,
                         *(end for name in QUANTITIES for end in interval(judged["values"][name])),
                         cell["samples"]])
    names = [name + end for name in QUANTITIES for end in ("", "_low", "_high")]
    return table(["data", "identities", "epochs", "loss", *names, "samples"], rows)


def raw_table(cells, raw):
    """What images alone tell, and what norm-softmax gains on them, paired within a seed."""
    rows = []
    for cell in cells:
        alone = raw.get(cell["data"], [])
        trained = cell["judged"][BASE]["values"][PRIMARY]
        if len(alone) == len(trained):
            rows.append([cell["data"], cell["identities"], cell["epochs"], *interval(alone),
                         *interval([a - b for a, b in zip(trained, alone)]), cell["samples"]])
    return table(["data", "identities", "epochs", "raw", "raw_low", "raw_high", "gain", "gain_low",
                  "gain_high", "samples"], rows)


def tables_of(file):
    return {"study": study_table(file["cells"], file["gains"]),
            "study_measures": measures_table(file["cells"]), "study_raw": raw_table(file["cells"], file["raw"])}
