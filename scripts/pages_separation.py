"""pages_separation.py: what docs/separation.md has of a run: tables between <!-- NAME, of the reference
run --> and <!-- end -->, and numbers in its sentences, <!--=FIGURE;LABEL;QUANTITY-->5.5<!--/-->: the
mean of a group of separation.json (FIGURE.64: of those in 64 dimensions), by a fourth part `ci` with
its interval, `%` in per cent. It must not know how pages are written."""

import math
import re

ORDER = "table 3's order: "
SHARES = ("accuracy", "tar", "overlap", "eer", "auc")
SPLITS = {"train": "training samples", "unseen": "strangers", "-": "class weights"}
LOSSES = {"softmax": "softmax", "normsoftmax": "norm-softmax", "sphereface": "SphereFace",
          "cosface": "CosFace", "arcface": "ArcFace"}


class Missing(Exception):
    """One line that names what the run lacks."""


def table(head, rows):
    lines = ["| " + " | ".join(head) + " |", "|" + "--|" * len(head)]
    return lines + ["| " + " | ".join(row) + " |" for row in rows]


# ---- numbers -------------------------------------------------------------------------------------

def fixed(value, digits):
    """Without a minus before what is rounded to zero."""
    text = "%.*f" % (digits, round(float("%.6g" % value), digits))
    return text.lstrip("-") if not float(text) else text


def between(values, digits):
    return "[" + ", ".join(fixed(value, digits) for value in values) + "]"


def chance(value):
    value = float(value)
    return "< 0.001" if value < 0.001 else "%.3f" % value if value < 0.1 else "%.2f" % value


def spread(row, name):
    """A claim's number and interval, without the unit; nothing where it has none."""
    if row[name] == "-":
        return ""
    ends = ("low", "high") if name == "mean" else (name + "_low", name + "_high")
    digits = 3 if row["unit"] == "1" else 1 if abs(float(row[name])) >= 1 else 2
    return f"{fixed(float(row[name]), digits)} {between((float(row[end]) for end in ends), digits)}"


# ---- claims --------------------------------------------------------------------------------------

def not_of_order(run):
    return [row for row in run.rows("claims") if not row["claim"].startswith(ORDER)]


def most_seeds(rows):
    return max(int(row["seeds"]) for row in rows)


def measured(row, seeds=None):
    """What is measured, of which samples, and of how many seeds where these are fewer than the run's."""
    few = [f"{row['seeds']} seeds"] if seeds and int(row["seeds"]) < seeds else []
    said = [SPLITS[row["split"]], *few] if row["split"] in SPLITS else few
    return row["measured"] + (f" ({', '.join(said)})" if said else "")


def claims(run):
    """What papers say, but for the order within table 3."""
    lines, before = [], None
    seeds = most_seeds(not_of_order(run))
    for row in not_of_order(run):
        same = before and row["claim"] == before["claim"] and row["where"] == before["where"]
        named = ["", ""] if same else [row["claim"], row["where"]]
        unit = "" if row["unit"] == "1" else " " + row["unit"]
        other = f"{spread(row, 'other')}, {row['other_verdict']}" if row["other"] != "-" else ""
        paper = fixed(float(row["paper"]), 1) if row["paper"] != "-" else ""
        lines.append([*named, measured(row, seeds), paper, spread(row, "mean") + unit, spread(row, "least_gap"),
                      chance(row["p_holm"]), row["verdict"], other])
        before = row
    return table(["claim", "where", "measured", "paper", "mean, 95 % interval", "least gap", "p, Holm", "verdict",
                  "other samples"], lines)


def changes(run):
    return [f"* {row['claim']}; {measured(row)}: **{row['verdict']}.** {row['changes']}"
            for row in not_of_order(run)]


def counted(rows, key):
    found = [row[key] for row in rows]
    return (f"{found.count('holds')} hold, {found.count('does not')} do not and "
            f"{found.count('undecided')} are undecided")


def correction(run):
    rows = run.rows("claims")
    turned = [row for row in rows if row["verdict"] != row["uncorrected"]]
    return [f"Of the {len(rows)} claims of the run {counted(rows, 'verdict')}. The correction leaves "
            f"{len(turned)} undecided that their intervals alone would decide."]


def in_short(run):
    """For README.md."""
    rows = run.rows("claims")
    return [f"> Of {len(rows)} statements about angles and gaps, most of them the papers', {counted(rows, 'verdict')}, on "
            f"identities made anew for each of {most_seeds(rows)} seeds, corrected for their number."]


def order_of_table3(run):
    found = [row for row in run.rows("claims") if row["claim"].startswith(ORDER)]
    against = [f"{row['measured']}: {fixed(float(row['paper']), 1)} in the paper, {spread(row, 'mean')} here"
               for row in found if row["verdict"] == "does not"]
    return [f"Of the other {len(found)} neighbouring pairs in table 3's rows (which column is below which) "
            f"{counted(found, 'verdict')}; they are in the report and in `separation.json`. Those that do not, in degrees:",
            "", *(f"* {line}" for line in against)]


# ---- gaps ----------------------------------------------------------------------------------------

