"""A comparison for a person at a terminal: what changed, sorted by how much, and what did not,
counted. It must not decide anything."""

import math

from runs import TOLD_NOT
from speed import evidence, parts_of

MOST = 20  # lines of one list
BUSY = 0.1  # CPUs that others used on average
WORSE, BETTER = "▲", "▼"
MARK = {"slower": WORSE, "faster": BETTER, "less exact": WORSE, "more exact": BETTER,
        "broken": WORSE, "kept now": BETTER, "separates less": WORSE, "separates better": BETTER,
        "no longer holds": WORSE, "holds now": BETTER, "fails in B": WORSE, "lost in B": WORSE}
PAINT = {WORSE: "\033[1;33m", BETTER: "\033[1;36m"}


def case_text(name):
    """"head arcface avx512 128 × 512 × 10,000, 1 thread"; head_forward is called forward."""
    p = parts_of(name)
    sizes = " × ".join(f"{int(p[key]):,}" if p[key].isdigit() else p[key]
                       for key in ("N", "D", "C") if key in p)
    words = [p["what"].replace("head_", ""), p.get("impl"), p.get("loss"), p.get("isa"), sizes]
    threads = p.get("threads")
    return " ".join(w for w in words if w) + (f", {threads} thread{'s' * (threads != '1')}"
                                               if threads else "")


def percent(ratio, width=0):
    value = 100 * (ratio - 1)
    text = f"{value:+.1f} %" if abs(value) < 1000 else f"{ratio:.3g} x"
    return text.rjust(width)


def seconds_text(seconds):
    for unit, size in (("s", 1), ("ms", 1e-3), ("us", 1e-6)):
        if seconds >= 0.9995 * size:
            return f"{seconds / size:.4g} {unit}"
    return f"{seconds / 1e-9:.4g} ns"


def error_text(value):
    return "0" if value == 0 else f"{value:.3g}"


class Page:
    def __init__(self, colour):
        self.lines, self.colour = [], colour

    def add(self, text=""):
        self.lines.append(text)

    def title(self, text):
        self.add()
        self.add(f"\033[1m{text}\033[0m" if self.colour else text)

    def row(self, verdict, text):
        mark = MARK.get(verdict, " ")
        line = f"  {mark} {text}".rstrip()
        self.add(f"{PAINT[mark]}{line}\033[0m" if self.colour and mark in PAINT else line)

    def rows(self, rows, text):
        for row in rows[:MOST]:
            self.row(row.get("verdict"), text(row))
        if len(rows) > MOST:
            self.add(f"    and {len(rows) - MOST} more (--json has all)")


def count(rows, key="verdict"):
    """"3 slower, 149 cannot be told within 0.6 to 4 %", what was marked first."""
    numbers = {}
    for row in rows:
        numbers[row[key]] = numbers.get(row[key], 0) + 1
    order = sorted(numbers, key=lambda v: (list(MARK) + [v]).index(v))
    return ", ".join(f"{numbers[v]} {v}{open_changes(rows) if v == TOLD_NOT else ''}"
                     for v in order) or "none"


def open_changes(rows):
    """" within 0.6 to 38 %": how large a change of time each of these rows leaves open."""
    found = sorted(row["within_percent"] for row in rows
                   if row["verdict"] == TOLD_NOT and "within_percent" in row)
    if not found:
        return ""
    ends = list(dict.fromkeys(f"{value:#.2g}".rstrip(".") for value in (found[0], found[-1])))
    return f" within {' to '.join(ends)} %"


def machine(page, result):
    for label in ("a", "b"):
        run = result[label]
        commits = sorted(set(run["commits"].values()))
        facts = [f"{run['cpu'] or 'unknown CPU'}, {run['cpus'] or '?'} CPUs, {run['isa'] or '?'}",
                 run["compiler"] or "unknown compiler", "commit " + " ".join(commits),
                 (run["date"] or "")[:10]]
        name = f"{label.upper()}  {run['folder']}" + " (a summary)" * run["summary"]
        page.add(f"{name}: " + "; ".join(fact for fact in facts if fact))
        if (run["foreign_cpus"] or 0) > BUSY:
            page.add(f"   Others used {run['foreign_cpus']:.1f} CPUs during its timing: a quieter "
                     "run would say more.")
    if result["machine_differs"]:
        page.add(f"The machines differ ({', '.join(result['machine_differs'])}): times are "
                 "compared as multiples of what the same run measured, where it did.")
    if result["build_differs"]:
        page.add(f"The builds differ: {', '.join(result['build_differs'])}.")
    for skipped in result["skipped"]:
        page.add(f"{skipped['file']} is not in {' and '.join(skipped['not_in'])}: skipped.")


def limit_text(threads, limit):
    text = (f"With {threads} thread{'s' * (threads != 1)} a change counts from "
            f"{100 * limit['needed']:.1f} % on")
    if limit["shift"] is None:
        return text + "; others' code cannot say how noisy the machine was."
    slower = 100 * (limit["shift"] - 1)
    way = "slower" if slower > 0 else "faster"
    return (text + f": others' code, {limit['others']} cases, is {abs(slower):.1f} % {way} in B, "
            f"give or take {100 * limit['noise']:.1f} %.")


