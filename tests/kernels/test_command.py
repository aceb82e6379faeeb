"""bench_kernels as a command: every function of every table has its name, what it writes is what
the names say, and a kernel that differs from the scalar one is named and not timed."""
import json
import os
import pty
import re
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

PROGRAM = os.environ["BENCH_KERNELS"]
WRONG = os.environ["WRONG_KERNELS"]
SOURCE = Path(os.environ["MARGIN_SOURCE"])
SUBJECTS = ("packing", "products", "terms", "pairs", "planes")
NAME = re.compile(r"(\w+)/isa:(\w+)((?:/\w+:\d+)+)")
# One in each subject, see wrong_kernels.c.
FAULTY = {"sum_squares", "embedding_products", "tile_scale", "pair_sums", "plane_total"}


def run(*arguments, program=PROGRAM, **options):
    environment = {k: v for k, v in os.environ.items() if k != "MARGIN_ISA"}
    environment.update(options)
    return subprocess.run([program, *arguments], capture_output=True, text=True, timeout=250,
                          env=environment)


def fields(subject):
    """The functions of a subject's table, from its header."""
    text = (SOURCE / "src" / "kernels" / f"{subject}.h").read_text()
    table = re.search(r"typedef struct margin_%s \{(.*?)\n\}" % subject, text, re.S)
    return re.findall(r"\(\*(\w+)\)\(", table.group(1))


def schedule_fields():
    text = (SOURCE / "src" / "tuning.h").read_text()
    body = re.search(r"typedef struct margin_schedule \{(.*?)\n\}", text, re.S).group(1)
    body = re.sub(r"/\*.*?\*/", "", body, flags=re.S)
    return [name for names in re.findall(r"(?:double|size_t) ([\w, ]+);", body)
            for name in names.split(", ")]


def sizes(name):
    return {key: int(value) for key, value in re.findall(r"/(\w+):(\d+)", name)}


