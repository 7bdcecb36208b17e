"""Clusters of embeddings, as an attribute to slice by."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from datacheck.models.components import Components
from datacheck.slices.values import Attribute

MAX_CLUSTERS = 20
"""More clusters are small, and more than a person looks through."""

CLUSTER_SIZE = 50
"""Samples a cluster has on average, at least: with fewer no rate is known."""

N_COMPONENTS = 32
"""Directions that the clusters are found in: in many more, all samples are about equally far apart."""


def cluster_attribute(
    embeddings: NDArray[np.float32], sample_ids: NDArray[np.str_], *, seed: int = 0
) -> Attribute | None:
    """Return clusters of embeddings (k-means), each named by the sample nearest to its middle.

    Parameters
    ----------
    embeddings
        Rows of NaN are in no cluster; shape [N, D].
    sample_ids
        Shape [N].
    seed
        Of the clustering.
    """
    from sklearn.cluster import MiniBatchKMeans

    rows = np.flatnonzero(np.isfinite(embeddings).all(axis=1))
    n_clusters = min(MAX_CLUSTERS, len(rows) // CLUSTER_SIZE)
    if n_clusters < 2:
        return None
    x = np.asarray(embeddings[rows], dtype=np.float32)
    if x.shape[1] > N_COMPONENTS:
        x = Components.fit(x, N_COMPONENTS).project(x)
    model = MiniBatchKMeans(n_clusters=n_clusters, random_state=seed, n_init=3, batch_size=4096).fit(x)
    codes = np.full(len(embeddings), -1, dtype=np.int64)
    codes[rows] = model.labels_
    distance = ((x - model.cluster_centers_[model.labels_]) ** 2).sum(axis=1)
    kept, words = [], []
    for cluster in range(n_clusters):
        members = np.flatnonzero(model.labels_ == cluster)
        if len(members):
            middle = sample_ids[rows[members[distance[members].argmin()]]]
            kept.append((cluster, cluster + 1))
            words.append(f"samples like {str(middle)!r} (cluster {cluster})")
    return Attribute("cluster", codes, tuple(kept), tuple(words), measured=True)
