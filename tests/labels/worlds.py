"""Predictions and labels with known errors."""

import numpy as np


def noisy(n, k, *, seed=0, dtype=np.float32, noise=0.3):
    """Probabilities of a fair model, labels with errors (every class occurs), and the true classes."""
    rng = np.random.default_rng([seed, n, k])
    true = rng.integers(0, k, n)
    labels = np.where(rng.random(n) < noise, rng.integers(0, k, n), true)
    labels[:k] = np.arange(k)
    logits = rng.normal(size=(n, k))
    logits[np.arange(n), true] += 2.5
    probs = np.exp(logits)
    return (probs / probs.sum(axis=1, keepdims=True)).astype(dtype), labels, true


def world(n, k, rate, *, kind="uniform", skill=4.0, imbalance=1.0, seed=0):
    """Probabilities of a model that sees the truth through noise, labels with errors, and which are wrong."""
    rng = np.random.default_rng([seed, n, k])
    shares = imbalance ** -np.linspace(0, 1, k)
    true = rng.choice(k, n, p=shares / shares.sum())
    wrong = rng.random(n) < rate
    step = rng.integers(1, k, n) if kind == "uniform" else 1
    labels = np.where(wrong, (true + step) % k, true)
    logits = rng.normal(size=(n, k))
    logits[np.arange(n), true] += skill
    clean = np.exp(logits)
    clean /= clean.sum(axis=1, keepdims=True)
    # A model that was fitted on noisy labels reproduces the noise.
    if kind == "uniform":
        probs = (1 - rate) * clean + rate * (1 - clean) / (k - 1)
    else:
        probs = (1 - rate) * clean + rate * np.roll(clean, 1, axis=1)
    return probs.astype(np.float32), labels, wrong
