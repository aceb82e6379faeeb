#!/usr/bin/env python3
"""An invented run in its forms: a folder (with tables of rows or lists of objects), a pack, a
summary. Packed and unpacked it is the same, a damaged pack is refused; compare.sh finds the same in
every form, and says what a summary does not have; each form has a report whose links lead
somewhere."""

import copy
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "scripts"))
from run_files import read_object  # noqa: E402

FILES = ("machine", "speed", "stability", "separation")
SLOWER = "head/loss:cosface/isa:avx2/N:128/D:512/C:1000/threads:1"


def call(script, *arguments):
    done = subprocess.run([os.path.join(ROOT, "scripts", script), *arguments], text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL)
    return done.returncode, done.stdout, done.stderr


def expect(status, script, *arguments):
    got, out, err = call(script, *arguments)
    assert got == status and (err == "") == (status == 0), (script, arguments, got, out, err)
    return out if status == 0 else err


def refuse(status, script, *arguments):
    """One line, which begins with the program's name."""
    err = expect(status, script, *arguments)
    assert err.count("\n") == 1 and err.startswith(script.split("/")[-1] + ": "), err
    return err


def invented(folder):
    fixture = os.path.join(ROOT, "tests", "plots", "make_fixture.py")
    subprocess.run([sys.executable, fixture, folder], check=True)
    subprocess.run([os.path.join(ROOT, "plots", "draw.sh"), folder, "--format", "svg"], check=True)
    promises = os.path.join(folder, "tables", "promises.tsv")
    with open(promises, encoding="utf-8") as stream:
        text = stream.read().replace("<= invented", "<= 1.0e-07 invented")  # no number but a text
    with open(promises, "w", encoding="utf-8") as stream:
        stream.write(text)
    expect(0, "report.py", folder)
    return folder


def contents(folder):
    return {os.path.relpath(os.path.join(where, name), folder):
            hashlib.sha256(open(os.path.join(where, name), "rb").read()).hexdigest()
            for where, _, names in os.walk(folder) for name in names}


def check_pack(work, run):
    """The same bytes twice, the checksum of sha256sum, and the run's files inside."""
    packs = [os.path.join(work, name, "run.tar.xz") for name in ("one", "two")]
    os.makedirs(os.path.join(run, ".logs"))
    for left in (".logs/x.log", "speed.json.part", "figures/fig_speed.svg.part"):
        open(os.path.join(run, left), "w", encoding="utf-8").close()
    for pack in packs:
        os.makedirs(os.path.dirname(pack))
        assert expect(0, "pack.py", run, pack) == pack + "\n"
        subprocess.run(["sha256sum", "--status", "-c", "run.tar.xz.sha256"], check=True,
                       cwd=os.path.dirname(pack))
        assert sorted(os.listdir(os.path.dirname(pack))) == ["run.tar.xz", "run.tar.xz.sha256"]
    assert len({open(pack, "rb").read() for pack in packs}) == 1, "a pack depends on when"
    for left in (".logs/x.log", "speed.json.part", "figures/fig_speed.svg.part"):
        os.remove(os.path.join(run, left))
    out = os.path.join(work, "unpacked")
    with tarfile.open(packs[0]) as pack:
        assert {member.name.split("/")[0] for member in pack} == {"run"}
        pack.extractall(out)
    assert contents(os.path.join(out, "run")) == contents(run), "not what was packed"
    # As reproduce.sh offers it: beside the run.
    assert expect(0, "reproduce.sh", "--pack", run) == run + ".tar.xz\n"
    assert open(run + ".tar.xz", "rb").read() == open(packs[0], "rb").read()
    return packs[0]


