#!/usr/bin/env python3
"""scripts/characters with a few small fonts, Latin letters in place of Han: twins are one family,
training shares neither family nor character with what is held out, the same bytes twice, and
bench_separation reads them and says what to do where there are none.

usage: test_characters.py BENCH_SEPARATION"""

import array
import csv
import json
import os
import shutil
import subprocess
import sys
import tempfile
import unittest

try:
    import freetype  # noqa: F401
    import numpy  # noqa: F401
except ImportError as fault:
    print(f"skipped: {fault}; on Debian install python3-freetype and python3-numpy")
    sys.exit(77)

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "scripts", "characters"))
import characters  # noqa: E402

LIBERATION = "/usr/share/fonts/truetype/liberation/Liberation"
# A package's folder, and its font. The second is the first once more.
PACKAGES = {"a-sans": "Sans-Regular", "b-sans-again": "Sans-Regular", "c-serif": "Serif-Regular",
            "d-heavy": "Serif-Bold", "e-italic": "Serif-Italic",
            "f-bold": "Mono-Bold", "g-mono": "Mono-Italic"}
LETTERS = [*range(ord("A"), ord("Z") + 1), *range(ord("a"), ord("z") + 1)]
PARTS = ("train", "t10k", "unseen")


def read(path):
    with open(path, "rb") as file:
        return file.read()


