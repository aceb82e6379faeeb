#!/usr/bin/env python3
"""The gallery of results/machines in headless Chromium, as test_report_browser.py looks at the report:
at a phone's and a desk's width, light and dark. Exit 77 (skipped) where there is no Chromium."""

import os
import subprocess
import tempfile

from report_reader import ROOT
from test_report_browser import check_page, found_browser


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
        check_page(browser, folder, gallery(folder))


main()
