"""Corrected tables of boxes and columns of objects: only what was decided differs."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from datacheck.cli import run as datacheck_command
from datacheck.errors import RelabelError
from datacheck.relabel.boxes.images import BoxImages
from datacheck.relabel.boxes.writers import table, yolo
from datacheck.relabel.boxes.writers.base import Added, Change, ImageEdits
from datacheck.scanning import scan
from datacheck.sources import open_source
from tests.annotations.drawn import drawn_objects
from tests.relabel.boxes.drawn_run import answer, audited, audited_again, images_of, save_answers
from tests.relabel.boxes.test_writers import Thing, edits, remaining, things

SIZE = (96, 72)
FEW = settings(max_examples=30, deadline=None)


class TestTable:
    @FEW
    @given(
        st.lists(st.lists(things(("cup", "jar", "b, c")), min_size=1, max_size=3), min_size=2, max_size=4),
        st.sampled_from([",", ";", "\t"]), st.sampled_from(["\n", "\r\n"]), st.booleans(), st.booleans(),
    )  # fmt: skip
    def test_only_the_cells_of_corrected_boxes_change(
        self, found: list[list[Thing]], gap: str, end: str, quoted: bool, corners: bool
    ) -> None:
        # a first image that stays shows how the numbers are written
        images = [[Thing("cup", (1.0, 2.0, 9.0, 8.0)), Thing("jar", (3.0, 2.0, 90.0, 70.0))], *found]
        content = self.text(images, gap, end, quoted, corners)
        line, wanted = 1, []
        for number, each in enumerate(images):
            wanted.append(edits(each, [], uri=f"img/{number}.jpg", lines=list(range(line, line + len(each)))))
            line += len(each)
        written = table.write(content, wanted)
        after = [remaining(each, []) for each in images]
        assert written == self.text(after, gap, end, quoted, corners)

    @staticmethod
    def text(images: list[list[Thing]], gap: str, end: str, quoted: bool, corners: bool) -> bytes:
        out = io.StringIO()
        quoting = csv.QUOTE_NONNUMERIC if quoted else csv.QUOTE_MINIMAL
        writer = csv.writer(out, delimiter=gap, lineterminator=end, quoting=quoting)
        names = ["xmin", "ymin", "xmax", "ymax"] if corners else ["x", "y", "w", "h"]
        writer.writerow(["filename", "width", "height", "class", *names])
        for number, found in enumerate(images):
            for each in found or [None]:
                if each is None:
                    out.write(
                        gap.join([f'"{number}.jpg"' if quoted else f"{number}.jpg", "200", "200"]) + 5 * gap + end
                    )
                    continue
                left, top, right, bottom = map(int, each.box)
                box = [left, top, right, bottom] if corners else [left, top, right - left, bottom - top]
                writer.writerow([f"{number}.jpg", 200, 200, each.name, *box])
        return out.getvalue().encode()

    def test_new_boxes_take_an_empty_row_or_come_behind_the_last_of_their_image(self) -> None:
        content = (
            b"image,width,x,y,w,h,class,score\na.jpg,64,1,2,8,6,cup,0.5\na.jpg,64,2,2,8,6,cup,0.7\nb.jpg,32,,,,,,\n"
        )
        added = [
            ImageEdits("set/b.jpg", (32, 32), added=(Added("jar", (1.0, 1.0, 5.0, 4.0)),)),
            ImageEdits("set/a.jpg", (64, 64), added=(Added("jar", (4.0, 5.0, 8.0, 9.0)),)),
        ]
        assert table.write(content, added) == (
            b"image,width,x,y,w,h,class,score\na.jpg,64,1,2,8,6,cup,0.5\na.jpg,64,2,2,8,6,cup,0.7\n"
            b"a.jpg,64,4,5,4,4,jar,\nb.jpg,32,1,1,4,3,jar,\n"
        )

    def test_four_numbers_in_one_cell_and_shares(self) -> None:
        content = b'image_id,bbox,label\na,"[10.0, 20.0, 30.5, 40.0]",cup\na,"[1.0, 2.0, 3.0, 4.0]",cup\n'
        change = Change(1, "cup", (10.0, 20.0, 40.5, 60.0), new_box=(10.0, 20.0, 41.5, 60.0))
        assert table.write(content, [ImageEdits("x/a.jpg", (99, 99), (change,))]) == content.replace(b"30.5", b"31.5")
        shares = b"ImageID,XMin,XMax,YMin,YMax,LabelName\na,0.1,0.5,0.2,0.6,cup\na,0.25,0.75,0.5,0.75,cup\n"
        change = Change(2, "cup", (0.25, 0.5, 0.75, 0.75), new_box=(0.25, 0.5, 0.875, 0.75))
        assert table.write(shares, [ImageEdits("a.jpg", (99, 99), (change,))]) == shares.replace(
            b",0.75,0.5", b",0.875,0.5"
        )

    def test_a_table_that_changed_since_the_audit_is_refused(self) -> None:
        content = b"image,x,y,w,h,class\na.jpg,1,2,8,6,cup\na.jpg,5,5,4,4,cup\n"
        change = Change(2, "jar", (5.0, 5.0, 9.0, 9.0), deleted=True)
        with pytest.raises(RelabelError, match=r"row 2: expected class 'jar' .* found class 'cup' .* audit it again"):
            table.write(content, [ImageEdits("a.jpg", (99, 99), (change,))])

    def test_a_quote_that_is_not_closed_is_named(self) -> None:
        with pytest.raises(RelabelError):
            table.write(
                b'image,x,y,w,h,class\na.jpg,1,2,8,6,"cup\n',
                [ImageEdits("a.jpg", (9, 9), (), (Added("a", (0.0, 0.0, 1.0, 1.0)),))],
            )


def metadata(of_lists: bool) -> list[dict[str, Any]]:
    """Return rows of Hugging Face's layout for four images with 0, 1, 2 and 3 boxes."""
    rows = []
    for number in range(4):
        boxes = [[1.5 + 10 * k, 2.0, 8.0, 6.25] for k in range(number)]
        fields = {
            "id": list(range(number)),
            "area": [50.0] * number,
            "bbox": boxes,
            "category": [k % 2 for k in range(number)],
        }
        structs = [{key: values[k] for key, values in fields.items()} for k in range(number)]
        rows.append({"file_name": f"{number}.png", "note": "é", "objects": fields if of_lists else structs})
    return rows


