#!/usr/bin/env python3
"""reference.py: the summary of a run that the repository keeps, made of the whole run: machine.json,
summary.json (what compare.sh needs, the greatest errors, means over seeds), the tables and SVGs of
the figures that README.md and docs/*.md show, and the report. Nothing in it but those SVGs has a
mark or a row per sample. results/README.md has the fields. What takes long is not in every run, and
one without it keeps what results/reference has: `scale`, of bench/scale/scale.py, an hour and 20 GiB
of disk; `noise`, of bench_separation --figure noise,tails,room --full --seeds 5, ten minutes; `study`, of
bench/separation/study.py, an hour.
usage: reference.py RUN [--out DIR]     (a folder or a pack; DIR: results/reference)
       reference.py --scale RUN         (that part of results/reference alone; or --noise, --study)
       reference.py --separation RUN    (what bench_separation says, which no machine changes)
"""

import glob
import json
import os
import re
import shutil
import sys

sys.dont_write_bytecode = True  # the folder may belong to somebody else
here = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(here, "compare"))
import exactness  # noqa: E402
import separation  # noqa: E402
import speed  # noqa: E402
from report.figures import has_samples  # noqa: E402
from report.page import page  # noqa: E402
from report.run import Run  # noqa: E402
from report.slim import slim  # noqa: E402
from run_files import Files, Unusable, opened, table, write_whole  # noqa: E402

ROOT = os.path.dirname(here)
REFERENCE = os.path.join(ROOT, "results", "reference")
REPORT_TABLES = ("losses", "summary", "speed", "promises", "toys", "claims")
PAGE_TABLES = ("geometry",)  # of which docs have numbers, without a figure
# Parts that not every run has: their tables, the first of which tells whether it does.
PARTS = {"scale": ("scaling", "scale_*"), "noise": ("noise", "tails", "room"),
         "study": ("study", "study_*")}
DIGITS = 5  # of what is measured; seeds' quantities keep all, so that equal ones are seen to be


def fail(message, status=1):
    print(f"reference.py: {message}", file=sys.stderr)
    sys.exit(status)


def shorter(number, digits):
    number = float(f"{number:.{digits}g}")
    return int(number) if number.is_integer() and abs(number) < 1e15 else number


def rounded(value, digits=DIGITS):
    if isinstance(value, dict):
        return {key: rounded(item, digits) for key, item in value.items()}
    if isinstance(value, list):
        return [rounded(item, digits) for item in value]
    return shorter(value, digits) if isinstance(value, float) else value


def in_columns(objects, leave_out=()):
    """A list of objects as a table, without some of their fields."""
    names = dict.fromkeys(key for item in objects for key in item if key not in leave_out)
    return table(names, [[item.get(name) for name in names] for item in objects])


# ---- summary.json --------------------------------------------------------------------------------

def of_speed(results):
    return {"context": results["context"],
            "cases": rounded(speed.summary_of(speed.cases_of(results)))}


def of_stability(results):
    errors = exactness.summary_of(exactness.parse(results))
    # The last column counts results; not one more may be overlooked.
    rows = [rounded(row[:-1]) + rounded(row[-1:], 15) for row in errors["errors"]["rows"]]
    return {"context": results["context"], "formulas": results.get("formulas", {}),
            "verdicts": rounded(in_columns(results["verdicts"])),
            "settings": rounded(in_columns(results.get("settings", []))),
            "functions": rounded(in_columns(results["functions"], ("bins",))),
            "errors": table(exactness.SUMMARY, rows), "usual": errors["usual"]}


def of_separation(results):
    groups = [{**group, **group["values"]} for group in results["groups"]]
    chosen = {name: {"chosen": figure["chosen"]}
              for name, figure in results["figures"].items() if "chosen" in figure}
    return {"context": results["context"], "runs": separation.summary_of(results),
            "claims": rounded(in_columns(results["claims"])),
            "groups": rounded(in_columns(groups, ("values",))), "figures": chosen,
            "gap_share": rounded(in_columns(results.get("gap_share", [])))}


def compact(value):
    return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))


def lines_of(value):
    """JSON with a line for each field, and for each row of a table."""
    if value.keys() == {"columns", "rows"}:
        rows = ",\n".join(map(compact, value["rows"]))
        return f'{{"columns": {compact(value["columns"])}, "rows": [\n{rows}\n]}}'
    fields = []
    for key, item in value.items():
        inside = lines_of(item) if isinstance(item, dict) and item else compact(item)
        fields.append(f"{compact(key)}: {inside}")
    return "{\n" + ",\n".join(fields) + "\n}"


def write_summary(files, folder):
    parts = {"speed": of_speed, "stability": of_stability, "separation": of_separation}
    summary = {"schema": 1}
    for name, function in parts.items():
        results = files.get(name)
        if results is None:
            raise Unusable(f"{files.path(name)}: no such file")
        summary[name] = function(results)
    with open(os.path.join(folder, "summary.json"), "w", encoding="utf-8") as stream:
        stream.write(lines_of(summary) + "\n")


# ---- figures and tables --------------------------------------------------------------------------

