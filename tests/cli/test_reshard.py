"""test_reshard.py: `margin reshard`: checkpoints of class weights between any numbers of ranks keep
every byte, whatever the ranges, types and arrays beside the weights; what does not fit together is
refused with one line, and nothing is left of a run that fails."""
import json
import os
import pty
import random
import resource
import stat
import unittest

from harness import CommandTest, npy_bytes, write

SIZES = {"f4": 4, "f8": 8, "f2": 2, "V2": 2, "i1": 1, "i2": 2, "i4": 4, "i8": 8, "u1": 1, "u2": 2,
         "u4": 4, "u8": 8}
NAMES = {"f4": "float32", "f8": "float64", "f2": "float16", "V2": "bfloat16", "i1": "int8",
         "i2": "int16", "i4": "int32", "i8": "int64", "u1": "uint8", "u2": "uint16", "u4": "uint32",
         "u8": "uint64"}
D = 5


def descr(code):
    return ("|" if SIZES[code] == 1 or code == "V2" else "<") + code


class ReshardTest(CommandTest):
    C = 23

    def setUp(self):
        super().setUp()
        self.draw = random.Random(7)

    def snapshot(self):
        """Every file and folder below the test's, in any depth."""
        found = {}
        for where, folders, names in os.walk(self.folder):
            for name in folders + names:
                path = os.path.join(where, name)
                found[os.path.relpath(path, self.folder)] = None
                if os.path.isfile(path):
                    with open(path, "rb") as stream:
                        found[os.path.relpath(path, self.folder)] = stream.read()
        return found

    def reshard(self, *words):
        """The JSON object of a run that succeeds."""
        run = self.run_margin("reshard", *words, "--json")
        self.assertEqual((run.returncode, run.stderr), (0, ""))
        return json.loads(run.stdout)

    def bytes_of(self, *names):
        with open(self.path(os.path.join(*names)), "rb") as stream:
            return stream.read()

    def header(self, folder):
        return json.loads(self.bytes_of(folder, "shards.json"))

    def set_header(self, folder, header):
        with open(self.path(os.path.join(folder, "shards.json")), "w") as stream:
            json.dump(header, stream)

    def write_raw(self, name, code, shape, data):
        with open(self.path(name), "wb") as stream:
            stream.write(npy_bytes([], shape, descr(code)) + data)

    def make(self, folder, sizes, arrays, **more):
        """A checkpoint with its own names of files; `arrays`: name to (code, row). Returns the bytes of
        each array as one .npy file."""
        os.mkdir(self.path(folder))
        data = {name: self.draw.randbytes(sum(sizes) * SIZES[code] * product(row))
                for name, (code, row) in arrays.items()}
        shards, first = [], 0
        for k, count in enumerate(sizes):
            files = {}
            for name, (code, row) in arrays.items():
                step = SIZES[code] * product(row)
                files[name] = "%s.part%d" % (name, k)
                self.write_raw(folder + "/" + files[name], code, [count, *row],
                               data[name][first * step:(first + count) * step])
            shards.append({"first": first, "count": count, "files": files})
            first += count
        self.set_header(folder, {
            "format": "margin-shards", "version": 1, "classes": first, "shards": shards, **more,
            "arrays": {name: {"dtype": NAMES[code], "row": list(row)}
                       for name, (code, row) in arrays.items()}})
        return {name: npy_bytes([], (first, *row), descr(code)) + data[name]
                for name, (code, row) in arrays.items()}


def product(row):
    size = 1
    for extent in row:
        size *= extent
    return size


