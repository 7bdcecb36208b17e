"""What the name and the values of a column say about its meaning."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import pyarrow as pa
import pyarrow.compute as pc

from datacheck.sources.files import is_image_name

NAMES: Mapping[str, tuple[str, ...]] = {
    "path": (
        *("uri", "path", "image_path", "img_path", "file_path", "filepath", "image_file"),
        *("file_name", "filename", "image_name", "image", "img", "file"),
    ),
    "label_uri": ("label_uri", "label_path", "mask_path", "mask_file", "mask", "segmentation", "annotation_path"),
    "labels": ("labels", "tags", "classes", "categories"),
    "label": (
        *("label", "class", "class_name", "classname", "class_label", "category", "y", "target"),
        *("labels", "tags", "classes", "categories"),
    ),
    "target": ("target", "y", "label"),
    "split": ("split", "subset", "partition"),
    "group": ("group", "group_id"),
}
"""Names, best first, that a column is recognised by; case, spaces and dashes do not matter."""

CERTAIN_LABELS = frozenset(("label", "class", "class_name", "classname", "class_label", "target"))
"""Names that say that a column is what a model is to predict."""

GROUP_WORDS = (
    *("patient", "subject", "person", "participant", "user", "customer", "speaker", "player", "animal", "donor"),
    *("household", "case", "study", "session", "visit", "exam", "video", "movie", "clip", "scene", "recording"),
    *("sequence", "series", "burst", "track", "lesion", "slide", "site", "plot", "mrn", "accession"),
)
"""What several samples of one origin share, the widest first: they must not be parted by a split."""

_COUNTING_WORDS = frozenset(
    ("id", "ids", "uid", "uuid", "no", "nr", "num", "number", "name", "key", "code", "index", "idx", "instance")
)
"""Words that stand beside the thing that a column numbers."""

_MASK_WORDS = frozenset(("mask", "masks", "seg", "segmentation", "annotation", "gt", "groundtruth", "label"))
"""Words in the name of a column of paths to label images."""

_NO_LABEL_WORDS = frozenset(
    (
        *("date", "time", "timestamp", "year", "month", "day", "source", "url", "link", "camera", "device", "sensor"),
        *("license", "licence", "author", "credit", "note", "notes", "comment", "comments", "description", "caption"),
        *(
            "sex",
            "gender",
            "age",
            "view",
            "location",
            "country",
            "city",
            "hospital",
            "format",
            "extension",
            "id",
            "uid",
        ),
        *("width", "height", "size", "name", "annotator", "rater", "fold", "usage"),
    )
)
"""Words in the names of columns that describe a sample and are rarely what a model is to predict."""

_QUANTITIES = frozenset(("age",))
"""Words of these that are what a model predicts where no other column is there."""

_IMAGE_SHARE = 0.9
"""Share of a column's first values that must be names of images."""

_FIRST_VALUES = 1000
"""Values of a column that are looked at for names of images."""

_MARK_LETTERS = 3
"""Letters of the only word of a column, blank in the other rows, that marks the rows of a class, such as ``x``."""

_CLASS_SIZE = 2
"""Samples that a class of a guessed label column has on average at least: fewer are names or remarks."""

MOST_FEW = 10
"""Whole numbers of so few different values are classes or grades."""

_CODES_IN_USE = 0.9
"""Share of the numbers from the lowest to the highest that class codes use."""


def plain(name: str) -> str:
    """Return a column's name as it is compared: lower case, ``_`` for dashes and spaces."""
    return name.strip().lower().replace("-", "_").replace(" ", "_")


def words_of(name: str) -> tuple[str, ...]:
    """Return the words of a column's name, whatever joins them.

    Examples
    --------
    >>> words_of("PatientID"), words_of("patientId"), words_of("lesion_id"), words_of("studyid"), words_of("Video Name")
    (('patient', 'id'), ('patient', 'id'), ('lesion', 'id'), ('study', 'id'), ('video', 'name'))
    """
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", " ", name)
    found: list[str] = []
    for word in re.split(r"[\W_]+", spaced.lower()):
        stem = next((word.removesuffix(end) for end in ("uid", "id", "no") if word.endswith(end)), word)
        found += [stem, word[len(stem) :]] if stem != word and stem in GROUP_WORDS else [word]
    return tuple(word for word in found if word)