def shown_figures():
    """Those that README and docs show."""
    found = set()
    for path in [os.path.join(ROOT, "README.md"), *glob.glob(os.path.join(ROOT, "docs", "*.md"))]:
        with open(path, encoding="utf-8") as stream:
            found |= set(re.findall(r"results/reference/figures/fig_(\w+)\.svg", stream.read()))
    return sorted(found)


def tables_of(source, figures):
    """The tables of the report, of pages and of these figures, but for those with samples."""
    wanted = [os.path.join(source, "tables", name + ".tsv") for name in REPORT_TABLES]
    for name in PAGE_TABLES:
        wanted += glob.glob(os.path.join(source, "tables", name + ".tsv"))
    for name in figures:
        if not has_samples(name):
            wanted += glob.glob(os.path.join(source, "tables", name + ".tsv"))
            wanted += glob.glob(os.path.join(source, "tables", name + "_*.tsv"))
    return wanted


def copied(source, target, change):
    """A text file, changed."""
    with open(source, encoding="utf-8") as stream:
        text = change(stream.read())
    with open(target, "w", encoding="utf-8") as stream:
        stream.write(text)


def rounded_cells(text):
    """A table with the numbers, where they fill a cell, rounded."""
    return re.sub(r"(?<![^\t\n])-?\d+\.\d+(?:[eE][-+]?\d+)?(?![^\t\n])",
                  lambda number: f"{float(number.group()):.{DIGITS}g}", text)


def take_part(part, source, folder):
    """The tables of a part, and of its figures those that are shown."""
    for name in PARTS[part]:
        for path in glob.glob(os.path.join(source, "tables", name + ".tsv")):
            copied(path, os.path.join(folder, "tables", os.path.basename(path)), rounded_cells)
    for name in set(PARTS[part]) & set(shown_figures()):
        drawn = os.path.join("figures", f"fig_{name}.svg")
        copied(os.path.join(source, drawn), os.path.join(folder, drawn), slim)


def take_separation(source, folder):
    """In the place of what the folder has: the part of the summary, and the tables of the same names."""
    files, path = Files(source), os.path.join(folder, "summary.json")
    if files.summary or files.get("separation") is None:
        raise Unusable(f"{source}: no separation.json of a whole run")
    with open(path, encoding="utf-8") as stream:
        summary = json.load(stream)
    summary["separation"] = of_separation(files.get("separation"))
    for table_path in glob.glob(os.path.join(source, "tables", "*.tsv")):
        target = os.path.join(folder, "tables", os.path.basename(table_path))
        if os.path.exists(target) and os.path.basename(target) != "summary.tsv":
            copied(table_path, target, rounded_cells)
    write_whole(path, lines_of(summary) + "\n")


def write_report(folder):
    text = page(Run(folder))
    with open(os.path.join(folder, "report.html"), "w", encoding="utf-8") as stream:
        stream.write(text)


def derive(source, folder):
    """Everything into an empty folder."""
    of_parts = {name for names in PARTS.values() for name in names}
    files, figures = Files(source), [name for name in shown_figures() if name not in of_parts]
    if files.summary:
        raise Unusable(f"{source}: a summary, not a whole run")
    for part in ("tables", "figures"):
        os.makedirs(os.path.join(folder, part))
    shutil.copyfile(files.path("machine"), os.path.join(folder, "machine.json"))
    write_summary(files, folder)
    for path in tables_of(source, figures):
        copied(path, os.path.join(folder, "tables", os.path.basename(path)), rounded_cells)
    for name in figures:
        drawn = os.path.join("figures", f"fig_{name}.svg")
        copied(os.path.join(source, drawn), os.path.join(folder, drawn), slim)
    for part, (first, *_) in PARTS.items():
        measured = os.path.exists(os.path.join(source, "tables", first + ".tsv"))
        take_part(part, source if measured else REFERENCE, folder)
    write_report(folder)


def replace(made, folder):
    """The new folder in the place of the old one."""
    shutil.rmtree(folder, ignore_errors=True)
    os.rename(made, folder)


def main():
    words = sys.argv[1:]
    if words in (["-h"], ["--help"]):
        print(__doc__)
        return
    folder = REFERENCE
    if len(words) == 3 and words[1] == "--out":
        folder = os.path.abspath(words.pop())
        words.pop()
    part = words.pop(0)[2:] if len(words) == 2 and words[0][2:] in (*PARTS, "separation") else None
    if len(words) != 1 or words[0].startswith("-"):
        fail("usage: reference.py RUN [--out DIR], or --scale, --noise, --study or --separation RUN", 2)
    made = folder + ".part"
    try:
        with opened(words[0]) as source:
            if part:
                if part == "separation":
                    take_separation(source, folder)
                else:
                    take_part(part, source, folder)
                write_report(folder)
                return
            shutil.rmtree(made, ignore_errors=True)
            derive(source, made)
            replace(made, folder)
    except Unusable as unusable:
        fail(unusable)
    except FileNotFoundError as error:
        fail(f"{error.filename}: no such file (run plots/draw.sh first)")
    except (KeyError, TypeError, ValueError) as error:
        fail(f"{words[0]}: not as the drivers write it ({type(error).__name__}: {error})")
    finally:
        shutil.rmtree(made, ignore_errors=True)


main()
