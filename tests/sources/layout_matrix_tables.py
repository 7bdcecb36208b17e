"""The second half of the matrix: lists and tables."""

from __future__ import annotations

import json
from typing import Any

from .layout_matrix import FOLDER_LAYOUTS, Layout

ABCD = "{a,b,c,d}"
ROWS = "".join(f"{name}.png,{label}\n" for name, label in zip("abcd", "xyxy", strict=True))
CLASSES_XY = "4 images, classes x, y"

LISTS = (
    Layout(
        "`train.txt`: path and class number",
        (f"img/{ABCD}.png",),
        "4 images, classes 0, 1",
        texts={"train.txt": "img/a.png 0\nimg/b.png 1\nimg/c.png 0\nimg/d.png 1\n"},
        source="train.txt",
    ),
    Layout(
        "the same with `classes.txt`",
        (f"img/{ABCD}.png",),
        CLASSES_XY,
        texts={"train.txt": "img/a.png 0\nimg/b.png 1\nimg/c.png 0\nimg/d.png 1\n", "classes.txt": "x\ny\n"},
        source="train.txt",
    ),
    Layout(
        "a folder with `train.txt` and `val.txt`",
        (f"img/{ABCD}.png",),
        "4 images, classes 0, 1, splits train, val",
        texts={"train.txt": "img/a.png 0\nimg/b.png 1\n", "val.txt": "img/c.png 0\nimg/d.png 1\n"},
    ),
    Layout(
        "a folder with `train.csv` and `val.csv`",
        (f"img/{ABCD}.png",),
        "4 images, classes x, y, splits train, val",
        texts={"train.csv": "file,label\na.png,x\nb.png,y\n", "val.csv": "file,label\nc.png,x\nd.png,y\n"},
    ),
    Layout(
        "`train.txt`: image and mask",
        ("img/{a,b}.png", "gt/{a,b}.png"),
        "2 images, masks by row",
        texts={"train.txt": "img/a.png gt/a.png\nimg/b.png gt/b.png\n"},
        source="train.txt",
    ),
    Layout(
        "class folders and split lists (Food-101)",
        ("images/{pie,soup}/{1,2}.jpg",),
        "4 images, classes pie, soup, splits train, test",
        texts={"meta/train.txt": "pie/1\nsoup/1\n", "meta/test.txt": "pie/2\nsoup/2\n"},
    ),
    Layout(
        "Kaggle: ids without extension, a folder",
        (f"train/{ABCD}.tif", "test/{e,f}.tif"),
        "6 images, classes x, y, splits train, test",
        texts={
            "train_labels.csv": "id,label\n" + ROWS.replace(".png", ""),
            "sample_submission.csv": "id,label\ne,x\nf,x\n",
        },
    ),
    Layout(
        "Kaggle: ids without extension, the table",
        (f"train/{ABCD}.tif",),
        "4 images, classes x, y, splits train",
        texts={"train_labels.csv": "id,label\n" + ROWS.replace(".png", "")},
        source="train_labels.csv",
    ),
    Layout(
        "`metadata.csv` (Hugging Face)",
        (f"{ABCD}.png",),
        CLASSES_XY,
        texts={"metadata.csv": "file_name,label\n" + ROWS},
    ),
    Layout(
        "`metadata.jsonl` in each split",
        ("{train,test}/{a,b}.png",),
        "4 images, classes x, y, splits train, test",
        texts={
            f"{split}/metadata.jsonl": '{"file_name": "a.png", "label": "x"}\n{"file_name": "b.png", "label": "y"}\n'
            for split in ("train", "test")
        },
    ),
    Layout(
        "class folders beside a table",
        ("{cat,dog}/{1,2}.jpg",),
        "4 images, classes cat, dog",
        texts={"labels.csv": "file,label\ncat/1.jpg,x\ncat/2.jpg,y\ndog/1.jpg,x\ndog/2.jpg,y\n"},
    ),
    Layout(
        "a table beside the folder of images",
        (f"images/{ABCD}.png",),
        CLASSES_XY,
        texts={"labels/t.csv": "file,label\n" + ROWS},
        source="labels/t.csv",
    ),
    Layout(
        "paths of another machine",
        (f"img/{ABCD}.png",),
        "4 images, classes x, y; says which prefix was replaced",
        texts={"t.csv": "path,label\n" + "".join(f"C:\\data\\IMG\\{row}\n" for row in ROWS.split())},
        source="t.csv",
    ),
    Layout(
        "images in several folders",
        ("part_1/{a,b}.png", "part_2/{c,d}.png"),
        CLASSES_XY,
        texts={"t.csv": "file,label\n" + ROWS},
        source="t.csv",
    ),
)


