#!/usr/bin/env python3
"""report.py: the report of a run, RUN/report.html, one file that opens offline; of a packed one,
RUN.tar.xz, the file RUN.html beside it.

Reads what the drivers and plots/draw.sh made (RUN/tables, RUN/figures) and the run's JSON files. It
computes nothing: each number on the page stands in a table, and so in a JSON file of the run.
usage: report.py RUN
"""

import os
import sys

sys.dont_write_bytecode = True  # the folder may belong to somebody else
from report.page import page  # noqa: E402
from report.run import Run  # noqa: E402
from run_files import PACKED, Unusable, opened, write_whole  # noqa: E402


def fail(message, status=1):
    print(f"report.py: {message}", file=sys.stderr)
    sys.exit(status)


def main():
    if len(sys.argv) == 2 and sys.argv[1] in ("-h", "--help"):
        print(__doc__)
        return
    if len(sys.argv) != 2:
        fail("usage: report.py RUN", 2)
    name = sys.argv[1]
    packed = not os.path.isdir(name)
    try:
        with opened(name) as folder:
            written = name[:-len(PACKED)] + ".html" if packed else os.path.join(name, "report.html")
            write_whole(written, page(Run(folder, beside=not packed)))
    except (OSError, Unusable) as error:
        fail(error)


main()
