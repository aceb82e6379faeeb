"""model.py: what a step of the head takes, from counted work: multiply-adds, exponentials and
elements of W for the processors, bytes and messages for the network. The rates come from steps that
were measured; everything else is counted. It runs nothing and knows no files but libmargin, which
says how a head is cut (margin_shards.h).
"""

import ctypes
import math

SIDE_BYTES, STATS_BYTES = 24, 24  # of a row: label and factors (mpi_side), margin_shard_stats
ROUND_BYTES = 8 << 20             # of the parts that are exchanged together
COLLECTIVES = 8                   # rows, factors, targets, statistics, and what ranks agree on
CASES = ("rows", "targets", "stats", "parts")


def sixteen(count):
    return -(-count // 16) * 16


class Cuts:
    """How libmargin cuts a head: cells, and the nodes that some of them are summed in."""

    def __init__(self, library):
        self.library = ctypes.CDLL(library)
        for name in ("cells", "nodes", "cut"):
            getattr(self.library, "margin_shard_" + name).restype = ctypes.c_size_t

    def ask(self, name, *numbers):
        return getattr(self.library, "margin_shard_" + name)(*map(ctypes.c_size_t, numbers))

    def nodes(self, rows, dim, classes, ranks):
        """The nodes of each rank, for ranges of about as many cells (margin_mpi_even_classes)."""
        cells = self.ask("cells", rows, dim, classes)
        if cells == 1 or ranks == 1:
            return None
        first = [cells * rank // ranks for rank in range(ranks + 1)]
        return [self.ask("nodes", rows, dim, classes, first[r], first[r + 1]) for r in range(ranks)]


# ---- bytes ---------------------------------------------------------------------------------------

def received(cuts, rows, dim, classes, ranks):
    """The most bytes that a rank receives in a step, by kind; rows divided evenly."""
    nodes = cuts.nodes(rows, dim, classes, ranks)
    if nodes is None:
        return dict.fromkeys(CASES, 0)
    shares = [rows * (r + 1) // ranks - rows * r // ranks for r in range(ranks)]
    others = [sum(nodes) - own for own in nodes]
    return {"rows": (rows - min(shares)) * (4 * dim + SIDE_BYTES),
            "targets": round(rows * (1 - 1 / ranks)) * 4 * dim,
            "stats": max(others) * rows * STATS_BYTES,
            "parts": max(n * share for n, share in zip(others, shares)) * 4 * sixteen(dim)}


def exchange_seconds(cuts, rows, dim, classes, ranks, bandwidth, latency):
    """Seconds of a step in the network: bytes at `bandwidth` bytes a second each way, and messages:
    collectives in rounds of log2(ranks), parts pair by pair."""
    if ranks == 1:
        return 0.0
    bytes_of = received(cuts, rows, dim, classes, ranks)
    rounds = max(1, math.ceil(bytes_of["parts"] / ROUND_BYTES))
    messages = COLLECTIVES * math.ceil(math.log2(ranks)) + rounds * (ranks - 1)
    return sum(bytes_of.values()) / bandwidth + messages * latency


# ---- processors ----------------------------------------------------------------------------------

def work(rows, dim, classes, kept):
    """What a step is made of: multiply-adds of its products (three; where terms are not kept, the
    first is computed again), exponentials (likewise), and elements of W."""
    again = 0 if kept else 1
    return [(3 + again) * sixteen(rows) * sixteen(dim) * classes,
            (1 + again) * sixteen(rows) * classes, dim * classes]


def solve(matrix, right):
    """Solves a small system of linear equations."""
    rows = [list(row) + [value] for row, value in zip(matrix, right)]
    for i, _ in enumerate(rows):
        pivot = max(range(i, len(rows)), key=lambda k: abs(rows[k][i]))
        rows[i], rows[pivot] = rows[pivot], rows[i]
        for k in range(i + 1, len(rows)):
            factor = rows[k][i] / rows[i][i]
            rows[k] = [a - factor * b for a, b in zip(rows[k], rows[i])]
    found = [0.0] * len(rows)
    for i in reversed(range(len(rows))):
        rest = sum(rows[i][k] * found[k] for k in range(i + 1, len(rows)))
        found[i] = (rows[i][-1] - rest) / rows[i][i]
    return found


def least_squares(works, seconds):
    """Rates, seconds for each kind of work, that make the sum of squared relative errors least; a
    kind whose rate would be negative is taken to cost nothing."""
    kinds = list(range(len(works[0])))
    while True:
        scaled = [[w[k] / s for k in kinds] for w, s in zip(works, seconds)]
        normal = [[sum(row[i] * row[k] for row in scaled) for k in range(len(kinds))]
                  for i in range(len(kinds))]
        rates = solve(normal, [sum(row[i] for row in scaled) for i in range(len(kinds))])
        if min(rates) >= 0 or len(kinds) == 1:
            found = dict(zip(kinds, rates))
            return [found.get(k, 0.0) for k in range(len(works[0]))]
        del kinds[rates.index(min(rates))]


def cpu_seconds(rates, rows, dim, classes, kept):
    """Seconds of one processor for a step."""
    return sum(rate * amount for rate, amount in zip(rates, work(rows, dim, classes, kept)))


# ---- a plan --------------------------------------------------------------------------------------

def memory_bytes(dim, classes, ranks, width=4):
    """Bytes of W on a machine; dW is streamed."""
    return width * dim * classes / ranks


def plan(cuts, rates, shape, ranks, cores, links, latency):
    """A step over `ranks` machines of `cores` processors: seconds of computing and, for each of the
    `links` in bytes a second, of the exchange; bytes."""
    rows, dim, classes = shape
    alone = cpu_seconds(rates, rows, dim, classes / ranks, kept=False) / cores
    return {"ranks": ranks, "compute": alone,
            "exchange": [exchange_seconds(cuts, rows, dim, classes, ranks, link, latency)
                         for link in links],
            "weights_bytes": memory_bytes(dim, classes, ranks),
            "received_bytes": sum(received(cuts, rows, dim, classes, ranks).values())}
