"""What bench/separation/study.py found, in words and as a table of the report: tables/study.tsv. Knows
neither runs nor seeds."""

from . import tables, text

LOSSES = {"normsoftmax": "norm-softmax", "sphereface": "SphereFace", "cosface": "CosFace",
          "arcface": "ArcFace"}
DATA = {"sphere": "synthetic identities", "characters": "characters"}
CLEAR = ("helps", "harms")


def with_ends(row, name, digits=3):
    """A number with its interval: "0.018 [0.010, 0.026]"."""
    return "%.*f [%.*f, %.*f]" % tuple(x for end in ("", "_low", "_high")
                                       for x in (digits, float(row[name + end])))


def setting(row):
    scale = f"s={float(row['scale']):g}"
    return scale if float(row["added"]) == 0 else f"m={float(row['margin']):g} {scale}"


def gained(row):
    """Which loss gains what, where."""
    return (f"{with_ends(row, 'gain')} ({LOSSES[row['loss']]}, {setting(row)}, {row['identities']} "
            f"identities, {row['epochs']} epochs)")


def clear_of_none(rows, end):
    """Gains whose own interval keeps to one side of 0: their lower ends above it, or their upper ones
    below it."""
    side = 1 if end == "gain_low" else -1
    return [row for row in rows if side * float(row[end]) > 0]


def place_of(row):
    """The problem; at as many epochs equal steps may have fewer samples of each identity."""
    return row["identities"], row["epochs"], row["steps"]


def most_gained(rows):
    """Which loss gains the most, and how often, where one gains by its own interval."""
    best = {}
    for row in clear_of_none(rows, "gain_low"):
        place = place_of(row)
        if place not in best or float(row["gain"]) > float(best[place]["gain"]):
            best[place] = row
    names = [row["loss"] for row in best.values()]
    counts = sorted({(-names.count(loss), loss) for loss in names})
    return (text.listed(f"{LOSSES[loss]} gains most in {-count}" if k == 0 else f"{LOSSES[loss]} in {-count}"
                        for k, (count, loss) in enumerate(counts))
            + f" of {len(set(map(place_of, rows)))} problems." if best else "")


def answer(rows, data):
    """A sentence or two on one data set; a cell that is of both regimes counts once."""
    found = {(place_of(row), row["loss"]): row for row in rows
             if row["data"] == data and row["loss"] != "normsoftmax"}.values()
    of = {word: [row for row in found if row["verdict"] == word]
          for word in (*CLEAR, "undecided", "no margin")}
    others = [f"{said} in {len(of[word])}" for word, said in
              (("harms", "harms"), ("undecided", "is undecided"), ("no margin", "was not chosen"))
              if of[word] or word == "harms"]
    said = (f"On {DATA[data]} a margin helps strangers in {len(of['helps'])} of {len(found)} comparisons "
            f"with norm-softmax; it {text.listed(others)}. By their own intervals, without the correction, "
            f"{len(clear_of_none(found, 'gain_low'))} gains are above 0 and "
            f"{len(clear_of_none(found, 'gain_high'))} below it. By these {most_gained(found)}")
    for word, what, most in (("helps", "gain", max), ("harms", "loss", min)):
        if of[word]:
            row = most(of[word], key=lambda row: float(row["gain"]))
            said += f" The largest {what} in TAR is {gained(row)}."
    return said


def beyond_raw(rows):
    """What a training with the most identities makes of images."""
    row = max(rows, key=lambda row: (int(row["identities"]), int(row["epochs"])))
    beats = "beats" if float(row["gain_low"]) > 0 else "does not clearly beat"
    return (f"Norm-softmax trained with {row['identities']} identities for {row['epochs']} epochs {beats} the "
            f"cosine of the pixels ({with_ends(row, 'raw')}) by {with_ends(row, 'gain')}.")


def data_of(rows):
    return [data for data in DATA if any(row["data"] == data for row in rows)]


def answers(run):
    """(heading, HTML) for the first screen."""
    rows = run.table("study")
    return [(f"Tuned, {text.escape(data)}", text.escape(answer(rows, data))) for data in data_of(rows)]


def table(run):
    rows = [[text.escape(f"{row['data']}, equal {row['regime']}"), row["identities"], row["epochs"],
             text.loss_name(row["loss"]), row["scale"], row["margin"] or text.NONE,
             tables.valued(row["tar"], "{:.3f}", row["tar_low"], row["tar_high"]),
             tables.valued(row["gain"], "{:+.3f}", row["gain_low"], row["gain_high"]),
             row["verdict"] or text.NONE] for row in run.table("study")]
    if not rows:
        return ""
    columns = ["data", "identities", "epochs", "loss", "s", "m", "TAR at FAR 10⁻³",
               "gain over NormSoftmax", "a margin"]
    return tables.folded("Tuned against tuned", tables.build(
        "Each loss at its own best scale and margin, chosen on other identities and by other seeds: "
        "strangers' TAR, the gain over NormSoftmax paired within a seed, 95 % intervals; the verdict "
        "is corrected for all comparisons (Holm)", columns, rows))


# ---- docs/separation.md ----------------------------------------------------------------------------

def side_by_side(rows):
    """(head, rows) of a table with a column for each data set."""
    named = data_of(rows)
    cells, order = {}, {}
    for row in rows:
        place = (row["regime"], int(row["identities"]), row["loss"])
        order[place] = (f"{row['epochs']}", row)
        value = with_ends(row, "tar") if row["loss"] == "normsoftmax" else \
            f"{with_ends(row, 'gain')} {row['verdict']}" if row["verdict"] != "no margin" else "no margin"
        cells[place, row["data"]] = f"{setting(row)}: {value}"
    found, before = [], None
    for place in sorted(order, key=lambda p: (p[0], p[1], list(LOSSES).index(p[2]))):
        heads = [f"equal {place[0]}", str(place[1])] if before != place[:2] else ["", ""]
        found.append([*heads, LOSSES[place[2]], *(cells.get((place, data), "–") for data in named)])
        before = place[:2]
    return ["at", "identities", "loss", *("on " + DATA[data] for data in named)], found
