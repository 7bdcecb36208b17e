from datacheck.rules.code.dc714_unshuffled_training import UnshuffledTraining

from .code_snippets import said
from .examples import shown

WRONG = """
from torch.utils.data import DataLoader
train_loader = DataLoader(train_set, batch_size=32)
for x, y in train_loader:
    criterion(net(x), y).backward()
"""

RIGHT = """
from torch.utils.data import DataLoader
train_loader = DataLoader(train_set, batch_size=32, shuffle=True)
for x, y in train_loader:
    criterion(net(x), y).backward()
"""


def test_finds_the_defect_and_says_what_its_page_shows() -> None:
    assert said(UnshuffledTraining(), WRONG) == [shown(UnshuffledTraining)]


def test_the_right_twin_is_silent() -> None:
    assert said(UnshuffledTraining(), RIGHT) == []
