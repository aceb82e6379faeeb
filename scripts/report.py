#!/usr/bin/env python3
"""report.py: the report of a run, RUN/report.html, one file that opens offline.

Reads what plots/draw.sh made (RUN/tables/summary.tsv, RUN/figures/*.svg) and RUN/machine.json. It
computes nothing: each number on the page stands in a table, and so in a JSON file of the run.
usage: report.py RUN_DIR
"""

import html
import json
import os
import re
import sys

NAMES = {"softmax": "Softmax", "normsoftmax": "NormSoftmax", "sphereface": "SphereFace",
         "cosface": "CosFace", "arcface": "ArcFace", "combined": "Combined"}
FIGURES = {
    "toy_features": ("Separation: features in the plane, {data}",
                     "Two-dimensional embeddings of test samples after training under each loss: a "
                     "dot per sample, a line per class centre. Softmax is drawn as it is; the others "
                     "see directions only and are drawn near the unit circle. The last panel gives "
                     "the median gap between neighbouring classes, from arc to arc where an arc "
                     "holds the middle 98 % of a class (marks: median over the seeds; bars: least "
                     "and greatest); a negative gap is an overlap."),
    "target_logit": ("Target logits",
                     "What each loss makes of the logit of the right class at an angle θ between "
                     "sample and class centre, divided by the scale s. Left: the range of the "
                     "ArcFace paper's figure 4b; right: the whole range."),
    "arcface_fig4b": ("Target logits",
                      "What each loss makes of the logit of the right class at an angle θ between "
                      "sample and class centre, divided by the scale s."),
    "arcface_fig5": ("Decision margins in angles",
                     "Two classes, in the plane of the angles to their weights. Training asks for "
                     "more than the dashed boundary: grey is where neither class is satisfied. Only "
                     "ArcFace's margin is the same at every angle."),
    "cosface_fig2": ("Decision margins where each loss decides",
                     "Two classes, in the plane of the cosines to their weights, for A-Softmax of "
                     "the angles. Raw softmax has no margin but an overlap, for the norms of the "
                     "weights move its boundary; A-Softmax's margin vanishes at θ = 0."),
    "amsoftmax_psi": ("Target logits of A-Softmax and AM-Softmax",
                      "ψ over the whole range: the steps of A-Softmax, which λ smooths, and "
                      "AM-Softmax, which only shifts the cosine."),
    "bounds": ("Bounds on scale and margin",
               "Left: the least scale with which a class centre reaches a posterior of P (CosFace), "
               "and AdaCos's fixed scale. Middle: the same bound as the least loss that a scale "
               "allows (NormFace). Right: the largest margin of CosFace in D dimensions."),
    "sphere_size": ("Is the sphere large enough?",
                    "Angle from one of n random directions to its nearest neighbour, and of the "
                    "closest pair of all: by theory, by the asymptotic formula, and found by drawing "
                    "directions (bars: twice the standard error)."),
    "target_angles": ("Separation: target angles during training",
                      "Angles between training samples and their class's weight in 64 dimensions, "
                      "before, half way through and after training (mean over the seeds)."),
    "constancy": ("Separation: is the margin constant in angle?",
                  "Gap between neighbouring classes on the circle for 4, 6, 8 and 10 identities: "
                  "marks are trainings (mean and 95 % interval), lines what each loss's margin "
                  "demands."),
    "annealing": ("Separation: which loss needs its margin brought in gradually?",
                  "100 identities in 64 dimensions, with warm-up (SphereFace: lambda, too) and with "
                  "the whole margin from the first step. s = |x| is SphereFace as published: "
                  "features keep their length."),
    "cosface_fig4": ("Separation: CosFace with growing margins",
                     "Test samples in the plane (above) and their directions (below)."),
    "sphereface_fig5": ("Separation: SphereFace on the sphere",
                        "Six identities in three dimensions, test samples; below, their angles to "
                        "the own class's weight and to the nearest other one. Faint: the far side."),
    "amsoftmax_sphere": ("Separation: five losses on the sphere",
                         "Test samples of Fashion-MNIST (of ten identities where it is not "
                         "installed) in three dimensions; faint: the far side; crosses: class "
                         "weights."),
    "table3": ("Separation: ArcFace's table of angles",
               "Filled: here, mean and 95 % interval over the seeds. Hollow: the paper's numbers on "
               "faces, which only in their order can be compared with."),
    "sweep": ("Separation against margin and scale",
              "Columns: the scale at the default margin, then the margin of each loss. Bands are "
              "95 % intervals; hollow marks: the loss does not converge (training accuracy below "
              "99 %)."),
    "speed": ("Speed",
              "Median time per row on one thread, with the least and the greatest repetition. Filled "
              "marks: loss and gradients; hollow marks: loss only. Dashed: the three matrix products "
              "of the same shape alone, where a BLAS library was found."),
    "margin_cost": ("Speed: what a margin costs",
                    "Time of the whole head under each loss, compared with NormSoftmax, which has the "
                    "same products and no margin. Marks: median of the paired ratios; bars: its "
                    "interval; one that reaches the frame goes on. A bar that crosses zero: no difference "
                    "seen."),
    "speed_sizes": ("Speed over N, D and C",
                    "Rate of the whole ArcFace head per thread, 6NDC flops over the time, on lines of "
                    "shapes that vary rows, dimensions or classes alone. The plain line is the three "
                    "matrix products of the same shape, each by the fastest library for it; dashed: "
                    "the peak of multiply-adds measured in the same run. Bars: interval of the "
                    "median."),
    "speed_peers": ("Speed: heads and libraries against the three products",
                    "Time over that of the three matrix products, each by the library that is fastest "
                    "at it: further left is faster. Marks: median of the paired ratios; bars: its "
                    "interval."),
    "speed_threads": ("Speed over threads",
                      "How many times as fast as on one thread. Bars: interval of the median."),
    "speed_memory": ("Memory",
                     "How far the process's memory rises above inputs and outputs in one call, on one "
                     "thread, measured in pages (2 MB where the system uses huge ones). Circles: the "
                     "size of one array of N × C logits."),
    "speed_roofline": ("Speed: roofline",
                       "Rate of the whole head over the flops that it does per byte when each input "
                       "is read and each output written once, a mark per shape. A head below the roof "
                       "pays for exponentials, for its rows' own work, or for memory in between."),
    "gradient_error": ("Stability: error of the gradient",
                       "Relative error of the embedding's gradient against a computation in wider "
                       "precision, over the target's angle, at the default scale. Crosses: results "
                       "that are not finite."),
    "gradient_ends": ("Stability: the gradient at both ends of the angle",
                      "The same error close to θ = 0 and θ = π on logarithmic axes, at the default "
                      "scale. Near 0 the rows have converged as well, which costs the usual formulas "
                      "their digits even where the angle would not. Crosses: results that are not "
                      "finite."),
    "nonfinite_map": ("Stability: results that are not finite",
                      "ArcFace over the target's angle and the scale: the share of loss and gradients "
                      "that are NaN or infinite. Dots: all finite, but the embedding's gradient is "
                      "more than 10 % off. The columns are 0, steps from 10⁻⁷ to 1 rad, π/2, and the "
                      "same towards π."),
    "past_pi": ("What happens beyond π − m",
                "ArcFace's target logit and its slope by the cosine (the factor of the gradient) under "
                "each choice of past_pi. Where the slope is negative a sample is pushed away from its "
                "class; easy has no margin for θ > 90° at all."),
    "class_error": ("Stability: error over the number of classes",
                    "Greatest relative error of loss, dX and dW over angles from 0 to π, at the default "
                    "scale. Dotted: each loss as it is usually written; with few classes its converged "
                    "rows lose everything, with many its single sums do."),
    "ulp_histogram": ("Errors of exp and log",
                      "Errors of the elementary functions over the float32 inputs of their range, in "
                      "units of the result's last place; in brackets the greatest. Beyond the dotted "
                      "lines lies nothing."),
}

