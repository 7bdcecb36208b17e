"""Groups that file names show: patients, videos, bursts, augmented copies of one image.

Arrays of names in, groups out. A group needs more than one member: names that only count up have none.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from datacheck.pairing.name_matching import stem

_CHUNK = 1 << 17
"""Names of a column that are Python objects at a time: about 10 MB."""

MIN_SHARE = 0.5
"""A pattern is used when at least this share of the names has it."""
MIN_DATED = 0.95
"""Dates are used when at least this share of the names has a valid one: other long numbers are seldom valid dates."""
BURST_SECONDS = 3.0
"""Photos less than this apart show the same scene."""
MIN_COUNTED_GROUPS = 10
"""Without a word such as ``patient``, fewer groups than this may be sources, years or classes."""
MIN_CONTIGUOUS = 0.8
"""Share of the groups that must count their members 0, 1, 2 … or 1, 2, 3 … for a counter to show groups."""
MAX_COUNTED_SIZE = 50
"""With more members for each group (median) than this, a counter shows sources or subclasses."""
FRAME_BLOCK = 30
"""Frames of a single sequence are grouped by so many: about a second of video."""
MAX_CLASS_RATIO = 1.5
"""With no more groups for each class than this, the name holds the class."""

WORDS = (
    "patient", "pat", "subject", "subj", "sub", "person", "donor", "animal", "specimen", "speaker", "lesion", "case",
    "video", "vid", "movie", "slide", "wsi", "sequence", "seq", "clip", "scene", "study", "session", "series", "exam",
    "volume", "vol", "scan", "plant",
)  # fmt: skip
"""Words that name a group when a number follows; where names have several, the first of this list counts."""

_WORD = re.compile(rf"(?<![a-z])(?P<word>{'|'.join(WORDS)})[-_ ]?(?P<id>[a-z]?\d+[a-z]?)(?![a-z0-9])", re.IGNORECASE)
_MEMBER = re.compile(
    r"^(?P<group>.*?)[-_. ]?(?P<word>frame|frm|slice|tile|patch|crop|view|shot)[-_ ]?(?P<number>\d+)$", re.IGNORECASE
)
_COUNTER = re.compile(r"^(?P<group>.+?)[-_. ](?P<number>\d+)$")
_AUGMENTED = re.compile(
    r"^(?P<group>.+?)(?:\.rf\.[0-9a-f]{8,}|[-_. ](?:aug|augmented|[hv]?flip|flipped|rot|rotated|mirror|mirrored|bright|"
    r"brighter|dark|darker|noise|noisy|blur|blurred|cropped|zoom|zoomed|shear|jitter|gamma)[-_ ]?\d{0,4})+$",
    re.IGNORECASE,
)
_TIME = re.compile(
    r"(?<!\d)((?:19|20)\d\d)[-_.]?(\d\d)[-_.]?(\d\d)[-_.T ]{0,2}(\d\d)[-_.:h]?(\d\d)[-_.:m]?(\d\d)(?!\d{7})"
)

Codes = NDArray[np.int64]


@dataclass(frozen=True)
class NameGroups:
    """Groups that names show.

    Attributes
    ----------
    kind
        ``word``, ``frames``, ``counter``, ``bursts`` or ``augmented``.
    pattern
        What repeats in the names, for people: ``patient<id>``.
    codes
        Group of each name, -1 for none; int64 [N].
    names
        Name of each group.
    """

    kind: str
    pattern: str
    codes: Codes
    names: tuple[str, ...]


def infer_groups(
    names: Sequence[str | None] | pa.Array | pa.ChunkedArray, labels: Codes | None = None
) -> list[NameGroups]:
    """Return the groups that file names show, one entry for each kind of pattern that is found.

    Parameters
    ----------
    names
        Paths; only the last part is looked at. N of them. A long column of Arrow becomes Python objects only where a
        pattern occurs often enough.
    labels
        Class of each row, -1 for none: a part of the name that only repeats the class is no group; shape [N].

    Examples
    --------
    >>> names = [f"patient{n // 3:02d}_{n % 3}.png" for n in range(30)]
    >>> (found,) = infer_groups(names)
    >>> found.pattern, found.codes[:6].tolist(), found.names[1]
    ('patient<id>', [0, 0, 0, 1, 1, 1], 'patient01')
    >>> infer_groups([f"img_{n:03d}.png" for n in range(30)])
    []
    """
    bases = _Bases(names)
    labels = np.full(len(bases), -1, dtype=np.int64) if labels is None else np.asarray(labels, dtype=np.int64)
    found: list[NameGroups] = []
    for infer, pattern, share in _KINDS:
        groups = infer(bases.texts, labels) if bases.may_match(pattern, share) else None
        if groups is not None and not any(np.array_equal(groups.codes, one.codes) for one in found):
            found.append(groups)
        if groups is not None and infer in {_by_word, _by_member}:
            break  # weaker evidence of the same groups
    return found


class _Bases:
    """The last part of each path, without its extension."""

    def __init__(self, names: Sequence[str | None] | pa.Array | pa.ChunkedArray) -> None:
        self._column: pa.ChunkedArray | None = None
        if isinstance(names, pa.Array | pa.ChunkedArray):
            parts = (names.slice(start, _CHUNK).to_pylist() for start in range(0, len(names), _CHUNK))
            self._column = pa.chunked_array([pa.array(map(_base, part), pa.string()) for part in parts], pa.string())
        else:
            self.texts = [_base(name) for name in names]

    def __len__(self) -> int:
        return len(self.texts if self._column is None else self._column)

    @cached_property
    def texts(self) -> list[str]:
        """All of them as Python objects."""
        assert self._column is not None, "a list was given"
        texts: list[str] = self._column.to_pylist()
        return texts

    @cached_property
    def _is_plain(self) -> bool:
        """Whether Arrow's expressions match what Python's do: ASCII without line ends."""
        plain = pc.and_not(pc.string_is_ascii(self._column), pc.match_substring(self._column, "\n"))
        return bool(pc.all(plain).as_py())

    def may_match(self, pattern: str, share: float) -> bool:
        """Return whether a pattern may be that of a share of the names, and of one at least."""
        if self._column is None or not self._is_plain:
            return True
        count = pc.sum(pc.match_substring_regex(self._column, pattern, ignore_case=True)).as_py() or 0
        return bool(count >= max(1, share * len(self)))


def _base(name: str | None) -> str:
    return "" if name is None else stem(name).rpartition("/")[2]


def _grouped(kind: str, pattern: str, keys: Sequence[str | None]) -> NameGroups | None:
    """Number the keys; None unless several groups have several members."""
    counts = Counter(key for key in keys if key is not None)
    if len(counts) < 2 or sum(count > 1 for count in counts.values()) < 2:
        return None
    names = tuple(sorted(counts))
    number = {name: position for position, name in enumerate(names)}
    codes = np.array([-1 if key is None else number[key] for key in keys], dtype=np.int64)
    return NameGroups(kind, pattern, codes, names)


def _augmented(bases: list[str], labels: Codes) -> NameGroups | None:
    """Copies that an augmentation made: the name of the original and a suffix for the change."""
    keys: list[str | None] = []
    suffixed = set()
    for base in bases:
        match = _AUGMENTED.match(base)
        keys.append(base if match is None else match["group"])
        if match is not None:
            suffixed.add(match["group"])
    # An original counts only beside its copies.
    keys = [key if key in suffixed else None for key in keys]
    if len(suffixed) < 2:
        return None
    example = next(base for base in bases if _AUGMENTED.match(base))
    roboflow = ".rf." in example
    return _grouped("augmented", "<image>.rf.<hash>" if roboflow else "<image>_<change>", keys)


def _by_word(bases: list[str], labels: Codes) -> NameGroups | None:
    """A word such as ``patient`` or ``video`` with a number: the first of `WORDS` that most names have."""
    matches = [list(_WORD.finditer(base)) for base in bases]
    words: dict[str, int] = {}
    for some in matches:
        for word in {match["word"].casefold() for match in some}:
            words[word] = words.get(word, 0) + 1
    for word in sorted(words, key=WORDS.index):
        if words[word] < MIN_SHARE * len(bases):
            continue
        firsts = [next((one for one in some if one["word"].casefold() == word), None) for some in matches]
        with_prefix = [None if m is None else m.string[: m.end()].casefold() for m in firsts]
        alone = [None if m is None else m.group().casefold() for m in firsts]
        pattern = f"{word}<id>"
        groups = _grouped("word", pattern, with_prefix) or _grouped("word", pattern, alone)
        if groups is not None and not _is_class(groups.codes, labels):
            return groups
    return None


def _by_member(bases: list[str], labels: Codes) -> NameGroups | None:
    """A number of a frame, slice, tile or patch after the name of what it belongs to."""
    matches = [_MEMBER.match(base) for base in bases]
    known = [match for match in matches if match is not None]
    if len(known) < max(1, MIN_SHARE * len(bases)):
        return None
    keys = [None if match is None else match["group"].casefold() for match in matches]
    word = known[0]["word"].casefold()
    if len({key for key in keys if key is not None}) == 1 and word.startswith("fr"):
        blocks = [None if match is None else f"{int(match['number']) // FRAME_BLOCK:06d}" for match in matches]
        return _grouped("frames", f"{FRAME_BLOCK} consecutive frames", blocks)
    groups = _grouped("frames", f"<name>_{word}<number>", keys)
    return None if groups is None or _is_class(groups.codes, labels) else groups


def _by_counter(bases: list[str], labels: Codes) -> NameGroups | None:
    """Names that end in a number that starts again in each group: ``007_0, 007_1, 008_0, 008_1``."""
    matches = [_COUNTER.match(base) for base in bases]
    if sum(match is not None for match in matches) < max(1, MIN_SHARE * len(bases)):
        return None
    keys = [None if match is None else match["group"].casefold() for match in matches]
    groups = _grouped("counter", "<id>_<number>", keys)
    if groups is None or len(groups.names) < MIN_COUNTED_GROUPS or _is_class(groups.codes, labels):
        return None
    if np.median(np.bincount(groups.codes[groups.codes >= 0])) > MAX_COUNTED_SIZE:
        return None
    numbers: list[set[int]] = [set() for _ in groups.names]
    for code, match in zip(groups.codes.tolist(), matches, strict=True):
        if match is not None:
            numbers[code].add(int(match["number"]))
    several = [some for some in numbers if len(some) > 1]
    contiguous = [some for some in several if min(some) <= 1 and max(some) - min(some) + 1 == len(some)]
    enough = len(contiguous) >= MIN_CONTIGUOUS * len(several) and 2 * len(several) >= len(numbers)
    return groups if enough else None


def _bursts(bases: list[str], labels: Codes) -> NameGroups | None:
    """Photos whose names hold a time, taken within seconds of each other."""
    times = np.array([_time_of(base) for base in bases], dtype=np.float64)
    known = np.flatnonzero(np.isfinite(times))
    if len(known) < max(2, MIN_DATED * len(bases)):
        return None
    order = known[np.argsort(times[known], kind="stable")]
    number = np.cumsum(np.r_[0, np.diff(times[order]) > BURST_SECONDS])
    keys: list[str | None] = [None] * len(bases)
    for burst in np.split(order, np.flatnonzero(np.diff(number)) + 1):
        for row in burst.tolist():
            keys[row] = bases[burst[0]]
    return _grouped("bursts", "<date>_<time>", keys)


def _time_of(base: str) -> float:
    match = _TIME.search(base)
    if match is None:
        return np.nan
    try:
        return datetime(*map(int, match.groups()), tzinfo=UTC).timestamp()  # type: ignore[arg-type,misc]
    except ValueError:
        return np.nan


def _is_class(codes: Codes, labels: Codes) -> bool:
    """Whether groups only repeat the class: hardly more pairs of group and class than classes."""
    rows = np.flatnonzero((codes >= 0) & (labels >= 0))
    n_classes = len(np.unique(labels[rows]))
    pairs = len(np.unique(np.stack([codes[rows], labels[rows]]), axis=1).T) if len(rows) else 0
    return n_classes > 1 and pairs <= MAX_CLASS_RATIO * n_classes


_LOOK_AROUND = re.compile(r"\(\?<?![^)]*\)")
"""What Arrow's expressions do not have: without it a pattern matches more."""

_KINDS = (
    (_augmented, _AUGMENTED.pattern, 0.0),
    (_by_word, _LOOK_AROUND.sub("", _WORD.pattern), MIN_SHARE),
    (_by_member, _MEMBER.pattern, MIN_SHARE),
    (_by_counter, _COUNTER.pattern, MIN_SHARE),
    (_bursts, _LOOK_AROUND.sub("", _TIME.pattern), MIN_DATED),
)
"""How groups are found, a pattern that their names match, and the least share of the names that do."""
