from datacheck.rules.code import dc708_test_set_choice as module

from .code_snippets import lines, said
from .examples import shown

RULE = module.TestSetChoice
"""Under another name, for pytest takes classes called Test for tests."""

WRONG = """
if test_acc > best_acc:
    torch.save(model.state_dict(), "best.pt")
"""

RIGHT = """
if val_acc > best_acc:
    torch.save(model.state_dict(), "best.pt")
"""


def test_finds_the_defect_and_says_what_its_page_shows() -> None:
    assert said(RULE(), WRONG) == [shown(RULE)]


def test_the_right_twin_is_silent() -> None:
    assert said(RULE(), RIGHT) == []


def test_callbacks_that_watch_the_test_set() -> None:
    text = """
    stop = [EarlyStopping(patience=3)]
    model.fit(x, y, validation_data=(x_test, y_test), callbacks=stop)
    """
    assert lines(RULE(), text) == [3]
    assert lines(RULE(), text.replace(", callbacks=stop", "")) == []
