"""test_locale.py: the same output under every locale: figures, report, comparison and commands, under
two locales with decimal commas, made here for this test. Skipped where localedef has no data."""

import os
import shutil
import subprocess
import sys
import tempfile

from run_fixture import ROOT, invented_run

COMMAND = sys.argv[1]
WAYS = ({"LC_ALL": "de_DE.UTF-8"}, {"LC_NUMERIC": "fr_FR.UTF-8", "LANG": "fr_FR.UTF-8"})


def make_locales(folder):
    """Two locales in a folder of their own; the system stays as it is."""
    for name in ("de_DE", "fr_FR"):
        made = subprocess.run(["localedef", "-i", name, "-f", "UTF-8", os.path.join(folder, name + ".UTF-8")],
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        if not os.path.isdir(os.path.join(folder, name + ".UTF-8")):
            print("skipped:", made.stdout)
            sys.exit(77)
    os.environ["LOCPATH"] = folder
    shown = subprocess.run(["bash", "-c", "printf '%.1f' 1"], stdout=subprocess.PIPE, text=True,
                           env={**os.environ, "LC_ALL": "de_DE.UTF-8"}).stdout
    assert shown == "1,0", "the locale has no decimal comma: %r" % shown


def run(words, surroundings):
    environment = {k: v for k, v in os.environ.items() if not k.startswith("LC_") and k != "LANG"}
    done = subprocess.run(words, env={**environment, **surroundings}, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True)
    assert done.returncode == 0 and done.stderr == "", (words, surroundings, done)
    return done.stdout


def files(folder):
    found = {}
    for where, _, names in os.walk(folder):
        for name in names:
            path = os.path.join(where, name)
            with open(path, "rb") as stream:
                found[os.path.relpath(path, folder)] = stream.read()
    return found


def drawn(source, surroundings):
    """A run's folder once figures and report are made."""
    with tempfile.TemporaryDirectory() as folder:
        here = os.path.join(folder, "run")
        shutil.copytree(source, here)
        run([os.path.join(ROOT, "plots", "draw.sh"), here, "--format", "svg"], surroundings)
        run([sys.executable, os.path.join(ROOT, "scripts", "report.py"), here], surroundings)
        return files(here)


def main():
    with tempfile.TemporaryDirectory() as folder, invented_run() as source:
        make_locales(folder)
        plain = drawn(source, {"LC_ALL": "C"})
        assert sum(name.endswith(".svg") for name in plain) > 20 and "report.html" in plain
        commands = [[COMMAND, "info"], [COMMAND, "info", "--json"], [COMMAND, "advise", "--classes", "77"],
                    [COMMAND, "advise", "--classes", "77", "--json"],
                    [os.path.join(ROOT, "scripts", "compare.sh"), source, source]]
        said = [run(words, {"LC_ALL": "C"}) for words in commands]
        for way in WAYS:
            other = drawn(source, way)
            assert plain.keys() == other.keys(), way
            differ = [name for name in plain if plain[name] != other[name]]
            assert not differ, (way, differ)
            for words, text in zip(commands, said):
                assert run(words, way) == text, (way, words)
        print("%d files and %d commands are the same under %d locales"
              % (len(plain), len(commands), len(WAYS)))


main()
