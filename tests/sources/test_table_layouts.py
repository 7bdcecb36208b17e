"""Tables as people have them are opened right without an option, or refused with the option that opens them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from datacheck.errors import SourceError
from datacheck.manifest import Manifest, Task
from datacheck.manifest.inventory import HoldsLabels, Remedy
from datacheck.sources import open_source


def opened(tmp_path: Path, text: str, name: str = "t.csv", **options: object) -> Manifest:
    (tmp_path / name).write_text(text, encoding="utf-8")
    return open_source(tmp_path / name, **options)  # type: ignore[arg-type]


class TestHowAFileIsWritten:
    @pytest.mark.parametrize(("separator", "said"), [(";", "';'"), ("\t", "tabs"), ("|", "'|'")])
    def test_another_separator_whatever_the_extension(self, tmp_path: Path, separator: str, said: str) -> None:
        rows = ["path,label,weight", *(f"{n}.png,{'ab'[n % 2]},x" for n in range(4))]
        manifest = opened(tmp_path, "\n".join(rows).replace(",", separator))
        assert manifest.table["label"].to_pylist() == ["a", "b", "a", "b"]
        assert f"columns separated by {said}" in manifest.took_for

    def test_decimal_commas_do_not_part_columns(self, tmp_path: Path) -> None:
        manifest = opened(tmp_path, "path;label;weight\na.png;x;0,5\nb.png;y;1,5\n")
        assert manifest.table["weight"].to_pylist() == [0.5, 1.5]

    def test_a_tsv_with_commas_in_it_stays_a_tsv(self, tmp_path: Path) -> None:
        manifest = opened(tmp_path, "path\tlabel\na,1.png\tx\nb,2.png\ty\n", "t.tsv")
        assert manifest.table["uri"].to_pylist() == ["a,1.png", "b,2.png"]
        assert "separated" not in manifest.took_for

    def test_the_delimiter_that_the_caller_names_wins(self, tmp_path: Path) -> None:
        assert opened(tmp_path, "path;x,label\na.png;x,b\n", delimiter=",").table["label"].to_pylist() == ["b"]

    def test_no_header_with_images(self, tmp_path: Path) -> None:
        manifest = opened(tmp_path, "a.png,cat\nb.png,dog\n")
        assert manifest.table["label"].to_pylist() == ["cat", "dog"]
        assert "no header, so the columns are called path, label" in manifest.took_for

    def test_no_header_with_numbers(self, tmp_path: Path) -> None:
        manifest = opened(tmp_path, "5.1,3.5,0\n4.9,3.0,1\n")
        assert manifest.table.column_names == ["sample_id", "column1", "column2", "column3"]
        assert len(manifest) == 2

    def test_a_header_of_counted_columns_is_a_header(self, tmp_path: Path) -> None:
        assert len(opened(tmp_path, "0,1,2\n5.1,3.5,0\n4.9,3.0,1\n")) == 2


class TestWhichColumnIsTheLabel:
    def test_the_only_column_of_repeated_words_is_the_label(self, tmp_path: Path) -> None:
        rows = "".join(f"{('heron', 'stork', 'crane')[n % 3] if n != 4 else ''},img/{n}.jpg\n" for n in range(12))
        manifest = opened(tmp_path, "species,image\n" + rows)
        assert manifest.task is Task.CLASSIFICATION
        assert "label = 'species' (guessed)" in manifest.took_for
        assert manifest.table["label"].null_count == 1

    def test_two_that_may_be_it_are_named_and_neither_is_taken(self, tmp_path: Path) -> None:
        rows = "".join(f"{n}.png,{'ab'[n % 2]},{'xy'[n // 4 % 2]}\n" for n in range(8))
        manifest = opened(tmp_path, "image,species,habitat\n" + rows)
        assert manifest.task is Task.UNLABELLED
        assert manifest.inventory is not None
        assert {item.name for item in manifest.inventory.perhaps_labels} == {"species", "habitat"}
        assert manifest.inventory.perhaps_labels[0].remedy == Remedy("--label species", "label='species'")
        assert "no label column was recognised" in manifest.inventory.questions[0].text

    def test_remarks_names_and_dates_are_no_labels(self, tmp_path: Path) -> None:
        rows = "".join(f"{n}.png,2020-01-0{n % 3},Ann,note {n}\n" for n in range(9))
        manifest = opened(tmp_path, "image,date,photographer_name,remark\n" + rows)
        assert manifest.task is Task.UNLABELLED
        assert manifest.inventory is not None
        assert manifest.inventory.perhaps_labels == ()
        assert [item.labels for item in manifest.inventory.unread] == [HoldsLabels.NO] * 3

    def test_codes_without_a_known_name_are_asked_for(self, tmp_path: Path) -> None:
        manifest = opened(tmp_path, "image,diagnosis_code\n" + "".join(f"{n}.png,{n % 3}\n" for n in range(9)))
        assert manifest.inventory is not None
        assert [item.name for item in manifest.inventory.perhaps_labels] == ["diagnosis_code"]

    def test_the_only_number_beside_images_may_be_the_target(self, tmp_path: Path) -> None:
        def maybe(names: str, values: str) -> list[str]:
            manifest = opened(
                tmp_path, f"file_name,{names}\n" + "".join(f"{n}.png,{20 + n}{values}\n" for n in range(24))
            )
            assert manifest.task is Task.UNLABELLED
            return [str(item.remedy) for item in manifest.inventory.perhaps_labels]

        assert maybe("age", "") == [str(Remedy.option("target", "age"))]
        assert maybe("steering_angle", ".5") == [str(Remedy.option("target", "steering_angle"))]
        assert maybe("width", "") == []
        assert maybe("age,altitude", ",7.5") == []

    def test_whole_numbers_that_are_a_quantity(self, tmp_path: Path) -> None:
        prices = np.random.default_rng(0).integers(100, 900, 138)
        for name in ("target", "y"):
            manifest = opened(tmp_path, f"a,{name}\n" + "".join(f"{n},{price}.0\n" for n, price in enumerate(prices)))
            assert manifest.task is Task.REGRESSION
            manifest = opened(tmp_path, f"a,{name}\n" + "".join(f"{n},{price}\n" for n, price in enumerate(prices)))
            assert manifest.task is Task.REGRESSION
        manifest = opened(tmp_path, "a,target\n" + "".join(f"{n},{n % 100}\n" for n in range(400)))
        assert (manifest.task, len(manifest.classes)) == (Task.CLASSIFICATION, 100)


class TestSeveralLabels:
    TABLE = "filename,cat,dog,owl,split\na.jpg,1,0,1,train\nb.jpg,0,0,0,train\nc.jpg,1,1,0,val\nd.jpg,,,,val\n"

    def test_one_column_a_class(self, tmp_path: Path) -> None:
        manifest = opened(tmp_path, self.TABLE)
        assert manifest.table["labels"].to_pylist() == [["cat", "owl"], [], ["cat", "dog"], None]
        assert (manifest.task, manifest.classes) == (Task.MULTILABEL, ("cat", "dog", "owl"))
        assert "one column a class: 'cat', 'dog' and 'owl' (guessed), 1 has the class" in manifest.took_for

    def test_columns_that_the_caller_names(self, tmp_path: Path) -> None:
        manifest = opened(tmp_path, self.TABLE, label="cat,owl", task="multilabel")
        assert manifest.classes == ("cat", "owl")
        assert manifest.table["dog"].to_pylist() == [0, 0, 1, None]
        with pytest.raises(SourceError, match="expected one column a class that holds 0 and 1"):
            opened(tmp_path, "filename,cat,dog\na.jpg,1,7\n", label="cat,dog")

    def test_uncertain_is_not_having_the_class(self, tmp_path: Path) -> None:
        manifest = opened(tmp_path, "image,Edema,Cardiomegaly\na.jpg,1.0,-1.0\nb.jpg,,1.0\nc.jpg,1.0,1.0\n")
        assert manifest.table["labels"].to_pylist() == [["Edema"], ["Cardiomegaly"], ["Edema", "Cardiomegaly"]]

    def test_exactly_one_a_row_is_a_class(self, tmp_path: Path) -> None:
        manifest = opened(tmp_path, "image,cat,dog\na.jpg,1,0\nb.jpg,0,1\nc.jpg,0,1\n")
        assert manifest.task is Task.CLASSIFICATION
        assert manifest.table["label"].to_pylist() == ["cat", "dog", "dog"]
        assert manifest.classes == ("cat", "dog")

    def test_a_class_that_no_row_has(self, tmp_path: Path) -> None:
        manifest = opened(tmp_path, "image,cat,dog,owl\na.jpg,1,0,0\nb.jpg,1,1,0\n", label="cat,dog,owl")
        assert manifest.classes == ("cat", "dog", "owl")

    def test_lists_of_0_and_1(self, tmp_path: Path) -> None:
        one_hot = open_source({"label": [[0, 1, 0], [1, 0, 0]]}, classes=["a", "b", "c"])
        assert one_hot.table["label"].to_pylist() == ["b", "a"]
        several = open_source({"labels": [[0, 1, 1], [0, 0, 0]]})
        assert several.table["labels"].to_pylist() == [["1", "2"], []]
        assert several.classes == ("0", "1", "2")

    @pytest.mark.parametrize(
        "cells",
        [
            ('"[""cat"", ""dog""]"', '"[""cat""]"', "[]"),
            ("\"['cat', 'dog']\"", "['cat']", "[]"),
            ("cat|dog", "cat", None),
            ("cat;dog", "cat", None),
            ('"cat, dog"', "cat", None),
        ],
    )
    def test_several_in_one_text(self, tmp_path: Path, cells: tuple[str, str, str | None]) -> None:
        rows = [cells[0], cells[1], "dog" if cells[2] is None else '"[""dog""]"', cells[2] or ""]
        manifest = opened(tmp_path, "path,label\n" + "".join(f"{n}.png,{cell}\n" for n, cell in enumerate(rows)))
        assert manifest.task is Task.MULTILABEL
        empty = None if cells[2] is None else []
        assert manifest.table["labels"].to_pylist() == [["cat", "dog"], ["cat"], ["dog"], empty]

    def test_spaces_part_labels_only_where_the_name_says_several(self, tmp_path: Path) -> None:
        rows = ["haze primary", "clear primary", "clear water", "haze water"]
        text = "".join(f"{n}.png,{row}\n" for n, row in enumerate(rows))
        assert opened(tmp_path, "path,tags\n" + text).classes == ("clear", "haze", "primary", "water")
        assert opened(tmp_path, "path,label\n" + text).task is Task.CLASSIFICATION

    def test_names_with_commas_are_one_label(self, tmp_path: Path) -> None:
        text = 'path,label\na.png,"Paris, France"\nb.png,"Rome, Italy"\nc.png,"Paris, France"\n'
        assert opened(tmp_path, text).classes == ("Paris, France", "Rome, Italy")


class TestGroupsAndImages:
    @pytest.mark.parametrize(
        "name", ["patientId", "PatientID", "lesion_id", "video_name", "scene", "studyid", "user_id", "Subject"]
    )
    def test_groups_under_any_spelling(self, tmp_path: Path, name: str) -> None:
        text = f"image,label,{name}\n" + "".join(f"{n}.png,{'ab'[n % 2]},p{n // 3}\n" for n in range(9))
        manifest = opened(tmp_path, text)
        assert f"group = {name!r} (guessed)" in manifest.took_for
        assert manifest.table["group"].to_pylist()[:4] == ["p0", "p0", "p0", "p1"]

    def test_the_widest_group_wins(self, tmp_path: Path) -> None:
        text = "image,label,study_id,patient_id\n" + "".join(f"{n}.png,a,s{n // 2},p{n // 4}\n" for n in range(8))
        assert "group = 'patient_id'" in opened(tmp_path, text).took_for

    @pytest.mark.parametrize("name", ["id", "class_id", "case_notes", "videos_per_user"])
    def test_other_names_are_no_groups(self, tmp_path: Path, name: str) -> None:
        text = f"image,label,{name}\n" + "".join(f"{n}.png,{'ab'[n % 2]},p{n // 3}\n" for n in range(9))
        assert "group" not in opened(tmp_path, text)

    def test_images_under_an_unknown_name(self, tmp_path: Path) -> None:
        manifest = opened(tmp_path, "photo,label\na.png,x\nb.png,y\n")
        assert manifest.table["uri"].to_pylist() == ["a.png", "b.png"]

    def test_several_columns_of_images_are_asked_for(self, tmp_path: Path) -> None:
        with pytest.raises(SourceError, match=r"found 'left' and 'right': audit each by itself, with --path left"):
            opened(tmp_path, "left,right,label\na.png,b.png,x\nc.png,d.png,y\n")

    def test_a_column_of_masks_is_the_label(self, tmp_path: Path) -> None:
        manifest = opened(tmp_path, "photo,gt_mask\na.png,m/a.png\nb.png,m/b.png\n")
        assert manifest.task is Task.SEGMENTATION
        assert manifest.table["label_uri"].to_pylist() == ["m/a.png", "m/b.png"]
