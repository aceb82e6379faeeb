"""A run's folder: its tables, JSON files and figures. Knows no HTML."""

import json
import os


class RunError(Exception):
    """A file of the run is missing or cannot be read; the text says which."""


class Run:
    def __init__(self, folder):
        self.folder = folder
        self.read = {}

    def path(self, *parts):
        return os.path.join(self.folder, *parts)

    def has(self, *parts):
        return os.path.exists(self.path(*parts))

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
        """The object in NAME.json; an empty one where the run has no such file."""
        if name not in self.read:
            self.read[name] = self.load(self.path(name + ".json"))
        return self.read[name]

    @staticmethod
    def load(path):
        try:
            with open(path, encoding="utf-8") as stream:
                return json.load(stream)
        except FileNotFoundError:
            return {}
        except ValueError as error:
            raise RunError(f"{path}: {error}") from error

    def figures(self):
        """The names of the figures drawn: fig_NAME.svg."""
        try:
            files = os.listdir(self.path("figures"))
        except FileNotFoundError:
            path = self.path("figures")
            raise RunError(f"{path}: no figures (run plots/draw.sh first)") from None
        return sorted(f[len("fig_"):-len(".svg")] for f in files
                      if f.startswith("fig_") and f.endswith(".svg"))

    def shown(self):
        """The folder as a person in the project's root would name it."""
        here = os.path.dirname(os.path.abspath(__file__))
        relative = os.path.relpath(self.folder, os.path.dirname(os.path.dirname(here)))
        return "RUN_DIR" if relative.startswith("..") else relative
