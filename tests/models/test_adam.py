import numpy as np
import pytest

from datacheck.models.adam import AdamW


def test_the_first_two_steps_are_those_of_the_paper() -> None:
    weight = np.array([1.0, -2.0], dtype=np.float32)
    optimiser = AdamW([weight])
    first, second = np.array([0.5, -4.0]), np.array([0.1, 2.0])
    optimiser.step([first], 0.1)
    assert weight.tolist() == pytest.approx([0.9, -1.9])
    optimiser.step([second], 0.1)
    mean = (0.9 * 0.1 * first + 0.1 * second) / (1 - 0.9**2)
    square = (0.99 * 0.01 * first**2 + 0.01 * second**2) / (1 - 0.99**2)
    assert weight.tolist() == pytest.approx((np.array([0.9, -1.9]) - 0.1 * mean / np.sqrt(square)).tolist(), abs=1e-6)


def test_decay_shrinks_only_what_it_is_given_for() -> None:
    decayed, kept = np.ones(2, dtype=np.float32), np.ones(2, dtype=np.float32)
    optimiser = AdamW([decayed, kept], [0.5, 0.0])
    optimiser.step([np.zeros(2), np.zeros(2)], 0.1)
    assert decayed.tolist() == pytest.approx([0.95, 0.95])
    assert kept.tolist() == [1, 1]