def set_of(folder: Path, of_lists: bool, style: dict[str, Any]) -> Path:
    folder.mkdir()
    for number in range(4):
        pixels = np.random.default_rng(number).integers(0, 255, (SIZE[1], SIZE[0], 3), dtype=np.uint8)
        Image.fromarray(pixels).save(folder / f"{number}.png")
    lines = [json.dumps(row, **style) + "\n" for row in metadata(of_lists)]
    (folder / "metadata.jsonl").write_text("".join(lines), encoding="utf-8")
    return folder


STYLES: list[dict[str, Any]] = [{}, {"ensure_ascii": False}, {"separators": (",", ":")}]


@pytest.mark.parametrize("of_lists", [True, False])
@pytest.mark.parametrize("style", STYLES)
def test_a_column_of_objects_in_json_lines(tmp_path: Path, of_lists: bool, style: dict[str, Any]) -> None:
    set_of(tmp_path / "set", of_lists, style)
    run = audited_again(tmp_path)
    images = {Path(image.uri).name: image for image in images_of(run).images.values()}
    three, two = images["3.png"], images["2.png"]
    save_answers(run, [
        answer(1, three.sample_id, "delete", 2),
        answer(2, three.sample_id, "change", 3, label="1", box=(21.5, 2, 31.5, 8.25)),
        answer(3, images["0.png"].sample_id, "accept"),
    ])  # fmt: skip
    assert datacheck_command(["relabel", "apply", str(run), "--folder", str(tmp_path / "new")]) == 0
    before = (tmp_path / "set/metadata.jsonl").read_text(encoding="utf-8").splitlines()
    after = (tmp_path / "new/metadata.jsonl").read_text(encoding="utf-8").splitlines()
    assert after[:3] == before[:3]
    row = json.loads(before[3])
    if of_lists:
        for values in row["objects"].values():
            del values[1]
        row["objects"]["bbox"][1] = [21.5, 2.0, 10.0, 6.25]
        row["objects"]["category"][1], row["objects"]["area"][1] = 1, 62.5
    else:
        del row["objects"][1]
        row["objects"][1] |= {"bbox": [21.5, 2.0, 10.0, 6.25], "category": 1, "area": 62.5}
    assert after[3] == json.dumps(row, **style)
    assert len(two.boxes) == 2


def test_metadata_in_parquet_is_corrected_in_the_copy(tmp_path: Path) -> None:
    folder = set_of(tmp_path / "set", True, {})
    (folder / "metadata.jsonl").unlink()
    pq.write_table(pa.Table.from_pylist(metadata(of_lists=True)), folder / "metadata.parquet")
    run = audited_again(tmp_path)
    image = next(each for each in images_of(run).images.values() if each.uri == "3.png")
    save_answers(run, [answer(1, image.sample_id, "delete", 1)])
    assert datacheck_command(["relabel", "apply", str(run), "--folder", str(tmp_path / "new")]) == 0
    expected = metadata(of_lists=True)
    for values in expected[3]["objects"].values():
        del values[0]
    assert pq.read_table(tmp_path / "new/metadata.parquet").to_pylist() == expected


