"""Tables of the page: how a table is built, and those below the first screen."""

from . import text

# A cell is its HTML, or a pair of it and what it is sorted by; a column is a heading, or a pair of
# it and the group that it stands in.


def cell(tag, value):
    shown, key = value if isinstance(value, tuple) else (value, None)
    sort = f' data-sort="{text.escape(key)}"' if text.is_number(key) else ""
    return f"<{tag}{sort}>{shown}</{tag.split()[0]}>"


def valued(value, form, low=None, high=None, unit=""):
    """A number over its interval."""
    shown = text.number(value, form)
    between = text.interval(low, high, form)
    small = f' <span class="interval">{between}</span>' if between else ""
    return shown + (unit if shown != text.NONE else "") + small, value


def head_of(columns):
    groups = []
    for column in columns:
        name = column[1] if isinstance(column, tuple) else ""
        if groups and groups[-1][0] == name:
            groups[-1][1] += 1
        else:
            groups.append([name, 1])
    over = "".join(f'<th scope="colgroup" colspan="{span}">{text.escape(name)}</th>' if name
                   else f'<td colspan="{span}"></td>' for name, span in groups)
    heads = "".join(f'<th scope="col">{column[0] if isinstance(column, tuple) else column}</th>'
                    for column in columns)
    over = f'<tr class="group">{over}</tr>' if any(name for name, _ in groups) else ""
    return f"<thead>{over}<tr>{heads}</tr></thead>"


def build(caption, columns, rows, kind=""):
    """A table that sorts, in a box that scrolls where the screen is narrow. The first cell of a row
    is its heading."""
    body = "".join("<tr>" + cell('th scope="row"', row[0])
                   + "".join(cell("td", value) for value in row[1:]) + "</tr>\n" for row in rows)
    return (f'<div class="scroll" role="region" tabindex="0" aria-label="{text.escape(caption)}">'
            f'<table class="sorts {kind}"><caption><span>{text.escape(caption)}</span></caption>'
            f"{head_of(columns)}<tbody>\n{body}</tbody></table></div>")


def folded(summary, inside):
    return f"<details><summary>{text.escape(summary)}</summary>{inside}</details>"


# ---- claims of the papers ------------------------------------------------------------------------

def claims(run):
    rows = []
    for row in run.table("claims"):
        form, unit = ("{:.1f}", "°") if row["unit"] == "degrees" else ("{:.3f}", "")
        claim = (f'{text.escape(row["claim"])}<br>'
                 f'<span class="soft">{text.escape(row["where"])}</span>')
        rows.append([claim, text.escape(row["measured"]), valued(row["paper"], form, unit=unit),
                     valued(row["mean"], form, row["low"], row["high"], unit),
                     f'<span class="verdict">{text.escape(row["verdict"] or text.NONE)}</span>'])
    if not rows:
        return ""
    return ('<h3 id="claims">Claims of the papers, measured</h3>'
            "<p>Differences are paired within each seed. A claim holds if the whole interval lies "
            "where it says, it does not if none of it does, and else it is undecided. "
            "docs/separation.md tells why where one does not hold.</p>"
            + "<p>One seed has no interval: this run gives no verdicts.</p>"
            * all(row["verdict"] is None for row in run.table("claims"))
            + build("Claims with means over the seeds and 95 % intervals",
                    ["claim", "measured", "paper", "here", "verdict"], rows, "claims"))


# ---- one table for each driver -------------------------------------------------------------------

def microseconds(row, value, low, high):
    """A time per row; ~ marks what is not known well."""
    shown, key = valued(row[value], text.four_digits(row[value]), row[low], row[high])
    return ("~ " if row["unstable"] == "true" else "") + shown, key


def counted(row):
    """Instructions in a cycle, and joules of all processors a call."""
    return valued(row["per_cycle"], "{:.2f}"), valued(row["joules"], "{:.3g}")


def uncounted(run):
    """Why a counter has no numbers, where one has none."""
    why = (run.json("speed").get("context") or {}).get("counters") or {}
    missing = {}
    for name, reason in why.items():
        if reason:
            missing.setdefault(reason, []).append(name.replace("_", " "))
    said = "; ".join(f"{', '.join(names)}: {reason}" for reason, names in missing.items())
    return f"; not counted: {said}" if said else ""


def speed_cases(run):
    rows = [[text.escape(row["what"]), text.loss_name(row["loss"] or text.NONE),
             text.escape(row["isa"] or row["impl"]), row["N"], row["D"], row["C"], row["threads"],
             microseconds(row, "median_us", "low_us", "high_us"),
             valued(row["quiet_us"], text.four_digits(row["quiet_us"]), row["quiet_us_low"],
                    row["quiet_us_high"]), row["repetitions"],
             *counted(row)] for row in run.table("speed")]
    if not rows:
        return ""
    columns = ["what", "loss", "by", "N", "D", "C", "threads", "µs per row", "quiet", "repetitions",
               "instructions a cycle", "joules"]
    return folded(f"All {len(rows)} cases as a table",
                  build("Median time per row, with the least and the greatest repetition; quiet: "
                        "the mean of the best third of them, with its interval; ~: that is wider "
                        "than 5 %; joules: of all processors a call" + text.escape(uncounted(run)),
                        columns, rows))


ERRORS = [(of, kind) for of in ("loss", "dx") for kind in ("hard", "middle", "converged")]


def error_of(row, field):
    """An error, which is null where it is not finite."""
    if field in row and row[field] is None:
        return "not finite"
    return valued(row.get(field), "{:.0e}")