STYLE = """
:root { color-scheme: light dark; --page: #ffffff; --ink: #1b1b1b; --soft: #5c5c5c; --line: #d9d9d9;
  --card: #f6f6f4; --accent: #0b5c99; }
@media (prefers-color-scheme: dark) { :root { --page: #16181b; --ink: #e8e8e6; --soft: #a6a6a2;
  --line: #3a3d42; --card: #1f2226; --accent: #7cc0f0; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--page); color: var(--ink);
  font: 16px/1.55 "Liberation Sans", Arial, Helvetica, sans-serif; }
main { max-width: 66rem; margin: 0 auto; padding: 2rem 1.2rem 4rem; }
h1 { font-size: 1.7rem; line-height: 1.2; margin: 0 0 .3rem; }
h2 { font-size: 1.2rem; margin: 2.6rem 0 .4rem; }
p { max-width: 46rem; margin: .4rem 0; }
.soft { color: var(--soft); }
.wide { overflow-x: auto; margin: 1rem 0; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
th, td { padding: .35rem .6rem; text-align: right; white-space: nowrap;
  border-bottom: 1px solid var(--line); }
thead th { color: var(--soft); font-weight: normal; vertical-align: bottom; white-space: normal;
  min-width: 4.6rem; }
tr.group td { border: 0; }
thead tr.group th { text-align: center; border: 0; padding-bottom: 0; color: var(--ink); }
tbody th, .facts th { text-align: left; font-weight: bold; }
.claims th, .claims td { white-space: normal; vertical-align: top; }
.claims th, .claims td:nth-child(2), thead th:first-child { text-align: left; }
.claims tbody th { font-weight: normal; }
.facts td { text-align: left; white-space: normal; overflow-wrap: anywhere; }
.facts th { font-weight: normal; color: var(--soft); vertical-align: top; }
figure { margin: 1rem 0; padding: 1rem; background: var(--card); border-radius: .5rem; }
figure svg { display: block; width: 100%; height: auto; }
figcaption { margin-top: .7rem; color: var(--soft); font-size: .92rem; max-width: 46rem; }
code { font: .88em/1.5 "Liberation Mono", Menlo, Consolas, monospace; overflow-wrap: anywhere; }
a { color: var(--accent); }
@media print { :root { color-scheme: light; } figure { break-inside: avoid; background: none;
  padding: 0; } main { max-width: none; padding: 0; } }
"""


