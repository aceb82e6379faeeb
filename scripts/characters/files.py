"""Writes samples as files: IDX, tables and a picture. It must not know what the samples show."""

import contextlib
import os
import shutil
import struct
import tempfile
import zlib

BYTES, INTS = (0x08, "B"), (0x0C, ">i")


def refuse_others(path, names):
    """A folder with anything but files of these names is not replaced."""
    others = sorted(set(os.listdir(path)) - set(names)) if os.path.lexists(path) else []
    if others:
        raise ValueError(f"{path}: has {others[0]}, which is not of this program; move it away first")


@contextlib.contextmanager
def whole_folder(path, names):
    """A new folder with files of these names that takes the place of `path` at the end, or is gone."""
    parent, own = os.path.dirname(os.path.abspath(path)), ".characters."  # characters.sh knows it
    work = tempfile.mkdtemp(prefix=own, dir=parent)
    try:
        yield work
        os.chmod(work, 0o755)
        refuse_others(path, names)
        if os.path.exists(path):
            old = tempfile.mkdtemp(prefix=own, dir=parent)
            os.rename(path, os.path.join(old, "data"))
            os.rename(work, path)
            shutil.rmtree(old)
        else:
            os.rename(work, path)
    finally:
        shutil.rmtree(work, ignore_errors=True)


def write_idx(path, kind, shape, data):
    with open(path, "wb") as file:
        file.write(bytes([0, 0, kind[0], len(shape)]))
        file.write(struct.pack(f">{len(shape)}I", *shape))
        file.write(data)


def write_table(path, heading, rows):
    with open(path, "w", encoding="utf-8") as file:
        for row in (heading.split(), *rows):
            print(*row, sep="\t", file=file)


def write_png(path, width, rows):
    """Grey, a byte a pixel."""
    def chunk(name, data):
        return (struct.pack(">I", len(data)) + name + data
                + struct.pack(">I", zlib.crc32(name + data)))

    data = zlib.compress(b"".join(b"\0" + row for row in rows), 9)
    header = struct.pack(">IIBBBBB", width, len(rows), 8, 0, 0, 0, 0)
    with open(path, "wb") as file:
        file.write(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", data)
                   + chunk(b"IEND", b""))