def test_a_table_in_a_folder_is_corrected_in_the_copy(tmp_path: Path) -> None:
    folder = tmp_path / "set"
    folder.mkdir()
    lines = ["filename,width,height,class,xmin,ymin,xmax,ymax\n"]
    for number, (name, found) in enumerate(drawn_objects(6).items()):
        pixels = np.random.default_rng(number).integers(0, 255, (SIZE[1], SIZE[0], 3), dtype=np.uint8)
        Image.fromarray(pixels).save(folder / name)
        lines += [f"{name},96,72,{each.name},{','.join(f'{side:.0f}' for side in each.box)}\n" for each in found]
    (folder / "labels.csv").write_text("".join(lines))
    run = audited_again(tmp_path)
    images = {Path(image.uri).name: image for image in images_of(run).images.values()}
    three = images["0002.jpg"]
    save_answers(run, [
        answer(1, three.sample_id, "delete", three.boxes[1].annotation_id),
        answer(2, three.sample_id, "add", label="cone", box=(10, 20, 40, 60)),
    ])  # fmt: skip
    assert datacheck_command(["relabel", "apply", str(run), "--folder", str(tmp_path / "new")]) == 0
    number = next(place for place, line in enumerate(lines) if line.startswith("0002.jpg")) + 1
    last = max(place for place, line in enumerate(lines) if line.startswith("0002.jpg"))
    expected = [line for place, line in enumerate(lines) if place != number]
    expected.insert(last, "0002.jpg,96,72,cone,10,20,40,60\n")
    assert (tmp_path / "new/labels.csv").read_text() == "".join(expected)
    manifest = open_source(tmp_path / "new")
    again = BoxImages.of(manifest, scan(manifest, jobs=1).measurements)
    assert sum(len(image.boxes) for image in again.images.values()) == len(lines) - 1


def test_oriented_boxes_and_key_points_keep_their_points() -> None:
    content = b"0 0.1 0.2 0.4 0.1 0.5 0.4 0.2 0.5\n1 0.2 0.2 0.4 0.2 0.4 0.4 0.2 0.4\n"
    change = Change(1, "0", (0.1, 0.1, 0.5, 0.5), new_name="2")
    gone = Change(2, "1", (0.2, 0.2, 0.4, 0.4), deleted=True)
    assert yolo.write(content, [ImageEdits("a", (9, 9), (change, gone))]) == b"2 0.1 0.2 0.4 0.1 0.5 0.4 0.2 0.5\n"
    pose = b"0 0.5 0.5 0.2 0.2 0.45 0.5 2 0.55 0.5 1 0.5 0.4 0\n"
    pose += pose
    changes = (
        Change(1, "0", (0.4, 0.4, 0.6, 0.6), new_name="1"),
        Change(2, "0", (0.4, 0.4, 0.6, 0.6), new_box=(0.4, 0.4, 0.7, 0.6)),
    )
    first, second = yolo.write(pose, [ImageEdits("a", (9, 9), changes)]).splitlines()
    assert first == b"1" + pose.splitlines()[0][1:]
    assert second == b"0 0.55 0.5 0.3 0.2 0.45 0.5 2 0.55 0.5 1 0.5 0.4 0"


def test_an_oriented_box_and_an_object_with_key_points_by_answers(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    objects = drawn_objects(6)
    run = audited(tmp_path, "YOLO", objects)
    turned = b"1 0.1 0.2 0.4 0.1 0.5 0.4 0.2 0.5\n"
    pose = b"1 0.5 0.5 0.2 0.2 0.45 0.5 2 0.55 0.5 1 0.5 0.4 0\n"
    (tmp_path / "set/labels/0001.txt").write_bytes(turned + turned.replace(b"1 0.1", b"2 0.1"))
    (tmp_path / "set/labels/0002.txt").write_bytes(pose + pose.replace(b"1 0.5", b"2 0.5"))
    run = audited_again(tmp_path)
    images = {Path(image.uri).name: image for image in images_of(run).images.values()}
    save_answers(run, [
        answer(1, images["0001.jpg"].sample_id, "change", 1, box=(1, 1, 30, 30)),
        answer(2, images["0001.jpg"].sample_id, "change", 2, label="ring"),
        answer(3, images["0002.jpg"].sample_id, "change", 1, label="cone", box=(40, 30, 60, 50)),
        answer(4, images["0002.jpg"].sample_id, "add", label="cone", box=(1, 1, 9, 9)),
    ])  # fmt: skip
    assert datacheck_command(["relabel", "apply", str(run), "--folder", str(tmp_path / "new")]) == 1
    said = " ".join(capsys.readouterr().out.split())
    assert "it cannot be moved: it is drawn as an oriented box, not as a box" in said
    assert "objects with key points" in said
    assert (tmp_path / "new/labels/0001.txt").read_bytes() == turned + turned.replace(b"1 0.1", b"0 0.1")
    first, second = (tmp_path / "new/labels/0002.txt").read_bytes().splitlines()
    assert second == pose.replace(b"1 0.5", b"2 0.5").strip()
    assert first.split()[0] == b"2"
    assert first.split()[5:] == pose.split()[5:]
    assert first.split()[1:5] == [b"0.520833", b"0.555556", b"0.208333", b"0.277778"]
