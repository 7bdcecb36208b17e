"""DC109: a folder that torchvision's ImageFolder reads in another way than it is meant."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import pyarrow.compute as pc

from datacheck.findings import Finding, Found, Outcome, Passed, Severity
from datacheck.manifest import ItemKind, Manifest
from datacheck.rules.base import CannotJudge, Rule, RuleContext
from datacheck.rules.files.shared import N_NAMED
from datacheck.rules.requirements import CLASS_LABELS, PATHS
from datacheck.text import listed, plural

MIN_IN_PATH = 0.99
"""The classes are taken for folders if so many of the paths contain their class; a table may add a few rows."""

Classes = dict[str, list[str]]
"""The names of the class folders below each folder that holds class folders, sorted as text."""


@dataclass(frozen=True)
class ImageFolderMismatch(Rule):
    """ImageFolder reads the folder in another way: other class numbers in two splits, or hidden files.

    What
    ----
    Numbers the class folders of each split as torchvision's ``ImageFolder`` does, and reports classes that have another
    number in another split. Also reports hidden folders that become a class (``.ipynb_checkpoints``), and hidden files
    that are opened as images (``._1.jpg``).

    Why it hurts training
    ---------------------
    ``ImageFolder`` numbers the folders of each split by itself, in the order of text. If one split lacks a class, every
    later class has another number there: the validation score compares unlike classes and is worthless, and nothing
    crashes. A hidden folder shifts the numbers in the same way, or stops ``ImageFolder`` with an error.

    How it is measured
    ------------------
    By the class folders with at least one image in each split, sorted as text, and by the hidden files and folders that
    were found beside them. Judged only if the classes are the names of folders and each split has its own.

    How to fix
    ----------
    Add the missing class folder, or translate the numbers by name. Before training, check that
    ``train.class_to_idx == val.class_to_idx``. Delete hidden files and folders.

    Example
    -------
    A class is missing in one split::

        train/a    train/b    train/c
                   val/b      val/c

        DC109 ImageFolder gives 2 classes another number in 'val' than in 'train', because 'val' has no image of 'a':
          'b' is 1 in 'train' and 0 in 'val', 'c' is 2 and 1
    """

    code: ClassVar[str] = "DC109"
    name: ClassVar[str] = "image-folder-mismatch"
    severity: ClassVar[Severity] = Severity.ERROR
    requires = (CLASS_LABELS, PATHS)

    def judge(self, context: RuleContext) -> Outcome:
        """Judge the dataset."""
        manifest = context.manifest
        roots = class_roots(manifest)
        if roots is None:
            raise CannotJudge("the classes are not the names of folders")
        findings = [*self._numbers(manifest, roots), *self._hidden(manifest, set().union(*roots.values()))]
        if findings:
            return Found(tuple(findings))
        return Passed("ImageFolder gives each class the same number in every split")

    def _numbers(self, manifest: Manifest, roots: Mapping[str, Classes]) -> list[Finding]:
        own = {split: classes for split, classes in roots.items() if len(classes) == 1}
        if len(own) < 2 or len({next(iter(classes)) for classes in own.values()}) < len(own):
            return []
        names = {split: next(iter(classes.values())) for split, classes in own.items()}
        train = "train" if "train" in names else next(iter(names))
        return [
            self._moved(train, names[train], split, here)
            for split, here in names.items()
            if split != train and moved(names[train], here)
        ]

    def _moved(self, train: str, reference: list[str], split: str, here: list[str]) -> Finding:
        numbers = moved(reference, here)
        (first, (was, now)), *others = numbers.items()
        lacking = [name for name in reference if name not in here]
        added = [name for name in here if name not in reference]
        why = f"{split!r} has no image of {listed(lacking, N_NAMED)}" if lacking else ""
        if added:
            why += f"{' and ' if why else ''}{train!r} has none of {listed(added, N_NAMED)}"
        shown = [f"{first!r} is {was} in {train!r} and {now} in {split!r}"]
        shown += [f"{name!r} is {a} and {b}" for name, (a, b) in others[: N_NAMED - 1]]
        more = f" and {len(numbers) - N_NAMED} more" if len(numbers) > N_NAMED else ""
        return self.finding(
            f"ImageFolder gives {plural(len(numbers), 'class', 'classes')} another number in {split!r} than in "
            f"{train!r}, because {why}: {', '.join(shown)}{more}",
            "add the missing class folders, or translate the numbers by name; check before training that "
            "train.class_to_idx == val.class_to_idx",
            evidence={
                "splits": [train, split],
                "missing": lacking,
                "added": added,
                "numbers": {name: list(pair) for name, pair in numbers.items()},
            },
        )

    def _hidden(self, manifest: Manifest, roots: set[str]) -> list[Finding]:
        unread = [(item, name) for item in manifest.inventory.unread for name in item.examples or (item.name,)]
        folders = [
            name
            for item, name in unread
            if item.kind is ItemKind.FOLDER
            and _parts(name)[-1].startswith(".")
            and "/".join(_parts(name)[:-1]) in roots
        ]
        files = [(item, name) for item, name in unread if item.kind is ItemKind.FILE and _parts(name)[-1][:2] == "._"]
        findings = []
        if folders:
            findings.append(
                self.finding(
                    f"{plural(len(folders), 'hidden folder')} beside the class folders: ImageFolder makes a class of "
                    f"{'it' if len(folders) == 1 else 'each'}, or stops: {listed(folders, N_NAMED)}",
                    "delete them, or move them out of the dataset",
                    severity=Severity.WARNING,
                    evidence={"folders": folders},
                )
            )
        if files:
            n = sum({item.name: item.count for item, _ in files}.values())
            findings.append(
                self.finding(
                    f"{plural(n, 'hidden file')} that macOS left beside the images: ImageFolder tries to open "
                    f"{'it' if n == 1 else 'them'} and stops: {listed([name for _, name in files], N_NAMED)}",
                    "delete them: find . -name '._*' -delete",
                    severity=Severity.WARNING,
                    evidence={"files": [name for _, name in files], "n": n},
                )
            )
        return findings


def class_roots(manifest: Manifest) -> dict[str, Classes] | None:
    """Return the class folders of each split by the folder that holds them, or None if the classes are no folders.

    Examples
    --------
    >>> class_roots(Manifest.from_columns({"uri": ["train/a/1.jpg", "val/a/2.jpg"], "label": ["a", "a"],
    ...                                    "split": ["train", "val"]}))
    {'train': {'train': ['a']}, 'val': {'val': ['a']}}
    """
    table = manifest.table.select([name for name in ("uri", "label", "split") if name in manifest])
    folder = pc.replace_substring_regex(table["uri"], r"[^/]*$", "")
    table = table.set_column(table.column_names.index("uri"), "uri", folder)
    counted = table.group_by(table.column_names).aggregate([([], "count_all")]).to_pylist()
    roots: dict[str, dict[str, set[str]]] = {}
    labelled = found = 0
    for row in counted:
        parts, label = _parts(row["uri"]), row["label"]
        labelled += row["count_all"] * (label is not None)
        if label in parts:
            found += row["count_all"]
            below = roots.setdefault(row.get("split") or "all", {})
            below.setdefault("/".join(parts[: parts.index(label)]), set()).add(label)
    if not found or found < MIN_IN_PATH * labelled:
        return None
    order = manifest.splits or ("all",)
    return {split: {root: sorted(names) for root, names in roots[split].items()} for split in order if split in roots}


def moved(reference: list[str], here: list[str]) -> dict[str, tuple[int, int]]:
    """Return the classes of both lists whose position differs, with both positions.

    Examples
    --------
    >>> moved(["a", "b", "c"], ["b", "c"]), moved(["a", "b", "c"], ["a", "b"])
    ({'b': (1, 0), 'c': (2, 1)}, {})
    """
    at = {name: number for number, name in enumerate(here)}
    return {name: (number, at[name]) for number, name in enumerate(reference) if name in at and at[name] != number}


def _parts(path: str | None) -> list[str]:
    return (path or "").strip("/").split("/")
