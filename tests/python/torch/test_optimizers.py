#!/usr/bin/env python3
"""SGD and AdamW of the library against those of torch.optim, given the same gradients."""

import unittest

import margin_losses as ml
import numpy as np
import torch

N, D, C, STEPS = 20, 12, 50, 30


class Optimizers(unittest.TestCase):
    def compare(self, ours, theirs, **options):
        rng = np.random.default_rng(1)
        w = rng.standard_normal((C, D)).astype(np.float32)
        parameter = torch.nn.Parameter(torch.from_numpy(w.copy()))
        optimizer = theirs([parameter], **options)
        for _ in range(STEPS):
            x = rng.standard_normal((N, D)).astype(np.float32)
            y = rng.integers(0, C, N)
            parameter.grad = torch.from_numpy(ml.head(x, w, y).dw)
            optimizer.step()
            ml.head(x, w, y, update=ours)
        np.testing.assert_allclose(w, parameter.detach().numpy(), rtol=1e-5, atol=3e-6)

    def test_sgd(self):
        self.compare(ml.SGD(0.01), torch.optim.SGD, lr=0.01)
        for nesterov in (False, True):
            options = {"momentum": 0.9, "weight_decay": 0.01, "nesterov": nesterov}
            self.compare(ml.SGD(0.01, **options), torch.optim.SGD, lr=0.01, **options)

    def test_adamw(self):
        self.compare(ml.AdamW(0.01), torch.optim.AdamW, lr=0.01)
        ours = ml.AdamW(0.02, beta1=0.8, beta2=0.95, epsilon=1e-4, weight_decay=0.1)
        options = {"betas": (0.8, 0.95), "eps": 1e-4, "weight_decay": 0.1}
        self.compare(ours, torch.optim.AdamW, lr=0.02, **options)


if __name__ == "__main__":
    unittest.main()
