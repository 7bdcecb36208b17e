from datacheck.rules.code.dc710_augmented_validation import AugmentedValidation

from .code_snippets import lines, said
from .examples import shown

WRONG = """
from torchvision import transforms, datasets
tf = transforms.Compose([transforms.RandomHorizontalFlip(), transforms.ToTensor()])
val_set = datasets.ImageFolder("data/val", transform=tf)
"""

RIGHT = """
from torchvision import transforms, datasets
tf = transforms.Compose([transforms.Resize(224), transforms.ToTensor()])
val_set = datasets.ImageFolder("data/val", transform=tf)
"""


def test_finds_the_defect_and_says_what_its_page_shows() -> None:
    assert said(AugmentedValidation(), WRONG) == [shown(AugmentedValidation)]


def test_the_right_twin_is_silent() -> None:
    assert said(AugmentedValidation(), RIGHT) == []


def test_a_branch_that_is_not_taken_is_silent() -> None:
    text = """
    from torchvision import transforms as T
    def build(train):
        steps = [T.ToTensor()]
        if train:
            steps.append(T.RandomHorizontalFlip())
        return T.Compose(steps)
    val_set = Photos("val", build(train=FLAG))
    """
    assert lines(AugmentedValidation(), text.replace("FLAG", "False")) == []
    assert lines(AugmentedValidation(), text.replace("FLAG", "True")) == [8]
