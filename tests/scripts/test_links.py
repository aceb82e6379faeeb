#!/usr/bin/env python3
"""Each relative link and picture of a Markdown file leads to a file of the repository."""

import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def pages():
    for pattern in ("*.md", "docs/*.md", "results/*.md"):
        yield from sorted(ROOT.glob(pattern))


def main():
    seen, dead = 0, []
    for page in pages():
        for target in re.findall(r"\]\(([^)\s]+)\)", page.read_text(encoding="utf-8")):
            if re.match(r"[a-z]+:|#", target):
                continue
            seen += 1
            if not (page.parent / target.split("#")[0]).exists():
                dead.append(f"{page.relative_to(ROOT)}: no such file: {target}")
    print("\n".join(dead) or f"{seen} links")
    sys.exit(bool(dead) or seen < 10)


main()