def gaps_over_shares(run):
    shown = (90, 95, 97, 98, 99, 100)
    rows = {(row["split"], row["label"], row["share_percent"]): row for row in run.results["gap_share"]}
    lines = [[{"test": "test", "train": "training"}[split], LOSSES.get(label.split()[0], label),
              *(f"{fixed(rows[split, label, share]['median_deg'], 1)} / "
                f"{fixed(rows[split, label, share]['least_deg'], 1)}" for share in shown)]
             for split, label in dict.fromkeys((row[0], row[1]) for row in rows)]
    return table(["samples", "loss", *(f"{share} %" for share in shown)], lines)


def judged_alone(ends, least, most):
    """The verdict of an interval."""
    inside = ends[0] > least and ends[1] < most
    return "holds" if inside else "does not" if ends[1] <= least or ends[0] >= most else "undecided"


def verdicts_by_share(run):
    """What the first gaps' claims would be for arcs that hold another share of the samples."""
    asked = {"softmax": "softmax leaves ambiguous boundaries",
             "normsoftmax s=64": "norm-softmax leaves ambiguous boundaries",
             "arcface m=0.5 s=64": "ArcFace's gap is clearly positive"}
    rows = {(row["label"], row["share_percent"]): row for row in run.results["gap_share"]
            if row["split"] == "test"}
    shares, lines = (90, 95, 96, 97, 98, 99, 100), []
    for label, claim in asked.items():
        judged = next(row for row in run.results["claims"]
                      if row["claim"] == claim and row["measured"].startswith("median gap"))
        least, most = (end if judged[name] is None else judged[name]
                       for name, end in (("least", -math.inf), ("most", math.inf)))
        lines.append([claim, *(judged_alone([rows[label, share][f"median_{end}"] for end in ("low", "high")],
                                            least, most) for share in shares)])
    return table(["claim, by its interval alone", *(f"{share} %" for share in shares)], lines)


def quantity(group, name):
    """[mean, low, high]; in a summary the quantities are the group's own fields."""
    return group.get("values", group).get(name)


def settings_of(run):
    """{setting: {loss: group}}; losses in the library's order, settings in the program's."""
    mine = [group for group in run.results["groups"] if group.get("setting")]
    names = [row["setting"] for row in max((claim["settings"] for claim in run.results["claims"]), key=len)]
    return {name: {loss: group for loss in LOSSES for group in mine
                   if (group["setting"], group["loss"]) == (name, loss)} for name in names}


def sensitivity(run):
    lines = []
    for setting, groups in settings_of(run).items():
        for split, name in (("", "test"), ("train_", "training")):
            cells = []
            for group in groups.values():
                mean, low, high = quantity(group, split + "gap")
                least = quantity(group, split + "gap_min")[0]
                cells.append(f"{fixed(mean, 1)} {between((low, high), 1)}; {fixed(least, 1)}")
            overlaps = " / ".join(fixed(100 * quantity(group, split + "overlap")[0], 1)
                                  for group in groups.values())
            lines.append([setting if not split else "", name, *cells, overlaps])
    losses = [LOSSES[loss] for loss in next(iter(settings_of(run).values()))]
    return table(["setting", "samples", *losses, "overlap, %"], lines)


def verdicts_by_setting(run):
    rows = [claim for claim in run.results["claims"] if claim["settings"]]
    names = [row["setting"] for row in rows[0]["settings"]]
    lines = [[claim["measured"], claim["uncorrected"], *(row["verdict"] for row in claim["settings"])]
             for claim in rows]
    return table(["measured", "this run", *names], lines)


MAKERS = {"claims": claims, "what would change a verdict": changes, "correction": correction,
          "order of table 3": order_of_table3, "in short": in_short, "gaps over shares": gaps_over_shares,
          "sensitivity": sensitivity, "verdicts by share": verdicts_by_share, "verdicts by setting": verdicts_by_setting}


# ---- numbers in sentences ------------------------------------------------------------------------

def group_of(run, figure, label):
    figure, _, dim = figure.partition(".")
    found = [group for group in run.results["groups"] if group["label"] == label
             and any(name in (figure, "arcface-" + figure) for name in group["figures"])
             and (not dim or group["dim"] == int(dim))]
    if len(found) != 1:
        raise Missing(f"separation.json: {len(found)} groups '{label}' of '{figure}'")
    return found[0]


def inline(run, text):
    figure, label, name, *form = text.split(";")
    values = quantity(group_of(run, figure, label), name)
    if values is None:
        raise Missing(f"separation.json: no {name} of '{label}' in '{figure}'")
    share = name.removeprefix("train_").startswith(SHARES)
    if form == ["%"]:
        return fixed(100 * values[0], 1)
    digits = 3 if share else 1
    return fixed(values[0], digits) + (" " + between(values[1:], digits) if form == ["ci"] else "")


def fill(run, text):
    return re.sub(r"<!--=(.*?)-->.*?<!--/-->",
                  lambda match: f"<!--={match.group(1)}-->{inline(run, match.group(1))}<!--/-->", text,
                  flags=re.S)
