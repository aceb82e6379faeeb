"""The first screen: what this run says, a sentence for each question and a line for each loss, all
of it from tables/summary.tsv."""

from . import tables, text

RATIO = "{:.3f}"


# ---- the table -----------------------------------------------------------------------------------

def ratio(row, key):
    return tables.valued(row[key], RATIO, row[key + "_low"], row[key + "_high"])


def error(row, prefix):
    return text.scientific(row[prefix + "worst_gradient"]), row[prefix + "worst_gradient"]


def not_finite(row, prefix):
    if row[prefix + "points"] is None:
        return text.NONE
    return f'{row[prefix + "nonfinite"]} of {row[prefix + "points"]}', row[prefix + "nonfinite"]


def gap(row, data):
    return tables.valued(row["gap " + data], "{:.1f}", row["gap_low " + data],
                         row["gap_high " + data], "°")


def data_names(rows):
    return [key[len("gap "):] for key in rows[0] if key.startswith("gap ")]


def columns_of(rows):
    """Group, heading, the field that must be there, and the cell, for each column with a number."""
    columns = [
        ("Speed", "µs per row", "us_per_row",
         lambda r: tables.microseconds(r, "us_per_row", "us_low", "us_high")),
        ("Time relative to", "three matrix products", "vs_gemm3", lambda r: ratio(r, "vs_gemm3")),
        ("Time relative to", "unfused head, BLAS", "vs_unfused", lambda r: ratio(r, "vs_unfused")),
        ("Time relative to", "NormSoftmax: the margin’s cost", "vs_normsoftmax",
         lambda r: ratio(r, "vs_normsoftmax")),
        ("Worst gradient error", "here", "worst_gradient", lambda r: error(r, "")),
        ("Worst gradient error", "usual formula", "usual_worst_gradient",
         lambda r: error(r, "usual_")),
        ("Angles not finite", "here", "points", lambda r: not_finite(r, "")),
        ("Angles not finite", "usual formula", "usual_points", lambda r: not_finite(r, "usual_")),
    ]
    columns += [("Gap between classes", data, "gap " + data, lambda r, data=data: gap(r, data))
                for data in data_names(rows)]
    return [column for column in columns if any(row[column[2]] is not None for row in rows)]


def table(rows):
    columns = columns_of(rows)
    cells = [[text.loss_name(row["loss"]), *(column[3](row) for column in columns)] for row in rows]
    headings = ["Loss", *((text.escape(heading), group) for group, heading, *_ in columns)]
    return tables.build("The losses in this run, with 95 % intervals", headings, cells, "answers")


# ---- the sentences -------------------------------------------------------------------------------

def having(rows, key):
    return [row for row in rows if text.is_number(row.get(key))]


def names(rows, all_rows=()):
    if len(rows) > 2 and len(rows) == len(all_rows):
        return "every loss"
    return text.listed(text.loss_name(row["loss"]) for row in rows)


def span(rows, key, form):
    """From the least to the greatest of a column, or the one number that both are."""
    values = sorted((row[key] for row in rows), key=float)
    ends = [text.number(value, form) for value in (values[0], values[-1])]
    return ends[0] if ends[0] == ends[1] else f"{ends[0]} to {ends[1]}"


def sides(rows, key, at=0.0):
    """The rows whose interval lies below `at`, holds it, lies above it."""
    below = [row for row in rows if text.is_number(row[key + "_high"]) and
             float(row[key + "_high"]) < at]
    above = [row for row in rows if text.is_number(row[key + "_low"]) and
             float(row[key + "_low"]) > at]
    return below, [row for row in rows if row not in below + above], above


def without_interval(rows, key):
    return [row for row in rows if not text.is_number(row[key + "_low"])]


def within(row, key):
    """How far from 1 the interval reaches, in per cent, with two digits."""
    far = 100 * max(float(row[key + "_high"]) - 1, 1 - float(row[key + "_low"]))
    return f"{far:#.2g}".rstrip(".")


def verdicts(rows, key):
    """Each loss with a ratio of times, by what its interval says."""
    unknown = without_interval(rows, key)
    if unknown:  # one repetition
        return f"{names(unknown, rows)}, {span(unknown, key, RATIO)} times as long, no interval"
    less, same, more = sides(rows, key, 1.0)
    said = [f"{names(some)} {'take' if len(some) > 1 else 'takes'} {span(some, key, RATIO)} times "
            f"as long, which is {word}" for some, word in ((less, "faster"), (more, "slower"))
            if some]
    said += [f"within {within(row, key)} % it cannot be told for {text.loss_name(row['loss'])} "
             f"({text.number(row[key], RATIO)})" for row in same]
    return "; ".join(said)


