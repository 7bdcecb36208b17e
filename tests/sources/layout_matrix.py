"""The layouts that people have, each as the files that it is made of and what it must be read as."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from datacheck.sources.files import expand_braces, is_image_name

from .pets_data import write_image

LABEL_FILES = {
    ".txt": b"0 0.5 0.5 0.2 0.2\n",
    ".json": b'{"shapes": [{"label": "cup", "points": [[1, 1], [5, 5]], "shape_type": "rectangle"}]}',
    ".xml": b"<annotation><object><name>cup</name><bndbox><xmin>1</xmin><ymin>1</ymin><xmax>5</xmax><ymax>5</ymax>"
    b"</bndbox></object></annotation>",
}
"""What a label file holds, by its extension, where a layout does not say."""


@dataclass(frozen=True)
class Layout:
    """One layout.

    ``files`` are names with braces, or a mapping to their content; an image without content is drawn. ``source`` is
    what is opened below the folder. ``read`` is what it is read as in the words of the matrix; where it starts with
    "refused", ``message`` must be in the error, and ``remedy`` holds the options that open it.
    """

    name: str
    files: tuple[str, ...]
    read: str
    texts: Mapping[str, str | bytes] = field(default_factory=dict)
    source: str = ""
    options: Mapping[str, Any] = field(default_factory=dict)
    message: str = ""
    remedy: Mapping[str, Any] | None = None

    def make(self, root: Path) -> Path:
        """Write the files, and return what is to be opened."""
        number = 0
        for pattern in self.files:
            for name in expand_braces(pattern):
                path = root / name
                path.parent.mkdir(parents=True, exist_ok=True)
                number += 1
                if name.endswith("/"):
                    path.mkdir(exist_ok=True)
                elif is_image_name(name):
                    write_image(path, number % 256)
                else:
                    is_list = path.suffix == ".txt" and "labels" not in name
                    path.write_bytes(b"" if is_list else LABEL_FILES.get(path.suffix, b""))
        for name, text in self.texts.items():
            path = root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(text.encode() if isinstance(text, str) else text)
        return root / self.source


NOT_READ = "; content of the label files not read"
"""What is said of pairs whose masks or boxes were not opened."""


def _rows(text: str) -> tuple[Layout, ...]:
    """Return the layouts of a text: a name, then its files, what they are read as, and for a refusal the message."""
    found = []
    for entry in re.split(r"\n(?= {4}\S)", text.rstrip()):
        if entry.strip():
            name, files, read, *message = [cell.strip() for cell in entry.split("=>")]
            read = read.replace(" +", NOT_READ)
            found.append(Layout(name, tuple(files.split()), read, message="".join(message).removeprefix("! ")))
    return tuple(found)


FOLDERS = _rows(
    """
    class folders
      => {cat,dog}/{1,2}.jpg
      => 4 images, classes cat, dog
    split folders with class folders
      => {train,val}/{cat,dog}/1.jpg
      => 4 images, classes cat, dog, splits train, val
    other words for splits
      => {Training,valid,testing}/{cat,dog}/1.jpg
      => 6 images, classes cat, dog, splits train, val, test
    class folders with split folders
      => {cat,dog}/{train,test}/1.jpg
      => 4 images, classes cat, dog, splits train, test
    `images/` within the splits
      => {train,val}/images/{cat,dog}/1.jpg
      => 4 images, classes cat, dog, splits train, val
    `images/` around the splits
      => images/{train,val}/{cat,dog}/1.jpg
      => 4 images, classes cat, dog, splits train, val
    extra folders on top
      => archive/PetImages/{Cat,Dog}/1.jpg
      => 2 images, classes Cat, Dog
    nested class folders
      => {cat,dog}/{x,y}/1.jpg
      => 4 images, classes cat, dog; asks which level holds the class
    one class folder
      => cat/{1,2}.jpg
      => 2 images, classes cat; asks about the single class
    a misspelt split
      => {train,validaton}/{cat,dog}/1.jpg
      => 4 images, classes cat, dog, splits train, validaton; asks about the split
    a class folder empty in every split
      => {train,val}/{day,night}/1.jpg {train,val}/dusk/
      => 4 images, classes day, dusk, night, splits train, val
    a test split without classes
      => train/{cat,dog}/1.jpg test/{1,2}.jpg
      => 4 images, classes cat, dog, splits train, test
    images without any label
      => {1,2,3}.jpg
      => 3 images, no labels
    leftovers of systems and editors
      => {cat,dog}/1.jpg cat/._1.jpg dog/Thumbs.db .ipynb_checkpoints/2.jpg __MACOSX/cat/._1.jpg
      => 2 images, classes cat, dog
    a zip that was not unpacked
      => pets.zip
      => refused: unpack it
      => ! unpack pets.zip first
    """
)

COCO = json.dumps(
    {
        "images": [{"id": 1, "file_name": "a.jpg"}, {"id": 2, "file_name": "b.jpg"}],
        "annotations": [{"id": 1, "image_id": 1, "category_id": 1, "bbox": [1, 1, 4, 4]}],
        "categories": [{"id": 1, "name": "cup"}, {"id": 2, "name": "jar"}],
    }
)
"""A file of COCO about two images."""

CVAT = (
    "<annotations><meta><task><labels><label><name>cup</name></label><label><name>jar</name></label></labels></task>"
    '</meta><image id="0" name="a.jpg" width="8" height="8"><box label="cup" xtl="1" ytl="1" xbr="5" ybr="5"/></image>'
    '<image id="1" name="b.jpg" width="8" height="8"><polygon label="jar" points="1,1;5,1;5,5"/></image></annotations>'
)
"""A file of CVAT about two images."""

PAIRS = _rows(
    """
    `images/` and `masks/`
      => images/{a,b}.png masks/{a,b}.png
      => 2 images, masks by name
    `images/`, `masks/` in each split
      => {train,val}/{images,masks}/{a,b}.png
      => 4 images, masks by name, splits train, val
    `imgs/` and `GT/` around the splits
      => {imgs,GT}/{train,val}/{a,b}.png
      => 4 images, masks by name, splits train, val
    `train` and `trainannot` (CamVid)
      => {train,trainannot,val,valannot}/{a,b}.png
      => 4 images, masks by name, splits train, val
    `train` and `train_masks` (Carvana)
      => train/{a,b}.jpg train_masks/{a,b}_mask.png
      => 2 images, masks by name, splits train
    several label files an image (Cityscapes)
      => leftImg8bit/{train,val}/ulm/a_{1,2}_leftImg8bit.png gtFine/{train,val}/ulm/a_{1,2}_gtFine_{color,labelIds}.png
      => 4 images, masks by name, splits train, val
    `x.png` beside `x_mask.png`
      => {a,b}.png {a,b}_mask.png
      => 2 images, masks by name
    one mask file an object (Data Science Bowl 2018)
      => stage1_train/{a/images/a,b/images/b}.png stage1_train/{a/masks/{x,y,z},b/masks/{v,w}}.png
      => 2 images, masks of 5 objects, splits train
    one mask file an object, a folder for each image
      => train/images/{a,b}.png train/masks/a/{1,2,3}.png train/masks/b/{1,2}.png
      => 2 images, masks of 5 objects, splits train
    masks beside the images in class folders (BUSI)
      => {benign,malignant}/{1,2}{,_mask}.png benign/2_mask_1.png
      => 4 images, classes benign, malignant
    one mask file an object, numbered
      => images/{a,b}.jpg masks/a_{0,1,2}.png masks/b_{0,1}.png
      => 2 images, masks of 5 objects
    YOLO, `images/train` and `labels/train`
      => images/{train,val}/{a,b}.jpg labels/{train,val}/{a,b}.txt data.yaml
      => 4 images, boxes of 0, splits train, val
    YOLO, `train/images` and `train/labels`
      => {train,valid}/images/{a,b}.jpg {train,valid}/labels/{a,b}.txt
      => 4 images, boxes of 0, splits train, val
    `x.jpg` beside `x.json` (LabelMe)
      => {train,val}/{a,b}.{jpg,json}
      => 4 images, boxes of cup, splits train, val
    """
)

SPECIAL = (
    Layout(
        "nested class folders, `class_level=2`",
        ("cat/{manx,siam}/1.jpg", "dog/{corgi,pug}/1.jpg"),
        "4 images, classes corgi, manx, pug, siam",
        options={"class_level": 2},
    ),
    Layout("the zip itself", ("pets.zip",), "refused: unpack it", source="pets.zip", message="unpack it first"),
    Layout(
        "`leftImg8bit` and `gtFine` (Cityscapes)",
        ("leftImg8bit/{train,val}/rome/{a,b}_leftImg8bit.png", "gtFine/{train,val}/rome/{a,b}_gtFine_labelIds.png"),
        "4 images, masks by name, splits train, val",
    ),
    Layout(
        "YOLO's `data.yaml`",
        ("train/images/{a,b}.jpg", "train/labels/{a,b}.txt"),
        "2 images, boxes of cup, jar, splits train",
        texts={"data.yaml": "train: train/images\nnames: [cup, jar]\n"},
        source="data.yaml",
    ),
    Layout(
        "VOC with `ImageSets/Main`",
        ("JPEGImages/{a,b,c}.jpg", "Annotations/{a,b,c}.xml", "SegmentationClass/a.png"),
        "3 images, boxes of cup, splits train, val",
        texts={"ImageSets/Main/train.txt": "a\nb\n", "ImageSets/Main/val.txt": "c\n"},
    ),
    Layout(
        "COCO, `annotations/instances_*.json`",
        ("{train,val}2017/{a,b}.jpg",),
        "4 images, boxes of cup, jar, splits train, val",
        texts={f"annotations/instances_{split}2017.json": COCO for split in ("train", "val")},
    ),
    Layout(
        "COCO, `_annotations.coco.json` in each split (Roboflow)",
        ("{train,valid}/{a,b}.jpg",),
        "4 images, boxes of cup, jar, splits train, val",
        texts={f"{split}/_annotations.coco.json": COCO for split in ("train", "valid")},
    ),
    Layout(
        "a COCO file itself",
        ("images/{a,b}.jpg",),
        "2 images, boxes of cup, jar",
        texts={"annotations/instances.json": COCO},
        source="annotations/instances.json",
    ),
    Layout(
        "CVAT for images, `annotations.xml`",
        ("images/{a,b}.jpg",),
        "2 images, boxes of cup, jar",
        texts={"annotations.xml": CVAT},
    ),
    Layout(
        "a table with a row a box",
        ("images/{a,b}.jpg",),
        "2 images, boxes of cup, jar",
        texts={
            "images/boxes.csv": "filename,class,xmin,ymin,xmax,ymax\na.jpg,cup,1,1,5,5\na.jpg,jar,2,2,5,5\n"
            "b.jpg,jar,1,1,4,4\n",
        },
        source="images/boxes.csv",
    ),
    Layout(
        "a table with a row a box, without a header (RetinaNet)",
        ("images/{a,b}.jpg",),
        "2 images, boxes of cup, jar",
        texts={"boxes.csv": "images/a.jpg,1,1,5,5,cup\nimages/a.jpg,2,2,5,5,jar\nimages/b.jpg,1,1,4,4,jar\n"},
        source="boxes.csv",
    ),
    Layout(
        "a table with one box an image",
        ("images/{a,b}.jpg",),
        "2 images, classes cup, jar; asks about the boxes",
        texts={"images/boxes.csv": "filename,class,x1,y1,x2,y2\na.jpg,cup,1,1,5,5\nb.jpg,jar,1,1,4,4\n"},
        source="images/boxes.csv",
    ),
    Layout(
        "a folder with a table with a row a box",
        ("{train,test}/{a,b}.jpg",),
        "4 images, boxes of cup, jar, splits train, test",
        texts={
            f"{split}_labels.csv": f"filename,width,height,class,xmin,ymin,xmax,ymax\n{split}/a.jpg,8,8,cup,1,1,5,5\n"
            f"{split}/b.jpg,8,8,jar,1,1,4,4\n{split}/b.jpg,8,8,cup,3,3,4,4\n"
            for split in ("train", "test")
        },
    ),
)

FOLDER_LAYOUTS = (*FOLDERS, *PAIRS, *SPECIAL)
