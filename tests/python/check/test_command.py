#!/usr/bin/env python3
"""`python -m margin_losses check` as users call it: forms of losses, exit codes, one-line errors,
text, JSON, figure; labels that crash; the example of docs/checking.md."""

import json
import os
import re
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

import forms
import judged

from margin_losses.check import command, labels, loading

HERE = Path(__file__).resolve().parent
FORMS = str(HERE / "forms.py")
DOCS = HERE.parents[2] / "docs" / "checking.md"
PROMISES = [
    "value",
    "value at the ends",
    "past pi",
    "norms",
    "batch",
    "gradient",
    "every class",
    "every row's gradient",
    "large batch",
    "large batch gradient",
    "ends",
    "zero vectors",
    "extreme norms",
    "scale",
    "converged loss",
    "converged gradient",
    "label 4 of 4 classes",
    "label -5",
    "label -100",
    "label -1",
    "int32 labels",
    "float64",
    "float16",
    "bfloat16",
    "float64 embeddings, float32 weights",
    "same bits twice",
    "same bits for threads",
    "inputs",
    "time and memory",
]


class Forms(unittest.TestCase):
    def form(self, found, *args, **claim):
        findings, judge = judged.judge(found, *args, **claim)
        self.assertEqual(findings["value"].verdict, "kept", findings["value"].says)
        return judge.subject

    def test_function_of_cosines(self):
        subject = self.form(forms.cosface, loss="cosface")
        self.assertEqual((subject.takes, subject.gives, subject.scales), ("cosines", "loss", True))

    def test_a_careful_loss_of_plain_operations_breaks_nothing(self):
        findings, _ = judged.judge(forms.careful, loss="cosface")
        varying = {"same bits for threads", "float16", "bfloat16"}
        faults = {name: findings[name].says for name in judged.broken(findings) - varying}
        self.assertEqual(faults, {})

    def test_class_with_sizes_by_position(self):
        subject = self.form(forms.Positional, loss="normsoftmax")
        self.assertEqual(
            (subject.takes, subject.gives, subject.turned), ("embeddings", "rows", True)
        )

    def test_module_that_is_there_already(self):
        before = forms.fixed.W.detach().clone()
        subject = self.form(forms.fixed, loss="normsoftmax")
        self.assertEqual(
            (subject.takes, subject.shape, subject.sizes), ("embeddings", (5, 3), False)
        )
        self.assertTrue((forms.fixed.W == before).all(), "the user's module is left alone")

    def test_options(self):
        subject = self.form(forms.Needs, "temperature=0.015625", loss="normsoftmax")
        self.assertFalse(subject.scales)

    def test_options_with_brackets_and_quotes(self):
        self.form(forms.Tuples, "margins=(1,0.5,0.35),name='a,b'", loss="cosface")
        self.assertEqual(
            loading.options("margins=(1,0.5,0), name='a,b' ,past=[[1,2],3],rule=taylor"),
            {"margins": (1, 0.5, 0), "name": "a,b", "past": [[1, 2], 3], "rule": "taylor"},
        )

    def test_crash_exit_and_hang(self):
        for found, end in (
            (forms.crashes, "SIGABRT"),
            (forms.leaves, "it ended the process"),
            (forms.exits, "SystemExit: 3"),
        ):
            findings, _ = judged.judge(found, loss="normsoftmax")
            for name in ("label -5", "label -100", "label -1"):
                self.assertEqual(findings[name].verdict, "broken")
                self.assertIn(end, findings[name].says)
            self.assertEqual(findings["int32 labels"].verdict, "kept")

    def test_hang(self):
        patience, labels.PATIENCE = labels.PATIENCE, 2.0
        try:
            findings, _ = judged.judge(forms.hangs, loss="normsoftmax")
        finally:
            labels.PATIENCE = patience
        self.assertIn("no answer within 2 seconds", findings["label -100"].says)
        self.assertEqual(findings["label -1"].verdict, "kept")


