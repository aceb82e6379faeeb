"""What the pages show of PyTorch is what a reader gets: each block of Python in docs/pytorch.md and
in the README that imports the modules runs, and prints what stands below it."""

import os
import re
import socket
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]


def examples(page):
    """Each block of Python that imports the modules and has its output below, and that output."""
    text = (ROOT / page).read_text(encoding="utf-8")
    lines = r"((?:(?!```).*\n)*)```"
    between = r"(?:(?:(?!```).+\n)+\n)?"
    found = re.findall(rf"^```python\n{lines}\n\n{between}```\n{lines}", text, re.MULTILINE)
    return [(code, output) for code, output in found if "margin_losses.torch" in code]


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def outputs(code, folder):
    """What the program prints: on two ranks, where it has a process group."""
    ranks = 2 if "init_process_group" in code else 1
    meeting = {
        "MASTER_ADDR": "127.0.0.1",
        "MASTER_PORT": str(free_port()),
        "WORLD_SIZE": str(ranks),
    }
    started = [
        subprocess.Popen(
            [sys.executable, "-B", "-W", "ignore", "-c", code],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            cwd=folder,
            env={**os.environ, **meeting, "RANK": str(rank), "OMP_NUM_THREADS": "1"},
        )
        for rank in range(ranks)
    ]
    return "".join(process.communicate(timeout=100)[0] for process in started)


class Pages(unittest.TestCase):
    maxDiff = None

    def test_examples(self):
        found = examples("docs/pytorch.md")
        self.assertEqual(len(found), 4)
        for code, output in found + examples("README.md"):
            with tempfile.TemporaryDirectory(prefix="margin-pages-") as folder:
                self.assertEqual(outputs(code, folder), output)


if __name__ == "__main__":
    unittest.main()
