"""Fonts in a folder: which characters each has, which are the same design, and their licences. It
must not know what is made of them."""

import collections
import os
import re

import freetype
import numpy as np

from draw import EM, SIDE, digest, has_ink, picture

PROBES = 128  # characters by which two fonts are compared
SAME = 0.97  # cosine of two pictures beyond which they are taken for the same drawing
SHARED = 0.1  # share of such characters from which on two fonts are of one family
FEW = 16  # characters; with fewer in common nothing is said


class Font:
    """A face of a file: `glyphs` by code point, of `wanted` characters that have ink."""

    def __init__(self, package, path, index, wanted):
        self.package, self.path, self.index, self.family = package, path, index, package
        self.face = freetype.Face(path, index)
        self.name = " ".join(part.decode("ascii", "replace") for part in (
            self.face.family_name or b"?", self.face.style_name or b"") if part)
        self.glyphs = {}
        if self.face.is_scalable and self.face.charmap is not None:
            self.face.set_pixel_sizes(0, EM)
            self.glyphs = self.covered(wanted)

    def covered(self, wanted):
        """Without what many characters share: the sign for a character that is not there."""
        found = {code: glyph for code, glyph in self.face.get_chars() if code in wanted}
        shared = collections.Counter(found.values())
        return {code: glyph for code, glyph in found.items()
                if shared[glyph] <= 3 and has_ink(self.face, glyph)}


def read_fonts(folder, packages, wanted):
    """Every font with at least FEW of the wanted characters, by package, file and face."""
    fonts = []
    for package in sorted(packages):
        for path in sorted(os.path.join(at, name)
                           for at, _, names in os.walk(os.path.join(folder, package))
                           for name in names if name.lower().endswith((".ttf", ".ttc", ".otf"))):
            if not os.path.exists(path):  # a link to a file of another package
                continue
            for index in range(freetype.Face(path).num_faces):
                font = Font(package, path, index, wanted)
                if len(font.glyphs) >= FEW:
                    fonts.append(font)
    return fonts


# ---- the same design ---------------------------------------------------------------------------

def probe_pictures(fonts):
    """[fonts, PROBES, pixels]: unit vectors of the characters that most fonts have; zero where one
    has it not."""
    have = collections.Counter(code for font in fonts for code in font.glyphs)
    probes = sorted(have, key=lambda code: (-have[code], digest("probe", code)))[:PROBES]
    pictures = np.zeros((len(fonts), PROBES, SIDE * SIDE), np.float32)
    for row, font in zip(pictures, fonts):
        for k, code in enumerate(probes):
            if code in font.glyphs:
                row[k] = np.frombuffer(picture_of(font, code), np.uint8)
    length = np.linalg.norm(pictures, axis=2, keepdims=True)
    return pictures / np.maximum(length, 1)


def picture_of(font, code):
    return picture(font.face, font.glyphs[code], fill=True)


def likeness(fonts):
    """[fonts, fonts]: the share of characters that two fonts draw alike."""
    pictures = probe_pictures(fonts)
    share = np.zeros((len(fonts), len(fonts)))
    for i, own in enumerate(pictures):
        cosines = np.einsum("kp,fkp->fk", own, pictures)
        common = own.any(axis=1) & pictures.any(axis=2)
        count = common.sum(axis=1)
        share[i] = np.where(count >= FEW, (common & (cosines > SAME)).sum(axis=1)
                            / np.maximum(count, 1), 0)
    return share


def join_families(fonts):
    """Sets `family`: fonts of one package, and what is drawn alike, also by way of a third font. It
    is called by its first package."""
    share = likeness(fonts)
    for i, one in enumerate(fonts):
        for k, other in enumerate(fonts[:i]):
            if share[i, k] >= SHARED and one.family != other.family:
                first, second = sorted((one.family, other.family))
                for font in fonts:
                    font.family = first if font.family == second else font.family


# ---- licences ----------------------------------------------------------------------------------

# What older copyright files, which are prose, say; the first that is found.
PROSE = (("OFL", r"SIL Open Font License|Open Font License"), ("IPA", r"IPA Font License"),
         ("Arphic", r"ARPHIC PUBLIC LICENSE"), ("Apache-2.0", r"Apache License"),
         ("public domain", r"public domain"), ("GPL", r"General Public License"))


def licence(folder, package):
    """The fonts' licences, in short, by the package's copyright file."""
    path = os.path.join(folder, package, "usr/share/doc", package, "copyright")
    if not os.path.exists(path):
        return "?"
    with open(path, encoding="utf-8", errors="replace") as file:
        text = file.read()
    names = []
    for part in re.split(r"\n\s*\n", text):
        files = re.search(r"^Files:\s*(\S+)", part, re.M)
        name = re.search(r"^License:[ \t]*(\S.*)$", part, re.M)
        if files and name and not files[1].startswith("debian"):
            names.append(name[1].strip())
    if not names:
        names = [name for name, words in PROSE if re.search(words, text, re.I)][:1]
    return ", ".join(dict.fromkeys(names)) or "?"
