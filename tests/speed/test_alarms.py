"""test_alarms.py: bench/speed/alarms.py counts what compare.sh calls a change, goes on where it was
interrupted, and refuses what it cannot use."""
import json
import os
import subprocess
import sys
import tempfile

PROGRAM, SCRIPT = os.environ["BENCH_SPEED"], os.environ["ALARMS"]
OPTIONS = ["--", "--smoke", "--loss", "arcface,normsoftmax", "--threads", "1", "--isa", "scalar",
           "--repetitions", "6", "--filter", "^head/loss.*D:2/"]


def run(*words):
    return subprocess.run([sys.executable, "-B", SCRIPT, *words], capture_output=True, text=True)


def planted(folder, factor):
    """The second run is the first with every time multiplied."""
    with open(os.path.join(folder, "run00", "speed.json"), encoding="utf-8") as stream:
        report = json.load(stream)
    for row in report["benchmarks"]:
        row["real_time"] = factor * (1000 + row.get("repetition_index", 0))
    for name, by in (("run00", 1 / factor), ("run01", 1)):
        for row in report["benchmarks"]:
            row["real_time"] *= by
        with open(os.path.join(folder, name, "speed.json"), "w", encoding="utf-8") as stream:
            json.dump(report, stream)
        for row in report["benchmarks"]:
            row["real_time"] /= by


def main():
    with tempfile.TemporaryDirectory(prefix="margin-alarms-") as folder:
        made = run(PROGRAM, "--out", folder, "--pairs", "1", "--beside", "none", *OPTIONS)
        assert made.returncode == 0, made.stderr
        with open(os.path.join(folder, "alarms.json"), encoding="utf-8") as stream:
            first = json.load(stream)
        assert first["compared"] == first["pairs"][0]["cases"] > 0 and first["beside"] == "none", first
        # Runs that are there are taken: of these two each case is 10 % slower, and 15.5 % with
        # what is planted.
        planted(folder, 1.1)
        again = run(PROGRAM, "--out", folder, "--pairs", "1", "--beside", "none", *OPTIONS)
        with open(os.path.join(folder, "alarms.json"), encoding="utf-8") as stream:
            second = json.load(stream)
        assert again.returncode == 0 and second["alarms"] == second["compared"], second
        assert second["found_share"] == 1 and second["pairs_with_alarm"] == 1, second
        planted(folder, 1)
        assert "0 false alarms in 0 of them" in run(PROGRAM, "--out", folder, "--pairs", "1",
                                                    "--beside", "none", *OPTIONS).stdout
        for words, status, says in ((["--pairs", "0"], 2, "--pairs"),
                                    (["--pairs", "2", "--", "--bogus"], 1, "ended with 2")):
            refused = run(PROGRAM, "--out", folder, *words)
            assert refused.returncode == status and says in refused.stderr, refused
    print("alarms are counted, planted changes found")


main()
