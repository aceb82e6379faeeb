#!/usr/bin/env python3
"""Threads, forks and spawned processes: each computes the same numbers, ends in time, and leaves
nothing behind."""

import gc
import multiprocessing
import os
import signal
import threading
import time
import unittest

import numpy as np

import margin_losses as ml
from margin_losses import _heads

SECONDS = 20
WORKERS = 4


def problem():
    random = np.random.default_rng(4)
    x, w = random.standard_normal((256, 64)), random.standard_normal((2000, 64))
    return np.float32(x), np.float32(w), random.integers(0, 2000, 256)


def loss(threads=2):
    """The loss of a problem that is worth more than one thread."""
    return ml.head(*problem(), threads=threads).loss


def tasks():
    """The threads of this process, as the system counts them."""
    return len(os.listdir("/proc/self/task"))


def resident():
    """Bytes of memory that this process has."""
    with open("/proc/self/statm") as stream:
        return int(stream.read().split()[1]) * os.sysconf("SC_PAGESIZE")


class Processes(unittest.TestCase):
    def setUp(self):
        self.expected = loss()  # with two threads, before any fork
        signal.signal(signal.SIGALRM, self.too_late)
        signal.alarm(SECONDS)
        self.addCleanup(signal.alarm, 0)

    def too_late(self, *_):
        raise AssertionError(f"not done within {SECONDS} s")

    def check_workers(self, method):
        with multiprocessing.get_context(method).Pool(WORKERS) as pool:
            found = pool.map(loss, [1, 2, 2, 2, None, 2, 1, 2], chunksize=1)
        self.assertEqual(set(found), {self.expected})

    def test_fork(self):
        self.assertGreater(tasks(), 1, "the parent has no helper: the test shows nothing")
        self.check_workers("fork")
        self.assertEqual(loss(), self.expected)

    def test_spawn(self):
        self.check_workers("spawn")

    def test_a_forked_child_has_helpers_of_its_own(self):
        pid = os.fork()
        if pid == 0:
            good = tasks() == 1 and loss() == self.expected and tasks() > 1
            gc.collect()
            os._exit(0 if good else 1)
        self.assertEqual(os.waitpid(pid, 0)[1], 0)

    def test_a_fork_while_other_threads_compute(self):
        stop = threading.Event()

        def compute():
            while not stop.is_set():
                loss()

        others = [threading.Thread(target=compute) for _ in range(2)]
        for other in others:
            other.start()
        for _ in range(5):
            pid = os.fork()
            if pid == 0:
                os._exit(0 if loss() == self.expected else 1)
            self.assertEqual(os.waitpid(pid, 0)[1], 0)
        stop.set()
        for other in others:
            other.join()

    def test_other_threads_run_during_a_call(self):
        x = np.ones((512, 256), np.float32)
        w = np.random.default_rng(0).standard_normal((20000, 256)).astype(np.float32)
        began, ticks = threading.Event(), []

        def call():
            began.set()
            ml.head(x, w, np.zeros(512, int), threads=1)
            ticks.append(None)

        other = threading.Thread(target=call)
        other.start()
        began.wait()
        count = 0
        while not ticks:
            count += 1
            time.sleep(0.001)
        other.join()
        self.assertGreater(count, 5, "nothing else ran while the library computed")

    def test_threads_with_settings_of_their_own(self):
        x, w, y = problem()
        scales = [8.0 + i for i in range(8)]
        alone = [ml.head(x, w, y, scale=s, threads=1).loss for s in scales]
        found = [[] for _ in scales]

        def compute(i):
            for _ in range(5):
                found[i].append(ml.head(x, w, y, scale=scales[i], threads=2).loss)

        threads = [threading.Thread(target=compute, args=(i,)) for i in range(len(scales))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(found, [[expected] * 5 for expected in alone])

    def test_a_hundred_threads_leave_nothing_behind(self):
        def round_of_threads():
            for _ in range(100):
                thread = threading.Thread(target=loss)
                thread.start()
                thread.join()
            gc.collect()

        round_of_threads()
        before, bytes_before = tasks(), resident()
        round_of_threads()
        round_of_threads()
        deadline = time.monotonic() + SECONDS
        while tasks() > before and time.monotonic() < deadline:
            time.sleep(0.01)  # join returns a moment before the system's thread has ended
        self.assertLessEqual(tasks(), before)
        # A context has some megabytes of workspace: two hundred would be seen.
        self.assertLess(resident() - bytes_before, 32 << 20)


class Contexts(unittest.TestCase):
    def test_they_are_kept_and_bounded(self):
        x, w, y = problem()
        for scale in range(1, 200):
            ml.head(x[:4], w, y[:4], scale=scale)
        contexts = list(_heads._kept.contexts.values())
        for size in range(24, 40):
            ml.head(x[:4], w, y[:4], workspace=1 << size)
        self.assertLessEqual(len(_heads._kept.contexts), _heads.CONTEXTS_KEPT)
        self.assertLessEqual(len(contexts), _heads.CONTEXTS_KEPT)

    def test_threads_may_rise_and_fall(self):
        expected = loss(1)
        for threads in (2, 1, 4, 3, None, 8, 1):
            self.assertEqual(loss(threads), expected)

    def test_a_call_within_a_call(self):
        """A signal handler may call while its thread is between the parts of a call."""
        made = _heads.settings("arcface")
        context = _heads._take_context(made, 1, 0, 0)
        try:
            other = ml.head(*problem(), loss="cosface", threads=1).loss
            self.assertIs(_heads._kept.contexts[0, 0], context)
            self.assertEqual(context.in_force[0].info.name, "arcface")
        finally:
            context.busy = False
        self.assertEqual(ml.head(*problem(), loss="cosface", threads=1).loss, other)

    def test_a_handler_that_calls(self):
        x, w, y = problem()
        found, few = [], (x[:4], w[:50], y[:4] % 50)
        signal.signal(signal.SIGALRM, lambda *_: found.append(ml.head(*few, threads=1).loss))
        signal.setitimer(signal.ITIMER_REAL, 0.005, 0.005)
        try:
            cosface = {ml.head(x, w, y, loss="cosface", threads=1).loss for _ in range(200)}
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, signal.SIG_DFL)
        self.assertEqual(len(cosface), 1)
        self.assertEqual(set(found), {ml.head(*few, threads=1).loss})


if __name__ == "__main__":
    unittest.main()
