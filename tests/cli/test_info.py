"""test_info.py: `margin info`, `--help` and `--version`."""
import json
import os
import unittest

from harness import CommandTest

DEFAULTS = {  # name: (scale, margin)
    "softmax": (1, None),
    "normsoftmax": (64, None),
    "sphereface": (64, 1.35),
    "cosface": (64, 0.35),
    "arcface": (64, 0.5),
    "combined": (64, [1, 0.3, 0.2]),
}


class Info(CommandTest):
    def info(self, *arguments, **options):
        run = self.run_margin("info", "--json", *arguments, **options)
        self.assertEqual((run.returncode, run.stderr), (0, ""))
        return json.loads(run.stdout)

    def test_losses(self):
        losses = {row["name"]: row for row in self.info()["losses"]}
        for name, (scale, margin) in DEFAULTS.items():
            self.assertEqual((losses[name]["scale"], losses[name]["margin"]), (scale, margin))
            self.assertTrue(losses[name]["formula"])
        self.assertEqual(losses["arcface"]["past_pi"], "paper")
        self.assertEqual(losses["sphereface"]["past_pi"], "monotone")
        self.assertIsNone(losses["cosface"]["past_pi"])

    def test_instruction_sets(self):
        found = self.info()
        self.assertIn("scalar", found["isas_usable"])
        self.assertLessEqual(set(found["isas_usable"]), set(found["isas_built"]))
        self.assertIn(found["isa"], found["isas_usable"])
        for isa in found["isas_usable"]:
            self.assertEqual(self.info("--isa", isa)["isa"], isa)
            self.assertEqual(self.info(environment={"MARGIN_ISA": isa})["isa"], isa)
        for isa in {"avx2", "avx512", "neon"} - set(found["isas_usable"]):
            self.assert_refused(["info", "--isa", isa], 1, "--isa: " + isa)
            self.assert_refused(["info"], 1, "MARGIN_ISA: " + isa, environment={"MARGIN_ISA": isa})
            self.assert_refused(self.eval_arguments("--isa", isa, "--per-sample", "l.npy"), 1, isa)

    def test_threads(self):
        self.assertGreaterEqual(self.info()["threads"], 1)
        self.assertEqual(self.info("--threads", "3")["threads"], 3)
        self.assertEqual(self.info(environment={"OMP_NUM_THREADS": "2"})["threads"], 2)

    def test_text(self):
        run = self.run_margin("info")
        self.assertEqual((run.returncode, run.stderr), (0, ""))
        found = self.info()
        self.assertIn(found["version"], run.stdout)
        for name in DEFAULTS:
            self.assertIn("\n" + name + " ", run.stdout)
        self.assertRegex(run.stdout, r"\nchosen +%s, \d+ threads?\n" % found["isa"])
        self.assertTrue(all(len(line) <= 100 for line in run.stdout.splitlines()))

    def test_version(self):
        version = "margin %s\n" % self.info()["version"]
        for words in (["--version"], ["eval", "--version"], ["info", "--version"],
                      ["advise", "--version"], ["angles", "--version"],
                      ["verify", "--version"]):
            run = self.run_margin(*words)
            self.assertEqual((run.returncode, run.stdout, run.stderr), (0, version, ""))

    def test_help(self):
        def help_of(*words):
            run = self.run_margin(*words, environment={"MARGIN_ISA": "nonsense"})
            self.assertEqual((run.returncode, run.stderr), (0, ""))
            self.assertTrue(all(len(line) <= 100 for line in run.stdout.splitlines()))
            return run.stdout

        general = help_of("--help")
        self.assertTrue(general.startswith("usage: margin COMMAND "))
        self.assertEqual((help_of("-h"), help_of("help")), (general, general))
        for command in ("advise", "angles", "eval", "info", "verify"):
            self.assertIn("\n  %s " % command, general)
            text = help_of(command, "--help")
            self.assertTrue(text.startswith("usage: margin %s " % command))
            for words in ([command, "-h"], ["help", command], [command, "--threads", "x", "-h"],
                          [command, "more", "--help"]):
                if command != "advise" or "--threads" not in words:
                    self.assertEqual(help_of(*words), text)
        self.assertEqual(help_of("eval", "--loss", "nonsense", "--help"), help_of("help", "eval"))

    def test_every_option_is_in_the_help(self):
        text = self.run_margin("eval", "--help").stdout
        for option in ("loss", "scale", "margin", "m1", "m2", "m3", "past-pi", "gradient", "lambda",
                       "feature-norm", "embeddings", "weights", "labels", "bias", "grad-embeddings",
                       "grad-weights", "per-sample", "isa", "threads", "workspace", "json"):
            self.assertRegex(text, r"--%s\b" % option)

    def test_unwritable_standard_output(self):
        with open("/dev/full", "w") as full:
            self.assert_refused(["info"], 1, "standard output", stdout=full)


if __name__ == "__main__":
    unittest.main()
