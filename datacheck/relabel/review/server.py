"""Serves the review page on this machine alone, to the person who has the link with the token."""

from __future__ import annotations

import hmac
import io
import json
import secrets
import sys
from collections.abc import Callable
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.resources import files
from typing import Any
from urllib.parse import parse_qs, urlsplit

from datacheck.errors import DatacheckError, RelabelError
from datacheck.relabel.formats.links import Links, media_type
from datacheck.relabel.review.boxes import BoxReviewSession
from datacheck.relabel.review.masks import MaskReviewSession
from datacheck.relabel.review.session import ReviewSession

_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_MAX_BODY = 2**16
"""Bytes of an answer: a label of hundreds of classes fits."""

_MAX_DIGITS = 11
"""Digits of a number in a request: more than any queue has items."""

_IDLE = 60
"""Seconds after which a connection without a request is closed."""

_QUALITY = 90
"""JPEG quality of a converted picture: no visible loss."""


def _page(name: str, *styles: str) -> dict[str, tuple[str, str]]:
    """Return the files of a page by their address: the page, its styles and its script, and what all pages share."""
    styles, scripts = ("review", *styles), ("page", name)
    return {
        "/": (f"{name}.html", "text/html; charset=utf-8"),
        **{f"/{each}.css": (f"{each}.css", "text/css; charset=utf-8") for each in styles},
        **{f"/{each}.js": (f"{each}.js", "text/javascript; charset=utf-8") for each in scripts},
    }


_ASSETS, _BOX_ASSETS, _MASK_ASSETS = _page("review"), _page("boxes", "boxes"), _page("masks", "masks")
"""The files of the pages for labels, boxes and masks."""

_SHOWN = frozenset({"image/jpeg", "image/png", "image/gif", "image/webp", "image/bmp"})
"""What every browser shows as it is."""

_MAX_SIDE = 1600
"""Pixels of the longer side of a picture that had to be converted."""

Session = ReviewSession | BoxReviewSession | MaskReviewSession


class ReviewServer(ThreadingHTTPServer):
    """A server on the loopback interface.

    A request needs the cookie that the link with the token sets, and this machine's name as its host, so that no page
    elsewhere reaches the server under another name; a change must come from this page.

    Parameters
    ----------
    session
        The items, and where the answers go.
    links
        Reaches the samples' own pictures below the dataset's root; and thumbnails.
    uris
        The uri of each sample that may be shown, by its id; nothing else is.
    port
        0 takes a free one.
    """

    daemon_threads = True

    def __init__(self, session: Session, links: Links, uris: dict[str, str | None], *, port: int = 0) -> None:
        self.session, self.links, self.uris = session, links, uris
        self.token = secrets.token_urlsafe(24)
        try:
            super().__init__(("127.0.0.1", port), _Handler)
        except OSError as error:
            raise RelabelError(
                f"port {port} cannot be opened on this machine: {error.strerror}; choose another with --port"
            ) from None
        self.hosts = {f"127.0.0.1:{self.server_port}", f"localhost:{self.server_port}"}

    @property
    def url(self) -> str:
        """The link to open; it holds the token."""
        return f"http://127.0.0.1:{self.server_port}/?token={self.token}"

    @property
    def cookie(self) -> str:
        """The cookie's name, with the port: browsers share cookies between ports."""
        return f"datacheck-review-{self.server_port}"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Ignore a browser that closed its connection; report anything else."""
        if not isinstance(sys.exc_info()[1], ConnectionError | TimeoutError):
            super().handle_error(request, client_address)

    def picture(self, sample_id: str, *, small: bool) -> bytes:
        """Return a sample's picture in a format that browsers show."""
        if sample_id not in self.uris:
            raise RelabelError(f"sample {sample_id[:80]!r} is not in the dataset")
        kept = self.links.pictures.get(sample_id)
        if small and kept is not None:
            return kept
        data = self.links.content({"sample_id": sample_id, "uri": self.uris[sample_id]})
        return data if media_type(data) in _SHOWN else converted(data)


def converted(data: bytes) -> bytes:
    """Return a picture as JPEG, at most `_MAX_SIDE` pixels wide and high.

    Raises
    ------
    RelabelError
        When it is no picture.
    """
    from PIL import Image, ImageOps

    try:
        with Image.open(io.BytesIO(data)) as picture:
            shown = ImageOps.exif_transpose(picture)
            shown.thumbnail((_MAX_SIDE, _MAX_SIDE))
            stream = io.BytesIO()
            shown.convert("RGB").save(stream, "JPEG", quality=_QUALITY)
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise RelabelError(f"the picture cannot be shown: {error}") from None
    return stream.getvalue()


