from datacheck.rules.code.dc715_flip_with_sides import FlipWithSides

from .code_snippets import said
from .examples import shown

WRONG = """
from torchvision import transforms
CLASSES = ["turn_left", "turn_right", "stop"]
tf = transforms.Compose([transforms.RandomHorizontalFlip(), transforms.ToTensor()])
"""

RIGHT = """
from torchvision import transforms
CLASSES = ["turn_left", "turn_right", "stop"]
tf = transforms.Compose([transforms.RandomAffine(5), transforms.ToTensor()])
"""


def test_finds_the_defect_and_says_what_its_page_shows() -> None:
    assert said(FlipWithSides(), WRONG) == [shown(FlipWithSides)]


def test_the_right_twin_is_silent() -> None:
    assert said(FlipWithSides(), RIGHT) == []
