#!/usr/bin/env python3
"""What the drivers and reproduce.sh show on a terminal, in a pipe and to a program.
usage: test_terminal.py BUILD_DIR"""

import json
import os
import pty
import re
import subprocess
import sys
import tempfile

from stand_ins import ROOT, environment_of, make_build

LOSSES = ("softmax", "normsoftmax", "sphereface", "cosface", "arcface", "combined")
BOLD, ESCAPE = "\033[1m", "\033"


def on_terminal(command, environment, **more):
    """All that a terminal of 80 columns would be sent."""
    done = subprocess.run(["script", "-qec", "stty cols 80; " + command, "/dev/null"],
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, check=True,
                          env={**environment, "TERM": "xterm", **more})
    return done.stdout.decode()


def in_pipe(command, environment):
    done = subprocess.run(command, shell=True, text=True, env=environment, check=True,
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    return done.stdout, done.stderr


def check_progress(text, what, running):
    """A line says what, how far, how long still, and which; none is wider than the terminal."""
    wanted = rf"{what}\S*  \d+/\d+, \d+ s left  \S*{running}"
    assert re.search(wanted, text), (wanted, text[:2000])
    for line in re.split(r"[\r\n]+", re.sub(r"\033\[[0-9]*[mK]", "", text)):
        if line.startswith(what):
            assert len(line) <= 80, line


def check_drivers(programs, work, environment):
    out = os.path.join(work, "driver.json")
    for name, options, what, running in (
            # Cases that each take longer than the line rests between two looks.
            ("bench_speed", "--quick --loss cosface,arcface --filter ^head/loss.*C:10000/threads:1 "
             "--repetitions 2 --min-time 0.001", "check", "head"),
            ("bench_separation", "--data sphere --loss softmax,arcface --seeds 1 --epochs 20 "
             "--samples 500",
             "training", "sphere 2d, (softmax|arcface)")):
        command = f"{programs}/{name} {options} --out {out}"
        shown = on_terminal(command, environment)
        check_progress(shown, what, running)
        assert BOLD in shown, shown[-500:]
        assert BOLD not in on_terminal(command, environment, NO_COLOR="1"), name
        text, err = in_pipe(command, environment)
        assert err == "" and ESCAPE not in text and "\r" not in text, (name, err, text)
        assert re.search(r"\barcface\b", text), f"{name} closes with no table"
        with open(out, encoding="utf-8") as stream:
            json.load(stream)
        print(f"{name}: progress on a terminal, a table in a pipe")


def table_of(run):
    with open(os.path.join(run, "tables", "summary.tsv"), encoding="utf-8") as stream:
        names, *rows = [line.rstrip("\n").split("\t") for line in stream]
    return {row[0]: dict(zip(names, row)) for row in rows}


def check_closing(text, run):
    """The closing table has every loss with its numbers, and every path is there."""
    for loss, row in table_of(run).items():
        line = re.search(rf"^  {loss} .*$", text, re.M)
        assert line, f"no line for {loss}: {text}"
        if row["us_per_row"] != "-":
            assert f" {float(row['us_per_row']):.4g} " in line[0], line[0]
        if row["worst_gradient"] != "-":
            assert f" {float(row['worst_gradient']):.1e} " in line[0], line[0]
        if row.get("gap sphere", "-") != "-":
            assert f" {float(row['gap sphere']):.1f} deg" in line[0], line[0]
    for path in (os.path.join(run, "report.html"), os.path.join(run, "figures")):
        assert path in text and os.path.exists(path), path


def check_reproduce(work, environment):
    run = os.path.join(work, "run")
    command = f"{ROOT}/scripts/reproduce.sh --quick --out {run}"
    text, err = in_pipe(command, environment)
    assert err == "" and ESCAPE not in text and "\r" not in text, (err, text)
    for k, name in enumerate(("machine", "separation", "stability", "speed"), 1):
        assert f"{k}/4 {name}: measuring" in text, text
    assert set(table_of(run)) == set(LOSSES), table_of(run)
    check_closing(text, run)

    shown = on_terminal(command + " --pack", environment)
    check_progress(shown, "figures", "speed")
    assert BOLD in shown and "4/4 speed: already measured, kept" in shown, shown
    check_closing(shown.replace("\r\n", "\n"), run)

    text, err = in_pipe(command + " --json", environment)
    given = json.loads(text)
    assert err == "" and os.path.exists(given["report"]) and given["pack"] is None, (err, given)
    assert all(os.path.exists(path) for path in given["results"].values()), given["results"]
    table = table_of(run)
    for row in given["losses"]:
        for key, value in table[row["loss"]].items():
            same = value == row[key] if isinstance(row[key], str) else \
                (value == "-") == (row[key] is None) and (value == "-" or float(value) == row[key])
            assert same, (row["loss"], key, value, row[key])
    packs = [json.loads(in_pipe(command + " --pack --json", environment)[0])["pack"],
             re.search(r"^pack +(.*?)\r?$", shown, re.M)[1]]
    assert packs == [run + ".tar.xz"] * 2, packs
    subprocess.run(["sha256sum", "--status", "-c", packs[0] + ".sha256"], cwd=work, check=True)
    print("reproduce.sh: progress on a terminal, lines in a pipe, an object for a program")


def check_ctrl_c(work, environment):
    """Ctrl-C at a terminal, while a driver runs, ends both."""
    command = [f"{ROOT}/scripts/reproduce.sh", "--quick", "--out", os.path.join(work, "ended")]
    pid, terminal = pty.fork()
    if pid == 0:
        os.execve(command[0], command, {**environment, "TERM": "xterm", "EPOCHS": "20000"})
    text = b""
    try:
        while b"training" not in text:  # the driver's own line
            text += os.read(terminal, 4096)
        os.write(terminal, b"\x03")
        while True:
            text += os.read(terminal, 4096)
    except OSError:  # the terminal is closed: nobody holds it any more
        pass
    status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    assert status == 130 and b"reproduce.sh: interrupted" in text, (status, text[-500:])
    print("reproduce.sh: Ctrl-C ends it and its driver")


def main():
    with tempfile.TemporaryDirectory() as work:
        build = make_build(work, sys.argv[1])
        os.makedirs(os.path.join(work, "started"))
        environment = environment_of(work, build)
        environment.pop("NO_COLOR", None)
        check_drivers(os.path.join(os.path.abspath(sys.argv[1]), "bin"), work, environment)
        check_ctrl_c(work, environment)
        check_reproduce(work, environment)


main()
