"""The comparisons of times and errors as their figures need them: tables/compare.tsv and
tables/compare_errors.tsv, series by series as common/table.h says. It must not decide anything."""

from exactness import GROWTH, TINY
from runs import TOLD_NOT
from show import case_text
from speed import evidence

PANELS = {"loss_rel": 1, "grad_x": 2, "grad_w": 3}
LEAST_ERROR = 1e-10  # what a logarithmic axis makes of 0
CHANGED, NAMED = 30, 16  # lines for cases that changed, at most; lines to fill with others
SERIES = {"slower": "slower", "faster": "faster", TOLD_NOT: "same",
          "too few repetitions": "same"}


def with_lines(rows):
    """The cases that get a line of their own, the slowest first."""
    rows = sorted(rows, key=evidence, reverse=True)
    changed = [row for row in rows if row["verdict"] in ("slower", "faster")][:CHANGED]
    rest = [row for row in rows if row["verdict"] not in ("slower", "faster")]
    return sorted(changed + rest[:max(0, NAMED - len(changed))], key=lambda row: -row["ratio"])


def table(columns, series):
    """The text of a table: lines by (series, kind)."""
    return "\t".join(["#series", "kind", *columns]) + "\n" + "\n\n".join(
        "".join(f"{name}\t{kind}\t{line}\n" for line in lines)
        for (name, kind), lines in series.items())


def lines_of(rows, named, limits):
    """line (0: none), case, ratio, its interval alone and with all cases, rank, cases, limits of
    what does not count."""
    for row in rows:
        limit = limits[row["threads"]]
        numbers = [row["ratio"], row["low"], row["high"], row["low_all"], row["high_all"]]
        yield "\t".join([str(named.get(row["case"], 0)),
                         case_text(row["case"]) + " ~" * row["unstable"],
                         *(f"{x:.6g}" for x in numbers), str(row["rank"]), str(row["of"]),
                         f"{limit['low']:.6g}", f"{limit['high']:.6g}"])


def ranked(rows):
    for rank, row in enumerate(sorted(rows, key=lambda row: row["ratio"]), 1):
        yield row | {"rank": rank, "of": len(rows)}


def of_errors(part):
    """First the growth that counts: by a factor and beyond a constant. Then panel (1 loss, 2 dX,
    3 dW), error in A, B over A; a series per verdict. Equal marks stand there once."""
    marks = {}
    for row in part["rows"]:
        if row["quantity"] in PANELS:
            a, b = (max(row[key], LEAST_ERROR) for key in ("a", "b"))
            line = f"{PANELS[row['quantity']]}\t{a:.3g}\t{b / a:.4g}"
            marks.setdefault(row["verdict"], {})[line] = None
    series = {("limits", "limits"): [f"{GROWTH}\t{TINY}"]}
    for verdict in ("as exact", "more exact", "less exact"):
        if verdict in marks:
            series[verdict.replace(" ", "_"), "verdict"] = marks[verdict]
    return table(["panel", "error_a", "b_over_a"], series) if marks else ""


def of_times(part):
    comparable = [row for row in part["rows"] if row["basis"] is not None]
    own = list(ranked([row for row in comparable if not row["others"]]))
    others = list(ranked([row for row in comparable if row["others"]]))
    top = with_lines(own)
    named = {row["case"]: line for line, row in enumerate(top, 1)}
    series = {("lines", "lines"): [str(len(top))]}
    for name in ("same", "slower", "faster"):
        rows = [row for row in own if SERIES.get(row["verdict"]) == name]
        if rows:
            series[name, "verdict"] = lines_of(rows, named, part["limits"])
    if others:
        series["others", "others"] = lines_of(others, {}, part["limits"])
    columns = "line case ratio low high low_all high_all rank of limit_low limit_high".split()
    return table(columns, series) if own else ""
