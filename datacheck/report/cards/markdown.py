"""A card as Markdown with front matter as Hugging Face reads it; all that comes from the dataset is escaped."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import yaml

from datacheck.manifest import Modality, Task
from datacheck.report.cards.facts import CardFacts
from datacheck.text import plural

SIZES = (
    (1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K"), (1_000_000, "100K<n<1M"),
    (10_000_000, "1M<n<10M"), (100_000_000, "10M<n<100M"), (1_000_000_000, "100M<n<1B"),
    (10_000_000_000, "1B<n<10B"),
)  # fmt: skip
"""Size categories of Hugging Face, each with the number of samples below which it holds."""

TASKS = {
    (Modality.IMAGE, Task.CLASSIFICATION): "image-classification",
    (Modality.IMAGE, Task.MULTILABEL): "image-classification",
    (Modality.IMAGE, Task.DETECTION): "object-detection",
    (Modality.IMAGE, Task.SEGMENTATION): "image-segmentation",
    (Modality.TABULAR, Task.CLASSIFICATION): "tabular-classification",
    (Modality.TABULAR, Task.REGRESSION): "tabular-regression",
}
"""Task categories of Hugging Face."""

FOLDED = 20
"""A table of more classes than this, and a list of more things, is folded."""

BLANK = "**not given**"

_SPECIAL = re.compile(r"([\\`*_\[\]|~$])|^([-+#])|(?<=^\d)([.)])(?= )")
_SPLIT = re.compile(r"\w+(\.\w+)*")
_LICENCE = re.compile(r"[a-z0-9][a-z0-9.+-]*")


def markdown(facts: CardFacts) -> str:
    """Return the card as Markdown."""
    parts = [
        f"---\n{_comment(facts)}{yaml.safe_dump(front_matter(facts), sort_keys=False, allow_unicode=True)}---",
        f"# {escaped(facts.name)}",
        escaped(facts.provenance.description) or f"{BLANK}: what the dataset shows, and what for.",
        _table(("", ""), _about(facts)),
        *_classes(facts),
        "## Known defects",
        *_defects(facts),
        "## Not checked",
        _list(facts, facts.unchecked) if facts.unchecked else "Every rule could be judged.",
    ]
    if facts.contract:
        parts += ["## Contract", "Each new version is held to these terms:", _list(facts, facts.contract)]
    if facts.provenance.citation:
        parts += ["## Citation", escaped(facts.provenance.citation)]
    return "\n\n".join(part for part in parts if part) + "\n"


def front_matter(facts: CardFacts) -> dict[str, Any]:
    """Return the metadata that Hugging Face reads; what is not known is left out."""
    manifest, licence = facts.manifest, facts.provenance.licence
    found: dict[str, Any] = {"pretty_name": facts.name}
    if licence and _LICENCE.fullmatch(licence.lower()):
        found["license"] = licence.lower()
    elif licence:
        found["license"] = "other"
        found["license_link" if licence.startswith(("http://", "https://")) else "license_name"] = licence
    task = TASKS.get((manifest.modality, manifest.task))
    if task is not None:
        found["task_categories"] = [task]
    found["size_categories"] = [next((name for top, name in SIZES if len(manifest) < top), "n>1T")]
    found["tags"] = ["datacheck", manifest.modality.value, manifest.task.value]
    if facts.splits and facts.split_bytes and all(map(_SPLIT.fullmatch, facts.splits)):
        splits = [
            {"name": "validation" if name == "val" else name, "num_bytes": facts.split_bytes[name], "num_examples": n}
            for name, n in facts.splits.items()
        ]
        found["dataset_info"] = {"splits": splits}
    return found


def escaped(text: str) -> str:
    r"""Return a text of one line that Markdown and HTML show as it is.

    Examples
    --------
    >>> print(escaped("a|b <script> *c* & `d`"))
    a\|b &lt;script&gt; \*c\* &amp; \`d\`
    """
    text = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return _SPECIAL.sub(lambda match: f"{chr(92)}{match[0]}", text)


def _comment(facts: CardFacts) -> str:
    """Return a line that marks a licence that was not given; a licence is never guessed."""
    return "" if facts.provenance.licence else "# license: not given; fill it in, nobody may use the data without one\n"


def _about(facts: CardFacts) -> list[tuple[str, str]]:
    given, manifest, report = facts.provenance, facts.manifest, facts.report
    rows = [
        ("Licence", escaped(given.licence) or BLANK),
        ("Source", escaped(given.source) or BLANK),
        ("Contact", escaped(given.contact) or BLANK),
        ("Page", escaped(given.url)),
        ("Version", escaped(given.data_version)),
        ("Samples", f"{len(manifest):,}"),
        ("Splits", ", ".join(f"{escaped(name)} {n:,}" for name, n in facts.splits.items())),
        ("Task", manifest.task.value),
        ("Classes", f"{len(manifest.classes):,}" if manifest.classes else ""),
        *((f"Image {name}", escaped(text)) for name, text in facts.images.items()),
        ("Wrong labels", escaped(facts.labels)),
    ]
    if report.fingerprint is not None:
        what = escaped(report.fingerprint.identity_of)
        rows.append(("Fingerprint", f"`{facts.identity}` (by {what}; the same for the same samples in any order)"))
    made = f"datacheck {escaped(report.version)}" + (f", {escaped(report.created[:10])}" if report.created else "")
    return [row for row in (*rows, ("Audited with", made)) if row[1]]


def _classes(facts: CardFacts) -> list[str]:
    if not facts.classes:
        return []
    if not facts.classes[0][1]:
        return ["## Classes", ", ".join(escaped(name) for name, _ in facts.classes)]
    splits = list(facts.splits) or ["samples"]
    head = ("Class", *map(escaped, splits), *(["all"] if len(splits) > 1 else []))
    rows = [
        (escaped(name), *(f"{n:,}" for n in counts), *([f"{sum(counts):,}"] if len(splits) > 1 else []))
        for name, counts in facts.classes
    ]
    return ["## Classes", _folded(_table(head, rows), len(rows), "class", "classes")]


def _defects(facts: CardFacts) -> list[str]:
    report = facts.report
    passed, unjudged = (len(report.with_status(status)) for status in ("passed", "not-applicable"))
    rules = plural(len(report.outcomes), "rule")
    said = f"Of {rules}, {passed} found nothing, and {unjudged + len(report.failed)} could not judge the dataset."
    if not facts.defects:
        return [f"None was found. {said}"]
    rows = [
        (
            one.severity.label,
            f"{escaped(one.code)} {escaped(one.name)}",
            f"{one.n_affected:,}" if one.n_affected else "",
            escaped(facts.plain(one.message)),
        )
        for one in facts.defects
    ]
    counts = ", ".join(plural(n, name, name if name == "info" else "") for name, n in report.counts.items() if n)
    return [f"{counts}. {said}", _table(("Severity", "Rule", "Samples", "What was found"), rows)]


def _list(facts: CardFacts, lines: Sequence[str]) -> str:
    return _folded("\n".join(f"- {escaped(facts.plain(line))}" for line in lines), len(lines), "entry", "entries")


def _folded(text: str, n: int, one: str, many: str) -> str:
    if n <= FOLDED:
        return text
    return f"<details><summary>{plural(n, one, many)}</summary>\n\n{text}\n\n</details>"


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
