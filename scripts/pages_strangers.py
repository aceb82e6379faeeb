"""pages_strangers.py: tables of docs/separation.md about what training does to the geometry, and about
noise, tails and room, from a run's tables. It must not know how pages are written."""

from pages_separation import LOSSES, table

# Name in the table, how it is called, and of which samples it is shown.
GEOMETRY = (("within_between", "NC1, within over between", ("train", "test", "unseen")),
            ("length_spread", "NC2, spread of lengths", ("train", "unseen")),
            ("angle_deviation", "NC2, deviation of angles", ("train", "unseen")),
            ("weight_alignment", "NC3, weights to means", ("train",)),
            ("nearest_mean", "NC4, nearest mean", ("test",)),
            ("alignment", "alignment", ("train", "test", "unseen")),
            ("uniformity", "uniformity", ("train", "test", "unseen")))


def measured(row, name, digits=3, sign=""):
    middle, low, high = (f"{float(row[name + end]):.{digits}f}" for end in ("", "_low", "_high"))
    return f"{float(middle):{sign}.{digits}f} [{low}, {high}]"


def geometry(run):
    """Every measure after the last epoch."""
    rows = run.rows("geometry")
    last = max(int(row["epoch"]) for row in rows)
    at = {(row["series"].split()[0], row["loss"]): row for row in rows
          if int(row["epoch"]) == last}
    losses = list(dict.fromkeys(loss for _, loss in at))
    names = {"train": "training", "test": "test", "unseen": "unseen"}
    lines = [[called if part == parts[0] else "", names[part], *(measured(at[part, loss], name, 2)
                                                                for loss in losses)]
             for name, called, parts in GEOMETRY for part in parts]
    return table(["measure", "samples", *(LOSSES[loss] for loss in losses)], lines)


def margins_of(rows):
    """The losses with their margins, as they stand in a table: those without first."""
    found = dict.fromkeys((row["loss"], row["margin"]) for row in rows if "advised" not in row["series"])
    return sorted(found, key=lambda key: list(LOSSES).index(key[0]))


def against_none(rows, lines):
    """Of norm-softmax a quantity, of the others their gain over it."""
    margins = margins_of(rows)
    made = []
    for *first, name, wanted in lines:
        cells = []
        for loss, margin in margins:
            row = next(r for r in rows if (r["loss"], r["margin"]) == (loss, margin) and wanted(r))
            cells.append(measured(row, name) if loss == "normsoftmax" else measured(row, name + "_gain", 3, "+"))
        made.append([*first, *cells])
    return made, [LOSSES[loss] + (f", m = {margin}" if float(margin) else "") for loss, margin in margins]


NAMED = {"tar": "TAR", "accuracy": "accuracy", "tail": "accuracy, smallest third"}


def noise(run):
    rows = run.rows("noise")
    kinds = {"flipped": "flipped labels", "outliers": "nobody’s"}
    lines = []
    for name in "tar", "accuracy":
        for kind, called in kinds.items():
            for share in sorted({float(row["share"]) for row in rows}):
                if share or kind == "flipped":
                    lines.append([NAMED[name], f"{share:.0%} {called}".replace("%", " %") if share else "none",
                                  name, lambda r, kind=kind, share=share: r["series"].split()[0] == kind
                                  and float(r["share"]) == share])
    made, heads = against_none(rows, lines)
    return table(["measured", "false", *heads], made)


def tails(run):
    rows = run.rows("tails")
    lines = [[NAMED[name], ratio, name, lambda r, ratio=ratio: r["imbalance"] == ratio]
             for name in ("tar", "tail") for ratio in dict.fromkeys(row["imbalance"] for row in rows)]
    made, heads = against_none(rows, lines)
    return table(["measured", "largest over smallest", *heads], made)


def is_beyond(row):
    return float(row["margin"]) > float(row["margin_most"]) or float(row["scale"]) < float(row["scale_least"])


def advised_of(rows, row):
    return next(r for r in rows if r["series"] == row["series"].replace("default", "advised")
                and (r["dim"], r["loss"]) == (row["dim"], row["loss"]))


def room(run):
    """Where `margin advise` allows less, and what comes of its advice there."""
    rows = run.rows("room")
    lines = []
    for row in filter(is_beyond, rows):
        other = advised_of(rows, row)
        margin = [row["margin"], "%.2g" % float(row["margin_most"]), other["margin"]]
        lines.append([row["series"].split()[0], row["dim"], LOSSES[row["loss"]],
                      *(margin if float(row["margin"]) else ("", "", "")), row["scale"],
                      "%.0f" % float(row["scale_least"]), other["scale"],
                      *(measured(r, name) for name in ("train_accuracy", "accuracy") for r in (row, other))])
    lines.sort(key=lambda line: (int(line[0]), int(line[1])))
    return table(["identities", "D", "loss", "m", "most", "advised", "s", "least", "advised",
                  "training accuracy", "as advised", "test accuracy", "as advised"], lines)


def room_for_strangers(run):
    """TAR in the most dimensions, at s = 64 and as `margin advise` says."""
    rows = run.rows("room")
    most = max((row["dim"] for row in rows), key=int)
    shown = [row for row in rows if row["dim"] == most and "default" in row["series"]]
    lines = {}
    for row in shown:
        other = advised_of(rows, row)
        lines.setdefault(row["series"].split()[0], []).extend(
            [measured(row, "tar"), measured(other, "tar") + f" (s = {other['scale']})"])
    heads = [head for loss in dict.fromkeys(row["loss"] for row in shown)
             for head in (f"{LOSSES[loss]}, s = 64", "as advised")]
    return table(["identities", *heads], [[classes, *cells] for classes, cells in lines.items()])


MAKERS = {"geometry": geometry, "noise": noise, "tails": tails, "room": room,
          "room for strangers": room_for_strangers}