def _table(name: str, text: str | bytes, read: str = CLASSES_XY, extension: str = "csv", **more: Any) -> Layout:
    return Layout(name, (f"{ABCD}.png",), read, texts={f"t.{extension}": text}, source=f"t.{extension}", **more)


TABLES = (
    _table("CSV with a header", "file,label\n" + ROWS),
    _table("CSV with `;`", "file;label\n" + ROWS.replace(",", ";")),
    _table("`.csv` with tabs", "file\tlabel\n" + ROWS.replace(",", "\t")),
    _table("TSV", "file\tlabel\n" + ROWS.replace(",", "\t"), extension="tsv"),
    _table("CSV with a byte order mark", b"\xef\xbb\xbf" + f"file,label\n{ROWS}".encode()),
    _table(
        "CSV in Latin-1",
        ("file,label\n" + ROWS.replace("x", "caf\xe9")).encode("latin-1"),
        "4 images, classes caf\xe9, y",
    ),
    _table("CSV without a header", ROWS),
    _table("CSV without a header, columns named", ROWS, options={"columns": ["path", "label"]}),
    _table("a label under another name", "file,species\n" + ROWS),
    _table(
        "a column a class",
        "file,cat,dog\na.png,1,0\nb.png,0,1\nc.png,1,1\nd.png,0,0\n",
        "4 images, several of cat, dog each",
    ),
    _table(
        "one-hot columns", "file,cat,dog\na.png,1,0\nb.png,0,1\nc.png,1,0\nd.png,0,1\n", "4 images, classes cat, dog"
    ),
    _table(
        "labels joined by a vertical bar",
        "file,labels\na.png,x|y\nb.png,x\nc.png,y\nd.png,x|y\n",
        "4 images, several of x, y each",
    ),
    _table(
        "labels joined by another separator",
        "file,label\na.png,x+y\nb.png,x\nc.png,y\nd.png,x\n",
        "4 images, several of x, y each",
        options={"label_separator": "+"},
    ),
    _table(
        "JSON lists of labels",
        'file,label\na.png,"[""x"", ""y""]"\nb.png,"[""x""]"\nc.png,[]\nd.png,"[""y""]"\n',
        "4 images, several of x, y each",
    ),
    _table(
        "two columns of images",
        "left,right,label\na.png,b.png,x\nc.png,d.png,y\n",
        "refused: name one with `path`",
        message="expected one column of image names, found 'left' and 'right'",
        remedy={"path": "left"},
    ),
    _table(
        "decimal targets",
        "file,price\na.png,1.5\nb.png,2.25\nc.png,3.5\nd.png,1.0\n",
        "4 images, a regression target",
        options={"target": "price"},
    ),
    _table(
        "JSON lines",
        "".join(json.dumps(dict(zip(("file", "label"), row.split(","), strict=True))) + "\n" for row in ROWS.split()),
        extension="jsonl",
    ),
    _table(
        "JSON lines with a `null`",
        'null\n{"file": "a.png", "label": "x"}\n',
        "refused: the line is named",
        extension="jsonl",
        message="found null on line 1",
    ),
    _table("a spreadsheet", b"PK", "refused: save it as CSV", extension="xlsx", message="save the sheet as CSV"),
)

LAYOUTS = (*FOLDER_LAYOUTS, *LISTS, *TABLES)