def torch_heads(run):
    """Heads of PyTorch, where bench/speed/peers_torch.py wrote torch.json into the run."""
    rows = []
    for row in run.json("torch").get("benchmarks", []):
        case = dict(part.split(":") for part in row["run_name"].split("/")[1:])
        time, key = valued(row["real_time"], "{:.3g}", row["time_low"], row["time_high"])
        rows.append([text.escape(case["impl"]), case["N"], case["D"], case["C"], case["threads"],
                     ("~ " * row["unstable"] + time, key),
                     valued(row["ratio_margin"], "{:.2f}", row["ratio_margin_low"],
                            row["ratio_margin_high"]),
                     valued(row["default_malloc_ratio_margin"], "{:.2f}"),
                     valued(row["peak_memory_bytes"] / 2**20, "{:.1f}"),
                     *(error_of(row, f"error_{of}_{kind}") for of, kind in ERRORS)])
    if not rows:
        return ""
    columns = ["head", "N", "D", "C", "threads", "ms a step", "times margin",
               "with default malloc", "peak MiB",
               *((kind, f"error of {of.replace('dx', 'dX')}") for of, kind in ERRORS)]
    return folded("ArcFace in PyTorch",
                  build("A training step (forward and backward) of ArcFace heads in PyTorch: time "
                        "where the allocator keeps memory, and over that of this library there and "
                        "with the allocator's defaults; growth of memory; relative errors by kind of "
                        "row; ~: times spread by more than 5 %", columns, rows))


def scales(run):
    """Steps with very many classes, where bench/scale/scale.py wrote its tables into the run."""
    rows = []
    for row in run.table("scale_steps"):
        where = f'{row["type"]}, {"a mapped file" if row["weights"] == "file" else row["weights"]}'
        classes = f'{int(row["C"]):,}'.replace(",", " ")
        rows.append([(classes, row["C"]), row["D"], row["N"], text.escape(where), row["dw"],
                     valued(row["minutes"], "{:.2f}"),
                     valued(row["seconds"], "{:.1f}", row["low"], row["high"]),
                     valued(row["cpu_seconds"], "{:.1f}"), valued(row["model_seconds"], "{:.1f}"),
                     *(valued(row[key + "_gib"], "{:.2f}")
                       for key in ("weights", "peak", "anonymous", "read", "written"))])
    if not rows:
        return ""
    columns = ["classes", "D", "N", "W", "dW", "minutes a step", "seconds a step",
               "processors’ seconds", "of the model",
               *((name, "GiB") for name in ("W", "peak", "no file’s", "read", "written"))]
    return ('<h3 id="scale">Steps with very many classes</h3>'
            + build("A step of SGD in one process: time (median, least and greatest), memory, and what "
                    "went to and from disks in a step; docs/scaling.md says how it was measured",
                    columns, rows))


def promises(run):
    rows = [[text.escape(row["bound"].replace("<=", "≤")), text.loss_name(row["loss"]),
             row["judged"], row["outside"], valued(row["share"], "{:.2g}")]
            for row in run.table("promises")]
    if not rows:
        return ""
    return folded("What is promised, and how much of it is used up",
                  build("Over all instruction sets: results judged, those outside the bound, and "
                        "the largest share of it",
                        ["promise", "loss", "judged", "outside", "largest share"], rows, "claims"))


def toys(run):
    degrees = ("gap", "intra", "inter", "w_ec")
    rows = [[text.loss_name(row["loss"]), text.escape(row["settings"] or text.NONE),
             text.escape(row["data"]),
             *(valued(row[key], "{:.1f}", row[key + "_low"], row[key + "_high"], "°")
               for key in degrees),
             valued(row["accuracy"], "{:.3f}", row["accuracy_low"], row["accuracy_high"])]
            for row in run.table("toys")]
    if not rows:
        return ""
    return build("Two-dimensional embeddings of test samples: means over the seeds, 95 % intervals",
                 ["loss", "settings", "data", "gap between classes", "Intra", "Inter", "W-EC",
                  "test accuracy"], rows)


# ---- whose products -----------------------------------------------------------------------------

def libraries(run):
    """The libraries whose products were timed: a number belongs to a version and its file."""
    rows = [[text.escape(name), text.escape(found["version"]),
             text.escape(found["kernels"] or text.NONE), text.escape(found["file"]),
             f'<code>{text.escape(found["sha256"] or text.NONE)}</code>']
            for name, found in run.json("speed").get("context", {}).get("peers", {}).items()
            if isinstance(found, dict)]
    if not rows:
        return ""
    return folded(f"The {len(rows)} libraries whose products were timed",
                  build("As they say themselves; kernels: which they chose for this CPU",
                        ["library", "version", "kernels", "file", "SHA-256"], rows, "claims"))


# ---- the machine ---------------------------------------------------------------------------------

def flatten(value, prefix=""):
    """Nested JSON as (dotted name, text) pairs."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from flatten(inner, prefix + key + "." * isinstance(inner, dict))
    elif isinstance(value, list):
        if all(not isinstance(item, (dict, list)) for item in value):
            yield prefix, " ".join(str(item) for item in value)
        else:
            for index, item in enumerate(value):
                dot = "." if isinstance(item, dict) else ""
                yield from flatten(item, f"{prefix}.{index}{dot}")
    elif value is not None:
        yield prefix, str(value)


def machine(run):
    rows = "".join(f'<tr><th scope="row">{text.escape(key)}</th>'
                   f"<td>{text.escape(value)}</td></tr>\n"
                   for key, value in flatten(run.json("machine")))
    return ('<div class="scroll" role="region" tabindex="0" aria-label="Machine and build">'
            f'<table class="facts"><caption><span>From machine.json</span></caption>'
            f"<tbody>{rows}</tbody></table></div>")
