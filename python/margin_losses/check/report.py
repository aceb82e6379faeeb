"""The findings as text for people, or as one JSON object."""

import dataclasses
import json
import math
import os
import textwrap

from .judge import BROKEN, KEPT, MEASURED, NONE

COLOURS = {KEPT: "32", BROKEN: "1;31", NONE: "2", MEASURED: "36"}
WIDTH = 100


def coloured(stream):
    return stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def head(about):
    """What is judged, in two lines."""
    form = {
        "embeddings": "embeddings and labels, and holds the class weights",
        "weights": "embeddings, class weights and labels",
        "cosines": "cosines and labels",
    }
    gives = {
        "loss": "the %s of the rows' losses" % about["reduction"],
        "rows": "a loss for each row",
        "logits": "logits, which torch's cross_entropy makes a loss of",
    }
    return [
        "%s as %s" % (about["target"], about["claim"]),
        "takes %s; gives %s; torch %s, scales %s"
        % (
            form[about["takes"]],
            gives[about["gives"]],
            about["torch"],
            ", ".join("%g" % scale for scale in about["scales"]),
        ),
    ]


def shown(value):
    """A witness's value, short."""
    if isinstance(value, float):
        return "%.9g" % value
    if isinstance(value, list):
        return "[%s]" % ", ".join(shown(item) for item in value)
    return str(value)


def paragraph(finding, colour):
    """One finding as lines."""
    verdict = "%-14s" % (finding.verdict.upper() if finding.verdict == BROKEN else finding.verdict)
    if colour:
        verdict = "\033[%sm%s\033[0m" % (COLOURS[finding.verdict], verdict)
    name = "%-24s" % finding.promise
    lines = textwrap.wrap(finding.says, WIDTH - 39) or [""]
    if len(finding.promise) > 23:
        lines.insert(0, "")
    text = [verdict + " " + name + lines[0]] + [" " * 39 + line for line in lines[1:]]
    if finding.verdict == BROKEN and finding.witness:
        told = "shown by " + ", ".join(
            "%s = %s" % (key, shown(value)) for key, value in finding.witness.items()
        )
        if len(told) > 600:
            told = told[:600] + " ... (--json has the whole)"
        text += [" " * 39 + line for line in textwrap.wrap(told, WIDTH - 39)]
    return [line.rstrip() for line in text]


def counts(findings):
    return {
        verdict: sum(finding.verdict == verdict for finding in findings)
        for verdict in (KEPT, BROKEN, NONE, MEASURED)
    }


def text(about, findings, stream):
    """Writes the report for people."""
    colour = coloured(stream)
    lines = head(about) + [""]
    for finding in findings:
        lines += paragraph(finding, colour)
    number = counts(findings)
    lines += [
        "",
        "%d promises kept, %d broken, %d not applicable"
        % (number[KEPT], number[BROKEN], number[NONE]),
    ]
    stream.write("\n".join(lines) + "\n")


def plain(value):
    """The same with numbers that JSON has not, such as nan, as their names."""
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return repr(value)
    return value


def as_json(about, findings):
    """One object: what was judged, and the findings with numbers and witnesses."""
    rows = [plain(dataclasses.asdict(finding)) for finding in findings]
    number = counts(findings)
    return json.dumps(
        dict(
            about,
            findings=rows,
            kept=number[KEPT],
            broken=number[BROKEN],
            not_applicable=number[NONE],
        ),
        indent=1,
        allow_nan=False,
    )
