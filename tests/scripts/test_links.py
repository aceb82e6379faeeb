#!/usr/bin/env python3
"""Each relative link and picture of a Markdown file leads to a file of the repository, and so does
each file that docs/architecture.md names; where it names a function behind the file, that is there."""

import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def pages():
    for pattern in ("*.md", "docs/*.md", "results/*.md"):
        yield from sorted(ROOT.glob(pattern))


# Where a short name of docs/architecture.md may lie: `head/run.c`, `tuning.h`.
FOLDERS = ("", "src", "src/head", "src/kernels", "bench")


def find(name):
    return next((ROOT / f / name for f in FOLDERS if (ROOT / f / name).exists()), None)


def named():
    """What docs/architecture.md names and is not there; NAME and SUBJECT stand for any."""
    page = (ROOT / "docs/architecture.md").read_text(encoding="utf-8")
    code = r"`([a-z_0-9/]+(?:/|\.[a-z.]+))`(?:,\s`(\w+)`)?"
    walk = [(name, "") for name in re.findall(r"\b(?:head|rows|kernels)/[a-z_.]+\.[ch]\b", page)]
    for name, function in re.findall(code, page) + walk:
        path = find(name)
        if path is None or function and function not in path.read_text(encoding="utf-8"):
            yield f"docs/architecture.md: {name} {function}".strip()


def main():
    seen, dead = 0, []
    for page in pages():
        for target in re.findall(r"\]\(([^)\s]+)\)", page.read_text(encoding="utf-8")):
            if re.match(r"[a-z]+:|#", target):
                continue
            seen += 1
            if not (page.parent / target.split("#")[0]).exists():
                dead.append(f"{page.relative_to(ROOT)}: no such file: {target}")
    dead += [f"{what}: no such file or function" for what in named()]
    print("\n".join(dead) or f"{seen} links")
    sys.exit(bool(dead) or seen < 10)


main()
