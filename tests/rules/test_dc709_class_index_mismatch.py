from textwrap import dedent

from datacheck.findings import Severity
from datacheck.linting.source import SourceFile
from datacheck.rules.code.dc709_class_index_mismatch import ClassIndexMismatch

from .code_snippets import lines, said
from .examples import shown

WRONG = """
from sklearn.preprocessing import LabelEncoder
le = LabelEncoder()
y_train = le.fit_transform(train["breed"])
y_test = le.fit_transform(test["breed"])
"""

RIGHT = """
from sklearn.preprocessing import LabelEncoder
le = LabelEncoder()
y_train = le.fit_transform(train["breed"])
y_test = le.transform(test["breed"])
"""


def test_finds_the_defect_and_says_what_its_page_shows() -> None:
    assert said(ClassIndexMismatch(), WRONG) == [shown(ClassIndexMismatch)]


def test_the_right_twin_is_silent() -> None:
    assert said(ClassIndexMismatch(), RIGHT) == []


def test_folders_of_different_places() -> None:
    text = """
    from torchvision.datasets import ImageFolder
    train = ImageFolder("pets/train")
    test = ImageFolder("PLACE/test")
    """
    (hit,) = ClassIndexMismatch().places(SourceFile("train.py", dedent(text).replace("PLACE", "wild")))
    assert hit.severity is Severity.INFO
    assert lines(ClassIndexMismatch(), text.replace("PLACE", "pets")) == []
