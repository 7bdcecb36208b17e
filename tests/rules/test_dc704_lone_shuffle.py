from datacheck.rules.code.dc704_lone_shuffle import LoneShuffle

from .code_snippets import lines, said
from .examples import shown

WRONG = """
import random
images, labels = load()
random.shuffle(images)
model.fit(images, labels)
"""

RIGHT = """
import random
images, labels = load()
random.Random(4).shuffle(images)
random.Random(4).shuffle(labels)
model.fit(images, labels)
"""


def test_finds_the_defect_and_says_what_its_page_shows() -> None:
    assert said(LoneShuffle(), WRONG) == [shown(LoneShuffle)]


def test_the_right_twin_is_silent() -> None:
    assert said(LoneShuffle(), RIGHT) == []


def test_one_permutation_for_both_is_silent_and_two_are_not() -> None:
    shared = """
    import numpy as np
    order = np.random.permutation(len(X))
    X, y = X[order], y[order]
    model.fit(X, y)
    """
    assert lines(LoneShuffle(), shared) == []
    apart = """
    import numpy as np
    X = X[np.random.permutation(len(X))]
    y = y[np.random.permutation(len(y))]
    model.fit(X, y)
    """
    assert lines(LoneShuffle(), apart) == [5]
