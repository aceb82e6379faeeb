"""search.py: which scale and margin are best for a loss, by ladders of values and a measure of them.
It must not know how a setting is measured."""

SCALES = (2, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 128)
# What the loss adds to none: m of ArcFace (radians) and CosFace, m - 1 of SphereFace.
MARGINS = (0, 0.025, 0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.7, 1, 1.4)
FIRST_SCALE = 16
# A larger margin wants a larger scale, and between two good pairs lie bad ones: a coarse grid first.
GRID_SCALES, GRID_MARGINS, ROUNDS = (8, 16, 32), (0.1, 0.4), 2


def climb(ladder, value, measure):
    """The value on the ladder that is better than its neighbours, from this one on; of equal ones
    the lower. `measure` gives the goodness of each of some values."""
    place = ladder.index(value)
    while True:
        near = [k for k in (place - 1, place, place + 1) if 0 <= k < len(ladder)]
        found = measure([ladder[k] for k in near])
        best = max(zip(found, near), key=lambda pair: (pair[0], -pair[1]))[1]
        if best == place:
            return ladder[place]
        place = best


def tuned_scale(measure):
    """The best scale without a margin. measure(scales, margins): the goodness of each pair."""
    return climb(SCALES, FIRST_SCALE, lambda scales: measure(scales, [0]))


def tuned(measure, roughly, scale):
    """The best (scale, margin): from the best of a grid, which `roughly` measures, margin, then scale,
    and both once more where the scale has moved; none at all, at the `scale` that is best without,
    where that is better."""
    pairs = [(s, m) for s in GRID_SCALES for m in GRID_MARGINS]
    at, margin = max(zip(roughly(GRID_SCALES, GRID_MARGINS), pairs), key=lambda found: found[0])[1]
    for _ in range(ROUNDS):
        margin = climb(MARGINS, margin, lambda margins: measure([at], margins))
        before, at = at, climb(SCALES, at, lambda scales: measure(scales, [margin]))
        if at == before:
            break
    return (at, margin) if measure([at], [margin])[0] > measure([scale], [0])[0] else (scale, 0)
