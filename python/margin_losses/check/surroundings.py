"""What a loss has no business with: PyTorch's global settings. They are put back after each call,
so that a loss that changes them does not mislead the judge, and the change is told."""

import contextlib

import torch


def flushes():
    """Are denormal numbers taken as 0?"""
    return not bool((torch.full((1,), 1e-39) * 1.0).ne(0).item())


SETTINGS = {
    "torch.set_default_dtype": (torch.get_default_dtype, torch.set_default_dtype),
    "torch.set_grad_enabled": (torch.is_grad_enabled, torch.set_grad_enabled),
    "torch.set_num_threads": (torch.get_num_threads, torch.set_num_threads),
    "torch.set_flush_denormal": (flushes, torch.set_flush_denormal),
    "torch.use_deterministic_algorithms": (
        torch.are_deterministic_algorithms_enabled,
        torch.use_deterministic_algorithms,
    ),
}


@contextlib.contextmanager
def kept(changes):
    """Puts the settings back at the end; adds the names of changed ones to the list `changes`. A
    loss may draw random numbers, but not set the seed. One that raises an error is excused."""
    before = {name: read() for name, (read, _) in SETTINGS.items()}
    seed, state = torch.initial_seed(), torch.get_rng_state()
    asked = [before["torch.set_num_threads"]]
    # Only noted, not done: a forked process may wait for ever for another number of threads.
    torch.set_num_threads = asked.append
    try:
        yield
    finally:
        torch.set_num_threads = SETTINGS["torch.set_num_threads"][1]
        found = ["torch.set_num_threads"] if asked[-1] != asked[0] else []
        for name, (read, write) in SETTINGS.items():
            if read() != before[name]:
                write(before[name])
                found.append(name)
        if torch.initial_seed() != seed:
            torch.set_rng_state(state)
            found.append("torch.manual_seed")
    changes += [name for name in found if name not in changes]
