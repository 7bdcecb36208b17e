from datacheck.rules.code.dc702_sort_key_mismatch import SortKeyMismatch

from .code_snippets import said
from .examples import shown

WRONG = """
import glob
images = sorted(glob.glob("images/*.png"), key=lambda p: int(p[7:-4]))
masks = sorted(glob.glob("masks/*.png"))
pairs = list(zip(images, masks))
"""

RIGHT = """
import glob
images = sorted(glob.glob("images/*.png"), key=lambda p: int(p[7:-4]))
masks = sorted(glob.glob("masks/*.png"), key=lambda name: int(name[7:-4]))
pairs = list(zip(images, masks))
"""


def test_finds_the_defect_and_says_what_its_page_shows() -> None:
    assert said(SortKeyMismatch(), WRONG) == [shown(SortKeyMismatch)]


def test_the_right_twin_is_silent() -> None:
    assert said(SortKeyMismatch(), RIGHT) == []
