#!/usr/bin/env python3
"""What the pages show is what a reader gets: the lines of README and docs/python.md run, and print
what stands below them."""

import re
import subprocess
import sys
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def printed(*arguments):
    ended = subprocess.run(
        [sys.executable, "-B", *map(str, arguments)],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip
    return ended.stdout


def examples(page):
    """Each block of Python in a page that a block of output follows, and that output; those that
    need PyTorch are not for these tests."""
    text = (ROOT / page).read_text(encoding="utf-8")
    shown = r"^```python\n(.*?)^```\n\n(?:[^\n`]+\n\n)?^```\n(.*?)^```"
    found = re.findall(shown, text, re.MULTILINE | re.DOTALL)
    return [(code, output) for code, output in found if "torch" not in code]


class Pages(unittest.TestCase):
    maxDiff = None

    def test_readme(self):
        found = examples("README.md")
        self.assertEqual(len(found), 1)
        self.assertEqual(printed("-c", found[0][0]), found[0][1])

    def test_docs(self):
        found = examples("docs/python.md")
        self.assertGreaterEqual(len(found), 2)
        for code, output in found:
            self.assertEqual(printed("-c", code), output)

    def test_quickstart(self):
        """The example stands in docs/python.md, word for word."""
        source = ROOT / "examples/quickstart.py"
        code = source.read_text(encoding="utf-8")
        found = dict(examples("docs/python.md"))
        self.assertEqual(found.get(code.split('"""\n\n', 1)[1]), printed(source))


if __name__ == "__main__":
    unittest.main()
