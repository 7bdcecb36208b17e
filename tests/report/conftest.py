"""Reports that the tests of this room share."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from PIL import Image

from datacheck.findings import Failed, Finding, Found, NotApplicable, Passed, Severity, sample_issues
from datacheck.labels.label_yield import LabelYield
from datacheck.manifest import Manifest
from datacheck.probing.outputs import ProbeOutputs
from datacheck.report import Report, RuleOutcome
from datacheck.report.rule_pages import RulePage
from datacheck.scanning.measurements import MEASUREMENTS_SCHEMA, Measurements
from datacheck.stats import Interval

HOSTILE = "<script>alert(1)</script>"
URIS = ("cat/1.jpg", "cat/2.jpg", "dog/10%, a:b.jpg", "dog/4 'x\" <b>.jpg", "owl/5.jpg", "owl/6.jpg")


@pytest.fixture
def manifest() -> Manifest:
    """Six images of three classes, one of them hostile, in two splits; the test split has no owl."""
    return Manifest.from_columns(
        {
            "uri": list(URIS),
            "label": ["cat", "cat", HOSTILE, HOSTILE, "owl", "owl"],
            "split": ["train", "test", "train", "test", "train", "train"],
        },
        root=Path("/data/pets"),
        took_for=f"an image folder of {HOSTILE}",
    )


def measured(manifest: Manifest) -> Measurements:
    """Measurements of plausible values, row 5 unreadable."""
    n = len(manifest)
    readable = np.arange(n) != 5
    columns = {}
    for number, field in enumerate(MEASUREMENTS_SCHEMA):
        values = [None if not ok else (number + row % 90) / 40 for row, ok in enumerate(readable)]
        if pa.types.is_integer(field.type):
            values = [None if value is None else int(value * 40) for value in values]
        elif pa.types.is_string(field.type):
            values = [None if value is None else f"t{value}" for value in values]
        elif pa.types.is_boolean(field.type):
            values = [None if value is None else False for value in values]
        elif pa.types.is_fixed_size_binary(field.type):
            values = [None] * len(readable)
        columns[field.name] = pa.array(values, field.type)
    columns["sample_id"] = manifest.sample_ids.combine_chunks()
    columns["readable"] = pa.array(readable)
    return Measurements(pa.table(columns, schema=MEASUREMENTS_SCHEMA))


@pytest.fixture
def measurements(manifest: Manifest) -> Measurements:
    return measured(manifest)


@pytest.fixture
def probe(manifest: Manifest) -> ProbeOutputs:
    n, k = len(manifest), len(manifest.classes)
    pred_probs = np.full((n, k), 0.1, np.float32)
    pred_probs[np.arange(n), np.arange(n) % k] = 0.8
    pred_probs[5] = np.nan
    return ProbeOutputs(
        sample_ids=np.array(URIS),
        task=manifest.task,
        classes=manifest.classes,
        pred_probs=pred_probs,
        predictions=None,
        embeddings=np.arange(n * 4, dtype=np.float32).reshape(n, 4),
        fold=np.array([0, 1, 0, 1, 0, -1], np.int16),
        label_quality=np.array([0.9, 0.2, 0.8, 0.1, 0.7, np.nan], np.float32),
        suggested=np.array([-1, 2, -1, 0, -1, -1], np.int32),
        label_yield=LabelYield(
            estimated_errors=Interval(2, 1, 2.4, n=5, method="planted flips"),
            depth=np.array([1, 2, 4]),
            precision=np.array([0.9, 0.8, 0.4]),
            precision_low=np.array([0.7, 0.6, 0.2]),
            precision_high=np.array([1.0, 0.9, 0.6]),
            recommended_depth=2,
        ),
        dynamics={"margin": np.linspace(0, 1, n, dtype=np.float32)},
        metrics={
            "accuracy": Interval(0.8, 0.6, 0.95, n=5, method="95 % bootstrap"),
            "recall/cat": Interval(0.5, float("nan"), float("nan"), n=2),
        },
        backend="small-cnn",
        seconds=12.5,
        seed=3,
        choices=(f"Trained on {HOSTILE} from scratch.",),
    )


def outcomes() -> tuple[RuleOutcome, ...]:
    """One outcome of each kind, findings of each severity."""
    conflict = Finding(
        code="DC304",
        name="conflicting-duplicates",
        severity=Severity.ERROR,
        message="2 images are the same, under two labels",
        remedy="Decide on one label, and delete the other copy.",
        evidence={"clusters": 1, "pairs": [{"first": URIS[0], "second": URIS[2], "distance": 0}]},
        sample_ids=(URIS[0], URIS[2]),
        n_affected=2,
    )
    dark = Finding(
        code="DC401",
        name="dark",
        severity=Severity.WARNING,
        message="3 images are dark: 50 %, 1 line\nand another",
        remedy="Look at them, and delete those that show nothing.",
        evidence={
            "share": 0.5,
            "share_low": 0.2,
            "share_high": 0.8,
            "by class": {HOSTILE: 2, "cat": 1, "owl": 0, "x": 0},
        },
        sample_ids=(URIS[3], URIS[2], URIS[1]),
        n_affected=3,
    )
    imbalance = Finding(
        code="DC203",
        name="class-imbalance",
        severity=Severity.INFO,
        message=f"'owl' has twice as many samples as {HOSTILE!r}",
        remedy="Nothing, unless the model neglects the rare class.",
        evidence={"ratio": 2.0},
    )
    return (
        RuleOutcome("DC101", "unreadable-sample", Passed("every file decodes"), 0.25),
        RuleOutcome("DC102", "unpaired-sample", NotApplicable(f"not a pair of listings: {HOSTILE}"), 0.0),
        RuleOutcome("DC203", "class-imbalance", Found((imbalance,)), 0.125),
        RuleOutcome(
            "DC304",
            "conflicting-duplicates",
            Found((conflict,), sample_issues("DC304", conflict.sample_ids, [1.0, 1.0], cluster=[0, 0])),
            0.5,
        ),
        RuleOutcome(
            "DC401",
            "dark",
            Found(
                (dark,),
                sample_issues(
                    "DC401", dark.sample_ids, [1.0, 0.9, 0.5], value=[0.01, 0.02, 0.05], note=[HOSTILE, None, None]
                ),
            ),
            1.0,
        ),
    )


CRASHED = RuleOutcome("DC405", "odd-size", Failed(f"ValueError: {HOSTILE}\x1b[31m", "Traceback\nValueError"), 0.0)


def make_report(manifest: Manifest, **fields: object) -> Report:
    values = {
        "manifest": manifest,
        "outcomes": outcomes(),
        "seconds": 1.875,
        "created": "2026-01-02T03:04:05+00:00",
        "version": "0.1.0",
        "settings": {"select": [], "seed": 0, "note": HOSTILE},
        **fields,
    }
    return Report(**values)  # type: ignore[arg-type]


@pytest.fixture
def report(manifest: Manifest, measurements: Measurements) -> Report:
    return make_report(manifest, measurements=measurements)


@pytest.fixture
def crashed(manifest: Manifest) -> Report:
    return make_report(manifest, outcomes=(*outcomes(), CRASHED))


@pytest.fixture
def pages(monkeypatch: pytest.MonkeyPatch) -> dict[str, RulePage]:
    """Rule pages that do not change when a rule's docstring does."""
    from datacheck.report import html, sarif

    sections = {"What": f"It says {HOSTILE}.", "How to fix": "So.\n\nAnd so.", "Example": ">>> 1"}
    fixed = {code: RulePage("One line.", Severity.WARNING, sections) for code in ("DC203", "DC304", "DC401")}
    monkeypatch.setattr(html, "rule_pages", lambda: fixed)
    monkeypatch.setattr(sarif, "rule_pages", lambda: fixed)
    return fixed


class Pictures:
    """A thumbnail store of plain coloured pictures."""

    def __init__(self, size: int = 32, noise: bool = False) -> None:
        self.size, self.noise = size, noise
        self.numbers: dict[str, int] = {}

    def get(self, sample_ids: Sequence[str]) -> dict[str, bytes]:
        return {one: self.picture(self.numbers.setdefault(one, len(self.numbers))) for one in sample_ids}

    def picture(self, number: int) -> bytes:
        stream = io.BytesIO()
        pixels = np.full((self.size, self.size, 3), number * 37 % 256, np.uint8)
        if self.noise:
            pixels = np.random.default_rng(number).integers(0, 256, pixels.shape, dtype=np.uint8)
        Image.fromarray(pixels).save(stream, "JPEG")
        return stream.getvalue()