class Moves(ReshardTest):
    def test_there_and_back(self):
        """1, 7, 3, 2, 1 ranks: the file that came in."""
        before = "W.npy"
        for ranks in (7, 3, 2, 1):
            found = self.reshard(before, "--ranks", ranks, "to%d" % ranks)
            self.assertEqual(found["shards"], ranks)
            before = "to%d" % ranks
        self.assertEqual(self.bytes_of("to1", "weight-00000-of-00001.npy"), self.bytes_of("W.npy"))
        self.assertEqual(sorted(os.listdir(self.path("to3"))),
                         ["shards.json"] + ["weight-0000%d-of-00003.npy" % k for k in range(3)])

    def test_each_shard_is_its_rows(self):
        self.reshard("W.npy", "--ranks", 7, "seven")
        first = 0
        for k, shard in enumerate(self.header("seven")["shards"]):
            count = 4 if k < 2 else 3 # the first C mod K get one more
            self.assertEqual((shard["first"], shard["count"]), (first, count))
            self.assertEqual(self.bytes_of("seven", shard["files"]["weight"]),
                             npy_bytes(self.W[first * D:(first + count) * D], (count, D)))
            first += count

    def test_uneven_and_empty(self):
        for sizes in ("23", "1,22", "0,0,23", "5,0,0,17,1,0", "0," * 23 + "23", "1," * 22 + "1"):
            out = "s" + sizes.replace(",", "_")
            found = self.reshard("W.npy", "--sizes", sizes, out)
            self.assertEqual(found["sizes"], [int(size) for size in sizes.split(",")])
            for back in ("--sizes=4,19", "--ranks=1"):
                self.reshard(out, back, out + back)
            self.assertEqual(self.bytes_of(out + "--ranks=1", "weight-00000-of-00001.npy"),
                             self.bytes_of("W.npy"))
            self.assertEqual(self.bytes_of(out + "--sizes=4,19", "weight-00000-of-00002.npy"),
                             npy_bytes(self.W[:4 * D], (4, D)))
        empty = self.bytes_of("s5_0_0_17_1_0", "weight-00001-of-00006.npy")
        self.assertEqual(empty, npy_bytes([], (0, D)))

    def test_every_type(self):
        for code in SIZES:
            whole = self.make(code, [3, 0, 9], {"weight": (code, [D])})
            self.reshard(code, "--ranks", 5, code + "to5")
            self.reshard(code + "to5", "--ranks", 1, code + "to1")
            self.assertEqual(self.bytes_of(code + "to1", "weight-00000-of-00001.npy"),
                             whole["weight"])
            self.assertEqual(self.header(code + "to1")["arrays"]["weight"],
                             {"dtype": NAMES[code], "row": [D]})

    def test_companions(self):
        """Momentum, a number a class, a cube; of other types; and keys that the command does not know."""
        arrays = {"momentum": ("f4", [D]), "weight": ("V2", [D]), "steps": ("i8", []),
                  "cube": ("f8", [2, 1, 3])}
        whole = self.make("from", [2, 0, 11, 7], arrays, step=1000, run={"name": "x"})
        found = self.reshard("from", "--sizes", "6,6,0,8", "there")
        self.assertEqual(found["arrays"], list(arrays))
        self.assertEqual((found["classes"], found["dim"], found["shards_before"]), (20, D, 4))
        self.assertEqual(found["bytes"], 20 * (20 + 10 + 8 + 48))
        self.reshard("there", "--ranks", 1, "back")
        for name in arrays:
            self.assertEqual(self.bytes_of("back", name + "-00000-of-00001.npy"), whole[name])
        header = self.header("back")
        self.assertEqual((header["step"], header["run"]), (1000, {"name": "x"}))
        self.assertEqual(len(os.listdir(self.path("there"))), 4 * 4 + 1)

    def test_files_in_class_order(self):
        write(self.path("a.npy"), self.W[:4 * D], (4, D))
        write(self.path("b.npy"), [], (0, D))
        write(self.path("c.npy"), self.W[4 * D:], (19, D), version=2)
        found = self.reshard("a.npy", "b.npy", "c.npy", "--ranks", "1", "one")
        self.assertEqual(found["shards_before"], 3)
        self.assertEqual(self.bytes_of("one", "weight-00000-of-00001.npy"), self.bytes_of("W.npy"))

    def test_member_of_npz(self):
        import zipfile
        write(self.path("narrow.npy"), self.W[:20], (5, 4))
        for name, method in (("plain", zipfile.ZIP_STORED), ("small", zipfile.ZIP_DEFLATED)):
            with zipfile.ZipFile(self.path(name + ".npz"), "w", method) as archive:
                archive.write(self.path("W.npy"), "W.npy")
                archive.writestr("short.npy", self.bytes_of("W.npy")[:-1])
                archive.writestr("long.npy", self.bytes_of("W.npy") + b"x")
                archive.writestr("none.npy", npy_bytes([], (0, D)) + b"x")
            self.reshard(name + ".npz:W", "--ranks", 1, name)
            self.assertEqual(self.bytes_of(name, "weight-00000-of-00001.npy"), self.bytes_of("W.npy"))
            for member, fault in (("short", "truncated"), ("long", "surplus"), ("none", "surplus")):
                self.assert_refused(["reshard", "%s.npz:%s" % (name, member), "--ranks", 2, "no"], 1,
                                    member, fault)
            self.assert_refused(["reshard", "narrow.npy", name + ".npz:W", "--ranks", 2, "no"], 1,
                                "npz:W: [23, 5] of float32, but by narrow.npy")

    def test_options_among_the_names(self):
        self.reshard("--ranks=2", "W.npy", "W.npy", "twice")
        self.assertEqual(self.header("twice")["classes"], 46)
        os.rename(self.path("W.npy"), self.path("-W.npy"))
        run = self.run_margin("reshard", "--ranks", "2", "--", "-W.npy", "-out")
        self.assertEqual((run.returncode, run.stderr), (0, ""))
        self.assertEqual(run.stdout, "weight     [23, 5] of float32\n"
                                     "shards     1 before, now 2 in -out\n")

    def test_more_than_the_memory(self):
        """96 MiB by a process that never has 64 MiB."""
        rows = 96 << 10
        write(self.path("large.npy"), [], (rows, 256))
        start = os.path.getsize(self.path("large.npy"))
        os.truncate(self.path("large.npy"), start + rows * 1024)
        with open(self.path("large.npy"), "r+b") as stream:
            stream.seek(start + (rows - 1) * 1024)
            stream.write(b"the last row")
        self.reshard("large.npy", "--ranks", "2", "out")
        self.assertLess(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss, 64 << 10)
        second = self.bytes_of("out", "weight-00001-of-00002.npy")
        self.assertEqual(len(second), 128 + rows * 512)
        self.assertEqual(second[-1024:], b"the last row".ljust(1024, b"\0"))

    def test_progress(self):
        """On a terminal alone."""
        ours, theirs = pty.openpty()
        run = self.run_margin("reshard", "W.npy", "--ranks", "2", "out",
                              environment={"TERM": "xterm"}, stderr=theirs)
        os.close(theirs)
        shown = os.read(ours, 4096).decode()
        os.close(ours)
        self.assertEqual(run.returncode, 0)
        self.assertRegex(shown, r"resharding, MiB\S*  0/0")
        self.assertTrue(shown.endswith("\r\033[K"))


