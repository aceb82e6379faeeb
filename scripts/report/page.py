"""The page: what stands where. One file without anything from elsewhere: style, script and figures
are inside."""

import os

from run_files import DRIVERS, Unusable

from . import answers, figures, study, svg, tables, text


def how_measured(run):
    """The run's own words about its timing, as far as it has any."""
    context = run.json("speed").get("context", {})
    parts = []
    if context.get("repetitions") and context.get("cases"):
        parts.append(f"{context['cases']} cases of {context['repetitions']} repetitions")
    if context.get("interval_coverage"):
        parts.append(f"intervals that hold the true median with {context['interval_coverage']:.1%}")
    if context.get("unstable_cases") is not None:
        parts.append(f"{context['unstable_cases']} cases not known to 5 %")
    if context.get("foreign_cpus") is not None:
        parts.append(f"others kept {context['foreign_cpus']:.2f} CPUs busy meanwhile")
    return f"<p>This run: {text.escape('; '.join(parts))}.</p>" if parts else ""


# What a section has before its figures, and behind them.
BEFORE = {"speed": how_measured, "separation": tables.toys}
BEHIND = {"speed": lambda run: "".join(
              part(run) for part in (tables.scales, tables.speed_cases, tables.torch_heads,
                                     tables.libraries)),
          "stability": tables.promises, "separation": lambda run: study.table(run) + tables.claims(run)}


def beside(name):
    with open(os.path.join(os.path.dirname(__file__), name), encoding="utf-8") as stream:
        return stream.read()


def head():
    return ('<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
            '<meta name="viewport" content="width=device-width, initial-scale=1">'
            f'<title>margin: a run</title>\n<style>\n{beside("style.css")}</style></head>\n')


def header(machine, sections):
    facts = [str(machine[key]) for key in ("cpu", "os", "compiler", "date") if machine.get(key)]
    if machine.get("commit"):
        facts.append(f"commit {machine['commit'][:7]}" + ", changed" * bool(machine.get("dirty")))
    links = "".join(f'<li><a href="#{name}">{text.escape(title)}</a></li>'
                    for name, title in sections)
    return ('<a class="skip" href="#answers">Skip to the answers</a>\n<header>'
            "<h1>Margin-softmax losses on this machine</h1>"
            f'<p class="soft">{text.escape(" · ".join(facts))}</p>'
            f'<nav aria-label="Contents"><ul>{links}</ul></nav></header>\n')


def section(name, title, sentence, inside):
    lead = f"<p>{text.escape(sentence)}</p>" if sentence else ""
    return f'<section id="{name}"><h2>{text.escape(title)}</h2>{lead}{inside}</section>\n'


def sections_of(run, drawn):
    """(id, title, HTML) of each section with figures or tables."""
    for name, title, sentence, _ in figures.SECTIONS:
        inside = BEFORE.get(name, lambda run: "")(run)
        inside += "".join(html for place, html in drawn if place == name)
        inside += BEHIND.get(name, lambda run: "")(run)
        if inside:
            yield "part-" + name, title, section("part-" + name, title, sentence, inside)
    further = "".join(html for place, html in drawn if place == "")
    if further:
        yield "further", "Further figures", section("further", "Further figures", "", further)


def take_picture(drawn):
    """Takes the figure of the first screen out of those that are drawn: what the losses do to classes,
    or what they do to a logit; nothing where the run has neither."""
    for name in ("toy_features_sphere", "target_logit"):
        for place, html in drawn:
            if f'<h3 id="{name}">' in html:
                drawn.remove((place, html))
                return html
    return ""


METHOD = """<ul><li>Speed: every case is checked against double precision before it is timed; \
repetitions of all cases are interleaved at random; a ratio is the median of paired ratios, with \
an interval from order statistics. Where an interval holds 1 a difference cannot be told within what it reaches.</li>\
<li>Stability: every row is compared with the same formula in 113-bit arithmetic.</li>\
<li>Separation: means over the seeds with 95 % intervals by Student’s t.</li></ul>\
<p>docs/method.md explains all of it, and how to read each figure.</p>"""


def data_links(run):
    names = ("summary", "machine") if run.summary else (*DRIVERS, "machine")
    links = ", ".join(f'<a href="{name}.json">{name}.json</a>' if run.beside else f"{name}.json"
                      for name in names if run.has(name + ".json"))
    if run.summary:
        return (f"<p>This is the summary of a run, made from all of it by "
                f"<code>scripts/reference.py</code>: the numbers come from {links} and the tables "
                "in <code>tables/</code> beside this page. Figures with a mark per sample, and those "
                "that the README and docs do not show, are not in it; "
                "<code>scripts/reproduce.sh</code> makes all of them. The meaning of each field is "
                "in <code>results/README.md</code>.</p>")
    where = "" if run.beside else "in the packed run "
    return (f"<p>The numbers come from {links} {where}beside this page; the drivers also write them as "
            "the tables (<code>tables/</code>) that the figures and this page show. "
            f"<code>plots/draw.sh {text.escape(run.shown())}</code> draws all figures again. The "
            "meaning of each field is in <code>results/README.md</code>.</p>")


def page(run):
    # A figure's folder has its own driver's numbers alone: drawing it again would not help.
    lacks = [name + ".json" for name in (*DRIVERS, "machine") if run.files.get(name) is None]
    if "machine.json" in lacks:
        raise Unusable(f"{run.folder}: no {', no '.join(lacks)}: a report is of a whole run, as "
                       "scripts/reproduce.sh makes one")
    rows = run.table("summary")
    if not rows:
        raise Unusable(f"{run.path('tables', 'summary.tsv')}: no numbers (run plots/draw.sh first)")
    drawn = list(svg.placed(run))
    picture = take_picture(drawn)
    parts = list(sections_of(run, drawn))
    parts += [("machine", "Machine and build", section("machine", "Machine and build", "",
                                                       tables.machine(run))),
              ("method", "Method", section("method", "Method", "", METHOD)),
              ("data", "Data", section("data", "Data", "", data_links(run)))]
    contents = [("answers", "Answers")] + [(name, title) for name, title, _ in parts]
    return "".join([head(), "<body>", header(run.json("machine"), contents), "<main>\n",
                    answers.section(rows, picture, study.answers(run)), *(html for _, _, html in parts), "</main>\n",
                    f'<script>\n{beside("sort.js")}</script></body></html>\n'])
