from datacheck.rules.code.dc712_channel_order import ChannelOrder

from .code_snippets import lines, said
from .examples import shown

WRONG = """
import cv2
mean = [0.485, 0.456, 0.406]
image = normalize(cv2.imread(path), mean)
"""

RIGHT = """
import cv2
mean = [0.485, 0.456, 0.406]
image = normalize(cv2.cvtColor(cv2.imread(path), cv2.COLOR_BGR2RGB), mean)
"""


def test_finds_the_defect_and_says_what_its_page_shows() -> None:
    assert said(ChannelOrder(), WRONG) == [shown(ChannelOrder)]


def test_the_right_twin_is_silent() -> None:
    assert said(ChannelOrder(), RIGHT) == []


def test_masks_and_grey_images_do_not_count() -> None:
    text = "import cv2; mean = [0.485, 0.456, 0.406]; {}"
    assert lines(ChannelOrder(), text.format("mask = cv2.imread(mask_path)")) == []
    assert lines(ChannelOrder(), text.format("image = cv2.imread(path, cv2.IMREAD_GRAYSCALE)")) == []
    assert lines(ChannelOrder(), text.format("image = cv2.imread(path, cv2.IMREAD_COLOR)")) == [1]
