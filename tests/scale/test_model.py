"""The model in bench/scale: rates are found again from times that have them, bytes are those that
margin_mpi counts, and scale.py measures, keeps what it does not measure now, and writes its tables."""
import json
import os
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

ROOT, BUILD = (Path(os.environ["MARGIN_" + name]) for name in ("SOURCE", "BUILD"))
MPIRUN = os.environ["MPIRUN"]
sys.path.insert(0, str(ROOT / "bench" / "scale"))
import model  # noqa: E402

SHAPES = [(rows, dim, classes) for rows in (16, 64, 128) for dim, classes in ((128, 6000), (512, 2000))]


def rows_of(path):
    head, *lines = path.read_text().splitlines()
    return [dict(zip(head[1:].split("\t"), line.split("\t"))) for line in lines]


def scale(out, *words):
    command = [sys.executable, "-B", ROOT / "bench/scale/scale.py", "--build", BUILD, "--out", out,
               "--map", out.parent, "--quick", "--rounds", "1", "--mpirun", MPIRUN, *words]
    return subprocess.run(command, capture_output=True, text=True, timeout=900, check=False)


class Rates(unittest.TestCase):
    def test_rates_are_found_again(self):
        rates = [2e-11, 7e-10, 1e-9]
        works = [model.work(*shape, kept) for shape in SHAPES for kept in (True, False)]
        seconds = [sum(r * w for r, w in zip(rates, work)) for work in works]
        for found, wanted in zip(model.least_squares(works, seconds), rates):
            self.assertAlmostEqual(found / wanted, 1, places=6)

    def test_no_rate_is_negative(self):
        works = [model.work(*shape, True) for shape in SHAPES]
        seconds = [2e-11 * w[0] - 1e-11 * w[1] for w in works]
        found = model.least_squares(works, seconds)
        self.assertGreaterEqual(min(found), 0)
        self.assertGreater(found[0], 0)

    def test_terms_computed_again_are_one_product_more(self):
        kept, again = (model.work(64, 512, 1000, flag) for flag in (True, False))
        self.assertEqual(kept[0], 3 * 64 * 512 * 1000)
        self.assertEqual((again[0], again[1]), (kept[0] // 3 * 4, 2 * kept[1]))


class Plan(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.cuts = model.Cuts(str(BUILD / "libmargin.so"))

    def test_powers_of_two_have_a_node_each(self):
        self.assertEqual(self.cuts.nodes(6400, 512, 100_000_000, 128), [1] * 128)
        self.assertEqual(self.cuts.nodes(6400, 512, 100_000_000, 4), [2] * 4)
        self.assertGreater(max(self.cuts.nodes(6400, 512, 100_000_000, 100)), 8)

    def test_time_follows_the_link(self):
        shape = (6400, 512, 100_000_000)
        slow, fast = (model.exchange_seconds(self.cuts, *shape, 64, link, 0.0) for link in (1e8, 1e9))
        self.assertAlmostEqual(slow / fast, 10)
        self.assertEqual(model.exchange_seconds(self.cuts, *shape, 1, 1e9, 1.0), 0)
        late = model.exchange_seconds(self.cuts, *shape, 64, 1e9, 1.0) - fast
        self.assertGreater(late, 63)


class Measured(unittest.TestCase):
    def test_steps_and_tables(self):
        with tempfile.TemporaryDirectory() as folder:
            out = Path(folder, "scale.json")
            done = scale(out, "--only", "rates,ten-million")
            self.assertEqual(done.returncode, 0, done.stderr)
            steps = rows_of(out.parent / "tables" / "scale_steps.tsv")
            self.assertEqual([(s["C"], s["weights"], s["dw"]) for s in steps],
                             [("200000", "file", "streamed")])
            self.assertGreater(float(steps[0]["minutes"]), 0)
            self.assertGreater(float(steps[0]["model_seconds"]), 0)
            self.assertEqual(float(rows_of(out.parent / "tables" / "scaling.tsv")[0]["machines"]), 1)
            before = json.loads(out.read_text())["parts"]["rates"]
            self.assertEqual(scale(out, "--only", "half").returncode, 0)
            after = json.loads(out.read_text())["parts"]
            self.assertEqual((after["rates"], set(after)), (before, {"rates", "ten-million", "half"}))
            self.assertEqual(len(rows_of(out.parent / "tables" / "scale_steps.tsv")), 2)

    def test_an_unknown_part_is_refused(self):
        with tempfile.TemporaryDirectory() as folder:
            done = scale(Path(folder, "scale.json"), "--only", "everything")
            self.assertEqual((done.returncode, os.listdir(folder)), (2, []))
            self.assertIn("everything", done.stderr)

    @unittest.skipIf(not MPIRUN, "built without MPI")
    def test_bytes_are_those_that_margin_mpi_counts(self):
        with tempfile.TemporaryDirectory() as folder:
            out = Path(folder, "scale.json")
            done = scale(out, "--only", "bytes")
            self.assertEqual(done.returncode, 0, done.stderr)
            counted = rows_of(out.parent / "tables" / "scale_bytes.tsv")
        self.assertEqual({row["ranks"] for row in counted}, {"2", "3", "4", "7"})
        for row in counted:
            most = int(row["N"]) * int(row["D"]) * 4
            if row["kind"] == "targets":  # which of the labels' class weights a rank has is chance
                self.assertTrue(0.5 * float(row["model"]) <= float(row["counted"]) <= most, row)
            else:
                self.assertEqual(float(row["counted"]), float(row["model"]), row)


if __name__ == "__main__":
    unittest.main()
