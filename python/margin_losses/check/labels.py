"""Wrong, ignored and int32 labels, each tried in a child process, so that a crash is a finding."""

import json
import os
import select
import signal
import time

import torch

from . import apart, problems
from .judge import BROKEN, KEPT, NONE, Finding, number
from .subject import Refused

PATIENCE = 60.0  # seconds for one attempt
ROWS = 4


def attempts(classes):
    """{name: the label put into row 1, or the dtype of all}; the first two are to compare with."""
    return {
        "as it is": None,
        "the other rows": "drop",
        "label %d of %d classes" % (classes, classes): classes,
        "label -5": -5,
        "label -100": -100,
        "label -1": -1,
        "int32 labels": torch.int32,
    }


def attempt(subject, case, change):
    """{"loss": ...} or {"error": ...} of one call."""
    labels = torch.tensor(case.labels)
    if change == "drop":
        rest = [row for row in range(ROWS) if row != 1]
        arrays = {
            name: array if name == "w" else array[rest] for name, array in case.arrays.items()
        }
        case, labels = case.changed(labels=case.labels[rest], **arrays), labels[rest]
    elif isinstance(change, torch.dtype):
        labels = labels.to(change)
    elif change is not None:
        labels[1] = change
    try:
        return {"loss": number(subject.value(case, labels=labels))}
    except Refused as error:
        return {"error": str(error)}


def in_children(subject, case, changes):
    """Every attempt's result; a child that dies or hangs is replaced for those that follow."""
    results, left = {}, list(changes.items())
    while left:
        answers, end = child(subject, case, left)
        results.update(answers)
        left = [item for item in left if item[0] not in answers]
        if left and end:
            results[left.pop(0)[0]] = {"crash": end}
    return results


def child(subject, case, left):
    """(results, how the child ended early or "") of one child."""
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            with os.fdopen(writing, "w") as out:
                for name, change in left:
                    out.write(json.dumps([name, attempt(subject, case, change)]) + "\n")
                    out.flush()
        finally:
            os._exit(0)
    os.close(writing)
    text, hung = read_all(reading, pid)
    _, status = os.waitpid(pid, 0)
    answers = dict(json.loads(line) for line in text.splitlines() if line.endswith("]"))
    if hung:
        return answers, "no answer within %g seconds" % PATIENCE
    if os.WIFSIGNALED(status):
        return answers, signal.Signals(os.WTERMSIG(status)).name
    return answers, "" if len(answers) == len(left) else "it ended the process"


def read_all(reading, pid):
    """(what the child wrote, was it killed for keeping silent too long)."""
    text, last = b"", time.monotonic()
    with os.fdopen(reading, "rb", buffering=0) as stream:
        while True:
            ready, _, _ = select.select([stream], [], [], 1.0)
            apart.alive()  # this process waits for a child, with a patience of its own
            if ready:
                piece = stream.read(65536)
                if not piece:
                    return text.decode(), False
                text, last = text + piece, time.monotonic()
            elif time.monotonic() - last > PATIENCE:
                os.kill(pid, signal.SIGKILL)
                return text.decode(), True


def judge_labels(judge):
    """Three findings: out of range, ignored, int32."""
    judge.steady()
    subject = judge.subject
    case = problems.crowd(judge.claim, subject.takes, judge.scales[0], ROWS, subject.shape, seed=3)
    names = attempts(subject.shape[0])
    results = in_children(subject, case, names)
    whole, kept = (results.pop(name).get("loss") for name in ("as it is", "the other rows"))
    if not isinstance(whole, float) or not isinstance(kept, float):
        yield Finding("labels", NONE, "it gives no finite value on an ordinary batch")
        return
    for name, change in names.items():
        if name in results:
            yield verdict(name, change, results[name], whole, kept, case)


def verdict(name, change, result, whole, kept, case):
    """What a result means: an error is a clear answer, a plain number for a wrong label is not."""

    def finding(kind, says):
        told = None
        if kind == BROKEN:
            told = {key: array.tolist() for key, array in case.arrays.items()}
            told.update(labels=case.labels.tolist(), scale=case.scale)
            if isinstance(change, int):
                told["labels"][1] = change
        return Finding(name, kind, says, result, told)

    if "crash" in result:
        return finding(BROKEN, "the process ends: %s" % result["crash"])
    if result.get("error", "").startswith("SystemExit"):
        return finding(BROKEN, "the process ends: %s" % result["error"])
    if "error" in result:
        return finding(KEPT, "refused: %s" % result["error"])
    loss = result["loss"]
    if isinstance(change, torch.dtype):
        same = isinstance(loss, float) and abs(loss - whole) <= 1e-5 * abs(whole)
        return (
            finding(KEPT, "the same value as int64")
            if same
            else finding(BROKEN, "silently another value: %s, int64 gives %s" % (loss, whole))
        )
    if not isinstance(loss, float):
        return finding(KEPT, "answered with %s" % loss)
    if name in ("label -1", "label -100") and abs(loss - kept) <= 1e-3 * max(1.0, kept):
        return finding(KEPT, "ignored: the mean is that of the other rows")
    share = 3 / ROWS * kept
    if name in ("label -1", "label -100") and abs(loss - share) <= 1e-3 * max(1.0, share):
        return finding(BROKEN, "the row adds nothing, but is counted in the mean")
    return finding(
        BROKEN, "silently accepted: the loss is %.6g, of the other rows alone %.6g" % (loss, kept)
    )
