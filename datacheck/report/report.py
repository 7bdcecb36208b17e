"""The report: everything that one audit found, as one value, and what can be done with it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from datacheck.checked import checked
from datacheck.duplicates.clusters import DuplicateClusters, exact_clusters
from datacheck.errors import ConfigError, RelabelError, did_you_mean
from datacheck.findings import Severity
from datacheck.report.bad_samples import BadSamples
from datacheck.report.items import Paths
from datacheck.report.record import ReportRecord
from datacheck.report.run_folder import Tables, read_run_folder, write_run_folder
from datacheck.report.selecting import Selector, ids_to_drop, selected_ids

if TYPE_CHECKING:
    from datacheck.relabel import RelabelQueue
    from datacheck.report.cards import Card
    from datacheck.report.showing import Shown
    from datacheck.slices import Slices


class Report(ReportRecord):
    """All of one audit.

    Attributes
    ----------
    manifest, measurements, fingerprint, probe, box_probe, mask_probe
        The tables that the rules looked at; None where they were not made.
    plan
        The training plan, where one was made.
    outcomes
        What every rule that ran said, in the order of their codes.
    seconds
        Wall time of the audit.
    created
        When the audit ran, ISO 8601.
    version
        The version of datacheck that made it.
    settings
        The settings that the audit ran with, JSON-safe.
    notes
        What else happened that a reader must know, such as a probe that was kept from an earlier audit.
    unmet
        What was asked of the audit and could not be done, such as a probe of data that has no labels.

    Examples
    --------
    >>> from datacheck import Finding, Found, Manifest, Severity
    >>> from datacheck.report import RuleOutcome
    >>> manifest = Manifest.from_columns({"label": ["cat", "dog"]})
    >>> finding = Finding(code="DC202", name="rare-class", severity=Severity.WARNING, message="2 rare", remedy="Add.")
    >>> report = Report(manifest, outcomes=(RuleOutcome("DC202", "rare-class", Found((finding,))),))
    >>> report.worst, report.exit_code(Severity.ERROR), report.exit_code(Severity.WARNING)
    (<Severity.WARNING: 2>, 0, 1)
    """

    def to_html(self, path: str | Path) -> Path:
        """Write the report as one self-contained HTML file, and return its path.

        The file opens offline; it is whole or as it was before. Pictures are in it where the scan kept some.

        Raises
        ------
        ConfigError
            When the path is a folder.

        Examples
        --------
        >>> import tempfile
        >>> from datacheck import Manifest
        >>> report = Report(Manifest.from_columns({"label": ["cat", "dog"]}))
        >>> report.to_html(Path(tempfile.mkdtemp()) / "report.html").name
        'report.html'
        """
        from datacheck.report.html import write

        path = Path(path)
        if path.is_dir():
            raise ConfigError(f"expected a file for the report, {path} is a folder: name a file in it")
        write(self, path)
        return path

    def show(self, *, height: int = 700) -> Path | Shown:
        """Show the whole report: in the cell of a notebook, else in the browser.

        Returns
        -------
        shown
            In a notebook, what the cell displays, ``height`` pixels high. Elsewhere the path of the HTML file, which
            lies in a temporary folder; open it by hand where the machine has no browser.
        """
        from datacheck.report.showing import show

        return show(self, height=height)

    def card(self, contract: Sequence[str] = (), **provenance: str) -> Card:
        """Return the data card: what the dataset is, and what is known to be wrong with it.

        Parameters
        ----------
        contract
            The terms of the contract that the dataset is held to, a sentence each.
        **provenance
            What only people know, which is never guessed: ``name``, ``description``, ``licence``, ``source``,
            ``contact``, ``url``, ``citation``, ``data_version``; see `datacheck.report.cards.Provenance`.

        Raises
        ------
        ConfigError
            When a name of ``provenance`` is unknown.

        Examples
        --------
        >>> from datacheck import Manifest
        >>> card = Report(Manifest.from_columns({"label": ["cat", "dog"]})).card(name="Pets", licence="cc-by-4.0")
        >>> "license: cc-by-4.0" in card.markdown, card.croissant["name"], card.provenance.missing
        (True, 'Pets', ('description', 'source', 'contact'))
        """
        from datacheck.report.cards import Provenance, make_card

        known = [one.name for one in fields(Provenance)]
        for name in provenance:
            if name not in known:
                raise ConfigError(f"expected some of {', '.join(known)}, found {name!r}{did_you_mean(name, known)}")
        return make_card(self, Provenance(**provenance), contract)

    def bad(self, selector: Selector) -> BadSamples:
        """Return the ids of the samples that some findings are about, sorted, each once.

        Parameters
        ----------
        selector
            A rule: its code (``"DC501"``), the start of its code (``"DC3"``) or its name (``"mislabel"``). Or a
            severity: the samples of findings of that severity or above (``Severity.ERROR`` or ``"error"``). Or several
            of these.

        Raises
        ------
        ConfigError
            When no rule of this report goes by that name, or it could not be judged.

        Examples
        --------
        >>> from datacheck import Finding, Found, Manifest
        >>> from datacheck.findings import sample_issues
        >>> from datacheck.report import RuleOutcome
        >>> finding = Finding(
        ...     code="DC401", name="dark", severity=Severity.WARNING, message="dark", remedy="Look.", sample_ids=("1",)
        ... )
        >>> found = Found((finding,), sample_issues("DC401", ["1"], 1.0))
        >>> manifest = Manifest.from_columns({"x": [0.5, 0.0, 0.7], "label": ["a", "b", "a"]})
        >>> report = Report(manifest, outcomes=(RuleOutcome("DC401", "dark", found),))
        >>> list(report.bad("dark")), list(report.bad(Severity.ERROR))
        (['1'], [])
        """
        return BadSamples(selected_ids(self.outcomes, selector), self)

    def positions(self, dataset: Any, selector: Selector, *, paths: Paths = None) -> Any:
        """Return where the samples of some findings are in a dataset of yours.

        Parameters
        ----------
        dataset
            One that knows the paths of its files (``ImageFolder`` and its like, a ``Subset`` or ``ConcatDataset`` of
            such), a Hugging Face dataset, a data frame; or a mapping of splits to such. It may be a part of what was
            audited.
        selector
            See `bad`.
        paths
            The path or sample id of each item, where the dataset does not say it; or a column's name.

        Returns
        -------
        positions
            Item numbers, ascending, int64, shape [n]; for a mapping of splits a mapping of such.

        Raises
        ------
        ConfigError
            When an item matches no sample or several, or has another label, size, value or content than was audited.
        """
        return self.bad(selector).positions(dataset, paths=paths)

    def filter_dataset(self, dataset: Any, selector: Selector = Severity.ERROR, *, paths: Paths = None) -> Any:
        """Return a dataset of yours without the samples that some findings are about.

        Of copies within a split (DC301, DC302) the first one stays. Samples that differ in their label alone (DC304) or
        leaked into another split (DC303) go as far as these rules name them. Nothing on disk changes.

        Parameters
        ----------
        dataset, paths
            See `positions`.
        selector
            See `bad`; by default all that is at fault for errors.

        Returns
        -------
        dataset
            A torch ``Subset`` of a map-style dataset, a Hugging Face dataset, rows of a data frame, or a mapping.

        Raises
        ------
        ConfigError
            As `positions`.
        MissingExtraError
            When a map-style dataset is given and torch is not installed.
        """
        return BadSamples(ids_to_drop(self.outcomes, selector), self).filtered(dataset, paths=paths)

    def relabel_queue(
        self,
        budget: int = 500,
        *,
        random_share: float = 0.0,
        gold: Mapping[str, str] | None = None,
        look: int = 0,
        seed: int = 0,
    ) -> RelabelQueue:
        """Return the questions that are expected to correct the most labels for the attention they cost.

        Parameters
        ----------
        budget
            How many questions.
        random_share
            Share of them drawn at random, to measure the true error rate.
        gold
            Known answers by sample id, mixed in on top, to measure the annotators.
        look
            How many of them come first as a random sample of all labels, to measure how many are wrong.
        seed
            Seed of all that is random.

        Raises
        ------
        RelabelError
            When the audit trained no probe, or the task has no labels to question.
        """
        from datacheck.relabel import relabel_queue

        if self.probe is None:
            raise RelabelError("a relabel queue needs the probe, and this audit trained none: audit again with --probe")
        measured = self.measurements
        queue = relabel_queue(
            self.manifest,
            self.probe,
            budget=budget,
            identity=self.identity,
            duplicates=DuplicateClusters.equal(exact_clusters(measured.table["content_hash"])) if measured else None,
            random_share=random_share,
            gold=gold,
            look=look,
            seed=seed,
        )
        return queue.with_pictures(measured.thumbnails) if measured else queue

    def slice(self, by: str | Sequence[str] = (), *, min_size: int = 30) -> Slices:
        """Return how the probe does out of sample on each slice of the dataset, by columns and image properties.

        See `datacheck.slices.find_slices`: ``by`` names columns and properties, all that there are by default.

        Raises
        ------
        ProbeError
            When the audit trained no probe, or its predictions cannot be used.
        ConfigError
            When a name of ``by`` is no column or property of this dataset.
        """
        from datacheck.slices import find_slices

        names = (by,) if isinstance(by, str) else tuple(by)
        seed = int(self.settings.get("seed", 0))
        return find_slices(self.manifest, self.measurements, self.probe, by=names, min_size=min_size, seed=seed)

    def _repr_html_(self) -> str:
        from datacheck.report.notebook import summary_table

        return summary_table(self)

    def save(self, folder: str | Path) -> None:
        """Write the run folder; each file is whole or as it was before. It may lie in an object store."""
        read = self.manifest, self.issues, self.measurements, self.fingerprint
        write_run_folder(folder, self.to_json(), Tables(*read, self.probe, self.box_probe, self.mask_probe))

    @classmethod
    def load(cls, folder: str | Path) -> Report:
        """Read a run folder back, from a disk or an object store.

        Raises
        ------
        StorageError
            When a file is missing, damaged, or of a newer version; or a store holds no whole run.
        """
        return checked(cls(**read_run_folder(folder)), Path(folder) / "findings.json")
