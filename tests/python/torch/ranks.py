"""What the tests of process groups share: a function run on each rank of a group of processes, and
what one process has of the same problem."""

import os
import tempfile
import traceback

import torch
import torch.distributed as dist
import torch.multiprocessing as processes

if hasattr(torch, "_disable_dynamo"):
    import torch._dynamo  # optimizers do; here once for all ranks

SECONDS = 60  # what goes wrong here hangs


def _start(rank, world, folder, function, arguments):
    os.environ.setdefault("GLOO_SOCKET_IFNAME", "lo")
    torch.set_num_threads(1)
    torch.manual_seed(0)
    dist.init_process_group("gloo", f"file://{folder}/meeting", rank=rank, world_size=world)
    try:
        function(dist.group.WORLD, *arguments)
    except BaseException:
        traceback.print_exc()  # now: others may be waiting for this rank
        os._exit(1)
    dist.barrier()


def run(world, function, *arguments, ends=True):
    """Call function(group, *arguments) on each rank of a new group; none may fail. Where a rank is
    to die (`ends` False) they may end as they like: the result are their exit codes."""
    with tempfile.TemporaryDirectory(prefix="margin-ranks-") as folder:
        given = (world, folder, function, arguments)
        started = processes.start_processes(_start, given, world, join=False, start_method="fork")
        for process in started.processes:
            process.join(SECONDS)
        codes = [process.exitcode for process in started.processes]
        for process in started.processes:
            if process.exitcode is None:
                process.kill()
    assert None not in codes, f"a rank hangs: exit codes {codes}"
    assert not ends or not any(codes), f"exit codes {codes}"
    return codes


def cut(total, rank, world, kind):
    """A rank's range of `total` items: even, or with nothing for rank 0, or all for the last."""
    ends = {
        "even": [total * r // world for r in range(world + 1)],
        "uneven": [0, 0, *(total * 3 // 7 + r for r in range(world - 2)), total][: world + 1],
        "last": [0] * world + [total],
    }[kind]
    ends[-1] = total
    return ends[rank], ends[rank + 1]
