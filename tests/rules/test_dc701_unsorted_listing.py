from datacheck.rules.code.dc701_unsorted_listing import UnsortedListing

from .code_snippets import lines, said
from .examples import shown

WRONG = """
import glob
images = glob.glob("images/*.png")
masks = glob.glob("masks/*.png")
pairs = list(zip(images, masks))
"""

RIGHT = """
import glob
images = sorted(glob.glob("images/*.png"))
masks = sorted(glob.glob("masks/*.png"))
pairs = list(zip(images, masks))
"""


def test_finds_the_defect_and_says_what_its_page_shows() -> None:
    assert said(UnsortedListing(), WRONG) == [shown(UnsortedListing)]


def test_the_right_twin_is_silent() -> None:
    assert said(UnsortedListing(), RIGHT) == []


SORTED_LATER = """
import os
class Pairs:
    def __init__(self, a, b):
        self.images = [os.path.join(a, n) for n in os.listdir(a)]
        self.masks = [os.path.join(b, n) for n in os.listdir(b)]
        SORT
    def __getitem__(self, i):
        return load(self.images[i]), load(self.masks[i])
"""


def test_follows_attributes_from_init_to_getitem() -> None:
    assert lines(UnsortedListing(), SORTED_LATER.replace("SORT", "pass")) == [9]
    assert lines(UnsortedListing(), SORTED_LATER.replace("SORT", "self.images.sort(); self.masks.sort()")) == []


def test_class_numbers_from_positions_and_split_by_slice() -> None:
    text = """
    from pathlib import Path
    names = [p.name for p in Path("data").iterdir()]
    number = {names[i]: i for i in range(len(names))}
    train, val = names[:80], names[80:]
    first = names[:3]
    """
    assert sorted(set(lines(UnsortedListing(), text))) == [4, 5]


def test_a_check_of_the_names_keeps_it_silent() -> None:
    text = """
    import glob, os
    for a, b in zip(glob.glob("images/*"), glob.glob("masks/*")):
        assert os.path.basename(a) == os.path.basename(b)
        use(a, b)
    """
    assert lines(UnsortedListing(), text) == []
