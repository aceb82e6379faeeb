#!/usr/bin/env python3
"""Shards that Python saves and loads: any rows of a checkpoint of any ranges, also one that `margin
reshard` has made, and the other way round; what does not fit together is refused, and a checkpoint
that is not whole is none."""

import json
import os
import subprocess
import sys
import tempfile
import unittest

import numpy as np

from margin_losses.shards import even_range, finish_shards, load_shard, save_shard

from test_quickstart import examples

COMMAND = os.environ.get("MARGIN_COMMAND")
C, D = 23, 5
random = np.random.default_rng(5)
WEIGHT = random.standard_normal((C, D)).astype(np.float32)
MOMENTUM = random.standard_normal((C, D))
STEPS = np.arange(C)


def ranges(sizes):
    first = 0
    for rank, count in enumerate(sizes):
        yield rank, first, first + count
        first += count


class Folder(unittest.TestCase):
    def setUp(self):
        holder = tempfile.TemporaryDirectory(prefix="margin-shards-")
        self.addCleanup(holder.cleanup)
        self.root = holder.name

    def path(self, *names):
        return os.path.join(self.root, *names)

    def save(self, name, sizes, **notes):
        folder = self.path(name)
        for rank, first, end in reversed(list(ranges(sizes))):  # in whatever order
            save_shard(folder, rank, len(sizes), first, WEIGHT[first:end], steps=STEPS[first:end],
                       momentum=MOMENTUM[first:end])
        finish_shards(folder, len(sizes), **notes)
        return folder

    def check(self, shard, first, count):
        rows = slice(first, first + count)
        self.assertEqual((shard.first, shard.classes, list(shard.companions)),
                         (first, C, ["steps", "momentum"]))
        for found, wanted in ((shard.weight, WEIGHT), (shard.companions["steps"], STEPS),
                              (shard.companions["momentum"], MOMENTUM)):
            self.assertEqual((found.dtype, found.shape), (wanted.dtype, wanted[rows].shape))
            np.testing.assert_array_equal(found, wanted[rows])

    def refused(self, error, line, function, *arguments, **named):
        with self.assertRaisesRegex(error, line):
            function(*arguments, **named)


