"""test_flame.py: bench/speed/flame.py on samples written by hand: each function once above its caller,
as wide as its share; wrong usage in one line."""
import os
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as tree

SCRIPT = os.environ["FLAME"]
SAMPLE = """bench_speed  7 1.0:  1 cpu-clock:
            55d0 {} (/build/bin/bench_speed)
            55c0 margin_head_run+0x20 (/build/lib/libmargin.so)
            55b0 main+0x1 (/build/bin/bench_speed)
"""


def run(*words):
    return subprocess.run([sys.executable, "-B", SCRIPT, *words], capture_output=True, text=True)


def main():
    with tempfile.TemporaryDirectory(prefix="margin-flame-") as folder:
        stacks, out = (os.path.join(folder, name) for name in ("stacks.txt", "flame.svg"))
        with open(stacks, "w", encoding="utf-8") as stream:
            stream.write("\n".join(SAMPLE.format(name) for name in 3 * ["tile_exp+0x4"] + ["a<b>+0x1"]))
        done = run("--stacks", stacks, "--out", out)
        assert (done.returncode, done.stderr) == (0, ""), done.stderr
        names = {}
        for group in tree.parse(out).getroot().iter("{http://www.w3.org/2000/svg}g"):
            title, box = group[0].text, group[1].attrib
            names[title] = float(box["x"]), round(float(box["width"]) + 0.5), int(box["y"])
        assert set(names) == {"all: 100.0%", "main: 100.0%", "margin_head_run: 100.0%",
                              "tile_exp: 75.0%", "a<b>: 25.0%"}, names
        assert names["tile_exp: 75.0%"][:2] == (0.0, 900) and names["a<b>: 25.0%"][:2] == (900.0, 300)
        assert names["all: 100.0%"][2] - names["tile_exp: 75.0%"][2] == 3 * 18
        with open(stacks, "w", encoding="utf-8") as stream:
            stream.write("nothing\n")
        for words, status, says in ((["--stacks", stacks, "--out", out], 1, "no samples"),
                                    (["--stacks", stacks + "x", "--out", out], 1, "No such file"),
                                    (["--out", out], 2, "--stacks")):
            refused = run(*words)
            assert refused.returncode == status and says in refused.stderr, refused
            assert refused.stderr.count("\n") == 1, refused.stderr
    print("flames are as wide as their samples")


main()
