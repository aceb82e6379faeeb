#!/usr/bin/env python3
"""pack.py: a whole run as one file, RUN.tar.xz, with its checksum in RUN.tar.xz.sha256 (as
sha256sum writes it); the same run gives the same bytes. compare.sh and report.py read such a file.
usage: pack.py RUN_DIR [FILE.tar.xz]
"""

import datetime
import io
import lzma
import os
import sys
import tarfile

sys.dont_write_bytecode = True  # the folder may belong to somebody else
from run_files import DRIVERS, PACKED, Files, Unusable, sum_of  # noqa: E402

FOLDERS = ("tables", "figures")


def fail(message, status=1):
    print(f"pack.py: {message}", file=sys.stderr)
    sys.exit(status)


def names_in(folder):
    """What belongs to a run: results, tables, figures, report; no logs, nothing half written."""
    names = [name for name in os.listdir(folder) if name.endswith((".json", ".html"))]
    for part in FOLDERS:
        inside = os.path.join(folder, part)
        names += [f"{part}/{name}" for name in os.listdir(inside)] if os.path.isdir(inside) else []
    return sorted(name for name in names
                  if not name.endswith(".part") and os.path.isfile(os.path.join(folder, name)))


def date_of(machine):
    """When the run was made, which all files of the pack have as theirs."""
    try:
        when = datetime.datetime.strptime(machine["date"], "%Y-%m-%dT%H:%M:%SZ")
    except (KeyError, TypeError, ValueError):
        return 0
    return int(when.replace(tzinfo=datetime.timezone.utc).timestamp())


def check(files):
    if files.summary:
        raise Unusable(f"{files.folder}: a summary, not a whole run")
    if files.get("machine") is None or not any(files.get(name) for name in DRIVERS):
        raise Unusable(f"{files.folder}: no machine.json and results of a driver: not a run")


def write_pack(files, path):
    top, when = os.path.basename(path)[:-len(PACKED)], date_of(files.get("machine"))
    with tarfile.open(path + ".part", "w:xz", preset=9 | lzma.PRESET_EXTREME) as pack:
        for name in names_in(files.folder):
            with open(os.path.join(files.folder, name), "rb") as stream:
                data = stream.read()
            member = tarfile.TarInfo(f"{top}/{name}")
            member.size, member.mtime = len(data), when
            pack.addfile(member, io.BytesIO(data))


def pack_run(folder, path):
    """Both files whole, or none of them."""
    files = Files(folder)
    check(files)
    parts = [path + ".part", path + ".sha256.part"]
    try:
        write_pack(files, path)
        with open(parts[1], "w", encoding="ascii") as stream:
            stream.write(f"{sum_of(parts[0])}  {os.path.basename(path)}\n")
        os.replace(parts[1], path + ".sha256")
        os.replace(parts[0], path)
    finally:
        for part in parts:
            if os.path.exists(part):
                os.remove(part)


def main():
    if len(sys.argv) == 2 and sys.argv[1] in ("-h", "--help"):
        print(__doc__)
        return
    if len(sys.argv) not in (2, 3) or sys.argv[1].startswith("-"):
        fail("usage: pack.py RUN_DIR [FILE.tar.xz]", 2)
    folder = os.path.abspath(sys.argv[1])
    path = sys.argv[2] if len(sys.argv) == 3 else folder + PACKED
    if not os.path.isdir(folder):
        fail(f"{sys.argv[1]}: no such folder")
    if not path.endswith(PACKED):
        fail(f"{path}: the name has to end in {PACKED}", 2)
    try:
        pack_run(folder, path)
    except Unusable as unusable:
        fail(unusable)
    except OSError as error:
        fail(f"{error.filename}: {error.strerror}")
    print(path)


main()
