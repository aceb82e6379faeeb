#!/usr/bin/env python3
"""The report of an invented run in headless Chromium, at a phone's and a desk's width, light and
dark: no script errors, nothing wider than the page, no label cut by a figure's edge, every column
sorts, the pictures are not blank. Exit 77 (skipped) where there is no Chromium."""

import html
import json
import os
import re
import shutil
import struct
import subprocess
import sys
import tempfile
import zlib
from unittest import mock

from report_reader import invented_report, source
from report import svg as inlined  # report_reader knows the way there
from report.run import Run

HERE = os.path.dirname(os.path.abspath(__file__))
BROWSERS = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
PHONE, DESK = (390, 844), (1280, 900)
DARK = "--blink-settings=preferredColorScheme=0"
# A window cannot be as narrow as a phone everywhere, a frame can.
FRAME = """<!DOCTYPE html><html lang="en"><head><title>frame</title></head><body style="margin:0">
<pre hidden></pre><script>addEventListener("message", function (event) {
document.querySelector("pre").textContent = event.data; });</script>
<iframe src="page.html" style="border:0;display:block;width:%dpx;height:%dpx"></iframe>
</body></html>"""


def chromium(browser, folder, size, *arguments):
    with tempfile.TemporaryDirectory() as profile:
        done = subprocess.run(
            [browser, "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
             "--hide-scrollbars", "--virtual-time-budget=20000", f"--user-data-dir={profile}",
             f"--window-size={max(size[0], 500)},{size[1]}", *arguments,
             "file://" + os.path.join(folder, "frame.html")],
            text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=300)
    assert done.returncode == 0, f"{browser}: {done.returncode}\n{done.stderr[-2000:]}"
    return done.stdout


def prepare(folder, page, size, script="probe.js"):
    with open(os.path.join(HERE, script), encoding="utf-8") as stream:
        probe = stream.read()
    before = ('<script>var problems = []; addEventListener("error", function (event) '
              "{ problems.push(event.message); });</script>")
    page = page.replace("<head>", "<head>" + before, 1)
    page = page.replace("</body>", f"<script>{probe}</script></body>")
    for name, text in (("page.html", page), ("frame.html", FRAME % size)):
        with open(os.path.join(folder, name), "w", encoding="utf-8") as stream:
            stream.write(text)


def probed(browser, folder, size, *arguments):
    dom = chromium(browser, folder, size, "--dump-dom", *arguments)
    found = re.search(r"<pre[^>]*>(.*?)</pre>", dom, re.S).group(1)
    assert found, f"the page did not answer at {size[0]} pixels"
    return json.loads(html.unescape(found))


def check_layout(found, size):
    assert not found["problems"], f"script errors: {found['problems']}"
    assert found["width"] == size[0], (found["width"], size)
    assert found["scroll"] <= size[0], f"{found['scroll']} pixels wide on a screen of {size[0]}"
    assert not found["overflowing"], f"wider than {size[0]} pixels: {found['overflowing'][:5]}"
    assert not found["clipped"], f"cut labels: {found['clipped'][:5]}"
    # None: a page without figures.
    assert found["smallest"] is None or found["smallest"] >= 6, found["smallest"]


def is_sorted(cells, state):
    there = [cell for cell in cells if cell not in ("", "–")]
    assert cells[:len(there)] == there, f"cells without a value are not last: {cells}"
    try:
        keys = [float(cell) for cell in there]
    except ValueError:
        return True  # the order of words is the browser's
    return keys == sorted(keys, reverse=state == "descending")


def check_sorting(found, least=20):
    changed = 0
    for first, second in zip(found["sorted"][::2], found["sorted"][1::2]):
        assert (first["state"], second["state"]) == ("ascending", "descending"), (first, second)
        assert first["states"] == second["states"] == 1 and first["focused"], first
        for click in (first, second):
            assert is_sorted(click["cells"], click["state"]), click
        assert sorted(first["cells"]) == sorted(second["cells"]), "sorting lost a row"
        changed += first["cells"] != second["cells"]
    assert changed > least, f"only {changed} columns change when they are sorted"
    print(f"{len(found['sorted']) // 2} columns sort")


