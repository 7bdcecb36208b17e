from __future__ import annotations

import json

from datacheck.manifest import HoldsLabels, Inventory, ItemKind, Question, Remedy, Unread, Used, examples_of

TABLE = Unread("labels.csv", ItemKind.FILE, "not opened", HoldsLabels.YES, remedy=Remedy.option("kind", "table"))
COLUMN = Unread("species", ItemKind.COLUMN, "no role", HoldsLabels.MAYBE, 20, ("cat", "dog"))
README = Unread("readme.txt", ItemKind.FILE, "no image")
IMAGES = Used("*.jpg", ItemKind.FILE, "images", 20, ("1.jpg",))


def test_what_holds_labels_is_told_apart() -> None:
    inventory = Inventory((IMAGES,), (TABLE, COLUMN, README))
    assert inventory.unread_labels == (TABLE,)
    assert inventory.perhaps_labels == (COLUMN,)


def test_it_comes_back_from_json() -> None:
    questions = (Question("one class", Remedy("--class-level 2", "class_level=2")), Question("one split"))
    inventory = Inventory((IMAGES,), (TABLE, COLUMN), questions)
    assert Inventory.from_json(json.loads(json.dumps(inventory.to_json()))) == inventory


def test_a_sum_holds_each_item_once() -> None:
    assert Inventory((IMAGES,), (TABLE,)) + Inventory((IMAGES,), (README,)) == Inventory((IMAGES,), (TABLE, README))


def test_a_remedy_speaks_both_languages() -> None:
    remedy = Remedy.option("label", "the species")
    assert (remedy.command_line, remedy.python) == ("--label 'the species'", "label='the species'")


def test_few_examples_are_kept() -> None:
    assert examples_of(str(number) for number in range(9)) == ("0", "1", "2")