class Command(unittest.TestCase):
    def refused(self, text, *arguments, **environment):
        done = judged.run(*arguments, **environment)
        self.assertEqual(done.returncode, 2, done.stdout + done.stderr)
        self.assertEqual(done.stdout, "")
        self.assertEqual(done.stderr.count("\n"), 1, done.stderr)
        self.assertTrue(done.stderr.startswith("margin_losses check: "), done.stderr)
        self.assertIn(text, done.stderr)

    def refused_here(self, text, *arguments):
        """The same without a new process."""
        with self.assertRaises(command.UsageError) as caught:
            command.run(arguments)
        self.assertIn(text, str(caught.exception))

    def test_refusals_as_a_process(self):
        self.refused("the following arguments are required: --loss", "losses.py:OneHotArc")
        self.refused("this loss", FORMS + ":fails", "--loss", "cosface")
        with tempfile.TemporaryDirectory() as folder:
            self.refused(
                "apt-get install gnuplot-nox",
                FORMS + ":cosface",
                "--loss",
                "cosface",
                "--figure",
                os.path.join(folder, "f.svg"),
                PATH=folder,
            )

    def test_a_missing_package_is_named_with_the_remedy(self):
        for name in ("mpmath", "torch"):
            text = (
                "import sys; sys.modules[%r] = None; from margin_losses.check import command; "
                "sys.exit(command.main(['losses.py:OneHotArc', '--loss', 'arcface']))" % name
            )
            done = subprocess.run([sys.executable, "-c", text], capture_output=True, text=True)
            self.assertEqual((done.returncode, done.stdout), (2, ""), done.stderr)
            wanted = "margin_losses check: needs %s, which is not installed: " % name
            self.assertEqual(done.stderr, wanted + "python -m pip install %s\n" % name)

    def test_refusals(self):
        for text, *arguments in (
            ("is not MODULE:NAME", "losses", "--loss", "arcface"),
            ("nowhere.py: no such file", "nowhere.py:Loss", "--loss", "arcface"),
            (
                "no_such_module cannot be imported: ModuleNotFoundError",
                "no_such_module:A",
                "--loss",
                "arcface",
            ),
            ("has no Missing", FORMS + ":Missing", "--loss", "arcface"),
            ("is an int, not a class or a function", FORMS + ":number", "--loss", "arcface"),
            ("missing 1 required positional argument", FORMS + ":Needs", "--loss", "arcface"),
            (
                "--args temperature: 'temperature' is not NAME=VALUE",
                FORMS + ":Needs",
                "--loss",
                "arcface",
                "--args",
                "temperature",
            ),
            ("it returns a tuple, not a tensor", FORMS + ":pair", "--loss", "normsoftmax"),
            ("it returns None, not a tensor", FORMS + ":nothing", "--loss", "normsoftmax"),
            ("it needs the norms", FORMS + ":cosface", "--loss", "softmax"),
            (
                "it is no torch.nn.Module",
                FORMS + ":cosface",
                "--loss",
                "cosface",
                "--takes",
                "embeddings",
            ),
            (
                "the name ends with .svg or .png",
                FORMS + ":cosface",
                "--loss",
                "cosface",
                "--figure",
                "f.jpg",
            ),
            ("no such folder", FORMS + ":cosface", "--loss", "cosface", "--figure", "no/f.svg"),
            ("invalid choice", FORMS + ":cosface", "--loss", "circle"),
        ):
            with self.subTest(text=text):
                self.refused_here(text, *arguments)

    def test_text_json_figure(self):
        """One run each: what standard output and the exit status are."""
        with tempfile.TemporaryDirectory() as folder:
            figure = Path(folder) / "f.svg"
            done = judged.run(
                "losses.py:GuardedOneHotArc",
                "--loss",
                "arcface",
                "--no-time",
                "--json",
                "--figure",
                str(figure),
            )
            self.assertEqual((done.returncode, done.stderr), (1, ""))
            about = json.loads(done.stdout)
            text = figure.read_text()
            self.assertIn("GuardedOneHotArc as arcface", text)
            self.assertGreater(text.count("gpPt6"), 70)  # two panels of some 40 points
        self.assertEqual([f["promise"] for f in about["findings"]], PROMISES)
        self.assertEqual(about["broken"], 2)
        told = about["kept"] + about["broken"] + about["not_applicable"]
        measured = sum(f["verdict"] == "measured" for f in about["findings"])
        self.assertEqual(told + measured, len(PROMISES))
        for finding in about["findings"]:
            self.assertEqual(set(finding), {"promise", "verdict", "says", "measured", "witness"})
            self.assertEqual(finding["witness"] is not None, finding["verdict"] == "broken")
        self.assertEqual((about["takes"], about["gives"]), ("embeddings", "loss"))

    def test_plain_text_and_a_loss_that_talks(self):
        done = judged.run(FORMS + ":talks", "--loss", "normsoftmax", "--no-time")
        self.assertEqual(done.returncode, 1)
        self.assertNotIn("\033", done.stdout)
        self.assertNotIn("a word", done.stdout)
        self.assertIn("a word", done.stderr)
        self.assertRegex(done.stdout, r"(?m)^\d+ promises kept, \d+ broken, \d+ not applicable$")
        self.assertTrue(all(len(line) <= 120 for line in done.stdout.splitlines()))

    def test_colours(self):
        from margin_losses.check import report
        from margin_losses.check.judge import Finding

        finding = Finding("value", "broken", "wrong", {}, {"x": [[1.0, 2.0]]})
        self.assertIn("\033[1;31mBROKEN", report.paragraph(finding, True)[0])
        self.assertEqual(report.paragraph(finding, False)[0].split()[:2], ["BROKEN", "value"])
        terminal = type("Terminal", (), {"isatty": lambda self: True})()
        before = dict(os.environ)
        try:
            os.environ.pop("NO_COLOR", None)
            os.environ["TERM"] = "xterm"
            self.assertTrue(report.coloured(terminal))
            os.environ["NO_COLOR"] = "1"
            self.assertFalse(report.coloured(terminal))
        finally:
            os.environ.clear()
            os.environ.update(before)

    def test_a_loss_that_keeps_everything(self):
        done = judged.run(
            "margin_losses.torch:ArcFaceLoss",
            "--loss",
            "arcface",
            "--margin",
            "28.6deg",
            "--scale",
            "32",
            "--past-pi",
            "paper",
            "--no-time",
        )
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertIn("(m = 0.499164, s = 32, past pi: paper)", done.stdout)
        self.assertIn(" 0 broken", done.stdout)


