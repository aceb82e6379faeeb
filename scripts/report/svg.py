"""Figures as part of the page: the drawn SVG inline, its caption, where its numbers are and how to
make it again."""

import re

from . import figures, text
from .slim import slim


def beside(run, name, title):
    """A summary's figures lie beside its page, and are not kept twice."""
    width = re.search(r' width="(\d+)" height="\d+"', read(run, name))
    return (f'<img src="figures/fig_{name}.svg" alt="{title}" aria-describedby="{name}-caption" '
            f'style="--width:{width.group(1)}px">')


def read(run, name):
    with open(run.path("figures", f"fig_{name}.svg"), encoding="utf-8") as stream:
        return stream.read()


def inline(run, name, title):
    """gnuplot's SVG with ids of its own, for all figures share one page."""
    if run.summary and run.linked(f"figures/fig_{name}.svg"):
        return beside(run, name, title)
    svg = slim(read(run, name))
    svg = svg[svg.index("<svg"):]
    svg = re.sub(r' font-family="[^"]*"', "", svg, count=1)  # the page's own
    svg = re.sub(r"<title>fig_[^<]*</title>|<desc>[^<]*</desc>", "", svg)
    svg = re.sub(r"""\bid=(["'])""", rf"id=\1{name}-", svg)
    svg = svg.replace("xlink:href='#", f"xlink:href='#{name}-")
    svg = svg.replace("url(#", f"url(#{name}-")
    width = re.search(r' width="(\d+)" height="\d+"', svg)
    svg = svg.replace(width.group(0), f' style="--width:{width.group(1)}px"', 1)
    head = f'<svg role="img" aria-label="{title}" aria-describedby="{name}-caption"'
    return svg.replace("<svg", head, 1)


def formulas(run):
    """What the names of the formulations stand for."""
    return [f"<b>{text.escape(name)}</b>: {text.escape(formula)}"
            for name, formula in run.json("stability").get("formulas", {}).items()]


def chosen(run, name):
    """What was decided where a paper is silent."""
    for key, value in run.json("separation").get("figures", {}).items():
        if key.replace("-", "_") == name:
            return [text.escape(said) for said in value.get("chosen", [])]
    return []


def remarks(run, name):
    """What the results themselves say beside a figure's caption."""
    if name == "toy_features_sphere" and run.linked("toy.html"):
        return ['<a href="toy.html">See the margin</a>: a page to move loss, margin and scale on, and '
                "to play the training."]
    if name in ("gradient_error", "nonfinite_map"):
        return formulas(run)
    return chosen(run, name)


def files_of(run, name, file):
    """What lies beside the page: the numbers, the figure's files."""
    numbers = [f"tables/{name}.tsv", f"tables/{name}_figure.tsv"] if run.summary else [file]
    drawn = [f"figures/fig_{name}.{kind}" for kind in ("svg", "png")]
    return [path for path in numbers + drawn if path and run.linked(path)]


def source(run, name, file):
    """How to make a figure again, and links to its files."""
    command = text.escape(f"plots/draw.sh {'RUN_DIR' if run.summary else run.shown()} {name}")
    links = ", ".join(f'<a href="{text.escape(path)}">{text.escape(path.split("/")[-1])}</a>'
                      for path in files_of(run, name, file))
    return (f"Make it again{', from a whole run' * run.summary}: <code>{command}</code>"
            + f"<br>Files: {links}" * bool(links))


def figure(run, name, file, title, caption):
    said = [text.escape(caption)] * bool(caption) + [r for r in remarks(run, name) if r]
    title = text.escape(title)
    return (f'<figure><h3 id="{name}">{title}</h3>'
            f'<div class="plot" role="region" tabindex="0" aria-label="Figure: {title}">'
            f"{inline(run, name, title)}</div>"
            f'<figcaption><p id="{name}-caption">{"<br>".join(said)}</p>'
            f'<p class="source">{source(run, name, file)}</p></figcaption></figure>\n')


def matches(wanted, name):
    return name.startswith(wanted) if wanted.endswith("_") else name == wanted


def placed(run):
    """(section's id, figure) for each figure of the run, in the order of the page; what the list of
    figures does not have comes last, in a section without id."""
    left = [name for name in run.figures() if not (run.summary and figures.has_samples(name))]
    for section, _, _, wanted in figures.SECTIONS:
        for start, file, title, caption in wanted:
            for name in [name for name in left if matches(start, name)]:
                left.remove(name)
                rest = name[len(start):].replace("_", " ")
                yield section, figure(run, name, file, title.format(rest=rest), caption)
    for name in left:
        yield "", figure(run, name, "", name.replace("_", " "), "")
