from datacheck.rules.code.dc711_shared_transform import SharedTransform

from .code_snippets import said
from .examples import shown

WRONG = """
from torch.utils.data import random_split
train_set, val_set = random_split(full, [8, 2])
val_set.dataset.transform = plain
"""

RIGHT = """
import copy
from torch.utils.data import random_split
train_set, val_set = random_split(full, [8, 2])
val_set.dataset = copy.copy(full)
val_set.dataset.transform = plain
"""


def test_finds_the_defect_and_says_what_its_page_shows() -> None:
    assert said(SharedTransform(), WRONG) == [shown(SharedTransform)]


def test_the_right_twin_is_silent() -> None:
    assert said(SharedTransform(), RIGHT) == []
