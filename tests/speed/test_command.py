"""test_command.py: bench_speed as a whole: its names, its JSON, its refusals."""
import hashlib
import json
import os
import re
import shutil
import subprocess
import tempfile
import unittest

PROGRAM = os.environ["BENCH_SPEED"]
FAKES = os.environ["SPEED_FAKES"]
LOSSES = ["softmax", "normsoftmax", "sphereface", "cosface", "arcface", "combined"]
SHAPE = r"N:\d+/D:\d+/C:\d+/threads:\d+"
NAME = re.compile(
    r"(head|head_forward|rows)/loss:[a-z]+/isa:[a-z0-9]+/%s"
    r"|gemm3/impl:(openblas|blis|onednn)/%s"
    r"|head/impl:(naive|blas-unfused)/loss:[a-z]+/%s" % (SHAPE, SHAPE, SHAPE))


class Speed(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="margin-speed-")
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)

    def run_program(self, *words, **environment):
        inherited = {name: value for name, value in os.environ.items()
                     if not name.startswith(("OPENBLAS_", "BLIS_", "DNNL_", "ONEDNN_"))}
        return subprocess.run([PROGRAM, *words], cwd=self.folder, capture_output=True, text=True,
                              env={**inherited, "MARGIN_ISA": "", **environment}, timeout=500)

    def assert_refused(self, done, status, *says):
        self.assertEqual(done.returncode, status, done.stderr)
        self.assertEqual(done.stdout, "")
        self.assertRegex(done.stderr, r"\Abench_speed: [^\n]+\n\Z")
        for text in says:
            self.assertIn(text, done.stderr)
        self.assertEqual(os.listdir(self.folder), [])

    def test_smoke(self):
        listed = self.run_program("--smoke", "--list").stdout.split()
        # The threads of foreign libraries make the leak checker of a sanitizer build crash.
        done = self.run_program("--smoke", "--out", "speed.json", ASAN_OPTIONS="detect_leaks=0")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(done.stderr, "")
        self.assertEqual(sorted(os.listdir(self.folder)), ["speed.json", "tables"])
        with open(os.path.join(self.folder, "speed.json"), encoding="utf-8") as stream:
            report = json.load(stream, parse_constant=lambda word: self.fail(word))
        rows = report["benchmarks"]
        self.assertEqual(sorted(row["name"] for row in rows), sorted(listed))
        for row in rows:
            self.assertTrue(NAME.fullmatch(row["name"]), row["name"])
            self.assertNotIn("error_occurred", row)
            self.assertEqual(row["time_unit"], "ns")
            self.assertGreater(row["real_time"], 0)
            self.assertEqual(row["threads"], int(row["name"].rsplit(":", 1)[1]))
            self.assertGreater(row["rows_per_second"], 0)
            self.assertGreater(row["bytes"], 0)
            if "gemm3" not in row["name"]:
                self.assertGreaterEqual(row.get("peak_memory_bytes", 0), 0)
        self.check_context(report["context"], len(rows))
        for loss in LOSSES:
            self.assertIn(loss, done.stdout)

    def check_context(self, context, cases):
        for key in ("cpu", "compiler", "flags", "commit", "dirty", "seed", "date", "version",
                    "google_benchmark_build_type", "build_type", "isas_usable", "command", "peers"):
            self.assertIn(key, context)
        self.assertNotIn("library_build_type", context) # Google Benchmark's, as Debian builds it
        for key in ("fma_peak_gflops", "fma_peak_gflops_all", "copy_bandwidth_gbs",
                    "copy_bandwidth_gbs_all"):
            self.assertGreater(context[key], 0)
        self.assertEqual(context["level"], "smoke")
        self.assertEqual(context["cases"], cases)
        self.assertNotIn("host_name", context)
        self.assertNotIn("/", context["executable"])
        self.assertEqual(set(context["peers"]), {"openblas", "blis", "onednn"})
        threads = {str(t) for t in (1, os.cpu_count())}
        for key in ("fma_peaks", "exp_peaks", "bandwidths"):
            self.assertEqual({len(threads - set(by)) for by in context[key].values()}, {0})
        for floor in context["gemm3_floor"].values():
            for product in ("logits", "dx", "dw"):
                self.assertIsNotNone(context["peers"][floor[product]])
        for name, blas in context["unfused_blas"].items():
            self.assertIn("blas-unfused", name)
            self.assertIsNotNone(context["peers"][blas])

    def test_repetitions(self):
        done = self.run_program("--smoke", "--loss", "arcface,normsoftmax", "--threads", "1",
                                "--filter", "^head/loss.*D:2/", "--repetitions", "4", "--seed",
                                "12", "--out", "speed.json")
        self.assertEqual(done.returncode, 0, done.stderr)
        with open(os.path.join(self.folder, "speed.json"), encoding="utf-8") as stream:
            report = json.load(stream)
        self.assertEqual(report["context"]["seed"], 12)
        self.assertEqual(report["context"]["repetitions"], 4)
        names = {row["run_name"] for row in report["benchmarks"]}
        self.assertTrue(names)
        families = [row["family_index"] for row in report["benchmarks"]]
        self.assertEqual(families, sorted(families))  # case by case, in the plan's order
        self.assertEqual(len(set(families)), len(names))
        self.assertAlmostEqual(report["context"]["interval_coverage"], 0.875)
        samples, medians = {}, {}
        for name in names:
            rows = [row for row in report["benchmarks"] if row["run_name"] == name]
            times = [row["real_time"] for row in rows if row["run_type"] == "iteration"]
            self.assertEqual([row.get("repetition_index") for row in rows[:4]], [0, 1, 2, 3])
            self.assertEqual(len(times), 4)
            samples[name] = times
            times = sorted(times)
            (median,) = [row for row in rows if row.get("aggregate_name") == "median"]
            self.assertEqual(median["name"], name + "_median")
            middle = (times[1] + times[2]) / 2
            self.assertAlmostEqual(median["real_time"] / middle, 1, places=9)
            self.assertAlmostEqual(median["range"], (times[3] - times[0]) / middle, places=9)
            quiet = (times[0] + times[1]) / 2  # the best third of four, rounded up
            self.assertAlmostEqual(median["quiet_time"] / quiet, 1, places=9)
            self.assertEqual((median["quiet_time_low"], median["quiet_time_high"]),
                             (times[0], times[3]))
            self.assertEqual(median["unstable"], times[3] - times[0] > 0.05 * median["quiet_time"])
            self.assertGreaterEqual(median["waited"], 0)
            self.assertEqual((median["time_low"], median["time_high"]), (times[0], times[3]))
            medians[name] = median
        for name, median in medians.items():
            other = samples[name.replace("arcface", "normsoftmax")]
            ratios = sorted(a / b for a, b in zip(samples[name], other))
            self.assertAlmostEqual(median["ratio_normsoftmax"], (ratios[1] + ratios[2]) / 2,
                                   places=9)
            self.assertAlmostEqual(median["ratio_normsoftmax_low"], ratios[0], places=9)
            self.assertAlmostEqual(median["ratio_normsoftmax_high"], ratios[3], places=9)

    def test_processes(self):
        options = ["--smoke", "--loss", "arcface,normsoftmax", "--threads", "1", "--filter",
                   "^head/loss.*D:2/", "--repetitions", "5"]
        done = self.run_program(*options, "--processes", "2", "--out", "speed.json")
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertEqual(sorted(os.listdir(self.folder)), ["speed.json", "tables"])
        with open(os.path.join(self.folder, "speed.json"), encoding="utf-8") as stream:
            report = json.load(stream)
        context, rows = report["context"], report["benchmarks"]
        self.assertEqual((context["processes"], context["repetitions"]), (2, 5))
        self.assertIn("--processes", context["command"])
        for name in {row["run_name"] for row in rows}:
            own = [row for row in rows if row["run_name"] == name]
            made = [(row["process"], row["repetition_index"]) for row in own
                    if row["run_type"] == "iteration"]
            self.assertEqual(made, [(0, 0), (0, 1), (1, 2), (1, 3), (1, 4)])
            (median,) = [row for row in own if row.get("aggregate_name") == "median"]
            least = [min(row["real_time"] for row in own if row.get("process") == k)
                     for k in (0, 1)]
            self.assertAlmostEqual(median["process_spread"], max(least) / min(least) - 1, places=9)
            self.assertNotIn("process", median)

    def test_neighbour(self):
        done = self.run_program("--smoke", "--loss", "arcface", "--threads", "1", "--filter",
                                "^head/loss.*D:2/", "--neighbour", "--out", "speed.json")
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        with open(os.path.join(self.folder, "speed.json"), encoding="utf-8") as stream:
            self.assertIs(json.load(stream)["context"]["neighbour"], True)

    def test_wrong_results_are_not_timed(self):
        name = "gemm3/impl:blis/N:24/D:20/C:70/threads:1"
        good = "head/loss:arcface/isa:scalar/N:24/D:20/C:70/threads:1"
        done = self.run_program("--smoke", "--isa", "scalar", "--filter", name + "|" + good,
                                "--out", "speed.json", LD_LIBRARY_PATH=FAKES)
        self.assertEqual(done.returncode, 1)
        self.assertRegex(done.stderr, r"\Abench_speed: %s: logits of row [^\n]+\n"
                         r"bench_speed: rows with an error [^\n]+: 1\n\Z" % name)
        with open(os.path.join(self.folder, "speed.json"), encoding="utf-8") as stream:
            report = json.load(stream)
        rows = {row["name"]: row for row in report["benchmarks"]}
        self.assertEqual(set(rows), {name, good})
        if "avx2" in report["context"]["isas_usable"]:
            # It took this CPU for an unknown one, and was told a relative.
            blis = report["context"]["peers"]["blis"]
            self.assertEqual(blis["version"], "BLIS 0.0")
            self.assertRegex(blis["kernels"], r"\A(zen3|haswell|skx)\Z")
        self.assertTrue(rows[name]["error_occurred"])
        self.assertIn("logits of row", rows[name]["error_message"])
        self.assertNotIn("error_occurred", rows[good])

    def test_a_missing_library_is_left_out(self):
        listed = self.run_program("--smoke", "--list", LD_LIBRARY_PATH=FAKES).stdout
        self.assertNotIn("openblas", listed)
        self.assertIn("gemm3/impl:blis", listed)
        done = self.run_program("--smoke", "--isa", "scalar", "--filter", "rows/.*arcface",
                                "--out", "speed.json", LD_LIBRARY_PATH=FAKES)
        self.assertEqual(done.returncode, 0, done.stderr)
        with open(os.path.join(self.folder, "speed.json"), encoding="utf-8") as stream:
            self.assertIsNone(json.load(stream)["context"]["peers"]["openblas"])

    def named(self, library, *parts):
        return "=".join((parts[0], ":".join((os.path.join(FAKES, library), *parts[1:]))))

    def test_named_libraries(self):
        words = ("--smoke", "--isa", "scalar", "--filter",
                 "gemm3.*(wide|narrow)/N:24.*threads:1|head/loss:arcface.*N:24.*threads:1",
                 "--blas", self.named("libnamed.so.1", "wide", "wide_", "64_"),
                 "--blas", self.named("libnamed.so.1", "narrow"), "--out", "speed.json")
        done = self.run_program(*words)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertRegex(done.stdout, r"(?m)^wide: Wide 1\.2; kernels: Abacus; libnamed\.so\.1, "
                                      r"SHA-256 [0-9a-f]{12}$")
        self.assertIn("/ packed", done.stdout)
        report = self.report()
        shape = "N:24/D:20/C:70/threads:1"
        rows = {row["name"]: row for row in report["benchmarks"]}
        head = f"head/loss:arcface/isa:scalar/{shape}"
        self.assertEqual(set(rows), {f"gemm3/impl:wide/{shape}", f"gemm3/impl:narrow/{shape}",
                                     f"gemm3_packed/impl:narrow/{shape}", head})
        with open(os.path.join(FAKES, "libnamed.so.1"), "rb") as stream:
            digest = hashlib.sha256(stream.read()).hexdigest()
        self.assertEqual(report["context"]["peers"]["wide"],
                         {"version": "Wide 1.2", "kernels": "Abacus", "file": "libnamed.so.1",
                          "sha256": digest})
        floor = report["context"]["packed_floor"][shape]
        plain = report["context"]["gemm3_floor"][shape]
        for product in ("logits", "dx", "dw"):
            least = min(row[product + "_seconds"] for row in rows.values()
                        if row["name"].startswith("gemm3"))
            self.assertEqual(floor[product + "_seconds"], least)
            self.assertIs(floor[product + "_packed"], least < plain[product + "_seconds"])
        self.assertGreaterEqual(rows[head]["ratio_packed"], rows[head]["ratio_gemm3"])

    def report(self):
        with open(os.path.join(self.folder, "speed.json"), encoding="utf-8") as stream:
            return json.load(stream)

    def test_wrong_named_products_are_not_timed(self):
        for library, what, environment in (("libblis.so.4", "gemm3", {}),
                                           ("libnamed.so.1", "gemm3_packed",
                                            {"NAMED_BLAS_WRONG": "1"})):
            name = f"{what}/impl:other/N:24/D:20/C:70/threads:1"
            done = self.run_program("--smoke", "--filter", name, "--blas",
                                    self.named(library, "other"), **environment)
            self.assertEqual(done.returncode, 1)
            self.assertIn(f"bench_speed: {name}: logits of row 0", done.stderr)

    def test_libraries_of_no_use(self):
        for library, parts, says in (
                ("none.so", ("a",), "cannot load"),
                ("../CTestTestfile.cmake", ("a",), "cannot load"),
                ("libopenblas.so.0", ("a",), "has no cblas_sgemm"),
                ("libnamed.so.1", ("a", "x_", "_y"), "has no x_cblas_sgemm_y"),
                ("libnamed.so.1", ("a", "bare_"), "has no function to set its threads")):
            with self.subTest(library=library, parts=parts):
                self.assert_refused(self.run_program("--smoke", "--list", "--blas",
                                                     self.named(library, *parts)), 1, says)
        path = os.path.join(FAKES, "none.so")
        self.assert_refused(self.run_program("--list", "--preload", path), 1, path)
        for words, says in (("a", "NAME=PATH"), ("a=", "NAME=PATH"), ("A=x", "name"),
                            ("openblas=x", "name"), ("a/b=x", "name"), ("naive=x", "name")):
            self.assert_refused(self.run_program("--list", "--blas", words), 2, says)
        twice = self.named("libnamed.so.1", "a")
        self.assert_refused(self.run_program("--list", "--blas", twice, "--blas", twice), 2, "name")

    def test_peers_choose_their_own_kernels(self):
        words = ("--smoke", "--filter", "gemm3/.*N:24/.*threads:1", "--out", "speed.json")
        path, contexts = os.path.join(self.folder, "speed.json"), []
        for settings in ({}, {"OPENBLAS_CORETYPE": "Prescott", "BLIS_ARCH_TYPE": "3"}):
            done = self.run_program(*words, **settings)
            self.assertEqual(done.returncode, 0, done.stderr)
            with open(path, encoding="utf-8") as stream:
                contexts.append(json.load(stream)["context"])
        self.assertEqual(contexts[0]["peers"], contexts[1]["peers"])
        self.assertEqual(contexts[0]["environment_cleared"], "")
        self.assertEqual(contexts[1]["environment_cleared"],
                         "OPENBLAS_CORETYPE=Prescott BLIS_ARCH_TYPE=3")
        self.assertRegex(done.stderr,
                         r"\Abench_speed: note: .*OPENBLAS_CORETYPE=Prescott[^\n]*\n\Z")

    def test_isa(self):
        for words, environment in ((("--isa", "scalar"), {}), ((), {"MARGIN_ISA": "scalar"})):
            listed = self.run_program("--smoke", "--list", *words, **environment).stdout.split()
            isas = {name.split("isa:")[1].split("/")[0] for name in listed if "isa:" in name}
            self.assertEqual(isas, {"scalar"})

    def test_machine_json(self):
        done = self.run_program("--smoke", "--machine-json", "machine.json")
        self.assertEqual((done.returncode, done.stdout, done.stderr), (0, "", ""))
        with open(os.path.join(self.folder, "machine.json"), encoding="utf-8") as stream:
            machine = json.load(stream)
        self.assertGreater(machine["fma_peak_gflops"], 0)
        self.assertIn("cpu", machine)

    def test_usage(self):
        for words, says in (
                (["--bogus"], "--bogus"), (["--out"], "--out"), (["stray"], "stray"),
                (["--quick", "--full"], "--quick and --full exclude one another"),
                (["--treads", "1"], "did you mean --threads?"), (["--threads", "0"], "--threads"),
                (["--threads", ",".join(map(str, range(1, 18)))], "more than 16"),
                (["--threads", "1,x"], "--threads"), (["--isa", "sse9"], "sse9"),
                (["--loss", "arcface,"], "--loss"), (["--seed", "-1"], "--seed"),
                (["--repetitions", "0"], "--repetitions"),
                (["--repetitions", "2", "--processes", "3", "--out", "x"], "--processes"),
                (["--processes", "2"], "--out"), (["--min-time", "nan"], "--min-time"),
                (["--filter", "("], "--filter"), (["--filter", "no such case"], "no case"),
                (["--benchmark_out=x"], "--out"), (["--benchmark_filter=x"], "--filter"),
                (["--benchmark_enable_random_interleaving=true"], "--seed")):
            with self.subTest(words=words):
                self.assert_refused(self.run_program(*words), 2, says)

    def test_unknown_google_flag(self):
        done = self.run_program("--smoke", "--filter", "rows/loss:arcface.*D:2/C:8/threads:1",
                                "--isa", "scalar", "--benchmark_bogus=1", "--out", "speed.json")
        self.assert_refused(done, 2, "--benchmark_bogus")

    def test_unwritable(self):
        """Before anything is measured: a whole run takes hours."""
        for words in (["--machine-json"], ["--full", "--out"], ["--full", "--processes", "3", "--out"]):
            with self.subTest(words=words):
                done = self.run_program(*words, "no/such/file.json")
                self.assert_refused(done, 1, "no/such/file.json: cannot write: No such file")

    def test_unusable_isa(self):
        usable = json.loads(self.machine())["isas_usable"]
        for isa in {"avx2", "avx512", "neon"} - set(usable):
            self.assert_refused(self.run_program("--smoke", "--isa", isa), 1, isa)

    def machine(self):
        self.run_program("--smoke", "--machine-json", "machine.json")
        path = os.path.join(self.folder, "machine.json")
        with open(path, encoding="utf-8") as stream:
            text = stream.read()
        os.remove(path)
        return text

    def test_help_and_version(self):
        done = self.run_program("--help")
        self.assertEqual(done.returncode, 0)
        for option in ("--out", "--quick", "--full", "--smoke", "--filter", "--list", "--threads",
                       "--isa", "--loss", "--seed", "--machine-json"):
            self.assertIn(option, done.stdout)
        done = self.run_program("--version")
        self.assertEqual(done.returncode, 0)
        self.assertRegex(done.stdout, r"\Abench_speed \d+\.\d+\.\d+\n\Z")


if __name__ == "__main__":
    unittest.main()
