#!/usr/bin/env python3
"""The gallery of results/machines in headless Chromium, as test_report_browser.py looks at the report:
at a phone's and a desk's width, light and dark. Exit 77 (skipped) where there is no Chromium."""

import os
import subprocess
import tempfile

from report_reader import ROOT
from test_report_browser import (DARK, DESK, PHONE, channels, check_layout, check_pictures,
                                 check_sorting, found_browser, prepare, probed)


def gallery(folder):
    """The page, with the committed machines."""
    path = os.path.join(folder, "gallery.html")
    subprocess.run([os.path.join(ROOT, "scripts", "gallery.sh"), "--out", path], check=True,
                   stdout=subprocess.DEVNULL)
    with open(path, encoding="utf-8") as stream:
        return stream.read()


def main():
    browser = found_browser()
    with tempfile.TemporaryDirectory() as folder:
        page = gallery(folder)
        for size in (PHONE, DESK):
            prepare(folder, page, size)
            light = probed(browser, folder, size)
            check_layout(light, size)
            check_pictures(browser, folder, size)
        check_sorting(light)
        dark = probed(browser, folder, DESK, DARK)
        assert max(channels(dark["background"])) < 60, dark["background"]
        assert min(channels(light["background"])) > 240, light["background"]


main()
