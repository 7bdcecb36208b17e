"""An HTTP client for one Label Studio server; it asks no other address."""

from __future__ import annotations

import http.client
import json
import ssl
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

from datacheck.errors import RelabelError
from datacheck.relabel.formats.reading import MAX_BYTES, mapping, text_or_none
from datacheck.text import clean

T = TypeVar("T")

_MAX_ANSWER = 256 * 2**20
"""Bytes of one JSON answer: a page of 500 tasks with embedded pictures has about 100 MB."""

_MAX_TOKEN_ANSWER = 2**20
"""Bytes of the answer with an access token, which has a few hundred."""

_CHUNK = 2**20
"""Bytes of a download in memory at a time."""

_SHOWN = 300
"""Characters of a server's own words that a message repeats."""

_MAX_WAIT = 30.0
"""Seconds between two attempts at most."""

_ALIVE_TIMEOUT = 10.0
"""Seconds to wait for the first answer: a server that works gives it within a second."""

_PASSING = frozenset({429, 502, 503, 504})
"""Answers of a server that is starting, or has too much to do."""


class UnreachableError(RelabelError):
    """The server did not answer, or its answer was cut short."""


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
    notify
        Called with a sentence before each new attempt, so that nobody waits without knowing for what.
    """

    url: str
    token: str = field(repr=False)
    timeout: float = 120.0
    attempts: int = 6
    wait: float = 1.0
    notify: Callable[[str], object] | None = field(default=None, repr=False, compare=False)
    _access: dict[str, str] = field(default_factory=dict, repr=False, compare=False)

    def __post_init__(self) -> None:
        parts = urlsplit(self.url)
        if parts.scheme not in {"http", "https"} or not parts.hostname or parts.query or parts.fragment:
            raise RelabelError(f"expected the address of a Label Studio server, http://host:port, found {self.url!r}")
        if not self.token or any(not 32 < ord(letter) < 127 for letter in self.token):
            raise RelabelError("expected a Label Studio access token (Account & Settings > Access Token)")

    def check_alive(self) -> None:
        """Check with a short time limit that the server answers, before anything that may take long.

        Raises
        ------
        UnreachableError
            When it does not.
        """

        def ask() -> None:
            with self._exchange("GET", "/health", None, {}, timeout=min(self.timeout, _ALIVE_TIMEOUT)) as answer:
                if answer.status in _PASSING:
                    raise UnreachableError(f"{self.url} answers {answer.status}: it is starting or too busy")

        self._repeated(ask)

    def get(self, path: str) -> Any:
        """Return the JSON at a path; reading is tried again while the server does not answer."""
        return self._repeated(lambda: self.send("GET", path))

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
            return self._json(answer, path, _MAX_ANSWER)

    def _json(self, answer: http.client.HTTPResponse, path: str, limit: int) -> Any:
        expected = answer.length
        data = answer.read(limit + 1)
        if len(data) > limit:
            raise RelabelError(f"{self.url}{path}: an answer of more than {limit:,} bytes; refused")
        if expected is not None and len(data) < expected:
            raise self._cut(len(data), expected)
        if not data.strip():
            return None
        try:
            return json.loads(data)
        except (ValueError, RecursionError):
            if expected is None and data.lstrip()[:1] in {b"{", b"["}:
                raise UnreachableError(f"{self.url}: the answer was cut short: its JSON has no end") from None
            raise RelabelError(
                f"{self.url}{path}: expected JSON, found {data[:60]!r}: is this address a Label Studio server?"
            ) from None

    def download(self, path: str, target: Path) -> None:
        """Write what is at a path to a file, whole; tried again while the server does not answer."""
        self._repeated(lambda: self._download(path, target))

    def _download(self, path: str, target: Path) -> None:
        with self._answer("GET", path) as answer, target.open("wb") as file:
            expected = answer.length
            written = 0
            while chunk := answer.read(_CHUNK):
                written += file.write(chunk)
                if written > MAX_BYTES:
                    raise RelabelError(f"{self.url}{path}: more than {MAX_BYTES:,} bytes; refused")
            if expected is not None and written < expected:
                raise self._cut(written, expected)

    def _cut(self, found: int, expected: int) -> UnreachableError:
        return UnreachableError(f"{self.url}: the answer was cut short after {found:,} of {expected:,} bytes")

    def _repeated(self, ask: Callable[[], T]) -> T:
        pause = self.wait
        for attempt in range(1, self.attempts):
            try:
                return ask()
            except UnreachableError as error:
                if self.notify is not None:
                    self.notify(f"{error}; attempt {attempt + 1} of {self.attempts} in {pause:g} s")
                time.sleep(pause)
                pause = min(2 * pause, _MAX_WAIT)
        try:
            return ask()
        except UnreachableError as error:
            raise UnreachableError(
                f"{error} ({self.attempts} attempts): is the server running, and is the address right?"
            ) from None

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
                found = text_or_none(mapping(self._json(answer, "/api/token/refresh", _MAX_TOKEN_ANSWER)).get("access"))
            if found is None:
                raise RelabelError(f"{self.url} did not take the personal access token: make a new one there")
            self._access["access"] = found
        return f"Bearer {self._access['access']}"

    @contextmanager
    def _exchange(
        self, method: str, path: str, body: Any, headers: Mapping[str, str], timeout: float | None = None
    ) -> Iterator[http.client.HTTPResponse]:
        parts = urlsplit(self.url)
        kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        connection = kind(parts.hostname or "", parts.port, timeout=timeout or self.timeout)
        data = None if body is None else json.dumps(body, allow_nan=False).encode()
        sent = {**headers, "Accept": "application/json", "Content-Type": "application/json"}
        try:
            connection.request(method, parts.path.rstrip("/") + path, body=data, headers=sent)
            with connection.getresponse() as answer:
                yield answer
        except ssl.SSLError as error:
            raise RelabelError(f"{self.url}: no encrypted connection: {clean(error.reason)}") from error
        except (OSError, http.client.HTTPException) as error:
            raise UnreachableError(f"{self.url} does not answer: {type(error).__name__}: {clean(error)}") from error
        finally:
            connection.close()

    def _check(self, answer: http.client.HTTPResponse, path: str) -> None:
        if 200 <= answer.status < 300:
            return
        if answer.status in _PASSING:
            raise UnreachableError(f"{self.url} answers {answer.status} {clean(answer.reason)}")
        if 300 <= answer.status < 400:
            place = clean(answer.headers.get("Location", ""))[:_SHOWN]
            raise RelabelError(f"{self.url}{path} redirects to {place!r}: give that address, no other is asked")
        if answer.status in {401, 403}:
            raise RelabelError(
                f"{self.url} refuses the token ({answer.status}): copy it again from Account & Settings "
                "(a legacy token has to be allowed there first, a personal one is taken as it is)"
            )
        said = clean(answer.read(_SHOWN).decode("utf-8", "replace"))
        raise RelabelError(f"{self.url}{path} answers {answer.status} {clean(answer.reason)}: {said}")
