from textwrap import dedent

from datacheck.findings import Severity
from datacheck.linting.source import SourceFile
from datacheck.rules.code.dc706_fitted_before_split import FittedBeforeSplit

from .code_snippets import said
from .examples import shown

WRONG = """
from sklearn.preprocessing import StandardScaler
from sklearn.model_selection import train_test_split
X = StandardScaler().fit_transform(X)
X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=0)
"""

RIGHT = """
from sklearn.preprocessing import StandardScaler
from sklearn.model_selection import train_test_split
X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=0)
scaler = StandardScaler().fit(X_train)
X_train, X_test = scaler.transform(X_train), scaler.transform(X_test)
"""


def test_finds_the_defect_and_says_what_its_page_shows() -> None:
    assert said(FittedBeforeSplit(), WRONG) == [shown(FittedBeforeSplit)]


def test_the_right_twin_is_silent() -> None:
    assert said(FittedBeforeSplit(), RIGHT) == []


def test_a_selection_by_the_labels_is_an_error() -> None:
    text = """
    from sklearn.feature_selection import SelectKBest
    from sklearn.model_selection import cross_val_score
    best = SelectKBest(k=20)
    X = best.fit_transform(X, y)
    scores = cross_val_score(model, X, y)
    """
    (hit,) = FittedBeforeSplit().places(SourceFile("train.py", dedent(text)))
    assert hit.severity is Severity.ERROR
    assert "SelectKBest" in hit.message
