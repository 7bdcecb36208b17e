"""A small stand-in for a Label Studio server that misbehaves when a test tells it to."""

from __future__ import annotations

import json
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from datacheck.relabel.formats.links import Links
from datacheck.relabel.label_studio.server import Server

LINKS = Links(Path("/data"), "url", "https://images.example/")
REFRESH = "head.payload.signature"


class StandIn(ThreadingHTTPServer):
    """Keeps projects and tasks in memory; ``mischief`` may break an exchange and then returns True."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server_port}"
        self.projects: list[dict[str, Any]] = []
        self.tasks: list[dict[str, Any]] = []
        self.views: list[dict[str, Any]] = []
        self.asked: list[str] = []
        self.tokens = {"Token legacy"}
        self.mischief: Callable[[Handler, str, bool], bool] = lambda handler, path, done: False


class Handler(BaseHTTPRequestHandler):
    server: StandIn

    def do_GET(self) -> None:
        self.serve()

    def do_POST(self) -> None:
        self.serve()

    def do_DELETE(self) -> None:
        self.serve()

    def serve(self) -> None:
        address = urlsplit(self.path)
        body = json.loads(self.rfile.read(int(self.headers.get("Content-Length") or 0)) or "null")
        self.server.asked.append(f"{self.command} {address.path}")
        if self.server.mischief(self, address.path, False):
            return
        if address.path == "/api/token/refresh":
            self.server.tokens = {f"Bearer access-{len(self.server.asked)}"}
            self.reply(200, {"access": f"access-{len(self.server.asked)}"})
            return
        if self.headers.get("Authorization") not in self.server.tokens:
            self.reply(401, {"detail": "no"})
            return
        status, answer = self.do(address.path, parse_qs(address.query), body)
        if not self.server.mischief(self, address.path, True):
            self.reply(status, answer)

    def do(self, path: str, query: dict[str, list[str]], body: Any) -> tuple[int, Any]:
        server = self.server
        match [self.command, *path.strip("/").split("/")[1:]]:
            case ["POST", "projects"]:
                server.projects.append({**body, "id": len(server.projects) + 1})
                return 201, server.projects[-1]
            case ["GET", "projects"]:
                return 200, {"count": len(server.projects), "results": server.projects}
            case ["GET", "dm", "views"]:
                return 200, server.views
            case ["POST", "dm", "views"]:
                server.views.append({**body, "id": 1})
                return 201, body
            case ["POST", "projects", number, "import"]:
                first = max((task["id"] for task in server.tasks), default=0) + 1
                server.tasks += [{**one, "id": first + n, "project": int(number)} for n, one in enumerate(body)]
                return 201, {"task_count": len(body)}
            case ["GET", "tasks"]:
                page, size = int(query["page"][0]), int(query["page_size"][0])
                return 200, {"total": len(server.tasks), "tasks": server.tasks[(page - 1) * size : page * size]}
            case ["DELETE", "tasks", number]:
                server.tasks = [task for task in server.tasks if task["id"] != int(number)]
                return 204, None
            case ["GET", "users"]:
                return 200, [{"id": 1, "email": "ann@example.org"}]
            case ["GET", "projects", _, "export"]:
                return 200, [{"annotations": [], **task} for task in server.tasks]
        return 404, {"detail": path}

    def reply(self, status: int, answer: Any, cut: int = 0, **headers: str) -> None:
        data = b"" if answer is None else json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(data)))
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data[: len(data) - cut])

    def log_message(self, format: str, *args: Any) -> None:
        pass


def patient(stand_in: StandIn, token: str = "legacy") -> Server:
    return Server(stand_in.url, token, timeout=10, attempts=3, wait=0.01)


def sample_ids(stand_in: StandIn) -> list[str]:
    return [task["data"]["datacheck_id"] for task in stand_in.tasks]


def once(path: str, done: bool, act: Callable[[Handler], None]) -> Callable[[Handler, str, bool], bool]:
    """Break the first exchange at a path, before or after it was done."""
    left = [1]

    def mischief(handler: Handler, at: str, when: bool) -> bool:
        if left and path in at and when is done:
            left.clear()
            act(handler)
            return True
        return False

    return mischief


def hang_up(handler: Handler) -> None:
    handler.close_connection = True
    handler.connection.close()
