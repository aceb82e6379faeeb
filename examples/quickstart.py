"""Loss and gradients, a few steps of training, and what they did to the angles: NumPy alone."""

import numpy as np

import margin_losses as ml

random = np.random.default_rng(0)
centres = random.standard_normal((10, 32))  # ten identities in 32 dimensions
y = random.integers(0, 10, 200)
x = np.float32(centres[y] + 2 * random.standard_normal((200, 32)))
w = np.float32(random.standard_normal((10, 32)))

result = ml.head(x, w, y, loss="arcface", scale=16)
print(result)
print(f"before: loss {result.loss:.3f}, correct {result.accuracy:.1%}")

for _ in range(100):  # the gradients' memory is used again
    result = ml.head(x, w, y, loss="arcface", scale=16, out=result)
    x -= 20 * result.dx
    w -= 2 * result.dw
print(f"after:  loss {result.loss:.3f}, correct {result.accuracy:.1%}")

angles = ml.angles(x, y, w)
print(f"to the own centre {angles['intra_deg']:.0f} degrees, "
      f"between centres {angles['inter_deg']:.0f} degrees")
print(f"EER {ml.verify(x, y)['eer']:.1%} over all pairs")
print("two nearest classes of the first rows:", ml.predict(x[:3], w, k=2).classes.tolist())
