"""Speaks to one Label Studio server, and to no other address."""

from __future__ import annotations

import http.client
import json
import ssl
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from datacheck.errors import RelabelError
from datacheck.relabel.formats.reading import MAX_BYTES, mapping, text_or_none

_MAX_ANSWER = 256 * 2**20
_PASSING = frozenset({429, 502, 503, 504})
"""Answers of a server that is starting, or has too much to do."""


class UnreachableError(RelabelError):
    """The server did not answer, or its answer broke off."""


@dataclass(frozen=True)
class Server:
    """One Label Studio server.

    Attributes
    ----------
    url
        Its address, such as ``http://localhost:8080``; redirections are not followed.
    token
        An access token, legacy or personal.
    timeout
        Seconds to wait for an answer.
    attempts, wait
        How often reading is tried, and the seconds before the second time; they double from one to the next.
    """

    url: str
    token: str = field(repr=False)
    timeout: float = 120.0
    attempts: int = 6
    wait: float = 1.0
    _access: dict[str, str] = field(default_factory=dict, repr=False, compare=False)

    def __post_init__(self) -> None:
        parts = urlsplit(self.url)
        if parts.scheme not in {"http", "https"} or not parts.hostname or parts.query or parts.fragment:
            raise RelabelError(f"expected the address of a Label Studio server, http://host:port, found {self.url!r}")
        if not self.token or any(not 32 < ord(letter) < 127 for letter in self.token):
            raise RelabelError("expected a Label Studio access token (Account & Settings > Access Token)")

    def get(self, path: str) -> Any:
        """Return the JSON at a path; reading is tried again while the server does not answer."""
        return self._patiently(lambda: self.send("GET", path))

    def send(self, method: str, path: str, body: Any = None) -> Any:
        """Send once and return the answer's JSON, None where it has none.

        Raises
        ------
        UnreachableError
            When no whole answer came; what was sent may have been done or not.
        RelabelError
            When the server refuses.
        """
        with self._answer(method, path, body) as answer:
            data = answer.read(_MAX_ANSWER + 1)
        if len(data) > _MAX_ANSWER:
            raise RelabelError(f"{self.url}{path}: an answer of more than {_MAX_ANSWER:,} bytes; refused")
        if not data.strip():
            return None
        try:
            return json.loads(data)
        except (ValueError, RecursionError):
            raise RelabelError(
                f"{self.url}{path}: expected JSON, found {data[:60]!r}: is this address a Label Studio server?"
            ) from None

    def download(self, path: str, target: Path) -> None:
        """Write what is at a path to a file, whole; tried again while the server does not answer."""
        self._patiently(lambda: self._download(path, target))

    def _download(self, path: str, target: Path) -> None:
        with self._answer("GET", path) as answer, target.open("wb") as file:
            expected = answer.length
            written = 0
            while chunk := answer.read(2**20):
                written += file.write(chunk)
                if written > MAX_BYTES:
                    raise RelabelError(f"{self.url}{path}: more than {MAX_BYTES:,} bytes; refused")
            if expected is not None and written < expected:
                raise UnreachableError(f"{self.url}: the answer broke off after {written:,} of {expected:,} bytes")

    def _patiently(self, ask: Any) -> Any:
        pause = self.wait
        for attempt in range(1, self.attempts + 1):
            try:
                return ask()
            except UnreachableError as error:
                if attempt == self.attempts:
                    raise UnreachableError(
                        f"{error} ({attempt} attempts): is it running, and the address right?"
                    ) from None
                time.sleep(pause)
                pause = min(2 * pause, 30.0)
        raise AssertionError("unreachable")

    @contextmanager
    def _answer(self, method: str, path: str, body: Any = None) -> Iterator[http.client.HTTPResponse]:
        """Yield a good answer; a personal token is exchanged first, and again where it has run out."""
        for renewed in (False, True):
            with self._exchange(method, path, body, {"Authorization": self._authorisation()}) as answer:
                if answer.status == 401 and self._access and not renewed:
                    self._access.clear()
                    continue
                self._check(answer, path)
                yield answer
                return

    def _authorisation(self) -> str:
        if self.token.count(".") != 2:
            return f"Token {self.token}"
        if "access" not in self._access:
            with self._exchange("POST", "/api/token/refresh", {"refresh": self.token}, {}) as answer:
                self._check(answer, "/api/token/refresh")
                found = text_or_none(mapping(json.loads(answer.read(2**20))).get("access"))
            if found is None:
                raise RelabelError(f"{self.url} did not take the personal access token: make a new one there")
            self._access["access"] = found
        return f"Bearer {self._access['access']}"

    @contextmanager
    def _exchange(
        self, method: str, path: str, body: Any, headers: Mapping[str, str]
    ) -> Iterator[http.client.HTTPResponse]:
        parts = urlsplit(self.url)
        kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        connection = kind(parts.hostname or "", parts.port, timeout=self.timeout)
        data = None if body is None else json.dumps(body, allow_nan=False).encode()
        sent = {**headers, "Accept": "application/json", "Content-Type": "application/json"}
        try:
            connection.request(method, parts.path.rstrip("/") + path, body=data, headers=sent)
            yield connection.getresponse()
        except ssl.SSLError as error:
            raise RelabelError(f"{self.url}: no safe connection: {error.reason}") from error
        except (OSError, http.client.HTTPException) as error:
            raise UnreachableError(f"{self.url} does not answer: {type(error).__name__}: {error}") from error
        finally:
            connection.close()

    def _check(self, answer: http.client.HTTPResponse, path: str) -> None:
        if 200 <= answer.status < 300:
            return
        if answer.status in _PASSING:
            raise UnreachableError(f"{self.url} answers {answer.status} {answer.reason}")
        if 300 <= answer.status < 400:
            place = str(answer.headers.get("Location", ""))[:200]
            raise RelabelError(
                f"{self.url}{path} leads on to {place!r}: only the address given is asked; give that one"
            )
        if answer.status in {401, 403}:
            raise RelabelError(
                f"{self.url} refuses the token ({answer.status}): copy it again from Account & Settings "
                "(a legacy token has to be allowed there first, a personal one is taken as it is)"
            )
        said = answer.read(600).decode("utf-8", "replace")
        raise RelabelError(f"{self.url}{path} answers {answer.status} {answer.reason}: {said}")
