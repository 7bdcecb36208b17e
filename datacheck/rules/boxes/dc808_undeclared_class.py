"""DC808: objects of a class that the dataset does not declare, and declared classes without an object."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from datacheck.findings import Found, Outcome, Passed, Severity
from datacheck.rules.base import CannotJudge, Rule, RuleContext
from datacheck.rules.boxes.shared import boxes_of, examples, object_issues, object_places, object_values
from datacheck.rules.files.shared import N_EXAMPLES
from datacheck.rules.requirements import OBJECTS
from datacheck.text import have, listed, plural


@dataclass(frozen=True)
class UndeclaredClass(Rule):
    """Objects have a class that the dataset does not declare, or a declared class has no object.

    What
    ----
    Names objects whose class number or name is not in the dataset's list of classes (``data.yaml``, ``classes.txt``,
    the categories of a COCO file), and, as information, the listed classes that no object has.

    Why it hurts training
    ---------------------
    A class number beyond the list stops the training with an index error or, on a GPU, with a CUDA assert that names no
    file. Some trainers drop the whole image. A class without objects costs capacity and lowers the mean score.

    How it is measured
    ------------------
    Each object's class is looked up in the list. Without a list there is nothing to compare with.

    How to fix
    ----------
    Correct the class, or add it to the list. Numbers that are all one too high were counted from 1.

    Example
    -------
    A number beyond the three classes::

        DC808 1 object has a class that is not declared ('99'; declared are 3: 'ring', 'box' and 'cone'):
          'labels/0002.txt' line 1
    """

    code: ClassVar[str] = "DC808"
    name: ClassVar[str] = "undeclared-class"
    severity: ClassVar[Severity] = Severity.ERROR
    requires = (OBJECTS,)

    def judge(self, context: RuleContext) -> Outcome:
        """Judge the dataset."""
        manifest, objects = context.manifest, boxes_of(context).objects
        kind = manifest.annotation_format
        if kind is None or not kind.declared:
            raise CannotJudge("the dataset has no list of its classes: add a data.yaml or classes.txt")
        unknown = np.flatnonzero(objects.class_id < 0)
        used = np.bincount(objects.class_id[objects.class_id >= 0], minlength=len(manifest.classes)) > 0
        unused = [name for name, has in zip(manifest.classes, used, strict=True) if not has]
        findings = []
        issues = None
        if len(unknown):
            words = object_values(context, "written").to_pylist()
            names = sorted({words[k] for k in unknown})
            issues = object_issues(self, context, unknown, lambda k: f"class {words[k]!r}")
            findings.append(
                self.finding(
                    f"{have(len(unknown), 'object')} a class that is not declared ({listed(names)}; declared are "
                    f"{len(manifest.classes):,}: {listed(manifest.classes, 3)}): {object_places(context, unknown)}",
                    "correct the class, or add it to the list of classes; check whether the numbers start at 1",
                    evidence={
                        "n_objects": len(unknown),
                        "undeclared": names[:N_EXAMPLES],
                        "declared": len(manifest.classes),
                        "examples": examples(context, unknown, lambda k: f"class {words[k]!r}"),
                    },
                    affected=issues,
                )
            )
        if unused:
            findings.append(
                self.finding(
                    f"{have(len(unused), 'declared class', 'declared classes')} no object: {listed(unused)}",
                    "remove the class from the list, or find out where its objects went",
                    severity=Severity.INFO,
                    evidence={"unused": unused},
                )
            )
        if not findings:
            return Passed(f"{plural(len(objects), 'object')} of {len(manifest.classes):,} declared classes")
        return Found(tuple(findings), issues)