class Outputs(ReshardTest):
    def test_places(self):
        """A new folder, with a slash behind it too; an empty one, which keeps its mode; by a link."""
        mask = os.umask(0o027)
        self.addCleanup(os.umask, mask)
        os.mkdir(self.path("empty"))
        os.chmod(self.path("empty"), 0o711)
        os.mkdir(self.path("other"))
        os.symlink("other", self.path("link"))
        for out, mode in (("new", 0o750), ("new2/", 0o750), ("empty", 0o711), ("link", 0o750),
                          (self.path("new3"), 0o750)):
            self.reshard("W.npy", "--ranks", 2, out)
            self.assertEqual(stat.S_IMODE(os.stat(self.path(out)).st_mode), mode, out)
            self.assertEqual(len(os.listdir(self.path(out))), 3)
        self.assertTrue(os.path.islink(self.path("link")))
        self.assertEqual(stat.S_IMODE(os.stat(self.path("new/shards.json")).st_mode), 0o640)
        self.assertFalse([name for name in self.snapshot() if "unfinished" in name])

    def test_what_is_there_stays(self):
        self.reshard("W.npy", "--ranks", 2, "full")
        os.symlink("nowhere", self.path("dangling"))
        for out, fault in (("full", "not empty; OUT is a new folder"), ("W.npy", "Not a directory"), ("", "No such file"),
                           ("none/out", "No such file"), ("dangling", "No such file"),
                           ("W.npy/out", "Not a directory")):
            self.assert_refused(["reshard", "full", "--ranks", 3, out], 1, out + ": cannot write: ",
                                fault)

    def test_a_file_that_may_not_grow(self):
        """The second file is too large: the first one goes, too."""
        limit = lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (200, 200))
        self.assert_refused(["reshard", "W.npy", "--sizes", "1,22", "out"], 1,
                            "out/weight-00001-of-00002.npy: cannot write: File too large",
                            preexec_fn=limit)

    def test_a_report_that_cannot_be_written(self):
        for more in ((), ("--json",)):
            with open("/dev/full", "w") as full:
                self.assert_refused(["reshard", "W.npy", "--ranks", 2, "out", *more], 1,
                                    "standard output", "No space left", stdout=full)


