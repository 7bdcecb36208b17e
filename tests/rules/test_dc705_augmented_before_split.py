from datacheck.rules.code.dc705_augmented_before_split import AugmentedBeforeSplit

from .code_snippets import said
from .examples import shown

WRONG = """
from imblearn.over_sampling import SMOTE
from sklearn.model_selection import train_test_split
X_res, y_res = SMOTE().fit_resample(X, y)
X_train, X_test, y_train, y_test = train_test_split(X_res, y_res, random_state=0)
"""

RIGHT = """
from imblearn.over_sampling import SMOTE
from sklearn.model_selection import train_test_split
X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=0)
X_train, y_train = SMOTE().fit_resample(X_train, y_train)
"""


def test_finds_the_defect_and_says_what_its_page_shows() -> None:
    assert said(AugmentedBeforeSplit(), WRONG) == [shown(AugmentedBeforeSplit)]


def test_the_right_twin_is_silent() -> None:
    assert said(AugmentedBeforeSplit(), RIGHT) == []
