"""The characters that many families of fonts have, as a set of images whose classes are characters
and whose samples are fonts. It must not know how a font is read or drawn.

Every third family is held out: `train` has the seen characters in the other families, `t10k` the
seen ones in these, `unseen` one character in six, which training has not seen, in these."""

import array
import hashlib
import os
import sys
from dataclasses import dataclass, field

import freetype

from draw import SIDE, digest, picture, random_change
from files import BYTES, INTS, refuse_others, whole_folder, write_idx, write_png, write_table
from fonts import join_families, licence, read_fonts

HAN = range(0x4E00, 0xA000)
LEAST = 12  # families that have a class's character
LEAST_HELD_OUT = 3  # of them held out
TAKES = 3  # training samples of a character in a family; of those held out it has one
VERSION = 1  # of what is drawn
IMAGES, LABELS = "images-idx3-ubyte", "labels-idx2-int"
NAMES = ("fonts.tsv", "characters.tsv", "made-of.txt", "sha256.txt",
         *(name for part in ("train", "t10k", "unseen")
           for name in (f"{part}-{IMAGES}", f"{part}-{LABELS}", f"sheet-{part}.png")))


@dataclass
class Part:
    name: str
    codes: list
    families: list
    takes: int
    pictures: bytearray = field(default_factory=bytearray)
    labels: array.array = field(default_factory=lambda: array.array("i"))

    def count(self):
        return len(self.labels) // 2


def group(fonts):
    """The fonts by family, and the families that are held out."""
    families = {}
    for font in fonts:
        families.setdefault(font.family, []).append(font)
    return families, sorted(families)[2::3]


def choose_codes(families, held_out, wanted, least, least_held_out):
    """Characters that enough families have, in order: seen ones, unseen ones."""
    having = {name: set().union(*(font.glyphs for font in fonts))
              for name, fonts in families.items()}
    codes = [code for code in wanted
             if sum(code in own for own in having.values()) >= least
             and sum(code in having[name] for name in held_out) >= least_held_out]
    unseen = {code for code in codes if digest("unseen", code)[0] % 6 == 0}
    return [code for code in codes if code not in unseen], sorted(unseen)


def draw_part(part, families, numbers):
    """A family's takes are of any of its fonts: many weights do not count more than one."""
    for label, code in enumerate(part.codes):
        for name in part.families:
            fonts = [font for font in families[name] if code in font.glyphs]
            for take in range(part.takes if fonts else 0):
                random = digest("take", code, name, take)
                font = fonts[random[15] % len(fonts)]
                part.pictures += picture(font.face, font.glyphs[code], *random_change(random))
                part.labels.extend((label, numbers[font]))


def write_part(folder, part):
    labels = array.array("i", part.labels)
    if sys.byteorder == "little":
        labels.byteswap()
    for name, kind, shape, data in ((IMAGES, BYTES, (part.count(), SIDE, SIDE), bytes(part.pictures)),
                                    (LABELS, INTS, (part.count(), 2), labels.tobytes())):
        write_idx(os.path.join(folder, f"{part.name}-{name}"), kind, shape, data)


def write_sheet(folder, part, across=32, down=20):
    """Rows of a part's samples, one after the other from places evenly in it."""
    rows = []
    for line in range(down):
        first = line * part.count() // down
        for y in range(SIDE):
            starts = [i * SIDE * SIDE + y * SIDE for i in range(first, first + across)]
            rows.append(b"".join(bytes(part.pictures[start:start + SIDE]).ljust(SIDE, b"\0")
                                 for start in starts))
    write_png(os.path.join(folder, f"sheet-{part.name}.png"), across * SIDE, rows)


def write_tables(folder, source, fonts, parts):
    held_out = set(parts[1].families)
    write_table(os.path.join(folder, "fonts.tsv"),
                "font family part package file face name characters licence",
                ((k, font.family, "held-out" if font.family in held_out else "train", font.package,
                  os.path.basename(font.path), font.index, font.name, len(font.glyphs),
                  licence(source, font.package)) for k, font in enumerate(fonts)))
    write_table(os.path.join(folder, "characters.tsv"), "part class code character",
                ((part.name, k, f"U+{code:04X}", chr(code)) for part in (parts[0], parts[2])
                 for k, code in enumerate(part.codes)))


def checksum(parts):
    """Of everything that a training sees."""
    total = hashlib.sha256()
    for part in parts:
        total.update(part.pictures)
        total.update(",".join(map(str, part.labels)).encode())
    return total.hexdigest()


def key_of(source, packages):
    """What decides the bytes: this program's version, FreeType's, and the files."""
    lines = [f"version {VERSION}", "freetype " + ".".join(map(str, freetype.version()))]
    for package in sorted(packages):
        for at, _, names in sorted(os.walk(os.path.join(source, package))):
            lines += (f"{package}/{name} {os.path.getsize(os.path.join(at, name))}"
                      for name in sorted(names) if os.path.isfile(os.path.join(at, name)))
    return "\n".join(lines) + "\n"


def make(source, target, packages, wanted=HAN, least=LEAST, least_held_out=LEAST_HELD_OUT):
    """Reads fonts and writes the set; returns its parts and families."""
    refuse_others(target, NAMES)
    fonts = read_fonts(source, packages, wanted)
    if not fonts:
        raise ValueError(f"{source}: no font has the wanted characters; load the packages again")
    join_families(fonts)
    families, held_out = group(fonts)
    seen, unseen = choose_codes(families, held_out, wanted, least, least_held_out)
    if len(seen) < 2 or len(unseen) < 2:
        raise ValueError(f"{source}: {len(families)} families have fewer than four characters in "
                         f"common, {least} families to each; load more packages")
    others = sorted(set(families) - set(held_out))
    parts = [Part("train", seen, others, TAKES), Part("t10k", seen, held_out, 1),
             Part("unseen", unseen, held_out, 1)]
    numbers = {font: k for k, font in enumerate(fonts)}
    for part in parts:
        draw_part(part, families, numbers)
    with whole_folder(target, NAMES) as folder:
        for part in parts:
            write_part(folder, part)
            write_sheet(folder, part)
        write_tables(folder, source, fonts, parts)
        with open(os.path.join(folder, "made-of.txt"), "w", encoding="utf-8") as file:
            file.write(key_of(source, packages))
        with open(os.path.join(folder, "sha256.txt"), "w", encoding="utf-8") as file:
            print(checksum(parts), file=file)
    return parts, families


def up_to_date(source, target, packages):
    try:
        with open(os.path.join(target, "made-of.txt"), encoding="utf-8") as file:
            return file.read() == key_of(source, packages)
    except OSError:
        return False