def fail(message, status=1):
    print(f"report.py: {message}", file=sys.stderr)
    sys.exit(status)


def read_table(path):
    """The rows of a TSV with a line of column names; "-" becomes None."""
    try:
        with open(path, encoding="utf-8") as stream:
            lines = [line.rstrip("\n").split("\t") for line in stream if line.strip()]
    except OSError as error:
        fail(f"{path}: {error.strerror} (run plots/draw.sh first)")
    if len(lines) < 2:
        fail(f"{path}: the run has no numbers")
    return [{key: None if value == "-" else value for key, value in zip(lines[0], line)}
            for line in lines[1:]]


def read_json(path):
    try:
        with open(path, encoding="utf-8") as stream:
            return json.load(stream)
    except OSError as error:
        fail(f"{path}: {error.strerror}")
    except ValueError as error:
        fail(f"{path}: {error}")


def number(text, form):
    if text is None or text == "null":
        return "–"
    return form.format(float(text)).replace("-", "−")


def scientific(text):
    if text is None:
        return "–"
    mantissa, exponent = f"{float(text):.1e}".split("e")
    return f"{mantissa}·10<sup>{int(exponent)}</sup>".replace("-", "−")


def columns_of(rows):
    """(group, heading, cell) for each column that the run has numbers for."""
    columns = [
        ("Speed", "µs per row", "us_per_row", lambda t: number(t, "{:.4g}")),
        ("Speed", "relative to NormSoftmax", "vs_normsoftmax", lambda t: number(t, "{:.3f}")),
        ("Speed", "relative to three GEMMs", "vs_gemm3", lambda t: number(t, "{:.2f}")),
        ("Stability", "worst gradient error", "worst_gradient", scientific),
        ("Stability", "not finite", "nonfinite", lambda t: number(t, "{:.0f}")),
    ]
    for key in rows[0]:
        if key.startswith("gap "):
            columns.append((f"Separation: {key[4:]}", "median gap", key,
                            lambda t: number(t, "{:.1f}°")))
            accuracy = "accuracy " + key[4:]
            columns.append((f"Separation: {key[4:]}", "test accuracy", accuracy,
                            lambda t: number(t and float(t) * 100, "{:.1f} %")))
    return [c for c in columns if any(row.get(c[2]) is not None for row in rows)]


def loss_table(rows):
    columns = columns_of(rows)
    groups = []
    for column in columns:
        if groups and groups[-1][0] == column[0]:
            groups[-1][1] += 1
        else:
            groups.append([column[0], 1])
    out = ['<div class="wide"><table><thead><tr class="group"><td></td>']
    out += [f'<th scope="colgroup" colspan="{span}">{html.escape(name)}</th>'
            for name, span in groups]
    out.append('</tr><tr><th scope="col" style="text-align:left">Loss</th>')
    out += [f'<th scope="col">{html.escape(column[1])}</th>' for column in columns]
    out.append("</tr></thead><tbody>")
    for row in rows:
        out.append(f'<tr><th scope="row">{html.escape(NAMES.get(row["loss"], row["loss"]))}</th>')
        out += [f"<td>{column[3](row.get(column[2]))}</td>" for column in columns]
        out.append("</tr>")
    out.append("</tbody></table></div>")
    return "".join(out)