def group_named_by(name: str) -> str | None:
    """Return the word of `GROUP_WORDS` that a column numbers, None where it numbers something else.

    Examples
    --------
    >>> [group_named_by(name) for name in ("patientId", "StudyInstanceUID", "MRN", "video_name", "id", "class_name")]
    ['patient', 'study', 'mrn', 'video', None, None]
    """
    things = [word for word in words_of(name) if word not in _COUNTING_WORDS]
    return things[0] if len(things) == 1 and things[0] in GROUP_WORDS else None


def holds_image_paths(column: pa.ChunkedArray) -> bool:
    """Return whether a column holds names of image files."""
    if not is_text(column.type):
        return False
    values = [value for value in column.slice(0, _FIRST_VALUES).cast(pa.string()).to_pylist() if value]
    return bool(values) and sum(map(is_image_name, values)) >= _IMAGE_SHARE * len(values)


def names_masks(name: str) -> bool:
    """Return whether the name of a column of paths says that they are labels.

    Examples
    --------
    >>> names_masks("mask_file"), names_masks("image_file")
    (True, False)
    """
    return bool(set(words_of(name)) & _MASK_WORDS)


def may_be_label(name: str, column: pa.ChunkedArray) -> bool:
    """Return whether a column without a known name may hold the class: words, each shared by several rows.

    Examples
    --------
    >>> may_be_label("species", pa.chunked_array([["heron", "stork", "heron", "stork"]]))
    True
    >>> may_be_label("remark", pa.chunked_array([["a", "b", "c", "d"]]))
    False
    >>> may_be_label("owl", pa.chunked_array([["x", None, None, "x"]]))
    True
    """
    if not _NO_LABEL_WORDS.union(GROUP_WORDS).isdisjoint(words_of(name)):
        return False
    if not (is_text(column.type) or pa.types.is_boolean(column.type)):
        return False
    values = pc.unique(column.drop_null())
    if len(values) == 1 and column.null_count and len(str(values[0])) <= _MARK_LETTERS:
        return True  # a mark in the rows that have the class
    n_known, n_distinct = len(column) - column.null_count, len(values)
    return 2 <= n_distinct <= n_known / _CLASS_SIZE and not holds_image_paths(column)


def may_be_target(name: str, column: pa.ChunkedArray) -> bool:
    """Return whether the only column beside images may be what is to be predicted: a quantity that varies.

    Examples
    --------
    >>> may_be_target("age", pa.chunked_array([[31, 18, 47]])), may_be_target("width", pa.chunked_array([[640, 480]]))
    (True, False)
    """
    if not (_NO_LABEL_WORDS - _QUANTITIES).isdisjoint(words_of(name)):
        return False
    return is_number(column.type) and len(pc.unique(column.drop_null())) > 1


def are_class_codes(values: Sequence[float]) -> bool:
    """Return whether distinct whole numbers are codes of classes rather than a quantity.

    Codes are few, or count from 0 or 1 with hardly a gap; prices, ages and counts are not.

    Examples
    --------
    >>> are_class_codes([0, 1, 2]), are_class_codes(range(100)), are_class_codes([*range(1, 60), 294, 315])
    (True, True, False)
    """
    if len(values) <= MOST_FEW:
        return True
    lowest, highest = min(values), max(values)
    return lowest in (0, 1) and len(values) >= _CODES_IN_USE * (highest - lowest + 1)


def is_number(type_: pa.DataType) -> bool:
    """Return whether a type is of whole or decimal numbers."""
    return bool(pa.types.is_integer(type_) or pa.types.is_floating(type_))


def is_text(type_: pa.DataType) -> bool:
    """Return whether a column holds text, dictionary-encoded or not."""
    if pa.types.is_dictionary(type_):
        type_ = type_.value_type
    return bool(pa.types.is_string(type_) or pa.types.is_large_string(type_) or pa.types.is_string_view(type_))


def is_list(type_: pa.DataType) -> bool:
    """Return whether a column holds a list a row."""
    return bool(pa.types.is_list(type_) or pa.types.is_large_list(type_) or pa.types.is_fixed_size_list(type_))


def whole_numbers(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Return a column of decimal numbers as whole numbers where all are whole, as ids are, else as it is.

    A library that meets a blank among ids makes 7 into 7.0.

    Examples
    --------
    >>> whole_numbers(pa.chunked_array([[7.0, None]])).to_pylist(), whole_numbers(pa.chunked_array([[0.5]])).to_pylist()
    ([7, None], [0.5])
    """
    if not pa.types.is_floating(column.type):
        return column
    try:
        return column.cast(pa.int64())
    except pa.ArrowInvalid:
        return column
