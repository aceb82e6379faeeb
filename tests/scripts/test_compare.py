#!/usr/bin/env python3
"""compare.sh on an invented run and on copies in which one thing is changed: that, and only that,
is found; wrong usage and broken files end in one line and exit 2; the figure has every series."""

import copy
import json
import os
import re
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
CASE = "head/loss:cosface/isa:avx2/N:128/D:512/C:1000/threads:1"
FILES = ("machine", "speed", "stability", "separation")

sys.path.insert(0, os.path.join(ROOT, "scripts"))
from run_files import read_object  # noqa: E402


def compare(*arguments, **environment):
    done = subprocess.run([os.path.join(ROOT, "scripts", "compare.sh"), *arguments], text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL,
                          env={**os.environ, **environment})
    return done.returncode, done.stdout, done.stderr


def invent(folder):
    """The plots' invented run without one of its shapes, with five seeds and promises."""
    fixture = os.path.join(ROOT, "tests", "plots", "make_fixture.py")
    subprocess.run([sys.executable, fixture, folder], check=True)
    run = {name: load(folder, name) for name in FILES}
    run["speed"]["benchmarks"] = [row for row in run["speed"]["benchmarks"]
                                  if "N:512/D:128" not in row["run_name"]]
    first = [r for r in run["separation"]["runs"] if r["seed"] == 1]
    for seed in (3, 4, 5):
        for training in copy.deepcopy(first):
            training["seed"] = seed
            training["stats"]["gap_median_deg"] += 0.3 * seed
            run["separation"]["runs"].append(training)
    run["stability"]["verdicts"] = [
        {"promise": "grad_x", "loss": loss, "isa": "avx2", "cases": 100, "outside": 0, "kept": True}
        for loss in ("arcface", "cosface")]
    return run


def load(folder, name):
    return read_object(os.path.join(folder, name + ".json"))


def save(folder, run):
    os.makedirs(folder, exist_ok=True)
    for name, value in run.items():
        with open(os.path.join(folder, name + ".json"), "w", encoding="utf-8") as stream:
            json.dump(value, stream)
    return folder


def rows_of(result):
    for part in ("speed", "stability", "separation"):
        for rows in (result[part] or {}).values():
            if isinstance(rows, list):
                yield from (row for row in rows if isinstance(row, dict))


QUIET = {"cannot be told", "as exact", "the same", "other inputs", None}


class Bench:
    def __init__(self, work):
        self.work, self.a = work, os.path.join(work, "a")
        self.original = invent(self.a)
        save(self.a, self.original)

    def changed(self, change, *options):
        """Compare the run with a changed copy: exit status and what is not as before."""
        run = copy.deepcopy(self.original)
        change(run)
        b = os.path.join(self.work, "b")
        save(b, run)
        status, out, err = compare(self.a, b, "--json", *options)
        assert status in (0, 1) and err == "", (status, err)
        result = json.loads(out)
        assert (result["worse"] > 0) == (status == 1), result["worse"]
        return status, [row for row in rows_of(result) if row.get("verdict") not in QUIET]

    def expect(self, change, status, verdict, **fields):
        """One thing is found, and it is this."""
        got, found = self.changed(change)
        assert len(found) == 1 and found[0]["verdict"] == verdict, (verdict, found)
        assert all(found[0][key] == value for key, value in fields.items()), (fields, found)
        assert got == status, (verdict, got)
        print(f"found: {verdict} {fields}")


def slow(name, factor):
    def change(run):
        rows = [r for r in run["speed"]["benchmarks"] if r["run_name"] == name]
        assert len(rows) > 5, name
        for row in rows:
            row["real_time"] *= factor
    return change


def slow_machine(factor):
    def change(run):
        for row in run["speed"]["benchmarks"]:
            row["real_time"] *= factor
    return change


def without(name, error=None):
    def change(run):
        rows = run["speed"]["benchmarks"]
        run["speed"]["benchmarks"] = [r for r in rows if r["run_name"] != name]
        if error:
            run["speed"]["benchmarks"].append(
                {"name": name, "run_name": name, "run_type": "iteration", "error_occurred": True,
                 "error_message": error, "real_time": 0.0, "time_unit": "ns"})
    return change


