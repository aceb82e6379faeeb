#!/usr/bin/env python3
"""Draws characters of fonts; scripts/characters.sh runs it.

usage: python3 scripts/characters FONTS DATA PACKAGE...: fonts of FONTS/PACKAGE, images into DATA
"""

import os
import sys

import freetype

from characters import make, up_to_date


def say(parts, families, target):
    print(f"{len(parts[0].codes)} characters and {len(parts[2].codes)} unseen ones in "
          f"{len(families)} families, {len(parts[1].families)} of them held out")
    for part in parts:
        print(f"  {part.name:7} {part.count():7} samples of {len(part.codes)} classes")
    with open(os.path.join(target, "sha256.txt"), encoding="utf-8") as file:
        print(f"sha256 {file.read().strip()}")


def main(arguments):
    if len(arguments) < 3:
        print(__doc__.strip().splitlines()[-1], file=sys.stderr)
        return 2
    source, target, *packages = arguments
    if up_to_date(source, target, packages):
        print(f"{target}: is as these packages make it")
        return 0
    try:
        parts, families = make(source, target, packages)
    except (OSError, ValueError, freetype.FT_Exception) as fault:
        print(f"characters: {fault}", file=sys.stderr)
        return 1
    say(parts, families, target)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
