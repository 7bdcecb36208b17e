"""DC507: predictions of the user that do not fit the samples they were given for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from datacheck.findings import Found, Outcome, Passed, Severity
from datacheck.rules.base import CannotJudge, Rule, RuleContext
from datacheck.rules.requirements import LABELS, PROBE


@dataclass(frozen=True)
class GivenPredictions(Rule):
    """The predictions you gave have their columns or rows in the wrong order, or are in-sample.

    What
    ----
    Checks ``pred_probs`` that you give before they judge any label: are the columns in the order of the classes, are
    the rows in the order of the samples, is a class never predicted, and was the model trained on the labels that it
    predicts?

    Why it hurts training
    ---------------------
    Probabilities carry no names. A label encoder that sorts classes as text beside a loader that sorts them by number,
    or an unsorted listing, puts each probability beside another class or sample. Nothing fails, and hundreds of correct
    labels are called wrong. In-sample predictions repeat wrong labels, and call all of them correct.

    How it is measured
    ------------------
    Columns: the assignment of columns to classes with the largest likelihood of the labels (Hungarian method, Kuhn
    1955). It is reported for columns whose classes gain 10 points of accuracy or more at the low end of the interval.
    Rows: the search of DC108 for shifts and sort orders, with the predictions as features. A dead column is never the
    largest, is no larger for the samples of its class than for others, and is nearly empty. In-sample: at most 0.1 % of
    the predictions disagree with the labels, and 99 % of the labels have a probability above 0.99. While one of these
    stands, DC501, DC502, DC505, DC506, DC601 and DC602 do not judge. See ``datacheck.probing.prediction_faults``.

    How to fix
    ----------
    Name the columns after the classes (a pandas or Arrow table), and give rows by sample id: as a mapping, with a
    column ``sample_id``, or as the index of a pandas table. Then no order has to be assumed.

    Example
    -------
    Two columns changed places when the classes were encoded::

        DC507 columns 1 and 2 ('cow' and 'owl') seem to be exchanged. As given, 33.3 % of the predictions agree with
          the labels; with the columns put right, 100 %
    """

    code: ClassVar[str] = "DC507"
    name: ClassVar[str] = "given-predictions"
    severity: ClassVar[Severity] = Severity.ERROR
    requires = (LABELS, PROBE)

    def judge(self, context: RuleContext) -> Outcome:
        """Judge the dataset."""
        assert context.probe is not None
        if context.probe.backend != "pred_probs":
            raise CannotJudge("checks predictions that you give (pred_probs), and datacheck made its own")
        findings = [
            self.finding(
                fault.message,
                fault.remedy,
                severity=self.severity if fault.certain else Severity.WARNING,
                evidence={"fault": fault.kind, **fault.evidence},
            )
            for fault in context.probe.faults
        ]
        return Found(tuple(findings)) if findings else Passed("the given predictions fit the samples and the classes")