class _Handler(BaseHTTPRequestHandler):
    server: ReviewServer
    server_version = "datacheck"
    sys_version = ""
    protocol_version = "HTTP/1.1"
    timeout = _IDLE

    def do_GET(self) -> None:
        address = urlsplit(self.path)
        query = parse_qs(address.query)
        if not self._is_for_us():
            return
        if address.path == "/" and "token" in query:
            self._enter(query["token"][0])
            return
        if not self._is_known():
            return
        session = self.server.session
        assets = _assets_of(session)
        if address.path in assets:
            name, kind = assets[address.path]
            page = files("datacheck.relabel.review").joinpath("templates", name).read_bytes()
            self._reply(HTTPStatus.OK, page, kind)
        elif address.path == "/items":
            self._json(session.overview)
        elif address.path == "/comparison" and isinstance(session, ReviewSession):
            self._json(lambda: session.comparison(_number(query, "item")))
        elif address.path == "/region" and isinstance(session, MaskReviewSession):
            self._json(lambda: session.region(_number(query, "item")))
        elif address.path == "/picture":
            self._picture(query)
        else:
            self._refuse(HTTPStatus.NOT_FOUND, "no such page")

    def do_POST(self) -> None:
        body = self._body()
        if body is None or not self._is_for_us() or not self._is_known():
            return
        session = self.server.session
        if self.path == "/answer":
            self._json(lambda: session.receive(body))
        elif self.path == "/undo":
            self._json(session.undo)
        else:
            self._refuse(HTTPStatus.NOT_FOUND, "no such page")

    def _is_for_us(self) -> bool:
        if self.headers.get("Host", "") in self.server.hosts:
            return True
        self._refuse(HTTPStatus.MISDIRECTED_REQUEST, "this page is served to this machine only")
        return False

    def _is_known(self) -> bool:
        given = dict(
            part.strip().partition("=")[::2] for part in self.headers.get("Cookie", "").split(";") if "=" in part
        )
        if hmac.compare_digest(given.get(self.server.cookie, "").encode(), self.server.token.encode()):
            return True
        self._refuse(HTTPStatus.FORBIDDEN, "open the link that datacheck review printed")
        return False

    def _enter(self, token: str) -> None:
        if not hmac.compare_digest(token.encode(), self.server.token.encode()):
            self._refuse(HTTPStatus.FORBIDDEN, "open the link that datacheck review printed")
            return
        cookie = f"{self.server.cookie}={self.server.token}; HttpOnly; SameSite=Strict; Path=/"
        self._reply(HTTPStatus.SEE_OTHER, b"", "text/plain", {"Set-Cookie": cookie, "Location": "/"})

    def _body(self) -> dict[str, Any] | None:
        """Return the JSON object that was sent; None where the request was refused."""
        size = self.headers.get("Content-Length", "")
        origin = self.headers.get("Origin")
        self.close_connection = True
        if not _is_decimal(size) or int(size) > _MAX_BODY:
            self._refuse(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "expected a short JSON object")
        elif origin is not None and origin not in {f"http://{host}" for host in self.server.hosts}:
            self._refuse(HTTPStatus.FORBIDDEN, "another page may not send answers")
        elif self.headers.get("Content-Type", "").partition(";")[0] != "application/json":
            self._refuse(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "expected JSON")
        else:
            try:
                value = json.loads(self.rfile.read(int(size)))
            except (ValueError, RecursionError):
                value = None
            if isinstance(value, dict):
                self.close_connection = False
                return value
            self._refuse(HTTPStatus.BAD_REQUEST, "expected a JSON object")
        return None

    def _picture(self, query: dict[str, list[str]]) -> None:
        try:
            data = self.server.picture(query.get("id", [""])[0], small="small" in query)
        except RelabelError as error:
            self._refuse(HTTPStatus.NOT_FOUND, str(error))
            return
        self._reply(HTTPStatus.OK, data, media_type(data), {"Cache-Control": "private, max-age=3600"})

    def _json(self, make: Callable[[], Any]) -> None:
        try:
            value = make()
        except DatacheckError as error:
            self._refuse(HTTPStatus.BAD_REQUEST, str(error))
            return
        self._reply(HTTPStatus.OK, json.dumps({"value": value}, allow_nan=False).encode(), "application/json")

    def _refuse(self, status: HTTPStatus, why: str) -> None:
        self.close_connection = True
        self._reply(status, json.dumps({"error": why}).encode(), "application/json")

    def _reply(self, status: HTTPStatus, data: bytes, kind: str, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        sent = {
            "Content-Type": kind,
            "Content-Length": str(len(data)),
            "Content-Security-Policy": _POLICY,
            "X-Content-Type-Options": "nosniff",
            "Referrer-Policy": "no-referrer",
            "Cross-Origin-Resource-Policy": "same-origin",
            "Cache-Control": "no-store",
            **(headers or {}),
        }
        for name, value in sent.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *args: Any) -> None:
        """Log nothing: the terminal shows the messages of the command."""


def _assets_of(session: Session) -> dict[str, tuple[str, str]]:
    if isinstance(session, MaskReviewSession):
        return _MASK_ASSETS
    return _BOX_ASSETS if isinstance(session, BoxReviewSession) else _ASSETS


def _number(query: dict[str, list[str]], name: str) -> int:
    text = query.get(name, [""])[0]
    return int(text) if _is_decimal(text) else -1


def _is_decimal(text: str) -> bool:
    """Whether text is a short decimal number: `str.isdigit` takes superscripts, which `int` refuses."""
    return text.isascii() and text.isdecimal() and len(text) <= _MAX_DIGITS
