"""A run's folder: its tables, JSON files and figures. Knows no HTML."""

import os

from run_files import Files, Unusable


class Run:
    def __init__(self, folder, beside=True):
        """`beside`: whether the page will lie in this folder, so that it can link to its files."""
        self.folder, self.beside, self.files = folder, beside, Files(folder)

    @property
    def summary(self):
        return self.files.summary

    def path(self, *parts):
        return os.path.join(self.folder, *parts)

    def has(self, *parts):
        return os.path.exists(self.path(*parts))

    def linked(self, path):
        """Whether the page can link to a file of the folder."""
        return self.beside and self.has(path)

    def table(self, name):
        """The rows of tables/NAME.tsv, whose first line has the columns' names; "-" is None. No
        rows where the run has no such numbers."""
        try:
            with open(self.path("tables", name + ".tsv"), encoding="utf-8") as stream:
                lines = [line.rstrip("\n").split("\t") for line in stream if line.strip()]
        except FileNotFoundError:
            return []
        names = [key.lstrip("# ") for key in lines[0]] if lines else []
        return [{key: None if value == "-" else value for key, value in zip(names, line)}
                for line in lines[1:]]

    def json(self, name):
        """The object in NAME.json, or a summary's part of it; an empty one where there is none."""
        value = self.files.get(name)
        return {} if value is None else value

    def figures(self):
        """The names of the figures drawn: fig_NAME.svg."""
        try:
            files = os.listdir(self.path("figures"))
        except FileNotFoundError:
            path = self.path("figures")
            raise Unusable(f"{path}: no figures (run plots/draw.sh first)") from None
        return sorted(f[len("fig_"):-len(".svg")] for f in files
                      if f.startswith("fig_") and f.endswith(".svg"))

    def shown(self):
        """The folder as a person in the project's root would name it."""
        here = os.path.dirname(os.path.abspath(__file__))
        relative = os.path.relpath(self.folder, os.path.dirname(os.path.dirname(here)))
        return "RUN_DIR" if relative.startswith("..") else relative
