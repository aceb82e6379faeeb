#!/usr/bin/env python3
"""What Python thinks of the C interface is what the C compiler thinks: sizes, offsets, values,
functions. The compiler is that of the environment variable CC."""

import ctypes
import os
import re
import subprocess
import tempfile
import unittest
from pathlib import Path

from margin_losses import _abi, _measures

ROOT = Path(__file__).resolve().parents[2]
HEADERS = ("margin.h", "margin_shards.h", "margin_update.h")
HEADER = "".join((ROOT / "include" / name).read_text() for name in HEADERS)

STRUCTS = {
    "margin_config": _abi.Config,
    "margin_fault": _abi.Fault,
    "margin_loss_info": _abi.LossInfo,
    "margin_head": _abi.Head,
    "margin_predict": _abi.Predict,
    "margin_update": _abi.Update,
    "margin_sample": _abi.Sample,
    "margin_rows": _abi.Rows,
    "margin_shard": _abi.Shard,
    "margin_shard_stats": _abi.ShardStats,
    "angles_input": _measures.AnglesInput,
    "angles": _measures.Angles,
    "roc_point": _measures.RocPoint,
    "roc_result": _measures.RocResult,
    "verification_input": _measures.VerificationInput,
    "verification": _measures.Verification,
    "advice": _measures.Advice,
    "advice_bounds": _measures.AdviceBounds,
}
VALUES = {
    "MARGIN_OK": _abi.OK,
    "MARGIN_ERROR_CONFIG": _abi.CONFIG,
    "MARGIN_ERROR_ISA": _abi.ISA,
    "MARGIN_ERROR_LABEL": _abi.LABEL,
    "MARGIN_ERROR_NONFINITE": _abi.NONFINITE,
    "MARGIN_ERROR_WORKSPACE": _abi.WORKSPACE,
    "MARGIN_ERROR_MEMORY": _abi.MEMORY,
    "MARGIN_ERROR_ORDER": _abi.ORDER,
    "VERIFICATION_DECADES": _measures.DECADES,
    "VERIFICATION_STEPS": _measures.STEPS,
}


def fields(kind):
    """Each field of a ctypes struct: its name in C, its offset and its size."""
    for name, _ in kind._fields_:
        field = getattr(kind, name)
        yield name.rstrip("_"), field.offset, field.size


def python_answers():
    answers = dict(VALUES)
    for struct, kind in STRUCTS.items():
        answers[struct] = ctypes.sizeof(kind)
        for name, offset, size in fields(kind):
            answers[f"{struct}.{name}"] = offset
            answers[f"sizeof {struct}.{name}"] = size
    return answers


def c_program():
    lines = ["#include <advice.h>", "#include <angles.h>"]
    lines += [f"#include <{name}>" for name in HEADERS]
    lines += ["#include <stddef.h>", "#include <stdio.h>", "#include <verification.h>"]
    lines += ['#define SAY(what, n) printf("%s\\t%zu\\n", what, (size_t)(n))']
    lines += ["int main(void)", "{"]
    lines += [f'SAY("{name}", {name});' for name in VALUES]
    for struct, kind in STRUCTS.items():
        lines.append(f'SAY("{struct}", sizeof({struct}));')
        for name, _, _ in fields(kind):
            lines.append(f'SAY("{struct}.{name}", offsetof({struct}, {name}));')
            lines.append(f'SAY("sizeof {struct}.{name}", sizeof((({struct} *)0)->{name}));')
    return "\n".join([*lines, "return 0;", "}", ""])


def c_answers():
    with tempfile.TemporaryDirectory() as folder:
        source, program = Path(folder, "layout.c"), Path(folder, "layout")
        source.write_text(c_program())
        includes = [f"-I{ROOT / part}" for part in ("include", "common")]
        compiler = os.environ.get("CC", "cc")
        subprocess.run([compiler, *includes, source, "-o", program], check=True)
        said = subprocess.run([program], check=True, stdout=subprocess.PIPE, text=True).stdout
    return {name: int(number) for name, number in (line.split("\t") for line in said.splitlines())}


class Layout(unittest.TestCase):
    def test_structs_and_values(self):
        self.assertEqual(python_answers(), c_answers())

    def test_functions(self):
        """Every function that Python calls is in the header, with as many arguments."""
        code = re.sub(r"/\*.*?\*/", "", HEADER, flags=re.DOTALL)
        declared = dict(re.findall(r"MARGIN_API[^;]*?\b(margin_\w+)\(([^)]*)\)", code))
        self.assertGreater(len(declared), 35)
        for name, (_, *arguments) in _abi._FUNCTIONS.items():
            count = 0 if declared[name] == "void" else declared[name].count(",") + 1
            self.assertEqual(len(arguments), count, name)

    def test_losses(self):
        rows = re.findall(r"^    X\([A-Z]+, (\w+)\)", HEADER, flags=re.MULTILINE)
        self.assertIn("arcface", rows)
        self.assertEqual(list(_abi.LOSSES), rows)
        self.assertEqual([loss.index for loss in _abi.LOSSES.values()], list(range(len(rows))))


if __name__ == "__main__":
    unittest.main()