def check_damage(work, run, pack):
    bad = os.path.join(work, "bad.tar.xz")

    def damaged(data, checksum):
        with open(bad, "wb") as stream:
            stream.write(data)
        with open(bad + ".sha256", "w", encoding="ascii") as stream:
            stream.write(checksum + "  bad.tar.xz\n")
        for script, status, arguments in (("compare.sh", 2, (run, bad)), ("report.py", 1, (bad,))):
            yield refuse(status, script, *arguments)

    whole = open(pack, "rb").read()
    for err in damaged(whole[:-1000] + bytes(1000), hashlib.sha256(whole).hexdigest()):
        assert "checksum" in err and "bad.tar.xz" in err, err
    cut = whole[:len(whole) // 2]
    for err in damaged(cut, hashlib.sha256(cut).hexdigest()):
        assert "cannot be unpacked" in err, err
    with tarfile.open(bad, "w:xz") as tar:
        for name in ("run/machine.json", "../outside.json"):
            tar.add(os.path.join(run, "machine.json"), name)
    outside = open(bad, "rb").read()
    for err in damaged(outside, hashlib.sha256(outside).hexdigest()):
        assert "does not belong" in err, err
    assert not [name for name in os.listdir(work) if name == "outside.json"]
    for folder in (os.path.join(work, "nowhere"), os.path.dirname(pack)):
        refuse(1, "pack.py", folder)
    refuse(2, "pack.py", run, os.path.join(work, "run.zip"))
    err = refuse(2, "reproduce.sh", "--quick", "--pack", run)
    assert "--pack" in err, err


def save(folder, run):
    """With lists of objects, as runs had them before there were tables."""
    os.makedirs(folder, exist_ok=True)
    for name, value in run.items():
        with open(os.path.join(folder, name + ".json"), "w", encoding="utf-8") as stream:
            json.dump(value, stream)
    return folder


def summary_of(run, folder):
    expect(0, "reference.py", run, "--out", folder)
    return folder


def comparison(a, b, status=0):
    got, out, err = call("compare.sh", a, b, "--json")
    assert got == status and err == "", (a, b, got, err)
    return json.loads(out)


def verdicts(result):
    """What was found, without what a form may say otherwise."""
    rows = [row for part in ("speed", "stability", "separation")
            for rows in result[part].values() if isinstance(rows, list)
            for row in rows if isinstance(row, dict)]
    keys = ("case", "loss", "option", "gradient", "isa", "sweep", "kind", "quantity", "points",
            "label", "data", "promise", "of", "claim", "measured", "verdict")
    return sorted(json.dumps({key: row.get(key) for key in keys}) for row in rows)


def changed(run):
    """A slower case, a larger error, a smaller gap."""
    other = copy.deepcopy(run)
    for row in other["speed"]["benchmarks"]:
        if row["run_name"] == SLOWER:
            row["real_time"] *= 1.3
    rows = [row for row in other["stability"]["rows"] if row["sweep"] == "scale"
            and row["loss"] == "arcface"]
    max(rows, key=lambda row: row["grad_x"])["grad_x"] *= 1.5
    for claim in other["separation"]["claims"]:
        claim["verdict"] = "does not"
    return other


def check_comparisons(work, run, pack):
    """Every form gives the same verdicts, of the run itself and of a changed one."""
    parts = {name: read_object(os.path.join(run, name + ".json")) for name in FILES}
    forms = {"folder": run, "pack": pack, "lists": save(os.path.join(work, "lists"), parts),
             "summary": summary_of(run, os.path.join(work, "summary"))}
    other = shutil.copytree(run, os.path.join(work, "other"))
    save(other, changed(parts))
    others = {"folder": other, "summary": summary_of(other, os.path.join(work, "other-summary"))}
    same, found = comparison(run, run), comparison(run, other, 1)
    assert same["worse"] == 0 and found["worse"] == 3, found["worse"]
    # A form is read by itself, so that each beside the folder and beside its like is enough.
    for a in forms:
        for b in (b for b in forms if a == b or "folder" in (a, b)):
            assert verdicts(comparison(forms[a], forms[b])) == verdicts(same), (a, b)
        for b in (b for b in others if a == b or "folder" in (a, b)):
            assert verdicts(comparison(forms[a], others[b], 1)) == verdicts(found), (a, b)
    print(f"{len(forms)} forms compare alike, {len(verdicts(found))} verdicts each")


def check_gaps(work, run):
    """What a summary cannot say is said in one line."""
    parts = {name: read_object(os.path.join(run, name + ".json")) for name in FILES}
    rows = parts["stability"]["rows"]
    rows.remove(next(row for row in rows if row["sweep"] == "scale" and row["loss"] == "arcface"))
    fewer = save(os.path.join(work, "fewer"), parts)
    summary = os.path.join(work, "summary")
    status, out, err = call("compare.sh", summary, fewer)
    assert status == 0 and err == "", (status, out, err)
    assert "summary (a summary): " in out, out
    said = [line for line in out.splitlines() if "a summary has the greatest error only" in line]
    assert len(said) == 1 and "1 group" in said[0], out
    # Both whole, the points that they have in common are compared.
    assert comparison(run, fewer)["stability"]["other_points"] == 0
    for arguments in ((summary,), (summary, "--out", os.path.join(work, "never"))):
        assert "not a whole run" in refuse(1, "pack.py" if len(arguments) == 1 else "reference.py",
                                           *arguments)
    assert not os.path.exists(os.path.join(work, "never"))


def cells_of(*path):
    with open(os.path.join(*path), encoding="utf-8") as stream:
        return [line.rstrip("\n").split("\t") for line in stream]


def same_cell(one, other):
    """Text letter for letter, numbers to the digits that a summary keeps."""
    try:
        return one == other or abs(float(one) - float(other)) <= 6e-5 * abs(float(one))
    except ValueError:
        return False


def check_tables(work, run):
    """A summary's tables are the run's."""
    names, seen = os.listdir(os.path.join(work, "summary", "tables")), 0
    assert {"summary.tsv", "claims.tsv", "promises.tsv", "gradient_error.tsv"} <= set(names), names
    assert not [name for name in names if "features" in name], names
    for name in names:
        # What not every run has stays as the reference has it.
        lacks = not os.path.exists(os.path.join(run, "tables", name))
        whole, kept = (cells_of(folder, "tables", name) for folder in
                       (os.path.join(ROOT, "results", "reference") if lacks else run,
                        os.path.join(work, "summary")))
        assert not lacks or name[:-4] in ("noise", "tails", "room") or name.startswith("scal"), name
        assert [len(line) for line in whole] == [len(line) for line in kept], name
        for line, short in zip(whole, kept):
            assert all(map(same_cell, line, short)), (name, line, short)
            seen += len(line)
    print(f"{len(names)} tables, {seen} cells")


def check_reports(work, run, pack):
    expect(0, "report.py", pack)
    pages = [os.path.join(run, "report.html"), pack[:-len(".tar.xz")] + ".html",
             os.path.join(work, "summary", "report.html")]
    texts = [open(path, encoding="utf-8").read() for path in pages]
    answers = [re.search('<section id="answers">.*?</section>', text, re.S)[0] for text in texts]
    shown = [set(re.findall(r'data-sort="[^"]*">([^<]*)<', answer)) for answer in answers]
    assert shown[0] == shown[1] == shown[2] and len(shown[0]) > 20, shown
    for path, text in zip(pages, texts):
        links = [link for link in re.findall(r' href="([^"#]+)"', text)]
        missing = [link for link in links
                   if not os.path.isfile(os.path.join(os.path.dirname(path), link))]
        assert not missing, (path, missing)
        assert bool(links) == (path != pages[1]), (path, links)
    assert texts[1].count("<figure>") == texts[0].count("<figure>") > 15
    figures = set(re.findall(r'<figure><h3 id="(\w+)"', texts[2]))
    assert figures == {"speed", "gradient_error", "target_logit", "scaling", "study"}, figures


def check_refused_reference(work, run):
    """Nothing of an old summary is lost when a new one cannot be made."""
    summary = os.path.join(work, "summary")
    before = contents(summary)
    os.remove(os.path.join(run, "figures", "fig_speed.svg"))
    assert "fig_speed.svg" in refuse(1, "reference.py", run, "--out", summary)
    assert contents(summary) == before
    refuse(2, "reference.py")
    refuse(2, "reference.py", run, "--nonsense", "x")
    assert not [name for name in os.listdir(work) if name.endswith(".part")], os.listdir(work)


def main():
    with tempfile.TemporaryDirectory() as work:
        run = invented(os.path.join(work, "run"))
        pack = check_pack(work, run)
        check_damage(work, run, pack)
        check_comparisons(work, run, pack)
        check_gaps(work, run)
        check_tables(work, run)
        check_reports(work, run, pack)
        check_refused_reference(work, run)
    print("a run is the same in every form")


main()