def channels(colour):
    return [int(value) for value in re.findall(r"\d+", colour)[:3]]


def scan_lines(browser, folder, size, *arguments):
    """How many different lines of pixels a picture of the page has (a blank one has one or two),
    and the picture's checksum."""
    path = os.path.join(folder, "picture.png")
    chromium(browser, folder, size, f"--screenshot={path}", *arguments)
    with open(path, "rb") as stream:
        data = stream.read()
    width, height, depth, colour = struct.unpack(">IIBB", data[16:26])
    assert data[:8] == b"\x89PNG\r\n\x1a\n" and width >= size[0] and height >= 600, data[:26]
    packed, place = b"", 8
    while place < len(data):
        length, kind = struct.unpack(">I4s", data[place:place + 8])
        packed += data[place + 8:place + 8 + length] if kind == b"IDAT" else b""
        place += 12 + length
    pixels = zlib.decompress(packed)
    step = 1 + width * {2: 3, 6: 4}[colour] * depth // 8
    return len({pixels[k:k + step] for k in range(0, len(pixels), step)}), zlib.crc32(pixels)


def picture_sum(browser, folder, run, names):
    """The checksum of a picture of these figures, as the page has them."""
    body = "\n".join(f"<div>{inlined.inline(run, name, name)}</div>" for name in names)
    with open(os.path.join(folder, "frame.html"), "w", encoding="utf-8") as stream:
        stream.write(f'<body style="margin:0;background:#fff">{body}</body>')
    lines, found = scan_lines(browser, folder, (1000, 4800))
    assert lines > 500, f"{names}: a blank picture"
    return found


def check_same_pictures(browser, folder, run):
    """What the page leaves out of a figure's SVG shows in no pixel. A picture taken while the
    machine is busy may differ by itself; a difference that is there stays in three of them."""
    as_drawn = mock.patch.object(inlined, "slim", lambda svg: svg)
    names = run.figures()
    for group in (names[k:k + 6] for k in range(0, len(names), 6)):
        for attempt in range(3):
            here = picture_sum(browser, folder, run, group)
            with as_drawn:
                drawn = picture_sum(browser, folder, run, group)
            if here == drawn:
                break
        assert here == drawn, f"one of these looks otherwise in the page: {group}"
    print(f"{len(names)} figures look in the page as they were drawn")


def found_browser():
    browser = next((path for path in map(shutil.which, BROWSERS) if path), None)
    if browser is None:
        print("no Chromium: skipped")
        sys.exit(77)
    return browser


def check_pictures(browser, folder, size):
    """A page that is not blank, and another in the dark."""
    lines, light_sum = scan_lines(browser, folder, size)
    assert lines > 100, f"a blank picture: {lines} different lines"
    dark_lines, dark_sum = scan_lines(browser, folder, size, DARK)
    assert dark_lines > 100 and dark_sum != light_sum, "no dark page"
    print(f"{size[0]} pixels: {lines} different lines of pixels")


def check_page(browser, folder, page):
    """A page at both widths, light and dark; what the probe found in the dark."""
    for size in (PHONE, DESK):
        prepare(folder, page, size)
        light = probed(browser, folder, size)
        check_layout(light, size)
        check_pictures(browser, folder, size)
    check_sorting(light)
    dark = probed(browser, folder, DESK, DARK)
    assert max(channels(dark["background"])) < 60, dark["background"]
    assert min(channels(light["background"])) > 240, light["background"]
    return dark


def main():
    browser = found_browser()
    with invented_report() as run, tempfile.TemporaryDirectory() as folder:
        page = source(run)
        dark = check_page(browser, folder, page)
        assert channels(dark["card"]) == [255, 255, 255], dark["card"]
        check_same_pictures(browser, folder, Run(run))


if __name__ == "__main__":
    main()
