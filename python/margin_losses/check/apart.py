"""Runs the judgement in a child process that reports through a pipe: whatever the loss under
judgement does to its process, the command ends with a verdict or with an error."""

import os
import select
import signal
import sys
import time

PATIENCE = 60.0  # seconds for one call of the loss, and for its import
_signs = None  # the child's end of the pipe


def alive(busy=True):
    """A sign of life, given where the loss is called and, not busy, where it has answered: the
    judge's own arithmetic may take its time."""
    if _signs is not None:
        os.write(_signs, b"." if busy else b")")


def step(name, busy=False):
    """Says what is judged now: the parent names it if the process ends, a terminal shows it."""
    if _signs is not None:
        os.write(_signs, b"\n" + name.encode() + b"\n")
        alive(busy)
        if sys.stderr.isatty():
            sys.stderr.write("\r\033[K" + (name and "judging %s ..." % name))
            sys.stderr.flush()


def run(work):
    """(what work() returned, "") from a child process, or (None, how that ended instead)."""
    sys.stdout.flush()
    sys.stderr.flush()
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(reading)
        child(work, writing)
    os.close(writing)
    try:
        text, end = watch(reading, pid)
    except BaseException:  # such as Ctrl-C
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        raise
    finally:
        os.close(reading)
    lines = text.split("\n")
    last = lines[-2] if len(lines) > 1 else ""
    if last.startswith("status "):
        return int(last.split()[1]), ""
    names = [line for line in lines if line.strip(".)")]
    return None, "%s while judging %s" % (end, names[-1]) if names else end


def child(work, writing):
    """The child's whole life: it never returns."""
    global _signs
    _signs = writing
    try:
        status = work()
        sys.stdout.flush()
        sys.stderr.flush()
        os.write(writing, b"\nstatus %d\n" % status)
    except BrokenPipeError:  # nobody reads the report
        os.write(writing, b"\nstatus 1\n")
    except KeyboardInterrupt:  # the parent has had it, too
        pass
    except BaseException:
        sys.excepthook(*sys.exc_info())
        sys.stderr.flush()
    finally:
        os._exit(0)


def watch(reading, pid):
    """(all that the child wrote, how it ended)."""
    text, last = b"", time.monotonic()
    while True:
        if select.select([reading], [], [], 0.2)[0]:
            text, last = text + os.read(reading, 65536), time.monotonic()
        elif time.monotonic() - last > PATIENCE and not text.endswith(b")"):
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
            return text.decode(), "no answer within %g seconds" % PATIENCE
        done, status = os.waitpid(pid, os.WNOHANG)
        if done:
            break
    while select.select([reading], [], [], 0)[0]:
        piece = os.read(reading, 65536)
        if not piece:
            break
        text += piece
    if os.WIFSIGNALED(status):
        return text.decode(), "the process ends by " + signal.Signals(os.WTERMSIG(status)).name
    return text.decode(), "the process ends with exit status %d" % os.WEXITSTATUS(status)
