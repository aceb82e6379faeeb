"""What the tests of the report share: a report of an invented run, read into a tree; fails where
tags do not close in order or a tag has an attribute twice."""

import contextlib
import html.parser
import os
import re
import subprocess

from run_fixture import ROOT, draw, invented_run

VOID = {"meta", "br", "hr", "img", "input", "link"}


class Node:
    def __init__(self, tag, attributes):
        self.tag, self.attributes, self.inside = tag, attributes, []

    def all(self, *tags):
        """Elements below this one, in the order of the page; with tags, only those."""
        for child in self.inside:
            if isinstance(child, Node):
                if not tags or child.tag in tags:
                    yield child
                yield from child.all(*tags)

    def first(self, tag, **attributes):
        return next(node for node in self.all(tag)
                    if all(node.attributes.get(k) == v for k, v in attributes.items()))

    def text(self):
        return "".join(c if isinstance(c, str) else c.text() for c in self.inside)


class Reader(html.parser.HTMLParser):
    def __init__(self):
        super().__init__()
        self.open = [Node("", {})]

    def handle_starttag(self, tag, attrs):
        names = [name for name, _ in attrs]
        assert len(names) == len(set(names)), f"<{tag}> has an attribute twice: {names}"
        node = Node(tag, dict(attrs))
        self.open[-1].inside.append(node)
        if tag not in VOID:
            self.open.append(node)

    def handle_startendtag(self, tag, attrs):
        self.open[-1].inside.append(Node(tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.open[-1].tag == tag, f"</{tag}> closes <{self.open[-1].tag}>"
        self.open.pop()

    def handle_data(self, data):
        self.open[-1].inside.append(data)


def read(text):
    reader = Reader()
    reader.feed(text)
    reader.close()
    assert len(reader.open) == 1, f"not closed: {[node.tag for node in reader.open[1:]]}"
    return reader.open[0]


def numbers_in(text):
    """The numbers in a text, as text: "1.2·10−5°" -> "1.2e-5"."""
    text = re.sub(r"·10(−?\d+)", r"e\1", text).replace("−", "-").replace("°", " ")
    return re.findall(r"(?<![\w.])-?\d+(?:\.\d+)?(?:e[-+]?\d+)?", text)


def unit_of(shown):
    """What one in the last digit of such a number is worth."""
    digits, _, exponent = shown.partition("e")
    return 10.0 ** (int(exponent or 0) - len(digits.partition(".")[2]))


def report(run):
    subprocess.run([os.path.join(ROOT, "scripts", "report.py"), run], check=True)


@contextlib.contextmanager
def invented_report():
    """The folder of an invented run with its report."""
    with invented_run() as run:
        draw(run)
        report(run)
        yield run


def source(run):
    with open(os.path.join(run, "report.html"), encoding="utf-8") as stream:
        return stream.read()
