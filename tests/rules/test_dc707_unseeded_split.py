from textwrap import dedent

from datacheck.findings import Severity
from datacheck.linting.source import SourceFile
from datacheck.rules.code.dc707_unseeded_split import UnseededSplit

from .code_snippets import lines, said
from .examples import shown

WRONG = """
from torch.utils.data import random_split
train_set, val_set = random_split(dataset, [900, 100])
"""

RIGHT = """
import torch
from torch.utils.data import random_split
train_set, val_set = random_split(dataset, [900, 100], torch.Generator().manual_seed(0))
"""


def test_finds_the_defect_and_says_what_its_page_shows() -> None:
    assert said(UnseededSplit(), WRONG) == [shown(UnseededSplit)]


def test_the_right_twin_is_silent() -> None:
    assert said(UnseededSplit(), RIGHT) == []


def test_two_seeds_for_two_parts_are_an_error() -> None:
    text = """
    from sklearn.model_selection import train_test_split
    train, _ = train_test_split(df, random_state=1)
    _, val = train_test_split(df, random_state=SEED)
    """
    (hit,) = UnseededSplit().places(SourceFile("train.py", dedent(text)))
    assert hit.severity is Severity.ERROR
    assert lines(UnseededSplit(), text.replace("=SEED", "=1")) == []
