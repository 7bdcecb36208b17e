"""A real Label Studio server in an environment of its own, and people who use it through its API."""

from __future__ import annotations

import http.cookiejar
import json
import os
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from .environments import environment

TOKEN = "0123456789abcdef0123456789abcdef01234567"
EXECUTABLE = "DATACHECK_LABEL_STUDIO"
"""Names an installed ``label-studio`` to use in place of a new environment."""


def find_label_studio(factory: pytest.TempPathFactory) -> Path:
    """Return a ``label-studio``: the one named by the environment, or one of this run."""
    named = os.environ.get(EXECUTABLE)
    if named:
        return Path(named)
    return environment("label-studio", ["label-studio>=1.20"], factory).with_name("label-studio")


class LabelStudioServer:
    """Starts, kills and starts again."""

    def __init__(self, executable: Path, folder: Path, document_root: Path) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.executable, self.folder = executable, folder
        self.url = f"http://127.0.0.1:{self.port}"
        self.process: subprocess.Popen[bytes] | None = None
        self.environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("LABEL_STUDIO")},
            "LABEL_STUDIO_BASE_DATA_DIR": str(folder),
            "LABEL_STUDIO_USERNAME": "owner@example.org",
            "LABEL_STUDIO_PASSWORD": "owner-password-1",
            "LABEL_STUDIO_USER_TOKEN": TOKEN,
            "LABEL_STUDIO_ENABLE_LEGACY_API_TOKEN": "true",
            "LABEL_STUDIO_LOCAL_FILES_SERVING_ENABLED": "true",
            "LABEL_STUDIO_LOCAL_FILES_DOCUMENT_ROOT": str(document_root),
            "LABEL_STUDIO_COLLECT_ANALYTICS": "false",
            "LABEL_STUDIO_LATEST_VERSION_CHECK": "false",
            "LABEL_STUDIO_SENTRY_DSN": "",
            "LABEL_STUDIO_FRONTEND_SENTRY_DSN": "",
            "LABEL_STUDIO_FEATURE_FLAGS_OFFLINE": "true",
        }

    def start(self, wait: float = 300.0) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        with (self.folder / "server.log").open("ab") as log:
            self.process = subprocess.Popen(
                [self.executable, "start", "--no-browser", "--internal-host", "127.0.0.1", "-p", str(self.port)],
                cwd=self.folder,
                env=self.environment,
                stdout=log,
                stderr=log,
                stdin=subprocess.DEVNULL,
                start_new_session=True,
            )
        until = time.monotonic() + wait
        while time.monotonic() < until:
            try:
                with urllib.request.urlopen(f"{self.url}/health", timeout=5) as answer:
                    if answer.status == 200:
                        return
            except OSError:
                time.sleep(0.5)
        raise AssertionError((self.folder / "server.log").read_text()[-2000:])

    def kill(self) -> None:
        if self.process is not None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
            self.process = None

    def ask(self, token: str, method: str, path: str, body: Any = None) -> Any:
        request = urllib.request.Request(
            self.url + path,
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Authorization": f"Token {token}", "Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=60) as answer:
            data = answer.read()
        return json.loads(data) if data else None

    def sign_up(self, email: str) -> str:
        """Make a user as people do, and return their token."""
        jar = http.cookiejar.CookieJar()
        opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(jar))
        opener.open(f"{self.url}/user/signup/").read()
        form = {
            "email": email,
            "password": "password-of-people-1",
            "allow_newsletters": "false",
            "csrfmiddlewaretoken": next(str(cookie.value) for cookie in jar if cookie.name == "csrftoken"),
        }
        opener.open(f"{self.url}/user/signup/", urllib.parse.urlencode(form).encode()).read()
        token: str = json.loads(opener.open(f"{self.url}/api/current-user/token").read())["token"]
        return token
