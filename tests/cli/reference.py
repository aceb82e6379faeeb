"""reference.py: the losses once more, in plain double precision Python, straight from the formulas:
slow, obvious and independent of the library."""
import math


def psi(theta, problem):
    """Target logit / s."""
    m1, m2, m3 = problem["m1"], problem["m2"], problem["m3"]
    phi, how = m1 * theta + m2, problem["past_pi"]
    if how == "easy" and math.cos(theta) <= 0:
        return math.cos(theta)
    if phi <= math.pi or how in ("paper", "easy", None):
        value = math.cos(phi)
    elif how == "monotone":
        k = math.floor(phi / math.pi)
        value = (-1) ** k * math.cos(phi) - 2 * k
    elif how == "taylor":
        value = math.cos(theta) - m2 * math.sin(m2)
    elif how == "clamp":
        value = -1.0
    value -= m3
    weight = problem.get("lambda", 0.0)
    return (weight * math.cos(theta) + value) / (1 + weight)


def rows_of(flat, width):
    return [flat[i:i + width] for i in range(0, len(flat), width)]


def dot(a, b):
    return math.fsum(p * q for p, q in zip(a, b))


def norm(a):
    return math.sqrt(dot(a, a))


def cosines(x, weights):
    return [dot(x, w) / (norm(x) * norm(w)) for w in weights]


def angle(x, w):
    """Between two vectors; from both sine and cosine, so exact near 0 and pi too."""
    a, b = [v / norm(x) for v in x], [v / norm(w) for v in w]
    return 2 * math.atan2(norm([p - q for p, q in zip(a, b)]),
                          norm([p + q for p, q in zip(a, b)]))


def row_loss(x, weights, label, problem):
    """One row's loss; `problem` is the loss's row of `margin info --json`, and options."""
    scale = problem["scale"]
    if problem["normalised"]:
        if problem.get("feature_norm") == "keep":
            scale = norm(x)
        logits = [scale * c for c in cosines(x, weights)]
        logits[label] = scale * psi(angle(x, weights[label]), problem)
    else:
        bias = problem.get("bias") or [0.0] * len(weights)
        logits = [scale * (dot(x, w) + b) for w, b in zip(weights, bias)]
    top = max(logits)
    total = top + math.log(math.fsum(math.exp(v - top) for v in logits))
    e = problem.get("label_smoothing", 0.0)
    shares = [e / len(logits) + (1 - e) * (j == label) for j in range(len(logits))]
    return math.fsum(share * (total - v) for share, v in zip(shares, logits))


def mean_loss(flat_x, flat_w, labels, dim, problem):
    weights = rows_of(flat_w, dim)
    losses = [row_loss(x, weights, label, problem)
              for x, label in zip(rows_of(flat_x, dim), labels) if label != -1]
    return math.fsum(losses) / len(losses)


def difference_quotients(function, point, step=1e-5):
    """Central differences of a function of a list."""
    gradient = []
    for i, value in enumerate(point):
        point[i] = value + step
        above = function(point)
        point[i] = value - step
        below = function(point)
        point[i] = value
        gradient.append((above - below) / (2 * step))
    return gradient
