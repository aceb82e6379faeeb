"""Threads and processes: both orders of import, PyTorch's number of threads, workers by fork and by
spawn. Each case is a program of its own, with two minutes to end: what goes wrong here hangs."""

import subprocess
import sys
import tempfile
import unittest

SECONDS = 120

OURS_FIRST = "from margin_losses.torch import ArcFaceLoss, functional\nimport torch\n"
TORCH_FIRST = "import torch\nfrom margin_losses.torch import ArcFaceLoss, functional\n"
LIBRARY_FIRST = "import margin_losses._heads\nimport torch\n" + TORCH_FIRST

PROBLEM = """
import os
torch.manual_seed(0)
head = ArcFaceLoss(2000, 64)
x = torch.randn(256, 64, requires_grad=True)
y = torch.randint(0, 2000, (256,))
def step():
    head.zero_grad()
    head(x, y).backward()
    return head.weight.grad.clone()
def tasks():
    return len(os.listdir("/proc/self/task"))
"""

OBEYED = (
    PROBLEM
    + """
torch.set_num_threads(1)
before = tasks()
one = step()
assert tasks() == before, (before, tasks())
torch.set_num_threads(2)
two = step()
assert tasks() > before, before
assert torch.equal(one, two)
torch.set_num_threads(1)
assert torch.equal(step(), one)
(torch.randn(300, 300) @ torch.randn(300, 300)).sum().item()
assert torch.equal(step(), one)
"""
)

WORKERS = (
    PROBLEM
    + """
class Losses(torch.utils.data.Dataset):
    def __len__(self):
        return 8
    def __getitem__(self, i):
        rows = slice(32 * i, 32 * i + 32)
        loss = head(x[rows].detach(), y[rows])
        loss.backward()
        return loss.detach(), torch.tensor(torch.get_num_threads())
def check(method):
    torch.set_num_threads(2)
    here = step()  # the parent has threads before there are workers
    loader = torch.utils.data.DataLoader(
        Losses(), batch_size=4, num_workers=2, multiprocessing_context=method)
    found = [l for batch, threads in loader for l in batch]
    assert len(found) == 8
    if method == "fork":
        for i, loss in enumerate(found):
            rows = slice(32 * i, 32 * i + 32)
            assert torch.equal(loss, head(x[rows], y[rows]).detach())
    assert torch.equal(step(), here)
if __name__ == "__main__":
    check(METHOD)
    print("done")
"""
)

# PyTorch's own parallel operations hang in such a child, so it leaves them out.
FORKED = (
    PROBLEM
    + """
torch.set_num_threads(2)
here = step()
loss = head(x, y).item()
child = os.fork()
if child == 0:
    head.weight.grad = None  # adding to it would be one of these
    again = head(x.detach(), y)
    again.backward()
    same = again.item() == loss and torch.equal(head.weight.grad[7], here[7])
    os._exit(0 if same else 1)
assert os.waitpid(child, 0)[1] == 0
assert torch.equal(step(), here)
"""
)

PARALLEL = (
    PROBLEM
    + """
import threading
expected, found = step(), []
def work():
    own = ArcFaceLoss(2000, 64)
    own.load_state_dict(head.state_dict())
    for _ in range(5):
        own.zero_grad()
        own(x.detach(), y).backward()
    found.append(own.weight.grad)
workers = [threading.Thread(target=work) for _ in range(3)]
for worker in workers: worker.start()
for worker in workers: worker.join()
assert len(found) == 3
for grad in found: assert torch.equal(grad, expected)
"""
)


class Programs(unittest.TestCase):
    def program(self, text, *arguments):
        """Run a program; it must end by itself, and well."""
        done = subprocess.run(
            [sys.executable, *arguments, *(["-c", text] if text else [])],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=SECONDS,
            text=True,
        )
        self.assertEqual(done.returncode, 0, done.stdout)
        return done.stdout

    def test_number_of_threads_is_obeyed(self):
        for order in (TORCH_FIRST, OURS_FIRST, LIBRARY_FIRST):
            self.program(order + OBEYED)

    def test_loader_with_forked_workers(self):
        for order in (TORCH_FIRST, OURS_FIRST):
            text = order + WORKERS.replace("METHOD", "'fork'")
            self.assertIn("done", self.program(text))

    def test_loader_with_spawned_workers(self):
        for order in (TORCH_FIRST, OURS_FIRST):
            with tempfile.NamedTemporaryFile("w", suffix=".py") as file:
                file.write(order + WORKERS.replace("METHOD", "'spawn'"))
                file.flush()  # a spawned worker imports the program's file
                self.assertIn("done", self.program("", file.name))

    def test_fork_with_threads_in_parent(self):
        for order in (TORCH_FIRST, OURS_FIRST):
            self.program(order + FORKED)

    def test_threads_of_python(self):
        self.program(TORCH_FIRST + PARALLEL)


if __name__ == "__main__":
    unittest.main()
