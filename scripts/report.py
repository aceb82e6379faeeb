#!/usr/bin/env python3
"""report.py: the report of a run, RUN/report.html, one file that opens offline.

Reads what plots/draw.sh made (RUN/tables, RUN/figures) and the run's JSON files. It computes
nothing: each number on the page stands in a table, and so in a JSON file of the run.
usage: report.py RUN_DIR
"""

import os
import sys

sys.dont_write_bytecode = True  # the folder may belong to somebody else
from report.page import page  # noqa: E402
from report.run import Run, RunError  # noqa: E402


def fail(message, status=1):
    print(f"report.py: {message}", file=sys.stderr)
    sys.exit(status)


def write(path, text):
    """The whole file or none of it."""
    with open(path + ".part", "w", encoding="utf-8") as stream:
        stream.write(text)
        stream.flush()
        os.fsync(stream.fileno())
    os.replace(path + ".part", path)


def main():
    if len(sys.argv) == 2 and sys.argv[1] in ("-h", "--help"):
        print(__doc__)
        return
    if len(sys.argv) != 2:
        fail("usage: report.py RUN_DIR", 2)
    run = Run(sys.argv[1])
    if not os.path.isdir(run.folder):
        fail(f"{run.folder}: no such folder")
    try:
        write(run.path("report.html"), page(run))
    except (OSError, RunError) as error:
        fail(error)


main()
