"""Draws a character of a font as a small picture. It must not know which characters or fonts are
wanted.

The same bytes everywhere: outlines without hints, moved by whole numbers, and FreeType's raster.
What is random comes from a hash of what the sample is.
"""

import ctypes
import hashlib

import freetype

SIDE = 28  # pixels
EM = 25  # pixels of a font's em, before a sample's own size
MOST = 26 * 64  # of ink, in 1/64 pixels
LOAD = freetype.FT_LOAD_NO_HINTING | freetype.FT_LOAD_NO_BITMAP
UPRIGHT = (1 << 16, 0, 0, 1 << 16)


def digest(*key):
    return hashlib.blake2b(":".join(map(str, key)).encode(), digest_size=16).digest()


def random_change(random):
    """Size, slant and stretch as a matrix in 1/65536, and a move in 1/64 pixels, from 16 bytes."""
    units = [int.from_bytes(random[2 * i:2 * i + 2], "big") / 32767.5 - 1 for i in range(6)]
    size, stretch = 0.92 + 0.08 * units[0], 1 + 0.06 * units[1]
    slant, climb = 0.12 * units[2], 0.04 * units[3]
    matrix = tuple(round(65536 * size * x) for x in (stretch, slant, climb, 1 / stretch))
    return matrix, (round(64 * units[4]), round(64 * units[5]))


def transform(outline, matrix):
    freetype.FT_Outline_Transform(ctypes.byref(outline), ctypes.byref(freetype.FT_Matrix(*matrix)))


def box_of(outline):
    box = freetype.FT_BBox()
    freetype.FT_Outline_Get_BBox(ctypes.byref(outline), ctypes.byref(box))
    return box.xMin, box.yMin, box.xMax, box.yMax


def has_ink(face, glyph):
    """Whether the glyph has an outline; fonts have empty ones in the place of some characters."""
    try:
        face.load_glyph(glyph, LOAD)
    except freetype.FT_Exception:
        return False
    left, low, right, high = box_of(face._FT_Face.contents.glyph.contents.outline)
    return right > left and high > low


def picture(face, glyph, matrix=UPRIGHT, move=(0, 0), fill=False):
    """SIDE x SIDE bytes, ink bright, its middle in the middle; with `fill` as large as can be."""
    face.load_glyph(glyph, LOAD)
    slot = face._FT_Face.contents.glyph
    outline = slot.contents.outline
    transform(outline, matrix)
    left, low, right, high = box_of(outline)
    extent = max(right - left, high - low)
    if extent > MOST or (fill and extent > 0):
        transform(outline, (MOST * 65536 // extent, 0, 0, MOST * 65536 // extent))
        left, low, right, high = box_of(outline)
    freetype.FT_Outline_Translate(ctypes.byref(outline), 32 * SIDE - (left + right) // 2 + move[0],
                                  32 * SIDE - (low + high) // 2 + move[1])
    if freetype.FT_Render_Glyph(slot, freetype.FT_RENDER_MODE_NORMAL) != 0:
        raise ValueError(f"FreeType cannot draw glyph {glyph}")
    return on_canvas(slot.contents)


def on_canvas(slot):
    """The slot's bitmap where it lies on the canvas; what lies beyond is cut."""
    bitmap, left, top = slot.bitmap, slot.bitmap_left, SIDE - slot.bitmap_top
    ink = ctypes.string_at(bitmap.buffer, bitmap.pitch * bitmap.rows) if bitmap.rows else b""
    canvas = bytearray(SIDE * SIDE)
    first, last = max(left, 0), min(left + bitmap.width, SIDE)
    for row in range(max(top, 0), min(top + bitmap.rows, SIDE)):
        start = (row - top) * bitmap.pitch - left
        canvas[row * SIDE + first:row * SIDE + last] = ink[start + first:start + last]
    return bytes(canvas)