def speed(rows):
    said = []
    floor, peer = having(rows, "vs_gemm3"), having(rows, "vs_unfused")
    if floor:
        said.append("Loss and both gradients take "
                    f"{span(floor, 'vs_gemm3', RATIO)} times as long as the three matrix products "
                    "in them alone, by the best BLAS for each.")
    if peer:
        said.append("Against the same head written with a BLAS, unfused: "
                    f"{verdicts(peer, 'vs_unfused')}.")
    return " ".join(said)


def margin(rows):
    others = [row for row in having(rows, "vs_normsoftmax")
              if row["loss"] not in ("softmax", "normsoftmax")]
    return (f"Against NormSoftmax, which has none: {verdicts(others, 'vs_normsoftmax')}."
            if others else "")


def worst_of(rows, key):
    row = max(rows, key=lambda row: float(row[key]))
    return f"{text.scientific(row[key])} ({text.loss_name(row['loss'])})"


def most_lost(rows, prefix):
    lost = [row for row in rows if float(row[prefix + "nonfinite"]) > 0]
    if not lost:
        return "none"
    row = max(lost, key=lambda row: float(row[prefix + "nonfinite"]))
    most = f'{row[prefix + "nonfinite"]} of {row[prefix + "points"]} ({names(lost, rows)})'
    return ("up to " if len({r[prefix + "nonfinite"] for r in lost}) > 1 else "") + most


def stability(rows):
    ours, usual = having(rows, "worst_gradient"), having(rows, "usual_worst_gradient")
    if not ours:
        return ""
    said = [f"Over all angles the worst error of a gradient is {worst_of(ours, 'worst_gradient')}"]
    if usual:
        said.append(f", and {worst_of(usual, 'usual_worst_gradient')} where the loss is written "
                    f"the usual way. Angles without a finite result: {most_lost(ours, '')} here, "
                    f"{most_lost(usual, 'usual_')} the usual way")
    return "".join(said) + "."


def separation(rows, data):
    found = [dict(row, gap=row["gap " + data], gap_low=row["gap_low " + data],
                  gap_high=row["gap_high " + data]) for row in having(rows, "gap " + data)]
    unknown = without_interval(found, "gap")
    if unknown:
        return (f"Gaps between neighbouring classes of {span(found, 'gap', '{:.1f}')}°; one seed "
                "gives no interval.")
    words = ("overlap under", "cannot be told from touching under", "leave a gap under")
    said = [f"{word} {names(some, found)} ({span(some, 'gap', '{:.1f}')}°)"
            for word, some in zip(reversed(words), reversed(sides(found, "gap"))) if some]
    return f"{extremes(found)}Neighbouring classes {', '.join(said)}." if said else ""


def extremes(found):
    """The loss that keeps classes furthest apart and the one that does least."""
    order = sorted(found, key=lambda row: float(row["gap"]))
    if len(order) < 2:
        return ""
    least, most = order[0], order[-1]
    apart = float(most["gap_low"]) > float(least["gap_high"])
    return (f"Best is {text.loss_name(most['loss'])} ({text.number(most['gap'], '{:.1f}')}°), worst "
            f"{text.loss_name(least['loss'])} ({text.number(least['gap'], '{:.1f}')}°)"
            + ("" if apart else ", though their intervals overlap") + ". ")


def sentences(rows, further):
    said = [("Speed", speed(rows)), ("The margin’s cost", margin(rows)),
            ("Stability", stability(rows))]
    said += [(f"Separation, {text.escape(data)}", separation(rows, data))
             for data in data_names(rows)]
    said += further
    return ('<ul class="answers">'
            + "".join(f"<li><b>{head}.</b> {body}</li>\n" for head, body in said if body) + "</ul>")


def note(rows):
    """Which case the speed columns are of, and what the others mean."""
    case = next((row["case"] for row in rows if row["case"]), None)
    said = []
    if case:
        parts = dict(part.split(":", 1) for part in case.split("/")[1:] if ":" in part)
        said.append(f"Speed: N = {parts['N']} rows, D = {parts['D']} dimensions, "
                    f"C = {int(parts['C']):,} classes, one thread, {parts['isa']}; ~ marks "
                    "times that are not known to 5 %.")
    if any(row["points"] for row in rows):
        said.append("Gradient error: length of the error over the length of the exact gradient, "
                    "the greatest over the target’s angle from 0 to π. The usual formula goes "
                    "through acos where the margin is on the angle.")
    if data_names(rows):
        said.append("Gap: angle between neighbouring classes of test samples in two dimensions, "
                    "mean over the seeds; negative where they overlap.")
    return f'<p class="soft">{text.escape(" ".join(said))}</p>'


def section(rows, picture, further):
    """The first screen; `picture` is the figure that stands there, or nothing; `further`: what other
    parts answer, pairs of a heading and HTML."""
    return ('<section id="answers"><h2>What this run says</h2>' + sentences(rows, further) + picture
            + table(rows) + note(rows) + "</section>")
