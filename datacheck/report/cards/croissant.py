"""A card as Croissant metadata (MLCommons, Croissant 1.0), with a list of the samples that a loader can read."""

from __future__ import annotations

import hashlib
import io
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from datacheck.manifest import Manifest
from datacheck.report.cards.facts import CardFacts
from datacheck.text import clean, plural
from datacheck.version import __version__

CONTEXT: dict[str, Any] = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    "citeAs": "cr:citeAs",
    "column": "cr:column",
    "conformsTo": "dct:conformsTo",
    "cr": "http://mlcommons.org/croissant/",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "dct": "http://purl.org/dc/terms/",
    "equivalentProperty": "cr:equivalentProperty",
    "examples": {"@id": "cr:examples", "@type": "@json"},
    "extract": "cr:extract",
    "field": "cr:field",
    "fileObject": "cr:fileObject",
    "fileProperty": "cr:fileProperty",
    "fileSet": "cr:fileSet",
    "format": "cr:format",
    "includes": "cr:includes",
    "isLiveDataset": "cr:isLiveDataset",
    "jsonPath": "cr:jsonPath",
    "key": "cr:key",
    "md5": "cr:md5",
    "parentField": "cr:parentField",
    "path": "cr:path",
    "rai": "http://mlcommons.org/croissant/RAI/",
    "recordSet": "cr:recordSet",
    "references": "cr:references",
    "regex": "cr:regex",
    "repeated": "cr:repeated",
    "replace": "cr:replace",
    "samplingRate": "cr:samplingRate",
    "sc": "https://schema.org/",
    "separator": "cr:separator",
    "source": "cr:source",
    "subField": "cr:subField",
    "transform": "cr:transform",
}
"""The context that the specification gives."""

COLUMNS = {
    "sample_id": ("sc:Text", "Name of the sample."),
    "uri": ("sc:Text", "Its file, relative to the dataset's folder."),
    "label": ("sc:Text", "Its class."),
    "target": ("sc:Float", "Its target."),
    "labels": ("sc:Text", "Its classes."),
    "label_uri": ("sc:Text", "The file that is its label."),
    "split": ("sc:Text", "Its split."),
    "group": ("sc:Text", "Samples of one origin have the same group."),
}
"""The columns of the manifest that the list of samples has, with their type and meaning."""

_IMAGE_TYPES = {"jpg": "jpeg", "tif": "tiff"}


def samples_parquet(manifest: Manifest) -> bytes:
    """Return the list of samples, a row a sample, as Parquet; extra columns are not in it."""
    names = [name for name in COLUMNS if name in manifest and not _is_local(manifest, name)]
    columns = {}
    for name in names:
        column = manifest.table[name]
        text = pa.types.is_dictionary(column.type) or pa.types.is_string(column.type)
        columns[name] = column.cast(pa.string()) if text else column
    buffer = io.BytesIO()
    pq.write_table(pa.table(columns), buffer, compression="zstd")
    return buffer.getvalue()


def croissant(facts: CardFacts, samples: bytes) -> dict[str, Any]:
    """Return the metadata; what was not given is left out."""
    given = facts.provenance
    said = {
        "license": given.licence, "url": given.url, "citeAs": given.citation, "version": given.data_version,
        "maintainer": given.contact, "rai:dataCollection": given.source,
    }  # fmt: skip
    return {
        "@context": CONTEXT,
        "@type": "sc:Dataset",
        "conformsTo": "http://mlcommons.org/croissant/1.0",
        "name": facts.name,
        "description": _description(facts),
        **{name: text for name, text in said.items() if text},
        **({"identifier": f"datacheck:{facts.identity}"} if facts.identity else {}),
        "keywords": [facts.manifest.task.value, facts.manifest.modality.value, f"datacheck {__version__}"],
        "rai:dataLimitations": _limitations(facts),
        "distribution": _distribution(facts, samples),
        "recordSet": _record_sets(facts),
    }


