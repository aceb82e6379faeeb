"""What the pages show of PyTorch is what a reader gets: each block of Python in docs/pytorch.md and
in the README that imports the modules runs, and prints what stands below it."""

import re
import subprocess
import sys
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]


def examples(page):
    """Each block of Python that imports the modules and has its output below, and that output."""
    text = (ROOT / page).read_text(encoding="utf-8")
    lines = r"((?:(?!```).*\n)*)```"
    found = re.findall(rf"^```python\n{lines}\n\n(?:[^\n`]+\n\n)?```\n{lines}", text, re.MULTILINE)
    return [(code, output) for code, output in found if "margin_losses.torch" in code]


class Pages(unittest.TestCase):
    maxDiff = None

    def test_examples(self):
        found = examples("docs/pytorch.md")
        self.assertEqual(len(found), 3)
        for code, output in found + examples("README.md"):
            ended = subprocess.run(
                [sys.executable, "-B", "-W", "ignore", "-c", code],
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
            )
            self.assertEqual(ended.stdout, output)


if __name__ == "__main__":
    unittest.main()