class Refusals(ReshardTest):
    def refused(self, *words, inputs=("W.npy",), status=1, ranks=("--ranks", 2)):
        with self.subTest(words):
            self.assert_refused(["reshard", *inputs, *ranks, "out"], status, *words)

    def test_usage(self):
        for words, fault in (((), "IN and OUT are missing"), (("W.npy", "--ranks=2"), "OUT is missing"),
                             (("W.npy", "out"), "--ranks or --sizes is missing"),
                             (("W.npy", "out", "--ranks=2", "--sizes=23"), "exclude one another"),
                             (("W.npy", "out", "--ranks=0"), "--ranks: '0' is not a whole number"),
                             (("W.npy", "out", "--ranks=100000"), "from 1 to 99999"),
                             (("W.npy", "out", "--sizes=1,-1"), "--sizes: '-1' is not a number"),
                             (("W.npy", "out", "--sizes="), "--sizes: '' is not a number"),
                             (("W.npy", "out", *["--sizes=" + "0," * 50000 + "0"] * 2),
                              "--sizes: '0' is not one of the 99999 that there may be")):
            self.assert_refused(["reshard", *words], 2, fault)

    def test_ranges_that_do_not_fit(self):
        self.refused("--ranks: 24, but there are 23 classes", ranks=("--ranks", 24))
        self.refused("--sizes: 22 classes, but there are 23", ranks=("--sizes", "20,2"))
        self.refused("--sizes: more than the 23 classes", ranks=("--sizes", "20,4,0"))
        self.refused("--sizes: more than the 23 classes", ranks=("--sizes", "%d,24" % (2**64 - 1)))

    def test_matrices(self):
        write(self.path("flat.npy"), self.W, (self.C * D,))
        write(self.path("narrow.npy"), self.W[:20], (5, 4))
        write(self.path("double.npy"), self.W[:D], (1, D), "<f8")
        write(self.path("none.npy"), [], (0, D))
        write(self.path("fortran.npy"), self.W, (self.C, D), order=True)
        self.reshard("W.npy", "--ranks", 1, "folder")
        self.refused("flat.npy: shape [115], not [C, D]", inputs=["flat.npy"])
        self.refused("narrow.npy: [5, 4] of float32, but by W.npy it is [5, 5] of float32",
                     inputs=["W.npy", "narrow.npy"])
        self.refused("double.npy: [1, 5] of float64, but by W.npy it is [1, 5] of float32",
                     inputs=["W.npy", "double.npy"])
        self.refused("none.npy: no classes", inputs=["none.npy", "none.npy"])
        self.refused("fortran.npy: Fortran order", "ascontiguousarray", inputs=["fortran.npy"])
        self.refused("missing.npy: cannot read: No such file", inputs=["W.npy", "missing.npy"])
        self.refused("folder: the folder of a checkpoint has to be the only input",
                     inputs=["W.npy", "folder"])
        write(self.path("cut.npy"), self.W[:-1], (self.C, D))
        self.refused("cut.npy: truncated", inputs=["cut.npy"])

    def test_files_of_a_folder(self):
        """Each file that is not what shards.json says is named, also the last one of a companion."""
        arrays = {"weight": ("f4", [D]), "momentum": ("f4", [D])}
        for name in ("weight.part0", "momentum.part2"):
            count = 4 if name.endswith("0") else 6
            for data, fault in ((None, "No such file"), (b"", "empty"),
                                (npy_bytes([0] * (count + 1) * D, (count + 1, D)),
                                 "[%d, 5] of float32, but by bad/shards.json it is [%d, 5]"
                                 % (count + 1, count)),
                                (npy_bytes([0] * count * D, (count, D))[:-1], "truncated"),
                                (npy_bytes([0] * count * D, (count, D)) + b"x", "surplus"),
                                (npy_bytes([0] * count * D, (count, D), "<f8"), "of float64"),
                                (npy_bytes([0] * count * D, (D, count)), "[5, %d]" % count),
                                (npy_bytes([0] * count * D, (count * D,)), "[%d]" % (count * D)),
                                (npy_bytes([0] * count * D, (count, D), order=True), "Fortran")):
                self.make("bad", [4, 3, 6], arrays)
                os.unlink(self.path("bad/" + name))
                if data is not None:
                    with open(self.path("bad/" + name), "wb") as stream:
                        stream.write(data)
                self.refused("bad/" + name + ": ", fault, inputs=["bad"])
                self.remove("bad")

    def remove(self, folder):
        for name in os.listdir(self.path(folder)):
            os.unlink(self.path(os.path.join(folder, name)))
        os.rmdir(self.path(folder))

    def test_headers(self):
        """shards.json with one thing changed: at the path, the value (None: taken out)."""
        self.make("good", [4, 3, 6], {"weight": ("f4", [D]), "steps": ("i8", [])})
        good = self.header("good")
        for path, value, fault in (
                ("format", "else", "'format' is not margin-shards"),
                ("format", None, "'format' is not"),
                ("version", 2, "version 2 of the format is not known"),
                ("version", 1.0, "'version' is missing or not a whole number"),
                ("classes", 0, "'classes' is missing or not a whole number from 1"),
                ("classes", None, "'classes' is missing"),
                ("classes", 14, "the shards end before class 13, but there are 14 classes"),
                ("classes", 12, "shard 2: its 6 classes from 7 on are more than the 12"),
                ("arrays", [], "'arrays' is missing or no object"),
                ("arrays", {}, "'arrays' has no weight"),
                ("arrays/weight", None, "'arrays' has no weight"),
                ("arrays/weight/dtype", "float31", "weight: 'dtype' is missing or not a type"),
                ("arrays/weight/dtype", "float64", "but by good/shards.json it is [4, 5] of float64"),
                ("arrays/weight/row", [], "weight: 'row' is not one number"),
                ("arrays/weight/row", [D, 1], "weight: 'row' is not one number"),
                ("arrays/weight/row", [4], "[4, 5] of float32, but by"),
                ("arrays/weight/row", [0], "weight: 'row' is not a list"),
                ("arrays/weight/row", D, "weight: 'row' is missing or no list"),
                ("arrays/weight/row", [2**62], "weight: the shape is too large"),
                ("arrays/steps/row", [1, 1, 1, 1], "steps: 'row' is not a list of at most 3"),
                ("arrays/a\/b", {"dtype": "int8", "row": []}, "'arrays' holds a name"),
                ("arrays/lost", {"dtype": "int8", "row": []}, "shard 0: no file of lost"),
                ("shards", {}, "'shards' is missing or no list"),
                ("shards", [], "0 shards"),
                ("shards/1", 5, "shard 1: 'first' is missing"),
                ("shards/1/first", 5, "shard 1: it begins at class 5, but those before it end before "
                                      "class 4: a gap"),
                ("shards/1/first", 3, "an overlap"),
                ("shards/1/first", -1, "shard 1: 'first' is missing or not a whole number"),
                ("shards/1/count", 2, "shard 2: it begins at class 7, but those before it end before "
                                      "class 6: a gap"),
                ("shards/1/count", -3, "shard 1: 'count' is missing or not"),
                ("shards/1/count", None, "shard 1: 'count' is missing"),
                ("shards/2/files", None, "shard 2: 'files' is missing or no object"),
                ("shards/2/files/weight", None, "shard 2: no file of weight"),
                ("shards/2/files/weight", "../W.npy", "not in this folder"),
                ("shards/2/files/weight", "", "shard 2: no file of weight"),
                ("shards/2/files/weight", "..", "good/..: ")):
            header = json.loads(json.dumps(good))
            *parents, last = [part.replace("\\", "/") for part in
                              path.replace("\\/", "\\").split("/")]
            at = header
            for key in parents:
                at = at[int(key) if isinstance(at, list) else key]
            if value is None:
                del at[last]
            else:
                at[int(last) if isinstance(at, list) else last] = value
            self.set_header("good", header)
            self.refused("good/", fault, inputs=["good"])
        self.set_header("good", good)
        self.reshard("good", "--ranks", 2, "out") # nothing else was wrong

    def test_text_that_is_no_header(self):
        os.mkdir(self.path("bad"))
        self.refused("bad/shards.json: cannot read: No such file", inputs=["bad"])
        for text in (b"", b"\x93NUMPY", b'{"format":\n"margin-shards"', b'{"a": 1, "a": 1}',
                     b'{"format": "margin-shards\xff"}'):
            with open(self.path("bad/shards.json"), "wb") as stream:
                stream.write(text)
            self.refused("bad/shards.json: line ", ": not JSON", inputs=["bad"])
        for text in (b"[]", b"{}"):
            with open(self.path("bad/shards.json"), "wb") as stream:
                stream.write(text)
            self.refused("bad/shards.json: 'format' is not margin-shards", inputs=["bad"])


if __name__ == "__main__":
    unittest.main()