def worst_row(run, quantity):
    rows = [r for r in run["stability"]["rows"] if r["impl"] == "margin" and r["isa"] == "avx512"
            and r["loss"] == "arcface" and r["sweep"] == "theta" and r["option"] == "paper"]
    return max(rows, key=lambda r: r[quantity])


def error(quantity, factor):
    def change(run):
        worst_row(run, quantity)[quantity] *= factor
    return change


def nonfinite(run):
    worst_row(run, "grad_w")["nonfinite"] = 1e-4


def smaller_error(run):
    for row in run["stability"]["rows"]:
        if row["impl"] == "margin" and row["sweep"] == "scale" and row["loss"] == "cosface":
            row["grad_x"] /= 2


def other_inputs(run):
    """What a run with other options may have: one sweep's random rows are others."""
    for row in run["stability"]["rows"]:
        if row["sweep"] == "theta":
            row["grad_x"] *= 1.5


def quick_stability(run):
    run["stability"]["context"]["command"] = ["bench_stability", "--quick", "--out", "x.json"]


def broken(run):
    run["stability"]["verdicts"][1].update(kept=False, outside=3)


def smaller_gap(run):
    for k, training in enumerate(run["separation"]["runs"]):
        if training["loss"] == "arcface" and training["data"] == "sphere":
            training["stats"]["gap_median_deg"] -= 8 + 0.01 * k


def no_longer(run):
    assert run["separation"]["claims"][0]["verdict"] == "holds"
    run["separation"]["claims"][0]["verdict"] = "does not"


def check_changes(bench):
    status, found = bench.changed(lambda run: None)
    assert status == 0 and not found, found
    bench.expect(slow(CASE, 1.2), 1, "slower", case=CASE)
    bench.expect(slow(CASE, 0.8), 0, "faster", case=CASE)
    status, found = bench.changed(slow(CASE, 1.015))
    assert status == 0 and not found, "a change within the repetitions is called one"
    status, found = bench.changed(slow_machine(1.3))
    assert status == 0 and not found, "a slower machine is taken for slower code"
    bench.expect(without(CASE), 1, "lost in B", case=CASE)
    bench.expect(without(CASE, "differs from the reference"), 1, "fails in B", case=CASE,
                 error="differs from the reference")
    bench.expect(error("grad_x", 1.3), 1, "less exact", loss="arcface", quantity="grad_x",
                 isa="avx512")
    bench.expect(smaller_error, 0, "more exact", loss="cosface", quantity="grad_x")
    bench.expect(nonfinite, 1, "less exact", loss="arcface", quantity="nonfinite")
    status, found = bench.changed(other_inputs)
    assert status == 0 and not found, "errors of different inputs are compared"
    status, found = bench.changed(both(quick_stability, error("grad_x", 10)))
    assert status == 0 and not found, "errors under other options are compared"
    bench.expect(broken, 1, "broken", promise="grad_x", of="cosface")
    bench.expect(smaller_gap, 1, "separates less", loss="arcface", quantity="gap", data="sphere")
    bench.expect(no_longer, 1, "no longer holds", claim="claim 0")


def noisy(run):
    """Others' code is 10 % slower or faster, by turns on each shape."""
    names = {r["run_name"] for r in run["speed"]["benchmarks"] if "impl:" in r["run_name"]}
    for threads in ("threads:1", "threads:2"):
        for k, name in enumerate(sorted((name for name in names if name.endswith(threads)),
                                        key=lambda name: (name.split("/N:")[1], name))):
            slow(name, 1.1 if k % 2 else 1 / 1.1)(run)


def both(*changes):
    def change(run):
        for one in changes:
            one(run)
    return change


def unstable(run):
    for row in run["speed"]["benchmarks"]:
        if row["run_name"] == CASE and row.get("aggregate_name") == "median":
            row["unstable"] = True


def three_repetitions(run):
    rows = run["speed"]["benchmarks"]
    run["speed"]["benchmarks"] = [r for r in rows if r["run_name"] != CASE
                                  or r.get("repetition_index", 0) < 3]