class Characters(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.temporary = tempfile.TemporaryDirectory()
        cls.addClassCleanup(cls.temporary.cleanup)
        cls.source = os.path.join(cls.temporary.name, "fonts")
        cls.target = os.path.join(cls.temporary.name, "margin", "characters", "data")
        for package, font in PACKAGES.items():
            folder = os.path.join(cls.source, package, "usr/share/fonts")
            os.makedirs(folder)
            shutil.copy(f"{LIBERATION}{font}.ttf", folder)
        notice = os.path.join(cls.source, "a-sans/usr/share/doc/a-sans")
        os.makedirs(notice)
        with open(os.path.join(notice, "copyright"), "w") as file:
            file.write("Format: x\n\nFiles: *\nCopyright: somebody\nLicense: OFL-1.1\n\n"
                       "Files: debian/*\nLicense: GPL-2+\n")
        os.makedirs(os.path.dirname(cls.target))
        cls.make(cls.target)

    @classmethod
    def make(cls, target):
        return characters.make(cls.source, target, list(PACKAGES), LETTERS, 6, 2)

    def table(self, name):
        with open(os.path.join(self.target, name), encoding="utf-8") as file:
            return list(csv.DictReader(file, delimiter="\t"))

    def labels(self, part):
        """[(class, font)] of each sample."""
        data = read(os.path.join(self.target, part + "-labels-idx2-int"))
        self.assertEqual(data[:4], bytes([0, 0, 0x0C, 2]))
        numbers = array.array("i", data[4:])
        if sys.byteorder == "little":
            numbers.byteswap()
        self.assertEqual(2 * numbers[0] + 2, len(numbers))
        self.assertEqual(numbers[1], 2)
        return list(zip(numbers[2::2], numbers[3::2]))

    def test_twins_are_one_family(self):
        families = {row["package"]: row["family"] for row in self.table("fonts.tsv")}
        self.assertEqual(families.pop("b-sans-again"), "a-sans")
        self.assertEqual(families, {name: name for name in families})

    def test_training_shares_no_family_and_no_character(self):
        fonts = self.table("fonts.tsv")
        family = {part: {fonts[font]["family"] for _, font in self.labels(part)} for part in PARTS}
        self.assertEqual(family["t10k"], family["unseen"])
        self.assertEqual(family["train"] & family["t10k"], set())
        self.assertEqual(len(family["train"] | family["t10k"]), 6)
        for row in fonts:
            self.assertEqual(row["part"] == "held-out", row["family"] in family["t10k"])
        table = self.table("characters.tsv")
        seen = {row["character"] for row in table if row["part"] == "train"}
        unseen = {row["character"] for row in table if row["part"] == "unseen"}
        self.assertEqual(seen & unseen, set())
        self.assertEqual(seen | unseen, set(map(chr, LETTERS)))

    def test_samples(self):
        """A family has three takes of a character to train, one to test, whatever its fonts."""
        for part, takes, families in ("train", 3, 4), ("t10k", 1, 2), ("unseen", 1, 2):
            labels = self.labels(part)
            classes = 1 + max(label for label, _ in labels)
            self.assertEqual([label for label, _ in labels],
                             [k for k in range(classes) for _ in range(takes * families)])
            images = read(os.path.join(self.target, part + "-images-idx3-ubyte"))
            self.assertEqual(len(images), 16 + 784 * len(labels))
            pictures = [images[16 + 784 * i:800 + 784 * i] for i in range(len(labels))]
            self.assertEqual(len(set(pictures)), len(pictures))
            self.assertTrue(all(max(one) > 200 for one in pictures))

    def test_licences(self):
        licences = {row["package"]: row["licence"] for row in self.table("fonts.tsv")}
        self.assertEqual((licences["a-sans"], licences["c-serif"]), ("OFL-1.1", "?"))

    def test_the_same_bytes_again(self):
        other = os.path.join(self.temporary.name, "again")
        for _ in range(2):  # also in the place of one that is there
            self.make(other)
            self.assertEqual(sorted(os.listdir(other)), sorted(os.listdir(self.target)))
            for name in os.listdir(other):
                self.assertEqual(read(os.path.join(other, name)),
                                 read(os.path.join(self.target, name)))
        self.assertTrue(characters.up_to_date(self.source, other, list(PACKAGES)))
        self.assertFalse(characters.up_to_date(self.source, other, list(PACKAGES)[1:]))

    def test_files_of_others_stay(self):
        other = os.path.join(self.temporary.name, "theirs")
        os.makedirs(os.path.join(other, "notes"))
        with self.assertRaisesRegex(ValueError, "has notes, which is not of this program; move it away"):
            self.make(other)
        self.assertEqual(os.listdir(other), ["notes"])

    def test_too_few_families(self):
        other = os.path.join(self.temporary.name, "none")
        with self.assertRaisesRegex(ValueError, "load more packages"):
            characters.make(self.source, other, list(PACKAGES), LETTERS)
        with self.assertRaisesRegex(ValueError, "no font has the wanted characters"):
            characters.make(self.source, other, list(PACKAGES))
        self.assertFalse(os.path.exists(other))

    def drive(self, caches, *arguments):
        environment = {**os.environ, "XDG_CACHE_HOME": caches}
        return subprocess.run([sys.argv[1], "--data", "characters", *arguments], text=True,
                              capture_output=True, env=environment)

    def test_driver(self):
        out = os.path.join(self.temporary.name, "out.json")
        done = self.drive(self.temporary.name, "--loss", "normsoftmax", "--seeds", "1", "--batch",
                          "32", "--epochs", "10", "--out", out)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        with open(out) as file:
            run = json.load(file)["runs"][0]
        self.assertEqual((run["data"], run["dim"], run["recipe"]), ("characters", 64, "space"))
        counts = [len(self.labels(part)) for part in PARTS]
        found = [run[key] for key in ("train_count", "test_count", "unseen_count")]
        self.assertEqual(found, counts)
        pairs = counts[2] * (counts[2] - 1) // 2
        for key in "verification", "raw_verification":
            self.assertEqual(run[key]["genuine"] + run[key]["impostor"], pairs)
            self.assertEqual(run[key]["genuine"], counts[2] // 2)
        self.assertIn("by the cosine of pixels: TAR", done.stdout)

    def test_no_characters_yet(self):
        done = self.drive("/nowhere")
        self.assertEqual((done.returncode, done.stdout), (1, ""))
        self.assertEqual(done.stderr.count("\n"), 1)
        self.assertIn("/nowhere/margin/characters/data/train-images", done.stderr)
        self.assertIn("(scripts/characters.sh makes these files)", done.stderr)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