def claims_of(run):
    """The papers' claims with their verdicts; nothing where the run has none."""
    path = os.path.join(run, "tables", "claims.tsv")
    if not os.path.exists(path) or sum(1 for _ in open(path, encoding="utf-8")) < 2:
        return ""
    out = ['<h2 id="claims">Claims of the papers, measured</h2><p>Means over the seeds with 95 % '
           "intervals, differences paired within each seed. A claim holds if the whole interval lies "
           "where it says, it does not if none of it does, and else it is undecided. "
           "docs/separation.md tells why where one does not hold.</p>",
           '<div class="wide"><table class="claims"><thead><tr><th>claim</th><th>measured</th>'
           "<th>paper</th><th>here</th><th>interval</th><th>verdict</th></tr></thead><tbody>"]
    for row in read_table(path):
        form, unit = ("{:.1f}", "°") if row["unit"] == "degrees" else ("{:.3f}", "")
        interval = f"{number(row['low'], form)} to {number(row['high'], form)}" if row["low"] else "–"
        cells = [f'{html.escape(row["claim"])}<br><span class="soft">{html.escape(row["where"])}</span>',
                 html.escape(row["measured"]), number(row["paper"], form + unit),
                 number(row["mean"], form + unit), interval, html.escape(row["verdict"])]
        out.append(f'<tr><th scope="row">{cells[0]}</th>'
                   + "".join(f"<td>{cell}</td>" for cell in cells[1:]) + "</tr>")
    out.append("</tbody></table></div>")
    return "".join(out)


def measured_on(rows):
    """The sentence under the table: which case the speed column is."""
    case = next((row["case"] for row in rows if row.get("case")), None)
    if case is None:
        return ""
    parts = dict(part.split(":", 1) for part in case.split("/")[1:] if ":" in part)
    return (f"Speed: loss and both gradients of a batch of N = {parts.get('N')} rows, D = "
            f"{parts.get('D')} dimensions, C = {parts.get('C')} classes, one thread, "
            f"{parts.get('isa')}; median of the repetitions. ")