def check_rules(bench):
    """When a change of a time counts."""
    status, found = bench.changed(both(noisy, slow(CASE, 1.2)))
    assert status == 0 and not found, "a change within the machine's noise is called one"
    bench.expect(both(noisy, slow(CASE, 1.6)), 1, "slower", case=CASE)
    bench.expect(both(unstable, slow(CASE, 1.2)), 1, "slower", case=CASE, unstable=True)
    status, found = bench.changed(unstable)
    assert status == 0 and not found, "an unstable case fails the gate by itself"
    bench.expect(both(slow(CASE, 2), three_repetitions), 0, "too few repetitions", case=CASE)
    status, found = bench.changed(slow(CASE, 1.2), "--threshold", "25")
    assert status == 0 and not found, "the threshold is not heeded"


def check_machines(bench):
    """On another CPU times are compared as multiples of the three products of the same run."""
    def other_cpu(run):
        for part in ("machine", "speed", "stability", "separation"):
            context = run[part].get("context", run[part])
            context["cpu"] = "Another CPU"
        for rates in run["speed"]["context"]["fma_peaks"].values():
            rates.update({threads: rate / 3 for threads, rate in rates.items()})
        for row in run["speed"]["benchmarks"]:
            row["real_time"] *= 3
            for product in ("logits", "dx", "dw"):
                if product + "_seconds" in row:
                    row[product + "_seconds"] *= 3

    def with_products(run):
        for row in run["speed"]["benchmarks"]:
            if row["run_name"].startswith("gemm3"):
                row.update({p + "_seconds": row["real_time"] / 3 for p in ("logits", "dx", "dw")})

    with_products(bench.original)
    save(bench.a, bench.original)
    run = copy.deepcopy(bench.original)
    other_cpu(run)
    b = save(os.path.join(bench.work, "other"), run)
    status, out, _ = compare(bench.a, b, "--json")
    result = json.loads(out)
    assert status == 0 and result["machine_differs"] == ["cpu"], (status, result["machine_differs"])
    for basis in ("gemm3", "fma peak"):
        rows = [r for r in result["speed"]["rows"] if r["basis"] == basis and not r["others"]]
        assert len(rows) >= 8 and all(abs(row["ratio"] - 1) < 1e-9 for row in rows), (basis, rows)
    status, out, _ = compare(bench.a, b)
    assert "The machines differ (cpu)" in out, out


def check_page(bench):
    """Readable without a terminal: no colour, and the changed case by name."""
    run = copy.deepcopy(bench.original)
    slow(CASE, 1.2)(run)
    b = save(os.path.join(bench.work, "b"), run)
    status, out, err = compare(bench.a, b)
    assert status == 1 and err == "" and "\033" not in out, (status, err, out)
    assert re.search(r"▲ +\+20\.0 % .*head cosface avx2 128 × 512 × 1,000, 1 thread", out), out
    assert "From A to B 1 thing got worse." in out, out
    long = [line for line in out.splitlines() if len(line) > 140]
    assert not long, long
    os.remove(os.path.join(b, "stability.json"))
    status, out, err = compare(bench.a, b)
    assert status == 1 and "stability.json is not in B: skipped" in out, (status, out)


def check_busy(bench):
    """A run during which others used the machine is pointed out."""
    run = copy.deepcopy(bench.original)
    run["speed"]["context"]["foreign_cpus"] = 1.25
    out = compare(bench.a, save(os.path.join(bench.work, "b"), run))[1]
    of_b = out.split("\nSpeed")[0].split("\nB  ")[1]
    assert "Others used 1.2 CPUs during its timing" in of_b, out


def check_terminal(bench):
    """Colour on a terminal, unless NO_COLOR is set."""
    command = f"{ROOT}/scripts/compare.sh {bench.a} {bench.a}"
    for setting, wanted in ({}, True), ({"NO_COLOR": "1"}, False):
        done = subprocess.run(["script", "-qec", command, "/dev/null"], stdout=subprocess.PIPE,
                              env={**os.environ, "TERM": "xterm", **setting}, check=True)
        assert (b"\033[1m" in done.stdout) == wanted, (setting, done.stdout)


