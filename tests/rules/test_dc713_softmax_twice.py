from datacheck.rules.code.dc713_softmax_twice import SoftmaxTwice

from .code_snippets import lines, said
from .examples import shown

WRONG = """
import torch.nn as nn
class Net(nn.Module):
    def forward(self, x):
        return self.fc(x).softmax(dim=1)
net = Net()
criterion = nn.CrossEntropyLoss()
loss = criterion(net(x), y)
"""

RIGHT = """
import torch.nn as nn
class Net(nn.Module):
    def forward(self, x):
        return self.fc(x)
net = Net()
criterion = nn.CrossEntropyLoss()
loss = criterion(net(x), y)
"""


def test_finds_the_defect_and_says_what_its_page_shows() -> None:
    assert said(SoftmaxTwice(), WRONG) == [shown(SoftmaxTwice)]


def test_the_right_twin_is_silent() -> None:
    assert said(SoftmaxTwice(), RIGHT) == []


def test_follows_a_model_through_a_function() -> None:
    text = """
    import torch.nn as nn
    import torch.nn.functional as F
    def epoch(model, loader):
        for x, y in loader:
            F.cross_entropy(model(x), y).backward()
    epoch(nn.Sequential(nn.Linear(9, 3), nn.Softmax(dim=1)), loader)
    """
    assert lines(SoftmaxTwice(), text) == [6]
    assert lines(SoftmaxTwice(), text.replace(", nn.Softmax(dim=1)", "")) == []
