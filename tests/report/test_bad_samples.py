"""From findings to the samples, and to the same samples in the datasets of a training script."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import datacheck
from datacheck.errors import ConfigError
from datacheck.findings import Finding, Found, NotApplicable, Severity, sample_issues
from datacheck.manifest import Manifest
from datacheck.report import Report, RuleOutcome
from datacheck.report.selecting import ids_to_drop
from datacheck.testing import toy_images

DARK = ("train/bar/bar_0002.jpg", "val/disc/disc_0025.jpg")
COPY = "train/star/star_0003.jpg"


def found(code: str, name: str, severity: Severity, ids: list[str], **columns: Any) -> RuleOutcome:
    finding = Finding(
        code=code, name=name, severity=severity, message=name, remedy="r", sample_ids=tuple(ids), n_affected=len(ids)
    )
    return RuleOutcome(code, name, Found((finding,), sample_issues(code, ids, 1.0, **columns)))


@pytest.fixture(scope="module")
def audited(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Report]:
    """120 images; two are black, and one is a copy of its neighbour."""
    folder = tmp_path_factory.mktemp("bad") / "data"
    toy_images(folder, size=32)
    for name in DARK:
        Image.new("RGB", (32, 32)).save(folder / name)
    (folder / COPY).write_bytes((folder / "train/star/star_0001.jpg").read_bytes())
    return folder, datacheck.audit(folder, select=["DC301", "DC401", "DC404", "DC501"])


def image_folder(path: Path) -> Any:
    return pytest.importorskip("torchvision.datasets").ImageFolder(str(path))


def names(dataset: Any) -> list[str]:
    return ["/".join(Path(path).parts[-3:]) for path, _ in dataset.samples]


def test_a_rule_by_code_prefix_and_name_names_its_samples_once_and_sorted(audited: tuple[Path, Report]) -> None:
    _, report = audited
    assert [list(report.bad(word)) for word in ("DC404", "dc404", "low-information")] == [sorted(DARK)] * 3
    assert list(report.bad("DC301")) == ["train/star/star_0001.jpg", COPY]
    assert list(report.bad(["DC301", "DC4"])) == sorted({*DARK, COPY, "train/star/star_0001.jpg"})
    assert DARK[0] in report.bad("DC4")
    assert len(report.bad("DC4")) == 2
    assert report.bad("DC4")[0] == DARK[0]


def test_a_severity_takes_those_above_it(report: Report) -> None:
    conflicting, dark = ["cat/1.jpg", "dog/10%, a:b.jpg"], {"cat/2.jpg", "dog/10%, a:b.jpg", "dog/4 'x\" <b>.jpg"}
    assert list(report.bad(Severity.ERROR)) == list(report.bad("error")) == conflicting
    assert list(report.bad(Severity.WARNING)) == list(report.bad(Severity.INFO)) == sorted({*conflicting, *dark})


def test_findings_of_one_rule_are_told_apart_by_their_severity() -> None:
    parts = [(Severity.ERROR, ["a", "b"]), (Severity.INFO, ["c"])]
    findings = tuple(found("DC304", "conflicting-duplicates", *part).findings[0] for part in parts)
    issues = sample_issues("DC304", ["a", "b", "c"], 1.0)
    manifest = Manifest.from_columns({"sample_id": list("abcd"), "label": ["k"] * 4})
    report = Report(manifest, outcomes=(RuleOutcome("DC304", "conflicting-duplicates", Found(findings, issues)),))
    assert list(report.bad(Severity.ERROR)) == ["a", "b"]
    assert list(report.bad("DC304")) == ["a", "b", "c"]
    mixed = Found(findings, issues.take([2, 0, 1]))  # the order no longer says which issue is of which finding
    assert list(Report(manifest, outcomes=(RuleOutcome("DC304", "c", mixed),)).bad("error")) == ["a", "b", "c"]


def test_a_rule_that_is_unknown_or_was_not_judged_is_an_error_and_no_empty_list(audited: tuple[Path, Report]) -> None:
    _, report = audited
    with pytest.raises(ConfigError, match=r"one of the 4 rules .* or a severity .* found 'DC999'"):
        report.bad("DC999")
    with pytest.raises(ConfigError, match=r"found 'drak' .did you mean 'dark'"):
        report.bad("drak")
    with pytest.raises(ConfigError, match=r"which samples DC501 mislabel names is not known, it was not judged: "):
        report.bad("DC501")
    assert list(Report(report.manifest, outcomes=(RuleOutcome("DC501", "x", NotApplicable("r")),)).bad("error")) == []


def test_the_places_in_an_image_folder_are_those_of_the_files(audited: tuple[Path, Report]) -> None:
    torch = pytest.importorskip("torch")
    folder, report = audited
    train, val = image_folder(folder / "train"), image_folder(folder / "val")
    (place,) = report.positions(train, "DC404").tolist()
    assert names(train)[place] == DARK[0]
    order = np.random.default_rng(0).permutation(len(train)).tolist()
    shuffled = torch.utils.data.Subset(train, order)
    assert [order[at] for at in report.bad("DC404").positions(shuffled)] == [place]
    joined = torch.utils.data.ConcatDataset([val, train])
    assert report.positions(joined, "DC404").tolist() == [names(val).index(DARK[1]), len(val) + place]
    by_split = report.positions({"train": train, "val": val}, "DC404")
    assert {name: one.tolist() for name, one in by_split.items()} == {
        "train": [place],
        "val": [names(val).index(DARK[1])],
    }


def test_an_image_folder_is_filtered_and_the_first_copy_stays(audited: tuple[Path, Report]) -> None:
    folder, report = audited
    train = image_folder(folder / "train")
    kept = report.filter_dataset(train, "DC404")
    assert sorted({*names(train)} - {names(train)[item] for item in kept.indices}) == [DARK[0]]
    copies = report.filter_dataset(train, ["DC301"])
    assert sorted({*names(train)} - {names(train)[item] for item in copies.indices}) == [COPY]
    both = report.filter_dataset({"train": train, "val": image_folder(folder / "val")}, "DC4")
    assert {name: len(part) for name, part in both.items()} == {"train": 71, "val": 23}


def test_the_first_copy_goes_where_another_rule_names_it() -> None:
    copies = found("DC301", "exact-duplicate", Severity.WARNING, ["a", "b"], related_id=[None, "a"])
    dark = found("DC401", "dark", Severity.WARNING, ["a"])
    assert ids_to_drop([copies, dark], "DC301") == ("b",)
    assert ids_to_drop([copies, dark], "warning") == ("a", "b")


def test_files_that_the_audit_does_not_know_and_doubled_ones_are_refused(
    audited: tuple[Path, Report], tmp_path: Path
) -> None:
    torch = pytest.importorskip("torch")
    folder, report = audited
    train = image_folder(folder / "train")
    with pytest.raises(ConfigError, match="72 files of the audit occur more than once in the dataset"):
        report.positions(torch.utils.data.ConcatDataset([train, train]), "DC4")
    Image.new("RGB", (8, 8)).save(tmp_path / "new.jpg")
    train.samples.append((str(tmp_path / "new.jpg"), 0))
    train.targets.append(0)
    with pytest.raises(ConfigError, match=r"1 of 73 items are unknown to the audit, such as '.*new.jpg'.*audit again"):
        report.filter_dataset(train, "DC4")
    with pytest.raises(ConfigError, match=r"names each sample by its file, such as .* give paths="):
        report.positions([1, 2, 3], "DC4")
    with pytest.raises(ConfigError, match="expected a dataset with a length"):
        report.positions(iter([1]), "DC4")
    assert report.positions([1, 2], "DC4", paths=[COPY, DARK[1]]).tolist() == [1]


def test_a_file_of_two_samples_is_refused_without_their_ids() -> None:
    manifest = Manifest.from_columns(
        {"sample_id": ["l", "r", "b"], "uri": ["a.png", "a.png", "b.png"], "label": ["k"] * 3}, root=Path("/nowhere")
    )
    report = Report(manifest, outcomes=(found("DC401", "dark", Severity.ERROR, ["r"]),))
    with pytest.raises(ConfigError, match=r"'a.png' is the file of 2 samples of the audit"):
        report.positions([1, 2], "DC401", paths=["a.png", "b.png"])
    assert report.positions([1, 2], "DC401", paths=["b", "r"]).tolist() == [1]


def test_a_saved_report_says_the_same(audited: tuple[Path, Report], tmp_path: Path) -> None:
    folder, report = audited
    report.save(tmp_path)
    loaded = Report.load(tmp_path)
    assert list(loaded.bad("DC4")) == sorted(DARK)
    train = image_folder(folder / "train")
    assert loaded.positions(train, "DC4").tolist() == report.positions(train, "DC4").tolist()


def test_rows_of_a_frame_with_paths_are_matched_in_any_order(audited: tuple[Path, Report]) -> None:
    pandas = pytest.importorskip("pandas")
    folder, report = audited
    paths = [str(folder / uri) for uri in report.manifest.table["uri"].to_pylist()][::-1]
    frame = pandas.DataFrame({"file_name": paths, "where": paths, "n": range(120)}, index=range(500, 620))
    assert {Path(paths[at]).name for at in report.positions(frame[["file_name"]], "DC4")} == {
        Path(name).name for name in DARK
    }
    kept = report.filter_dataset(frame.rename(columns={"file_name": "text"}), "DC4", paths="where")
    assert len(kept) == 118
    assert not {str(folder / name) for name in DARK} & set(kept["where"])
    assert kept.index[0] == 500
    with pytest.raises(ConfigError, match=r"expected a column of the dataset .* found 'wher' .did you mean 'where'"):
        report.positions(frame, "DC4", paths="wher")


def table_report(frame: Any, ids: list[str], **options: Any) -> Report:
    manifest = datacheck.open(frame, **options)
    return Report(manifest, outcomes=(found("DC401", "dark", Severity.ERROR, ids),))


def test_rows_of_a_frame_without_ids_are_matched_only_if_all_their_values_agree() -> None:
    pandas = pytest.importorskip("pandas")
    rng = np.random.default_rng(0)
    frame = pandas.DataFrame({"x": rng.normal(size=40), "y": rng.normal(size=40), "label": ["a", "b"] * 20})
    frame.loc[5, "x"] = np.nan
    report = table_report(frame, ["03", "17"])
    assert report.positions(frame, "DC401").tolist() == [3, 17]
    shuffled = frame.sample(frac=1, random_state=0)
    assert shuffled.index[report.positions(shuffled, "DC401")].tolist() == sorted(
        [3, 17], key=shuffled.index.tolist().index
    )
    part = frame[frame["label"] == "b"]  # the index still says which rows they were
    assert part.index[report.positions(part, "DC401")].tolist() == [3, 17]
    assert len(report.filter_dataset(frame)) == 38
    for broken in (shuffled.reset_index(drop=True), part.reset_index(drop=True), frame.assign(x=0.0)):
        with pytest.raises(ConfigError, match="cannot be told"):
            report.positions(broken, "DC401")
    with pytest.raises(ConfigError, match="cannot be told"):  # a label alone does not say which sample a row is
        report.positions(frame[["label"]], "DC401")


def test_an_index_that_was_not_the_row_number_is_not_taken_for_it() -> None:
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame({"x": [0.1, 0.2, 0.3], "label": ["a", "b", "a"]}, index=[2, 0, 1])
    assert table_report(frame, ["0"]).positions(frame, "DC401").tolist() == [0]
    equal = pandas.DataFrame({"x": [0.1] * 3, "label": ["a"] * 3}, index=[2, 0, 1])
    with pytest.raises(ConfigError, match="same values at several places"):
        table_report(equal, ["0"]).positions(equal, "DC401")


def test_a_column_of_sample_ids_is_all_that_a_frame_needs() -> None:
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame({"sample_id": ["p", "q", "r"], "x": [1.0, 1.0, 1.0], "label": ["a", "b", "a"]})
    report = table_report(frame, ["q"])
    assert report.positions(frame.iloc[[2, 1]].reset_index(drop=True), "DC401").tolist() == [1]
    assert list(report.filter_dataset(frame)["sample_id"]) == ["p", "r"]
    with pytest.raises(ConfigError, match="1 of 3 items are unknown to the audit, such as 'z'"):
        report.positions(frame.assign(sample_id=["p", "q", "z"]), "DC401")


def pictures(n: int) -> list[dict[str, Any]]:
    found = []
    for number in range(n):
        file = io.BytesIO()
        pixels = np.random.default_rng(number).integers(0, 256, (24, 24, 3)).astype(np.uint8)
        Image.fromarray(pixels).save(file, "PNG")
        found.append({"bytes": file.getvalue(), "path": None})
    return found


def hugging_face(images: list[dict[str, Any]], labels: list[int]) -> Any:
    library = pytest.importorskip("datasets")
    names = library.ClassLabel(names=["cat", "dog"])
    features = library.Features({"image": library.Image(), "label": names})
    return library.Dataset.from_dict({"image": images, "label": labels}, features=features)


def test_a_hugging_face_dataset_is_matched_by_the_content_of_its_images() -> None:
    dataset = hugging_face(pictures(12), [0, 1] * 6)
    manifest = datacheck.open(dataset)
    report = Report(
        manifest,
        measurements=datacheck.scan(manifest).measurements,
        outcomes=(found("DC401", "dark", Severity.ERROR, ["4", "7"]),),
    )
    assert report.positions(dataset, "DC401").tolist() == [4, 7]
    kept = report.filter_dataset(dataset)
    assert type(kept).__name__ == "Dataset"
    assert kept["label"] == [label for n, label in enumerate([0, 1] * 6) if n not in (4, 7)]
    within_classes = dataset.select([2, 1, 0, *range(3, 12)])  # the labels are the same as before
    with pytest.raises(ConfigError, match="not those that were audited"):
        report.positions(within_classes, "DC401")
    with pytest.raises(ConfigError, match="another number of rows"):
        report.positions(dataset.select(range(5)), "DC401")
    assert report.positions(dataset.select([7, 1, 4]), "DC401", paths=["7", "1", "4"]).tolist() == [0, 2]


def test_the_splits_of_a_hugging_face_dataset_are_filtered_each() -> None:
    library = pytest.importorskip("datasets")
    images = pictures(9)
    both = library.DatasetDict(train=hugging_face(images[:6], [0, 1] * 3), test=hugging_face(images[6:], [0, 1, 0]))
    manifest = datacheck.open(both)
    measured = datacheck.scan(manifest).measurements
    outcomes = (found("DC401", "dark", Severity.ERROR, ["train/2", "test/0"]),)
    report = Report(manifest, measurements=measured, outcomes=outcomes)
    kept = report.filter_dataset(both)
    assert type(kept).__name__ == "DatasetDict"
    assert {name: len(part) for name, part in kept.items()} == {"train": 5, "test": 2}
    assert report.positions(both["test"], "DC401").tolist() == [0]


def test_a_hugging_face_dataset_of_files_is_matched_by_their_paths(audited: tuple[Path, Report]) -> None:
    folder, report = audited
    uris = sorted(uri for uri in report.manifest.table["uri"].to_pylist() if uri.startswith("val/"))
    dataset = hugging_face([{"bytes": None, "path": str(folder / uri)} for uri in uris], [0] * len(uris))
    assert [uris[at] for at in report.positions(dataset, "DC4")] == [DARK[1]]
    turned = dataset.select(range(len(uris) - 1, -1, -1))
    assert [uris[::-1][at] for at in report.positions(turned, "DC4")] == [DARK[1]]


def test_a_manifest_is_filtered_by_its_ids(audited: tuple[Path, Report]) -> None:
    _, report = audited
    part = report.manifest.take(np.arange(50)[::-1])
    assert len(report.filter_dataset(part, "DC4")) == 49


def test_the_page_is_written_where_it_is_asked_for(report: Report, tmp_path: Path) -> None:
    path = report.to_html(str(tmp_path / "new" / "page.html"))
    assert path == tmp_path / "new" / "page.html"
    text = path.read_text(encoding="utf-8")
    assert "DC304" in text
    assert "<script>alert(1)" not in text
    with pytest.raises(ConfigError, match=r"expected a file for the report, .* is a folder"):
        report.to_html(tmp_path)


def test_a_script_opens_the_page_in_the_browser(report: Report, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[str] = []
    monkeypatch.setattr("webbrowser.open", opened.append)
    monkeypatch.setattr("datacheck.report.showing.in_notebook", lambda: False)
    path = report.show()
    assert isinstance(path, Path)
    assert opened == [path.as_uri()]
    assert "DC304" in path.read_text(encoding="utf-8")


def test_a_notebook_shows_the_page_in_a_frame(report: Report, monkeypatch: pytest.MonkeyPatch) -> None:
    class IPython:
        @staticmethod
        def get_ipython() -> Any:
            return type("Shell", (), {"kernel": object()})()

    monkeypatch.setitem(__import__("sys").modules, "IPython", IPython)
    shown = report.show(height=400)
    assert not isinstance(shown, Path)
    html = shown._repr_html_()
    assert html.startswith("<iframe srcdoc=")
    assert html.count("<") == html.count(">") == 2  # all of the page is escaped
    assert 'sandbox="allow-scripts allow-downloads"' in html
    assert "height:400px" in html