def check_figure(bench):
    run = copy.deepcopy(bench.original)
    slow(CASE, 1.2)(run)
    slow(CASE.replace("cosface", "arcface"), 0.7)(run)
    error("grad_x", 1.3)(run)
    smaller_error(run)
    b, out = save(os.path.join(bench.work, "b"), run), os.path.join(bench.work, "out")
    status, _, err = compare(bench.a, b, "--output", out, "--format", "svg", "--format", "pdf")
    assert status == 1 and err == "", (status, err)
    for figure, wanted in (("compare_errors", {"as_exact", "more_exact", "less_exact"}),
                           ("compare", {"same", "slower", "faster", "others"})):
        path = os.path.join(out, "figures", f"fig_{figure}.svg")
        with open(path, encoding="utf-8") as stream:
            titles = set(re.findall("<title>([^<]*)</title>", svg := stream.read()))
        assert wanted <= titles, (figure, titles)
    assert "head cosface avx2 128 × 512 × 1,000, 1 thread" in svg, "the slower case is not named"
    with open(os.path.join(out, "figures", "fig_compare.pdf"), "rb") as stream:
        assert stream.read(5) == b"%PDF-"
    names = sorted(os.path.relpath(os.path.join(folder, name), out)
                   for folder, _, files in os.walk(out) for name in files)
    figures = [f"figures/fig_compare{which}.{kind}" for which in ("", "_errors")
               for kind in ("pdf", "svg")]
    tables = ["tables/compare.tsv", "tables/compare_errors.tsv"]
    assert names == ["compare.json", *figures, *tables], names
    assert load(out, "compare")["worse"] == 2
    with open(os.path.join(out, "tables", "compare.tsv"), encoding="utf-8") as stream:
        lines = [line for line in stream if line.count("\t") == 12 and line[0] != "#"]
    assert len(lines) == len(load(out, "compare")["speed"]["rows"]), len(lines)
    # The next comparison leaves nothing of this one's.
    only = save(os.path.join(bench.work, "errors"), {"stability": bench.original["stability"]})
    status, _, err = compare(only, only, "--output", out, "--format", "svg")
    assert status == 0 and err == "", (status, err)
    assert os.listdir(os.path.join(out, "figures")) == ["fig_compare_errors.svg"]
    # An axis of any length.
    for factor in (1e-9, 4, 1e9):
        run = copy.deepcopy({"stability": bench.original["stability"]})
        error("grad_x", factor)(run)
        other = save(os.path.join(bench.work, "far"), run)
        status, _, err = compare(only, other, "--output", out, "--format", "svg")
        assert status == (factor > 1) and err == "", (factor, status, err)


def check_refusals(bench):
    work = bench.work
    broken_files = {"garbage": "not JSON", "list": "[]", "empty": "", "cut": '{"benchmarks": [',
                    "strange": '{"benchmarks": [{"name": 1}]}',
                    "nan": '{"benchmarks": [], "x": NaN}'}
    cases = [[], [bench.a], [bench.a, bench.a, bench.a], [bench.a, "--nonsense", bench.a],
             [bench.a, bench.a, "--threshold"], [bench.a, bench.a, "--threshold", "few"],
             [bench.a, bench.a, "--format", "bmp"], [bench.a, os.path.join(work, "nowhere")]]
    for name, text in broken_files.items():
        folder = os.path.join(work, name)
        os.makedirs(folder)
        with open(os.path.join(folder, "speed.json"), "w", encoding="utf-8") as stream:
            stream.write(text)
        cases.append([bench.a, folder, "--output", os.path.join(work, "never")])
    os.makedirs(os.path.join(work, "nothing"))
    cases.append([bench.a, os.path.join(work, "nothing")])
    for arguments in cases:
        status, out, err = compare(*arguments)
        one_line = err.count("\n") == 1 and err.startswith("compare.sh: ")
        assert status == 2 and out == "" and one_line, (arguments, status, out, err)
    for name in broken_files:
        err = compare(bench.a, os.path.join(work, name))[2]
        assert os.path.join(name, "speed.json") in err, err
    assert not os.path.exists(os.path.join(work, "never")), "wrote something about a broken file"
    only = save(os.path.join(work, "only"), {"stability": bench.original["stability"]})
    rest = save(os.path.join(work, "rest"), {"speed": bench.original["speed"]})
    assert compare(only, rest)[0] == 2, "two runs with nothing in common"


def main():
    with tempfile.TemporaryDirectory() as work:
        bench = Bench(work)
        check_changes(bench)
        check_rules(bench)
        check_page(bench)
        check_busy(bench)
        check_terminal(bench)
        check_figure(bench)
        check_refusals(bench)
        check_machines(bench)
    print("compare.sh finds what changed, and nothing else")


main()
