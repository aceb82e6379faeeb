#!/usr/bin/env python3
"""flame.py: where a case of bench_speed spends its time, as a flame picture: `perf` takes samples of the
call stack while the case runs; a box is a function, as wide as the share of samples that it is in,
above its caller. Hover over a box for its share. Needs perf (Debian: linux-perf) and the right to use it.
usage: flame.py BENCH_SPEED --filter REGEX --out FILE.svg [--seconds 5]
       flame.py --stacks FILE --out FILE.svg     (what `perf script` printed)
"""

import argparse
import collections
import html
import os
import re
import shutil
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.append(os.path.join(ROOT, "scripts"))
sys.dont_write_bytecode = True
from run_files import write_whole  # noqa: E402 (the path is set above)

WIDTH, HEIGHT, LEAST = 1200, 18, 0.0008  # pixels, and the share of a box that is still drawn
HEX = re.compile(r"^\s*[0-9a-f]+ (.*?)(\+0x[0-9a-f]+)? \(")


def fail(message, status=1):
    print(f"flame.py: {message}", file=sys.stderr)
    sys.exit(status)


def stacks_of(text):
    """{stack from the outermost function: samples} of what `perf script` prints."""
    counts = collections.Counter()
    for sample in text.split("\n\n"):
        frames = [found.group(1) for line in sample.split("\n")[1:] if (found := HEX.match(line))]
        if frames:
            counts[tuple(reversed(frames))] += 1
    return counts


def tree_of(counts):
    """{function: [samples, tree]}, nested."""
    root = [0, {}]
    for stack, count in counts.items():
        node = root
        node[0] += count
        for name in stack:
            node = node[1].setdefault(name, [0, {}])
            node[0] += count
    return root


def depth_of(node):
    return 1 + max(map(depth_of, node[1].values()), default=0)


def boxes(name, node, left, level, total):
    """(name, share, left, level), the largest child first."""
    share = node[0] / total
    if share >= LEAST:
        yield name, share, left, level
        for child, below in sorted(node[1].items(), key=lambda item: (-item[1][0], item[0])):
            yield from boxes(child, below, left, level + 1, total)
            left += below[0] / total


def colour(name):
    """The library's own functions stand out."""
    return "#e69f00" if name.startswith(("margin_", "head_", "tile_", "mk_")) else "#d9d9d9"


def picture(root, title):
    levels = depth_of(root)
    height = (levels + 2) * HEIGHT
    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" '
             'font-family="Liberation Sans,Arial,Helvetica,sans-serif" font-size="11">',
             f'<rect width="{WIDTH}" height="{height}" fill="#ffffff"/>',
             f'<text x="4" y="{HEIGHT - 5}">{html.escape(title)}</text>']
    for name, share, left, level in boxes("all", root, 0.0, 0, root[0]):
        x, wide, y = left * WIDTH, share * WIDTH, height - (level + 1) * HEIGHT
        shown = name if len(name) * 6.2 < wide - 6 else name[:int((wide - 12) / 6.2)] + "…" if wide > 40 else ""
        parts.append(f'<g><title>{html.escape(name)}: {share:.1%}</title><rect x="{x:.1f}" y="{y}" '
                     f'width="{max(wide - 0.5, 0.3):.1f}" height="{HEIGHT - 1}" fill="{colour(name)}"/>'
                     f'<text x="{x + 3:.1f}" y="{y + HEIGHT - 6}">{html.escape(shown)}</text></g>')
    return "\n".join([*parts, "</svg>"]) + "\n"


def sampled(given):
    """What perf script says of a run of the case."""
    if shutil.which("perf") is None:
        fail("perf is not installed (Debian: apt-get install linux-perf)")
    with tempfile.TemporaryDirectory() as folder:
        data = os.path.join(folder, "perf.data")
        command = ["perf", "record", "-q", "-g", "--call-graph", "dwarf,4096", "-F", "997", "-o", data, "--",
                   given.bench, "--quick", "--filter", given.filter, "--repetitions", "1",
                   "--min-time", str(given.seconds)]
        done = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        if done.returncode != 0:
            fail(f"perf record ended with {done.returncode}: {done.stderr.strip().splitlines()[-1:] or ''}")
        return subprocess.run(["perf", "script", "-i", data], stdout=subprocess.PIPE, text=True,
                              stderr=subprocess.DEVNULL).stdout


def main():
    parser = argparse.ArgumentParser(prog="flame.py", description=__doc__.split(":", 1)[1].split("usage")[0])
    parser.add_argument("bench", nargs="?")
    parser.add_argument("--filter")
    parser.add_argument("--stacks")
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument("--out", required=True)
    given = parser.parse_args()
    if (given.stacks is None) == (given.bench is None) or (given.bench and not given.filter):
        fail("either BENCH_SPEED with --filter, or --stacks (see --help)", 2)
    try:
        text = sampled(given) if given.bench else open(given.stacks, encoding="utf-8").read()
        counts = stacks_of(text)
        if not counts:
            fail("no samples: nothing ran, or perf may not count here")
        root = tree_of(counts)
        write_whole(given.out, picture(root, f"{given.filter or given.stacks}, {root[0]} samples"))
    except OSError as error:
        fail(f"{error.filename}: {error.strerror}")


main()