def _description(facts: CardFacts) -> str:
    counts = [plural(len(facts.manifest), "sample")]
    if facts.classes:
        counts.append(plural(len(facts.classes), "class", "classes"))
    counts += [f"{name} {n:,}" for name, n in facts.splits.items()]
    measured = f"{', '.join(counts)}."
    return f"{facts.provenance.description} {measured}".strip()


def _limitations(facts: CardFacts) -> list[str]:
    found = [f"{one.severity.label}: {one.code} {one.name}: {facts.plain(one.message)}" for one in facts.defects]
    found += [facts.labels] if facts.labels else []
    return [*found, *(f"not checked: {facts.plain(line)}" for line in facts.unchecked)]


def _distribution(facts: CardFacts, samples: bytes) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = [
        {
            "@type": "cr:FileObject",
            "@id": "datacheck-samples.parquet",
            "name": "datacheck-samples.parquet",
            "description": "The list of samples, a row a sample.",
            "contentUrl": "datacheck-samples.parquet",
            "contentSize": f"{len(samples)} B",
            "encodingFormat": "application/x-parquet",
            "sha256": hashlib.sha256(samples).hexdigest(),
        }
    ]
    by_ending: dict[str, list[str]] = {}
    for pattern in facts.patterns:
        ending = pattern.rpartition(".")[2].lower()
        includes = pattern if "/" in pattern else f"**/{pattern}"
        by_ending.setdefault(ending if ending.isalnum() else "", []).append(includes)
    for ending, patterns in by_ending.items():
        name = f"images-{ending}" if ending else "images"
        found.append(
            {
                "@type": "cr:FileSet",
                "@id": name,
                "name": name,
                "description": "The images, at the places that the list of samples names.",
                "encodingFormat": f"image/{_IMAGE_TYPES.get(ending, ending or '*')}",
                "includes": patterns,
            }
        )
    return found


def _record_sets(facts: CardFacts) -> list[dict[str, Any]]:
    fields = [
        {
            "@type": "cr:Field",
            "@id": f"samples/{name}",
            "name": name,
            "description": meaning,
            "dataType": kind,
            **({"repeated": True} if name == "labels" else {}),
            "source": {"fileObject": {"@id": "datacheck-samples.parquet"}, "extract": {"column": name}},
        }
        for name, (kind, meaning) in COLUMNS.items()
        if name in facts.manifest and not _is_local(facts.manifest, name)
    ]
    found: list[dict[str, Any]] = [
        {"@type": "cr:RecordSet", "@id": "samples", "name": "samples", "key": {"@id": "samples/sample_id"},
         "field": fields},
    ]  # fmt: skip
    if facts.splits:
        found.append(_counts("splits", [(name, n) for name, n in facts.splits.items()]))
    if facts.classes and facts.classes[0][1]:
        found.append(_counts("classes", [(name, sum(counts)) for name, counts in facts.classes]))
    return found


def _counts(name: str, rows: list[tuple[str, int]]) -> dict[str, Any]:
    """Return a set of records that holds its own data: names, and samples of each."""
    columns = (("name", "sc:Text"), ("samples", "sc:Integer"))
    return {
        "@type": "cr:RecordSet",
        "@id": name,
        "name": name,
        "key": {"@id": f"{name}/name"},
        "field": [
            {"@type": "cr:Field", "@id": f"{name}/{column}", "name": column, "dataType": kind}
            for column, kind in columns
        ],
        "data": [{f"{name}/name": clean(row), f"{name}/samples": n} for row, n in rows],
    }


def _is_local(manifest: Manifest, name: str) -> bool:
    """Whether a column names files of this machine alone: paths that do not start from the dataset's folder."""
    if name not in ("uri", "label_uri"):
        return False
    return manifest.root is None or any(str(one).startswith(("/", "\\")) for one in manifest.table[name].to_pylist())