def flatten(value, prefix=""):
    """Nested JSON as (dotted name, text) pairs."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from flatten(inner, f"{prefix}{key}." if isinstance(inner, dict) else prefix + key)
    elif isinstance(value, list):
        flat = all(not isinstance(item, (dict, list)) for item in value)
        if flat:
            yield prefix, " ".join(str(item) for item in value)
        else:
            for index, item in enumerate(value):
                dot = "." if isinstance(item, dict) else ""
                yield from flatten(item, f"{prefix}.{index}{dot}")
    elif value is not None:
        yield prefix, str(value)


def machine_table(machine):
    rows = "".join(f'<tr><th scope="row">{html.escape(key)}</th><td>{html.escape(text)}</td></tr>'
                   for key, text in flatten(machine))
    return f'<div class="wide"><table class="facts"><tbody>{rows}</tbody></table></div>'


def inline_svg(path, name, title):
    """gnuplot's SVG as part of the page: ids of its own, the page's ink and background."""
    with open(path, encoding="utf-8") as stream:
        svg = stream.read()
    svg = svg[svg.index("<svg"):]
    svg = re.sub(r"<title>[^<]*</title>|<desc>[^<]*</desc>", "", svg)
    svg = re.sub(r"""\bid=(["'])""", rf"id=\1{name}-", svg)
    svg = svg.replace("xlink:href='#", f"xlink:href='#{name}-")
    svg = svg.replace("url(#", f"url(#{name}-")
    svg = re.sub(r'(stroke|fill|color)=(["\'])(?:black|rgb\(\s*(0|61|77),\s*\3,\s*\3\))\2',
                 r"\1=\2currentColor\2", svg)
    svg = re.sub(r'(stroke|fill|color)=(["\'])rgb\(217,\s*217,\s*217\)\2', r"\1=\2var(--line)\2", svg)
    return svg.replace("<svg", f'<svg role="img" aria-label="{html.escape(title)}"', 1)


def figure(run, file_name):
    name = file_name[len("fig_"):-len(".svg")]
    kind = max((key for key in FIGURES if name.startswith(key)), key=len, default=None)
    title, caption = FIGURES.get(kind, (name.replace("_", " "), ""))
    title = title.format(data=name[len(kind) + 1:] if kind else "")
    svg = inline_svg(os.path.join(run, "figures", file_name), name, title)
    command = f"plots/draw.sh {shown_path(run)} {name}"
    return (f'<h2 id="{name}">{html.escape(title)}</h2><figure>{svg}'
            f"<figcaption>{html.escape(caption)}{legend(run, kind)}</figcaption></figure>"
            f'<p class="soft">Drawn by <code>{html.escape(command)}</code></p>')


def how_measured(run):
    """The run's own words about its timing, as far as it has any."""
    context = read_json(os.path.join(run, "speed.json")).get("context", {})
    parts = []
    if context.get("repetitions") and context.get("cases"):
        parts.append(f"{context['cases']} cases of {context['repetitions']} repetitions")
    if context.get("interval_coverage"):
        parts.append(f"intervals that hold the true median with {context['interval_coverage']:.1%}")
    if context.get("unstable_cases") is not None:
        parts.append(f"{context['unstable_cases']} cases with a spread over 5 %")
    if context.get("foreign_cpus") is not None:
        parts.append(f"others kept {context['foreign_cpus']:.2f} CPUs busy meanwhile")
    return f"<br>This run: {html.escape('; '.join(parts))}." if parts else ""


def legend(run, kind):
    """What the names in a figure's key stand for, and what was chosen where a paper is silent, where
    the results say so."""
    if kind == "margin_cost" or (kind or "").startswith("speed"):
        return how_measured(run)
    path = os.path.join(run, "separation.json")
    figures = read_json(path).get("figures") if os.path.exists(path) else None
    for name, numbers in (figures or {}).items():
        if name.replace("-", "_") == kind:
            return "".join("<br>" + html.escape(text) for text in numbers.get("chosen", []))
    path = os.path.join(run, "stability.json")
    named = kind in ("gradient_error", "nonfinite_map")
    formulas = read_json(path).get("formulas") if named else None
    if not isinstance(formulas, dict):
        return ""
    return "".join(f"<br><b>{html.escape(name)}</b>: {html.escape(str(formula))}"
                   for name, formula in formulas.items())


def shown_path(run):
    """The run's folder as a person in the project's root would name it."""
    root = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    relative = os.path.relpath(run, root)
    return "RUN_DIR" if relative.startswith("..") else relative


def order(file_name):
    kinds = ["target_logit", "past_pi", "arcface_fig5", "cosface_fig2", "amsoftmax_psi", "bounds",
             "sphere_size", "toy_features", "cosface_fig4", "sphereface_fig5", "amsoftmax_sphere",
             "constancy", "target_angles", "table3", "annealing", "sweep", "margin_cost", "speed",
             "gradient_error", "gradient_ends", "nonfinite_map", "class_error", "ulp_histogram"]
    name = file_name[len("fig_"):]
    kind = next((i for i, kind in enumerate(kinds) if name.startswith(kind)), len(kinds))
    return kind, "sphere" not in name, name


def page(run):
    rows = read_table(os.path.join(run, "tables", "summary.tsv"))
    machine = read_json(os.path.join(run, "machine.json"))
    figures = os.path.join(run, "figures")
    names = sorted((f for f in os.listdir(figures) if f.endswith(".svg")), key=order)
    if "fig_target_logit.svg" in names and "fig_arcface_fig4b.svg" in names:
        names.remove("fig_arcface_fig4b.svg")  # the same curves
    facts = " · ".join(str(machine[key]) for key in ("cpu", "os", "compiler", "date")
                       if machine.get(key))
    return "".join([
        '<!DOCTYPE html><html lang="en"><head><meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f"<title>margin: a run</title><style>{STYLE}</style></head><body><main>",
        "<h1>Margin-softmax losses on this machine</h1>",
        f'<p class="soft">{html.escape(facts)}</p>',
        loss_table(rows),
        f'<p class="soft">{html.escape(measured_on(rows))}Stability: greatest relative error of a '
        "gradient over all angles. Separation: two-dimensional embeddings, medians over the seeds; "
        "a negative gap is an overlap of neighbouring classes.</p>",
        claims_of(run),
        *[figure(run, name) for name in names],
        '<h2 id="machine">Machine and build</h2>', machine_table(machine),
        '<h2 id="data">Data</h2><p>The numbers come from <code>speed.json</code>, '
        "<code>stability.json</code>, <code>separation.json</code> and <code>machine.json</code> "
        "beside this page; <code>tables/</code> holds what the figures and the table above are "
        "made from. The meaning of each field is in <code>results/README.md</code>.</p>",
        "</main></body></html>\n"])


def main():
    if len(sys.argv) == 2 and sys.argv[1] in ("-h", "--help"):
        print(__doc__)
        return
    if len(sys.argv) != 2:
        fail("usage: report.py RUN_DIR", 2)
    run = sys.argv[1]
    if not os.path.isdir(run):
        fail(f"{run}: no such folder")
    text = page(run)
    path = os.path.join(run, "report.html")
    with open(path + ".part", "w", encoding="utf-8") as stream:
        stream.write(text)
        stream.flush()
        os.fsync(stream.fileno())
    os.replace(path + ".part", path)


main()
