#!/usr/bin/env python3
"""What got faster, slower, more or less exact from one run to another. scripts/compare.sh runs it.

usage: python3 scripts/compare RUN_A RUN_B [--threshold PERCENT] [--json] [--output DIR]
Exit status: 0, nothing got worse; 1, something did; 2, wrong usage or input that cannot be read.
"""

import argparse
import contextlib
import json
import os
import sys
import tempfile

import exactness
import separation
import show
import speed
import table
from runs import BUILD, FILES, MACHINE, Run, Unusable, describe, differences
from run_files import opened  # runs knows the way there

WORSE = {"slower", "less exact", "broken", "separates less", "no longer holds"}


class Parser(argparse.ArgumentParser):
    def error(self, message):
        fail(f"{message} (see --help)")


def fail(message):
    print(f"compare.sh: {message}", file=sys.stderr)
    sys.exit(2)


def threshold(text):
    value = float(text)
    if not 0 <= value < 1000:
        raise ValueError
    return value


threshold.__name__ = "percentage"


def arguments():
    parser = Parser(prog="compare.sh", add_help=False, allow_abbrev=False)
    parser.add_argument("runs", nargs=2)
    parser.add_argument("--threshold", type=threshold, default=3.0)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--colour", action="store_true")
    parser.add_argument("--output")
    return parser.parse_args()


def compare_file(name, a, b, share):
    if name == "speed":
        return speed.compare(a, b, share)
    module = {"stability": exactness, "separation": separation}[name]
    parsed = [run.parsed(name, module.parse) for run in (a, b)]
    contexts = [run.context(name) for run in (a, b)]
    return module.compare(*parsed, contexts)


def things(result):
    """Every row that has a verdict, but those of others' code."""
    for part in ("speed", "stability", "separation"):
        for rows in (result[part] or {}).values():
            if isinstance(rows, list):
                yield from (row for row in rows if isinstance(row, dict) and not row.get("others"))


def compare(a, b, share):
    contexts = [run.any_context() for run in (a, b)]
    result = {"a": describe(a), "b": describe(b), "skipped": [],
              "machine_differs": differences(*contexts, MACHINE),
              "build_differs": differences(*contexts, BUILD)}
    for name in FILES[1:]:
        missing = [label for label, run in (("A", a), ("B", b)) if name not in run.files]
        if missing:
            result["skipped"].append({"file": name + ".json", "not_in": missing})
        result[name] = None if missing else compare_file(name, a, b, share)
    if all(row.get("verdict") == "not comparable" or "worse" in row for row in things(result)):
        raise Unusable(f"{a.shown} and {b.shown}: nothing in one can be compared with the other")
    result["worse"] = sum(row.get("verdict") in WORSE or row.get("worse") is True
                          for row in things(result))
    return result


def write(path, text):
    """All of it or nothing."""
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with tempfile.NamedTemporaryFile("w", dir=os.path.dirname(path), suffix=".part", delete=False,
                                     encoding="utf-8") as stream:
        try:
            stream.write(text)
            stream.flush()
            os.chmod(stream.name, 0o644)
            os.replace(stream.name, path)
        except BaseException:
            os.unlink(stream.name)
            raise


def put_table(path, text):
    """No table where there is nothing to draw, not even an earlier comparison's."""
    if text:
        write(path, text)
    elif os.path.exists(path):
        os.remove(path)


def main():
    given = arguments()
    try:
        with contextlib.ExitStack() as stack:
            a, b = (Run(name, stack.enter_context(opened(name))) for name in given.runs)
            result = compare(a, b, given.threshold / 100)
        text = json.dumps(result, indent=1, ensure_ascii=False, allow_nan=False) + "\n"
        if given.output:
            write(os.path.join(given.output, "compare.json"), text)
            for name, part, rows_of in (("compare", "speed", table.of_times),
                                        ("compare_errors", "stability", table.of_errors)):
                put_table(os.path.join(given.output, "tables", name + ".tsv"),
                          rows_of(result[part]) if result[part] else "")
    except Unusable as unusable:
        fail(str(unusable))
    except OSError as error:
        fail(f"{error.filename}: {error.strerror}")
    except (AttributeError, KeyError, TypeError, ValueError, ZeroDivisionError) as error:
        fail(f"{' or '.join(given.runs)}: not as the drivers write it ({type(error).__name__}: "
             f"{error})")
    sys.stdout.write(text if given.json else show.text_of(result, given.colour))
    sys.exit(1 if result["worse"] else 0)


main()