class Loads(Folder):
    def test_any_number_of_ranks(self):
        for sizes in ([C], [4, 0, 9, 10], [8, 8, 7], [1] * C, [0, 0, C, 0]):
            folder = self.save("-".join(map(str, sizes)), sizes)
            for world in (1, 2, 3, 7, C, C + 4):
                end = 0
                for rank in range(world):
                    first, count = even_range(C, rank, world)
                    self.assertEqual(first, end)
                    self.assertIn(count, (C // world, C // world + 1))
                    self.check(load_shard(folder, rank, world), first, count)
                    end += count
                self.assertEqual(end, C)
            for first, count in ((0, 0), (C, 0), (3, 2), (3, 11), (0, C)):
                self.check(load_shard(folder, first=first, count=count), first, count)

    def test_rows_of_one_file_are_mapped(self):
        folder = self.save("two", [12, 11])
        shard = load_shard(folder, 1, 4)
        self.assertIsInstance(shard.weight.base, np.memmap)
        self.assertIs(type(shard.weight), np.ndarray)
        shard.weight[:] = 0  # a copy of these pages alone
        shard.companions["momentum"][0, 0] += 1
        self.check(load_shard(folder, 1, 4), *even_range(C, 1, 4))
        self.assertTrue(load_shard(folder).weight.flags.writeable)

    def test_types(self):
        brain = (np.arange(C * D, dtype=np.uint16) + 0x3F80).reshape(C, D)
        given = {name: np.arange(C).astype(name) for name in
                 ("f2", "f4", "f8", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8")}
        given["big"] = np.arange(C, dtype=">i4")
        given["turned"] = np.asfortranarray(MOMENTUM)
        given["cube"] = np.arange(C * 6).reshape(C, 1, 2, 3)
        given["list"] = list(range(C))
        save_shard(self.path("t"), 0, 1, 0, brain.view("V2"), **given)
        finish_shards(self.path("t"), 1)
        found = load_shard(self.path("t"))
        self.assertEqual(found.header["arrays"]["weight"], {"dtype": "bfloat16", "row": [D]})
        np.testing.assert_array_equal(found.weight.view(np.uint16), brain)
        for name, value in given.items():
            np.testing.assert_array_equal(found.companions[name], value)
            self.assertTrue(found.companions[name].dtype.isnative)

    def test_notes(self):
        folder = self.save("n", [10, 13], step=1000, run={"seed": 3})
        header = load_shard(folder).header
        self.assertEqual((header["step"], header["run"]), (1000, {"seed": 3}))
        self.assertEqual(sorted(os.listdir(folder))[-3:-1],
                         ["steps-00001-of-00002.npy", "weight-00000-of-00002.npy"])
        self.assertEqual(len(os.listdir(folder)), 7)  # what ranks have said is gone


@unittest.skipUnless(COMMAND, "the build has no command")
class Command(Folder):
    def reshard(self, *words):
        subprocess.run([COMMAND, "reshard", *words], check=True, stdout=subprocess.DEVNULL)
        return words[-1]

    def test_both_ways(self):
        folder = self.save("from", [4, 0, 9, 10], step=7)
        moved = self.reshard(folder, "--ranks", "3", self.path("three"))
        uneven = self.reshard(moved, "--sizes", "20,0,3", self.path("uneven"))
        for where in (moved, uneven):
            for rank in range(5):
                self.check(load_shard(where, rank, 5), *even_range(C, rank, 5))
            self.assertEqual(load_shard(where).header["step"], 7)
        for rank, shard in enumerate(load_shard(moved).header["shards"]):
            self.assertEqual((shard["first"], shard["count"]), even_range(C, rank, 3))

    def test_the_same_files(self):
        """What the command writes of a plain matrix is what Python writes."""
        np.save(self.path("W.npy"), WEIGHT)
        theirs = self.reshard(self.path("W.npy"), "--ranks", "4", self.path("theirs"))
        ours = self.path("ours")
        for rank in range(4):
            first, count = even_range(C, rank, 4)
            save_shard(ours, rank, 4, first, WEIGHT[first:first + count])
        finish_shards(ours, 4)
        self.assertEqual(sorted(os.listdir(theirs)), sorted(os.listdir(ours)))
        for name in os.listdir(ours):
            if name.endswith(".npy"):
                np.testing.assert_array_equal(np.load(os.path.join(theirs, name)),
                                              np.load(os.path.join(ours, name)))
            else:
                with open(os.path.join(theirs, name)) as a, open(os.path.join(ours, name)) as b:
                    self.assertEqual(json.load(a, object_pairs_hook=list),  # in the same order
                                     json.load(b, object_pairs_hook=list))


class Page(Folder):
    def test_the_example(self):
        """What docs/sharding.md shows is what a reader gets."""
        found = examples("docs/sharding.md")
        self.assertEqual(len(found), 1)
        run = subprocess.run([sys.executable, "-B", "-c", found[0][0]], cwd=self.root, text=True,
                             stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        self.assertEqual(run.stdout, found[0][1])


class Refusals(Folder):
    def test_what_is_saved(self):
        folder = self.path("never")
        for error, line, arguments, named in (
                (ValueError, "rank must be from 0 to 1, got 2", (2, 2, 0, WEIGHT), {}),
                (ValueError, "world must be", (0, 0, 0, WEIGHT), {}),
                (ValueError, "first must be", (0, 1, -1, WEIGHT), {}),
                (TypeError, "first must be a whole number, got 0.5", (0, 1, 0.5, WEIGHT), {}),
                (TypeError, "rank must be a whole number, got 0.5", (0.5, 1, 0, WEIGHT), {}),
                (ValueError, "32 companions: at most 31", (0, 1, 0, WEIGHT),
                 {f"c{k}": STEPS for k in range(32)}),
                (ValueError, r"weight must be \[count, D\], got shape \(23,\)", (0, 1, 0, STEPS), {}),
                (ValueError, "steps has 22 classes, weight has 23", (0, 1, 0, WEIGHT),
                 {"steps": STEPS[1:]}),
                (ValueError, r"one must be \[count, ...\]", (0, 1, 0, WEIGHT), {"one": 1.0}),
                (ValueError, "'a-b' is no name", (0, 1, 0, WEIGHT), {"a-b": STEPS}),
                (TypeError, "flag has dtype bool", (0, 1, 0, WEIGHT), {"flag": STEPS > 2})):
            self.refused(error, line, save_shard, folder, *arguments, **named)
        self.assertFalse(os.path.exists(folder))

    def test_what_is_whole_stays(self):
        folder = self.save("whole", [23])
        self.refused(FileExistsError, "a checkpoint already", save_shard, folder, 0, 1, 0, WEIGHT)
        self.refused(FileExistsError, "a checkpoint already", finish_shards, folder, 1)
        self.check(load_shard(folder), 0, C)

    def test_a_save_that_was_broken_off(self):
        """It is no checkpoint; saved again it is one, of the second time alone."""
        folder = self.path("broken")
        save_shard(folder, 1, 2, 10, WEIGHT[10:] + 1)
        self.refused(FileNotFoundError, "finish_shards was not called", load_shard, folder)
        self.refused(ValueError, "rank 0 of 2 has not saved", finish_shards, folder, 2)
        self.refused(ValueError, "rank 0 of 3 has not saved", finish_shards, folder, 3)
        for rank, first, end in ranges([10, 13]):
            save_shard(folder, rank, 2, first, WEIGHT[first:end])
        finish_shards(folder, 2)
        np.testing.assert_array_equal(load_shard(folder).weight, WEIGHT)

    def test_ranks_that_do_not_fit(self):
        for rows, more, line in ((slice(11, C), {}, "begins at class 11, .* end before class 10"),
                                 (slice(9, C), {}, "begins at class 9"),
                                 (slice(10, C), {"steps": STEPS[10:]}, "rank 1 has saved")):
            folder = self.path(line[:8] + str(rows.start))
            save_shard(folder, 0, 2, 0, WEIGHT[:10])
            save_shard(folder, 1, 2, rows.start, WEIGHT[rows], **more)
            self.refused(ValueError, line, finish_shards, folder, 2)
            self.assertFalse(os.path.exists(os.path.join(folder, "shards.json")))
        save_shard(self.path("none"), 0, 1, 0, WEIGHT[:0])
        self.refused(ValueError, "no rank has saved a class", finish_shards, self.path("none"), 1)
        self.refused(ValueError, "classes is a key of the format", finish_shards, self.path("none"),
                     1, classes=3)

    def test_ranges(self):
        folder = self.save("r", [10, 13])
        for first, count in ((0, 24), (-1, 3), (3, -1), (24, 0)):
            self.refused(ValueError, "not within 0 to 23", load_shard, folder, first=first, count=count)
        self.refused(ValueError, "given together", load_shard, folder, first=1)
        self.refused(TypeError, "first must be a whole", load_shard, folder, first=0.0, count=2)
        self.refused(TypeError, "classes must be a whole number", even_range, 5.5, 0, 2)
        self.refused(ValueError, "classes must be 0 or more", even_range, -5, 0, 2)
        self.refused(ValueError, "rank must be from 0 to 2, got 3", load_shard, folder, 3, 3)

    def test_damaged(self):
        self.refused(FileNotFoundError, "No such file", load_shard, self.path("missing"))
        folder = self.save("d", [10, 13])
        header = os.path.join(folder, "shards.json")
        with open(header) as stream:
            good = stream.read()
        changes = (("margin-shards", "others", "not version 1"), ('"version": 1', '"version": 2', "not ver"),
                   ('"first": 10', '"first": 9', "shard 1 begins at class 9, not 10"),
                   ('"count": 13', '"count": 12', "23 classes, but the shards have 22"),
                   ('"count": 13', '"count": 13.0', "shard 1 has 13.0 classes"),
                   ("  5\n", "  5.0\n", r"weight: row is \[5.0\], not whole numbers"),
                   ("weight-00001", "../weight-00001", "is not a file of this folder"),
                   ("int64", "int63", "dtype int63 is not known"), ('"files"', '"fils"', "KeyError"),
                   ("{", "", "not JSON"))
        for old, new, line in changes:
            with open(header, "w") as stream:
                stream.write(good.replace(old, new))
            self.refused(ValueError, "shards.json: .*" + line, load_shard, folder)
        with open(header, "w") as stream:
            stream.write(json.dumps(json.loads(good)))
        name = os.path.join(folder, "weight-00001-of-00002.npy")
        for array in (WEIGHT[:12], WEIGHT[:13].astype("f8"), WEIGHT[:13].T):
            np.save(name, array)
            self.refused(ValueError, "weight-00001.*but by shards.json it is", load_shard, folder)
        np.save(name, WEIGHT[:13])
        with open(name, "ab") as stream:
            stream.write(b"more")
        self.refused(ValueError, "weight-00001.* holds more bytes", load_shard, folder)
        open(name, "w").close()
        self.refused(ValueError, "weight-00001.* no whole .npy file", load_shard, folder)
        with open(name, "w") as stream:
            stream.write("no array")
        self.refused(ValueError, "weight-00001-of-00002.npy: ", load_shard, folder)
        load_shard(folder, first=0, count=10)  # the other shard is as it was


if __name__ == "__main__":
    unittest.main()
