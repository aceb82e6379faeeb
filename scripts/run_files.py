"""run_files.py: a run in any of its three forms: a folder with the drivers' files; the same packed
(RUN.tar.xz, by scripts/pack.py); a summary, a folder that has summary.json in their place (by
scripts/reference.py). It must not know what the numbers mean."""

import contextlib
import hashlib
import json
import lzma
import os
import pathlib
import tarfile
import tempfile

DRIVERS = ("speed", "stability", "separation")
PACKED = ".tar.xz"


class Unusable(Exception):
    """One line that names the file at fault."""


def write_whole(path, text):
    """All of the file or nothing; its folder is made where it is missing."""
    os.makedirs(os.path.dirname(os.path.abspath(path)), exist_ok=True)
    with open(path + ".part", "w", encoding="utf-8") as stream:
        stream.write(text)
        stream.flush()
        os.fsync(stream.fileno())
    os.replace(path + ".part", path)


def expanded(value):
    """For json.load's object_hook: a table, {"columns": ..., "rows": ...}, as a list of objects."""
    if value.keys() != {"columns", "rows"}:
        return value
    return [dict(zip(value["columns"], row)) for row in value["rows"]]


def table(names, rows):
    """Such a table."""
    return {"columns": list(names), "rows": rows}


def refuse_constant(text):
    raise ValueError(f"{text} is not JSON")


def read_object(path):
    try:
        with open(path, encoding="utf-8") as stream:
            value = json.load(stream, object_hook=expanded, parse_constant=refuse_constant)
    except OSError as error:
        raise Unusable(f"{path}: {error.strerror}") from None
    except (TypeError, ValueError, RecursionError) as error:
        raise Unusable(f"{path}: {error}") from None
    if not isinstance(value, dict):
        raise Unusable(f"{path}: not a JSON object")
    return value


class Files:
    """The JSON objects of a run's folder by name, read when they are asked for."""

    def __init__(self, folder):
        self.folder, self.known = folder, {}
        self.summary = os.path.exists(self.path("summary"))

    def path(self, name):
        """The file that has the numbers of `name`."""
        own = os.path.join(self.folder, name + ".json")
        whole = name not in DRIVERS or os.path.exists(own) or not self.summary
        return own if whole else os.path.join(self.folder, "summary.json")

    def get(self, name):
        """The object; None where the run has none."""
        if name not in self.known:
            path = self.path(name)
            value = read_object(path) if os.path.exists(path) else None
            if path.endswith("summary.json") and name in DRIVERS:
                value = value.get(name)
            self.known[name] = value
        return self.known[name]


# ---- packs ---------------------------------------------------------------------------------------

def sum_of(path):
    found = hashlib.sha256()
    with open(path, "rb") as stream:
        for part in iter(lambda: stream.read(1 << 20), b""):
            found.update(part)
    return found.hexdigest()


def check_sum(path):
    """The pack is what PACK.sha256 beside it says, where there is one."""
    try:
        with open(path + ".sha256", encoding="ascii") as stream:
            wanted = stream.read().split()[:1]
    except FileNotFoundError:
        return
    except (OSError, ValueError) as error:
        raise Unusable(f"{path}.sha256: {error}") from None
    if wanted != [sum_of(path)]:
        raise Unusable(f"{path}: not the file whose checksum is in {os.path.basename(path)}.sha256")


def unpack(path, folder):
    """Write the pack's files, all of them below one folder, whose path is returned."""
    with tarfile.open(path, "r:xz") as pack:
        for member in pack:
            name = pathlib.PurePosixPath(member.name)
            if not member.isfile() or name.is_absolute() or ".." in name.parts:
                raise Unusable(f"{path}: {member.name}: does not belong into a packed run")
            target = pathlib.Path(folder, name)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(pack.extractfile(member).read())
    tops = os.listdir(folder)
    if len(tops) != 1 or not os.path.isdir(os.path.join(folder, tops[0])):
        raise Unusable(f"{path}: not a packed run")
    return os.path.join(folder, tops[0])


@contextlib.contextmanager
def opened(path):
    """The run's folder; a pack's is temporary."""
    if os.path.isdir(path):
        yield path
    elif path.endswith(PACKED) and os.path.isfile(path):
        check_sum(path)
        with tempfile.TemporaryDirectory() as work:
            try:
                folder = unpack(path, work)
            except (OSError, EOFError, lzma.LZMAError, tarfile.TarError) as error:
                raise Unusable(f"{path}: cannot be unpacked: {error}") from None
            yield folder
    else:
        raise Unusable(f"{path}: no such folder or packed run ({PACKED})")
