"""A table whose paths are addresses in an object store."""

from __future__ import annotations

import os

import pyarrow as pa

from datacheck.manifest.object_store import Address, StoreReader


def stored_paths(table: pa.Table) -> tuple[pa.Table, StoreReader] | None:
    """Return a table whose paths are all addresses in one store with paths below their common folder; else None.

    Examples
    --------
    >>> table = pa.table({"uri": ["s3://b/pets/cat/1.jpg", "s3://b/pets/dog/2.jpg"]})
    >>> below, reader = stored_paths(table)
    >>> below["uri"].to_pylist(), reader.url
    (['cat/1.jpg', 'dog/2.jpg'], 's3://b/pets')
    """
    columns = {name: table[name].to_pylist() for name in ("uri", "label_uri") if name in table.column_names}
    named = [Address.of(place) for places in columns.values() for place in places if place is not None]
    addresses = [address for address in named if address is not None]
    stores = {(address.scheme, address.bucket) for address in addresses}
    if "uri" not in columns or len(stores) != 1 or len(addresses) < len(named):
        return None
    top = os.path.commonpath([address.path.rpartition("/")[0] for address in addresses])
    for name, places in columns.items():
        below = [None if (address := Address.of(place)) is None else address.path[len(top) + 1 :] for place in places]
        table = table.set_column(table.column_names.index(name), name, pa.array(below, pa.string()))
    return table, StoreReader(f"{addresses[0].scheme}://{top}")