class Command(unittest.TestCase):
    def results(self, *arguments, program=PROGRAM, status=0):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "kernels.json")
            done = run("--quick", "--out", path, *arguments, program=program)
            self.assertEqual(done.returncode, status, done.stderr)
            with open(path) as stream:
                return done, json.load(stream)

    def test_every_function_has_a_name_on_every_instruction_set(self):
        names = run("--list").stdout.split()
        self.assertEqual(len(set(names)), len(names))
        listed = {}
        for name in names:
            kernel, isa, _ = NAME.fullmatch(name).groups()
            listed.setdefault(isa, set()).add(kernel)
        wanted = sorted(field for subject in SUBJECTS for field in fields(subject))
        self.assertGreater(len(wanted), 25)
        self.assertIn("scalar", listed)
        for isa, kernels in listed.items():
            self.assertEqual(sorted(kernels), wanted, isa)

    def test_results_say_what_the_names_say(self):
        done, file = self.results("--filter", "tile_")
        self.assertEqual(done.stderr, "")
        self.check_shape(file)
        self.assertEqual(file["schema"], 1)
        for key in ("cpu", "compiler", "commit", "date", "isas_usable", "rounds"):
            self.assertIn(key, file["context"])
        names = run("--list", "--filter", "tile_").stdout.split()
        self.assertEqual([row["name"] for row in file["kernels"]], names)
        for row in file["kernels"] + file["peaks"]:
            self.check_row(row)
            self.assertIn(row["name"], done.stdout)
        bounds = {row["kernel"]: ("gflops" in row, "gbytes" in row) for row in file["kernels"]}
        self.assertEqual(bounds, {"tile_products": (True, False), "tile_max": (False, True),
                                  "tile_exp": (False, False), "tile_scale": (False, True)})

    def check_shape(self, file):
        sys.path.append(str(SOURCE / "scripts" / "check_results"))
        try:
            import shape
        except ImportError as error:
            print(f"not checked against the schema: {error}")
            return
        self.assertEqual(shape.faults_of("kernels", file), [])

    def check_row(self, row):
        kernel, isa, rest = NAME.fullmatch(row["name"]).groups()
        self.assertEqual((row["kernel"], row["isa"]), (kernel, isa))
        for key, value in sizes(rest).items():
            self.assertEqual(row[key], value)
        ns = row["ns"]
        self.assertLess(0, ns["low"])
        self.assertLessEqual(ns["low"], ns["median"])
        self.assertLessEqual(ns["median"], ns["high"])
        self.assertAlmostEqual(row["ns_per_element"] * row["elements"] / ns["median"], 1)
        self.assertGreaterEqual(row["calls"], 1)
        self.assertGreater(row["held_bytes"], 0)

    def test_elements_and_rates_follow_from_the_sizes(self):
        _, file = self.results("--isa", "scalar", "--filter", "tile_products")
        for row in file["kernels"]:
            elements = 16 * row["classes"] * row["dim"] * row["panels"]
            self.assertEqual(row["elements"], elements)
            self.assertAlmostEqual(row["gflops"] * row["ns"]["median"] / (2 * elements), 1)
        _, file = self.results("--isa", "scalar", "--filter", "row_max")
        for row in file["kernels"]:
            self.assertEqual(row["elements"], row["n"])
            self.assertAlmostEqual(row["gbytes"] * row["ns"]["median"] / (4 * row["n"]), 1)

    def test_a_wrong_kernel_is_refused(self):
        done, file = self.results(program=WRONG, status=1)
        lines = done.stderr.splitlines()
        self.assertRegex(lines[-1], r"^bench_kernels: \d+ cases differ")
        refused = {re.match(r"bench_kernels: (\w+)/\S+ is not timed: ", line).group(1)
                   for line in lines[:-1]}
        self.assertEqual(refused, FAULTY)
        for row in file["kernels"]:
            self.assertEqual("error" in row, row["kernel"] in FAULTY, row)
            self.assertEqual("ns" in row, row["kernel"] not in FAULTY, row)

    def test_tune_prints_a_whole_schedule(self):
        fields = schedule_fields()
        self.assertGreater(len(fields), 10)
        self.assertEqual(sorted(run("--tune", "--list").stdout.split()), sorted(fields))
        isa = NAME.fullmatch(run("--list").stdout.split()[-1]).group(2)  # the last is the best
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "tuning.json")
            done = run("--tune", "--quick", "--isa", isa, "--filter", "level_", "--out", path)
            self.assertEqual((done.returncode, done.stderr), (0, ""))
            with open(path) as stream:
                (level,) = json.load(stream)["tuning"]
            done = run("--tune", "--quick", "--isa", isa, "--filter", "group_", "--out", path)
            with open(path) as stream:
                (group,) = json.load(stream)["tuning"]
        self.assertEqual(level["ratios"], {})
        row = re.search(r"\[MARGIN_ISA_%s\] = \{\n(.*?)\n    \}," % isa.upper(), done.stdout, re.S)
        printed = dict(re.findall(r"\.(\w+) = ([\d.e+-]+),", row.group(1)))
        self.assertEqual(sorted(printed), sorted(fields))
        for name in fields:
            self.assertAlmostEqual(float(printed[name]) / group["schedule"][name], 1, 1)
            self.assertGreater(float(printed[name]), 0)
        self.check_ratios(group, "group_logits")

    def check_ratios(self, tuning, name):
        first, *others = tuning["ratios"][name]
        self.assertEqual([first[key] for key in ("ratio", "low", "high")], [1, 1, 1])
        self.assertGreaterEqual(len(others), 3)
        for row in others:
            self.assertNotEqual(row["value"], first["value"])
            self.assertLess(0, row["low"])
            self.assertLessEqual(row["low"], row["high"])
        taken = tuning["schedule"][name]
        (row,) = [row for row in (first, *others) if row["value"] == taken]
        self.assertTrue(row is first or (row["ratio"] < 0.98 and row["high"] < 1), row)

    def test_isa(self):
        for name in run("--list", "--isa", "scalar").stdout.split():
            self.assertIn("/isa:scalar/", name)
        forced = run("--list", MARGIN_ISA="scalar").stdout
        self.assertEqual(forced, run("--list", "--isa", "scalar").stdout)

    def test_progress_is_for_terminals_only(self):
        for colour, extra in ((True, {}), (False, {"NO_COLOR": "1"})):
            shown = self.on_terminal("--isa", "scalar", "--filter", "weight_products", **extra)
            self.assertRegex(shown, r"kernels\S*  \d+/\d+")
            self.assertEqual("\033[1m" in shown, colour)
        self.assertNotIn("\033", run("--quick", "--filter", "drain").stdout)

    def on_terminal(self, *arguments, **options):
        """What a terminal shows of a run."""
        environment = {k: v for k, v in os.environ.items() if k not in ("MARGIN_ISA", "NO_COLOR")}
        child, terminal = pty.fork()
        if child == 0:
            os.execve(PROGRAM, [PROGRAM, *arguments], {**environment, "TERM": "xterm", **options})
        shown = b""
        try:
            while part := os.read(terminal, 4096):
                shown += part
        except OSError:  # closed: the program has ended
            pass
        self.assertEqual(os.waitpid(child, 0)[1], 0)
        return shown.decode()

    def test_usage(self):
        self.assertEqual(run("--help").returncode, 0)
        self.assertRegex(run("--version").stdout, r"^bench_kernels \d+\.\d+")
        for status, arguments in ((2, ["--nonsense"]), (2, ["--out"]), (2, ["word"]),
                                  (2, ["--isa", "nonsense"]), (2, ["--filter", "nonsense"]),
                                  (2, ["--tune", "--filter", "nonsense"]),
                                  (1, ["--out", "/nonsense/kernels.json"])):
            done = run(*arguments)
            self.assertEqual(done.returncode, status, arguments)
            self.assertRegex(done.stderr, r"\Abench_kernels: [^\n]+\n\Z")


if __name__ == "__main__":
    unittest.main()
