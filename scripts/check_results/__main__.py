"""What `margin check-results RUN` runs: whether a run, or a machine's entry, is fit to be shown. It
prints a line for each finding, `unfit:` or `note:`, and then the verdict. Exit 0: fit; 1: unfit, or
not to be read; 2: wrong usage."""

import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.dirname(HERE))
import suspicious  # noqa: E402
from finding import note, unfit  # noqa: E402
from run_files import DRIVERS, Unusable, opened, read_object  # noqa: E402

try:
    from shape import faults_of
except ImportError as error:
    print(f"margin check-results: {sys.executable}: {error}: install the package "
          "python3-jsonschema (or jsonschema into this Python)", file=sys.stderr)
    sys.exit(1)

FURTHER = ("scale", "study", "kernels", "torch", "toy")  # may come from other programs at another time


def read(folder, findings):
    """The objects of the run's files that are as the schema says."""
    summary = os.path.exists(os.path.join(folder, "summary.json"))
    needed = ("machine", "summary") if summary else ("machine", *DRIVERS)
    found = {}
    for name in (*needed, *FURTHER):
        path = os.path.join(folder, name + ".json")
        if not os.path.exists(path):
            if name in needed:
                findings.append(unfit(f"{name}.json: no such file"))
            continue
        try:
            value = read_object(path)
        except Unusable as error:
            findings.append(unfit(str(error).replace(folder + os.sep, "", 1)))
            continue
        faults = faults_of(name, value)
        findings += [unfit(f"{name}.json: {fault}") for fault in faults]
        if not faults:
            found[name] = value
    found.update({name: found["summary"][name] for name in DRIVERS} if "summary" in found else {})
    return found


def of_run(folder):
    findings = []
    found = read(folder, findings)
    # Of a summary what bench_separation says, which no machine changes, may be renewed alone.
    further = FURTHER + ("separation",) * ("summary" in found)
    together = [name for name in DRIVERS if name not in further]
    for names, grade in ((together, unfit), (further, note)):
        findings += suspicious.versions({name: found[name] for name in ("machine", *names)
                                         if name in found}, grade)
    for name, judge in (("speed", suspicious.speed), ("stability", suspicious.stability),
                        ("kernels", suspicious.kernels)):
        if name in found:
            findings += judge(found[name])
    return findings


def of_entry(path):
    value = read_object(path)
    faults = faults_of("entry", value)
    return [unfit(fault) for fault in faults] or list(suspicious.entry(value, path))


def findings_of(path):
    if path.endswith(".json"):
        return of_entry(path)
    with opened(path) as folder:
        return of_run(folder)


def main():
    if len(sys.argv) != 2:
        print("margin check-results: one RUN is needed (see --help)", file=sys.stderr)
        sys.exit(2)
    path = sys.argv[1]
    try:
        findings = findings_of(path)
    except Unusable as error:
        print(f"margin check-results: {error}", file=sys.stderr)
        sys.exit(1)
    for finding in findings:
        print(finding.line)
    bad = sum(finding.unfit for finding in findings)
    print(f"{path}: " + (f"not fit to be shown, for {bad} reason{'s' * (bad > 1)}" if bad
                         else "fit to be shown"))
    sys.exit(1 if bad else 0)


main()
