"""From an audit's run folder to people and back, on the command line."""

from __future__ import annotations

import csv
import http.client
import json
import re
import signal
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np
import pytest
from PIL import Image

from datacheck.cli import run
from datacheck.fingerprints import fingerprint
from datacheck.labels.label_yield import LabelYield
from datacheck.manifest import Manifest
from datacheck.probing.outputs import ProbeOutputs
from datacheck.relabel.answers import Answers
from datacheck.report import Report
from datacheck.scanning import scan
from datacheck.stats import Interval

pytestmark = pytest.mark.usefixtures("scans_in_threads")

CLASSES = ("cat", "dog")
N = 120


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A run folder of 120 pictures whose first ten are labelled wrong; the first two are identical files."""
    rng = np.random.default_rng(0)
    root = tmp_path / "set"
    root.mkdir()
    given = ["dog" if (row < 10) != (row % 2 == 1) else "cat" for row in range(N)]
    given[1] = given[0]
    for row in range(N):
        pixels = rng.integers(0, 255, (16, 16, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(root / f"{row:03d}.png")
    (root / "001.png").write_bytes((root / "000.png").read_bytes())
    manifest = Manifest.from_columns({"uri": [f"{row:03d}.png" for row in range(N)], "label": given}, root=root)
    place = tmp_path / "run"
    place.mkdir()
    measurements = scan(manifest, run_dir=place).measurements
    suggested = np.where(np.arange(N) < 10, 1 - manifest.label_codes, manifest.label_codes).astype(np.int32)
    pred_probs = np.full((N, 2), 0.1, np.float32)
    pred_probs[np.arange(N), suggested] = 0.9
    depth = np.arange(1, N + 1)
    precision = np.minimum(1.0, 10 / depth)
    probe = ProbeOutputs(
        sample_ids=np.array(manifest.sample_ids.to_pylist()),
        task=manifest.task,
        classes=CLASSES,
        pred_probs=pred_probs,
        predictions=None,
        embeddings=None,
        fold=np.zeros(N, np.int16),
        label_quality=pred_probs[np.arange(N), manifest.label_codes],
        suggested=suggested,
        label_yield=LabelYield(
            Interval(10.0, 8.0, 12.0, n=N), depth, precision, precision - 0.1, np.minimum(1, precision + 0.1), 10
        ),
    )
    identity = fingerprint(manifest, measurements)
    Report(manifest, measurements=measurements, fingerprint=identity, probe=probe).save(place)
    return place


def filled(path: Path, answers: dict[str, str], annotator: str = "ann") -> Path:
    with path.open(newline="") as file:
        rows = list(csv.DictReader(file))
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows({**row, "label": answers.get(row["sample_id"], ""), "annotator": annotator} for row in rows)
    return path


def test_the_loop_closes(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["queue", "make", str(folder), "--budget", "20"]) == 0
    said = capsys.readouterr().out
    assert "20 samples" in said
    assert "expected: 50 % of the suspects are wrong (95 % interval 40 % to 60 %)" in said
    assert "recommended: the first 10" in said
    sheet = tmp_path / "sheet.csv"
    assert run(["queue", "export", str(folder), "--to", "csv", "-o", str(sheet)]) == 0
    truth = {f"{row:03d}.png": CLASSES[row % 2] for row in range(N)}
    truth["001.png"] = truth["000.png"]
    assert run(["queue", "import", str(folder), str(filled(sheet, truth)), "--from", "csv"]) == 0
    assert run(["queue", "import", str(folder), str(sheet), "--from", "csv"]) == 0
    assert "0 new; 20 in" in capsys.readouterr().out
    new = tmp_path / "new.parquet"
    copy = tmp_path / "corrected"
    before = (folder / "manifest.parquet").read_bytes()
    assert run(["relabel", "apply", str(folder), "-o", str(new), "--folder", str(copy), "--link", "symbolic"]) == 0
    said = capsys.readouterr().out
    assert "21 samples decided by majority vote: 10 labels changed, 11 confirmed" in said
    assert "* column 'old_label': new" in said
    corrected = Manifest.load(new)
    assert corrected.table["label"].to_pylist() == [truth[f"{row:03d}.png"] for row in range(N)]
    assert (folder / "manifest.parquet").read_bytes() == before
    with (folder / "changes.csv").open(newline="") as file:
        changes = list(csv.DictReader(file))
    assert sorted(change["sample_id"] for change in changes) == [f"{row:03d}.png" for row in range(10)]
    assert {change["annotators"] for change in changes} == {"ann"}
    assert len(list((copy / "cat").iterdir())) == truth_count(truth, "cat")
    assert run(["audit", str(new), "--select", "DC201", "--quiet", "--out", str(tmp_path / "again")]) == 0


def test_a_second_person_without_a_name_does_not_replace_the_first(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run(["queue", "make", str(folder), "--budget", "4"])
    sheet = tmp_path / "sheet.csv"
    run(["queue", "export", str(folder), "--to", "csv", "-o", str(sheet)])
    given = [row["sample_id"] for row in csv.DictReader(sheet.read_text().splitlines())]
    read = ["queue", "import", str(folder), str(sheet), "--from", "csv"]
    filled(sheet, dict.fromkeys(given, CLASSES[0]), annotator="")
    assert run(read) == 0
    assert run(read) == 0  # the same file again changes nothing
    before = (folder / "answers.parquet").read_bytes()
    filled(sheet, dict.fromkeys(given, CLASSES[1]), annotator="")
    capsys.readouterr()
    assert run(read) == 2
    assert "4 of 4 answers differ" in capsys.readouterr().err
    assert (folder / "answers.parquet").read_bytes() == before
    assert run([*read, "--annotator", "ben"]) == 0
    assert "4 new; 8 in" in capsys.readouterr().out
    assert run([*read, "--annotator", "annotator"]) == 0
    assert "0 new; 8 in" in capsys.readouterr().out


@pytest.mark.slow
def test_reprobe_says_what_the_corrections_bought(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("torch", reason="needs torch")
    run(["queue", "make", str(folder), "--budget", "20"])
    sheet = tmp_path / "sheet.csv"
    run(["queue", "export", str(folder), "--to", "csv", "-o", str(sheet)])
    truth = {f"{row:03d}.png": CLASSES[row % 2] for row in range(N)}
    run(["queue", "import", str(folder), str(filled(sheet, truth)), "--from", "csv"])
    capsys.readouterr()
    new = str(tmp_path / "new.parquet")
    assert run(["relabel", "apply", str(folder), "-o", new, "--reprobe", "--budget", "3s"]) == 0
    said = capsys.readouterr().out.splitlines()[-2:]
    for line, words in zip(said, ("old", "corrected"), strict=True):
        assert re.match(rf"probe on the {words} labels, out of sample: accuracy [\d.]+ % \(95 % interval", line)


def truth_count(truth: dict[str, str], label: str) -> int:
    return sum(one == label for one in truth.values())


def test_copies_with_other_labels_are_settled_too(folder: Path, tmp_path: Path) -> None:
    report = Report.load(folder)
    label = report.manifest.table["label"].to_pylist()
    label[1] = "cat" if label[0] == "dog" else "dog"
    manifest = report.manifest.with_column("label", label)
    manifest.save(folder / "manifest.parquet")
    run(["queue", "make", str(folder), "--budget", "5"])
    sheet = tmp_path / "sheet.csv"
    run(["queue", "export", str(folder), "--to", "csv", "-o", str(sheet)])
    run(["queue", "import", str(folder), str(filled(sheet, {"000.png": "cat", "001.png": "cat"})), "--from", "csv"])
    assert run(["relabel", "apply", str(folder), "-o", str(tmp_path / "new.parquet")]) == 0
    assert Manifest.load(tmp_path / "new.parquet").table["label"].to_pylist()[:2] == ["cat", "cat"]


def test_refused_rows_are_told_and_the_others_taken(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run(["queue", "make", str(folder), "--budget", "5"])
    sheet = tmp_path / "sheet.csv"
    run(["queue", "export", str(folder), "--to", "csv", "-o", str(sheet)])
    with sheet.open(newline="") as file:
        first, second = (row["sample_id"] for row in list(csv.DictReader(file))[:2])
    capsys.readouterr()
    assert (
        run(["queue", "import", str(folder), str(filled(sheet, {first: "cat", second: "\x1b[31m"})), "--from", "csv"])
        == 1
    )
    heard = capsys.readouterr()
    assert "1 answer read, 1 new" in heard.out
    assert "1 entry refused; 1 answer taken" in heard.err
    assert "\x1b" not in heard.err
    assert len(Answers.load(folder / "answers.parquet")) == 1


def test_an_export_without_answers_is_no_success(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run(["queue", "make", str(folder), "--budget", "5"])
    sheet = tmp_path / "sheet.csv"
    run(["queue", "export", str(folder), "--to", "csv", "-o", str(sheet)])
    capsys.readouterr()
    assert run(["queue", "import", str(folder), str(sheet), "--from", "csv"]) == 1
    assert "no answers found: label samples in the annotation tool" in capsys.readouterr().err
    assert not (folder / "answers.parquet").exists()


def test_apply_writes_nothing_where_a_source_is_missing(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run(["queue", "make", str(folder), "--budget", "5"])
    sheet = tmp_path / "sheet.csv"
    run(["queue", "export", str(folder), "--to", "csv", "-o", str(sheet)])
    run(["queue", "import", str(folder), str(filled(sheet, {"000.png": "cat"})), "--from", "csv"])
    (tmp_path / "set" / "119.png").unlink()
    before = sorted(path.name for path in folder.iterdir())
    capsys.readouterr()
    assert run(["relabel", "apply", str(folder), "--folder", str(tmp_path / "corrected")]) == 2
    assert "such as '119.png': nothing was written" in capsys.readouterr().err
    assert sorted(path.name for path in folder.iterdir()) == before
    assert not (tmp_path / "corrected").exists()
    assert run(["relabel", "apply", str(folder), "-o", str(folder)]) == 2
    assert "is a folder: name a file in it" in capsys.readouterr().err


def test_an_answered_queue_is_never_overwritten(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run(["queue", "make", str(folder), "--budget", "5"])
    queue = (folder / "queue.parquet").read_bytes()
    Answers.empty().save(folder / "answers.parquet")
    assert run(["queue", "make", str(folder), "--budget", "7"]) == 2
    assert "--replace" in capsys.readouterr().err
    assert (folder / "queue.parquet").read_bytes() == queue
    assert run(["queue", "make", str(folder), "--budget", "7", "--replace"]) == 0
    assert (folder / "queue.1.parquet").read_bytes() == queue
    assert (folder / "answers.1.parquet").exists()
    assert not (folder / "answers.parquet").exists()


def test_gold_questions_come_from_a_csv(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    gold = tmp_path / "gold.csv"
    gold.write_text("sample_id,label\n030.png,cat\n")
    assert run(["queue", "make", str(folder), "--budget", "5", "--gold", str(gold), "--random-share", "0.4"]) == 0
    queue = Report.load(folder).relabel_queue(5, random_share=0.4, gold={"030.png": "cat"})
    kinds = queue.table["kind"].to_pylist()
    assert (kinds.count("gold"), kinds.count("suspect")) == (1, 3)
    assert (
        queue.identity == f"{fingerprint(Report.load(folder).manifest, Report.load(folder).measurements).identity:032x}"
    )
    gold.write_text("sample_id,label\n030.png,cta\n")
    assert run(["queue", "make", str(folder), "--gold", str(gold)]) == 2
    assert "'cta' is not a class (did you mean 'cat'?)" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["queue", "export", "RUN", "--to", "csv", "-o", "x"], "has no queue yet: run datacheck queue make"),
        (["queue", "make", "nowhere"], "expected a run folder"),
        (["relabel", "apply", "RUN"], "has no answers yet"),
        (["relabel", "apply", "RUN", "-o", "RUN/manifest.parquet"], "stays as it was: name another output"),
        (["relabel", "apply", "RUN", "--link", "hrad"], "found 'hrad' (did you mean 'hard'?)"),
        (["review", "RUN"], "has no queue yet"),
        (["queue", "push", "RUN", "--url", "http://127.0.0.1:1", "--token", "x"], "has no queue yet"),
    ],
)
def test_errors_say_what_to_do(
    folder: Path, arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run([word.replace("RUN", str(folder)) for word in arguments]) == 2
    heard = capsys.readouterr().err
    assert message in heard
    assert "Traceback" not in heard


def test_a_queue_needs_a_probe_and_formats_have_names(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run(["queue", "make", str(folder)])
    assert run(["queue", "export", str(folder), "--to", "labelstudio", "-o", "x"]) == 2
    assert "did you mean 'label-studio'" in capsys.readouterr().err
    assert run(["queue", "export", str(folder), "--to", "prodigy", "-o", "x", "--images", "url"]) == 2
    assert "--url-prefix" in capsys.readouterr().err
    assert run(["queue", "push", str(folder), "--url", "ftp://x", "--token", "x"]) == 2
    assert "expected the address of a Label Studio server" in capsys.readouterr().err
    findings = json.loads((folder / "findings.json").read_text())
    findings["artefacts"]["probe"] = False
    (folder / "findings.json").write_text(json.dumps(findings))
    assert run(["queue", "make", str(folder), "--replace"]) == 2
    assert "audit again with --probe" in capsys.readouterr().err


def test_review_serves_until_it_is_interrupted(folder: Path) -> None:
    run(["queue", "make", str(folder), "--budget", "5"])
    command = [sys.executable, "-m", "datacheck", "review", str(folder), "--no-open", "--annotator", "ann"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert "5 samples" in process.stdout.readline()
        link = urlsplit(process.stdout.readline().strip())
        connection = http.client.HTTPConnection("127.0.0.1", link.port or 0)
        connection.request("GET", f"/?{link.query}")
        answer = connection.getresponse()
        answer.read()
        cookie = str(answer.getheader("Set-Cookie")).partition(";")[0]
        connection.request("GET", "/items", headers={"Cookie": cookie})
        first = json.loads(connection.getresponse().read())["value"]["items"][0]["id"]
        body = json.dumps({"id": first, "answer": "label", "label": "cat"})
        connection.request("POST", "/answer", body, {"Cookie": cookie, "Content-Type": "application/json"})
        assert connection.getresponse().status == 200
        connection.close()
        process.send_signal(signal.SIGINT)
        out, err = process.communicate()
    assert (process.returncode, err) == (0, "")
    assert "1 of 5 answered" in out
    assert Answers.load(folder / "answers.parquet").table["annotator"].to_pylist() == ["ann"]