class Apart(unittest.TestCase):
    """Exit status 0 is impossible without a verdict."""

    def judged(self, name, *arguments):
        return judged.run(FORMS + ":" + name, "--loss", "normsoftmax", "--no-time", *arguments)

    def test_a_loss_that_ends_its_process(self):
        done = self.judged("exits_with_many_classes")
        self.assertEqual((done.returncode, done.stdout), (1, ""))
        wanted = "no verdict: the process ends with exit status 0 while judging large batch\n"
        self.assertEqual(done.stderr, "margin_losses check: " + wanted)

    def test_a_loss_that_raises_system_exit(self):
        done = self.judged("raises_exit_with_many_classes")
        self.assertEqual(done.returncode, 1)
        self.assertRegex(done.stdout, "BROKEN +large batch +raises SystemExit: 0")
        done = self.judged("asks_to_exit")
        self.assertEqual((done.returncode, done.stdout), (2, ""))
        self.assertIn("SystemExit: 0", done.stderr)

    def test_a_module_that_ends_its_process(self):
        for line, text in (
            ("sys.exit(0)", "cannot be imported: SystemExit: 0"),
            ("os._exit(0)", "no verdict: the process ends with exit status 0 while judging its"),
            ("os.abort()", "the process ends by SIGABRT while judging its import"),
            ("sys.exit(sys.argv[1:])", "cannot be imported: SystemExit: []"),
        ):
            with self.subTest(line=line), tempfile.TemporaryDirectory() as folder:
                path = Path(folder) / "ends.py"
                path.write_text("import os, sys\n%s\n" % line)
                done = judged.run("%s:Loss" % path, "--loss", "arcface")
                self.assertEqual((done.returncode, done.stdout), (2, ""))
                self.assertIn(text, done.stderr)

    def test_a_loss_that_hangs(self):
        text = (
            "import sys; from margin_losses.check import apart, command; apart.PATIENCE = 10.0; "
            "sys.exit(command.main(sys.argv[1:]))"
        )
        name = FORMS + ":sleeps_with_many_classes"
        done = subprocess.run(
            [sys.executable, "-c", text, name, "--loss", "normsoftmax", "--no-time"],
            capture_output=True,
            text=True,
            timeout=100,
        )
        self.assertEqual((done.returncode, done.stdout), (1, ""))
        self.assertIn("no answer within 10 seconds while judging large batch", done.stderr)

    def test_the_report_is_whole_where_letters_are_missing(self):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "schön.py"
            path.write_text(Path(FORMS).read_text())
            done = judged.run(
                "%s:talks" % path,
                "--loss",
                "normsoftmax",
                "--no-time",
                PYTHONIOENCODING="ascii",
            )
        self.assertIn("sch\\xf6n.py:talks as normsoftmax", done.stdout)
        self.assertNotIn("Traceback", done.stderr)

    def test_progress_on_a_terminal_only(self):
        terminal, end = os.openpty()
        command_line = [sys.executable, "-m", "margin_losses", "check", FORMS + ":cosface"]
        with tempfile.TemporaryFile("w+") as out:
            done = subprocess.Popen(
                command_line + ["--loss", "cosface", "--no-time"], stdout=out, stderr=end
            )
            os.close(end)
            shown = b""
            try:
                while piece := os.read(terminal, 4096):
                    shown += piece
            except OSError:  # the other end is closed
                pass
            self.assertEqual(done.wait(), 1)
            out.seek(0)
            self.assertNotIn("judging", out.read())
        os.close(terminal)
        self.assertIn(b"judging gradient ...", shown)
        self.assertTrue(shown.endswith(b"\r\033[K"), shown[-40:])
        self.assertEqual(self.judged("cosface").stderr, "")


def skeleton(text):
    """A report without the numbers and line breaks that may vary."""
    text = re.sub(r"torch [0-9][^,]*,", "torch,", text)
    return re.sub(r"[-+]?[0-9][0-9.e+-]*", "#", " ".join(text.split()))


class Docs(unittest.TestCase):
    def test_the_example_is_true(self):
        blocks = re.findall(r"```(?:sh|text)\n(.*?)```", DOCS.read_text(), re.S)
        line = next(block for block in blocks if block.startswith("python -m margin_losses check"))
        shown = blocks[blocks.index(line) + 1]
        done = judged.run(*line.split()[4:])
        self.assertEqual(done.returncode, 1, done.stderr)
        for part in filter(None, (skeleton(part) for part in shown.split("...\n"))):
            self.assertIn(part, skeleton(done.stdout))


if __name__ == "__main__":
    unittest.main()
