"""A real S3 server on this machine, and how it is told to check credentials."""

from __future__ import annotations

import logging
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager

import pytest


@contextmanager
def s3_server() -> Iterator[str]:
    """Start a server, point this process and its children to it, and yield its address."""
    moto_server = pytest.importorskip("moto.server")
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    running = moto_server.ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    running.start()
    host, port = running.get_host_and_port()
    address = f"http://{host}:{port}"
    with pytest.MonkeyPatch.context() as patch:
        for name, value in {
            "AWS_ENDPOINT_URL": address,
            "AWS_ACCESS_KEY_ID": "key",
            "AWS_SECRET_ACCESS_KEY": "secret",
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_EC2_METADATA_DISABLED": "true",
        }.items():
            patch.setenv(name, value)
        _forget_connections()
        yield address
    _forget_connections()
    running.stop()


def _forget_connections() -> None:
    """Make the next file system read the address anew: fsspec keeps those of a process, with the server before."""
    pytest.importorskip("s3fs").S3FileSystem.clear_instance_cache()


def check_credentials_after(server: str, requests: int) -> None:
    """Have the server check credentials after so many requests."""
    plain = {"Content-Type": "text/plain"}
    request = urllib.request.Request(f"{server}/moto-api/reset-auth", str(requests).encode(), plain, method="POST")
    urllib.request.urlopen(request).close()