def speed_line(row):
    if row["basis"] is None:
        return f"{row['case']}: no common yardstick"
    against = percent(row["ratio_yardstick"], 9) if row["ratio_yardstick"] else "-".rjust(9)
    interval = f"{percent(row['low_all']):>8} to {percent(row['high_all'])}"
    times = f"{seconds_text(row['seconds_a']):>9} -> {seconds_text(row['seconds_b'])}"
    return (f"{percent(row['ratio'], 9)}  {interval:<22}{against}  {times:<23}"
            f"{case_text(row['case'])}{' ~' if row['unstable'] else ''}")


def show_speed(page, part):
    own = [row for row in part["rows"] if not row["others"]]
    page.title(f"Speed, {part['compared']} cases: {count(own)}")
    for threads, limit in part["limits"].items():
        page.add(limit_text(threads, limit))
    changed = [row for row in own if row["verdict"] in MARK]
    clearest = sorted((r for r in own if r["basis"]), key=evidence, reverse=True)[:3]
    shown = sorted(changed, key=lambda r: -r["ratio"]) or clearest
    if shown:
        page.add(f"    {'change':>9}  {'95 %, all cases':<22}{'to floor':>9}  "
                 f"{'time A -> B':<23}case")
        page.rows(shown, speed_line)
    if shown and not changed:
        page.add("    (the clearest; none of them is called a change)")
    if any(row["unstable"] for row in shown):
        page.add("    ~ the time is not known to 5 % in A or in B")
    show_lost(page, part["lost"], lambda row: f"{case_text(row['case'])}: {row['verdict']}"
              + (f": {row['error']}" if row["error"] else ""))


def show_lost(page, lost, text):
    """What only one of the runs has: each line that counts, and the number of the others."""
    page.rows([row for row in lost if row["worse"]], text)
    rest = [row for row in lost if not row["worse"]]
    if rest:
        page.add(f"Not compared: {count(rest)}; what was measured differs, so this does not count.")


def error_line(row):
    where = "/".join(str(row[key]) for key in ("loss", "option", "gradient", "isa", "sweep", "kind")
                     if row[key] and row[key] != "none")
    growth = f"{row['b'] / row['a']:.3g} x" if row["a"] else "new"
    return (f"{growth:>9}  {error_text(row['a']):>9} -> {error_text(row['b']):<9} "
            f"{row['quantity']:<10}{where}")


def promise_line(row):
    return (f"{row['promise']} of {row['of']} ({row['isa']}): {row['verdict']}, outside "
            f"{row['outside_a']} -> {row['outside_b']}"
            + ("" if row["worst_a"] is None
               else f", worst {row['worst_a']:.4g} -> {row['worst_b']:.4g} ulp"))


def show_exactness(page, part):
    page.title(f"Exactness, {len(part['rows'])} greatest errors: {count(part['rows'])}")
    if part["reason"]:
        page.add(f"Not compared: {part['reason']}.")
    if part["other_inputs"]:
        page.add("Not compared, since the usual formulas err otherwise as well, so that the inputs "
                 f"are others: {', '.join(part['other_inputs'])}.")
    if part["other_points"]:
        page.add("Not compared, since a summary has the greatest error only, here of other points: "
                 f"{part['other_points']} group{'s' * (part['other_points'] > 1)} of errors.")
    changed = [row for row in part["rows"] if row["verdict"] in MARK]
    changed.sort(key=lambda r: -math.log((r["b"] or 1e-30) / (r["a"] or 1e-30)))
    if changed:
        page.add(f"    {'B / A':>9}  {'error A -> B':<23} of")
        page.rows(changed, error_line)
    if part["promises"]:
        page.add(f"Promises and functions, {len(part['promises'])}: {count(part['promises'])}")
        page.rows([row for row in part["promises"] if row["verdict"] in MARK], promise_line)
    show_lost(page, part["lost"], lambda row: f"{row['case']}: {row['verdict']}")


def training_line(row):
    unit = "°" if row["unit"] == "degrees" else ""
    interval = f"{row['low_all']:+.3g} to {row['high_all']:+.3g}{unit}"
    return (f"{row['difference']:+9.3g}{unit}  {interval:<22} "
            f"{row['a']:.4g} -> {row['b']:.4g}{unit}  {row['quantity']} of "
            f"{row['label'] or row['loss']}, {row['data']}, {row['dim']}-d, "
            f"{row['classes']} classes")


def show_separation(page, part):
    page.title(f"Separation, {len(part['rows'])} trainings' quantities: {count(part['rows'])}")
    changed = [row for row in part["rows"] if row["verdict"] in MARK]
    if changed:
        page.add(f"    {'B - A':>9}  {'95 %, all at once':<22} A -> B, mean over the seeds")
        page.rows(sorted(changed, key=lambda r: r["difference"]), training_line)
    if part["claims"]:
        page.add(f"Claims of the papers, {len(part['claims'])}: {count(part['claims'])}")
        page.rows([row for row in part["claims"] if row["verdict"] != "the same"],
                  lambda row: f"{row['claim']}: {row['a']} -> {row['b']}")


def text_of(result, colour):
    page = Page(colour)
    machine(page, result)
    for name, function in (("speed", show_speed), ("stability", show_exactness),
                           ("separation", show_separation)):
        if result[name]:
            function(page, result[name])
    page.title("Nothing got worse from A to B." if not result["worse"]
               else f"From A to B {result['worse']} thing{'s' * (result['worse'] > 1)} got worse.")
    return "\n".join(page.lines) + "\n"
