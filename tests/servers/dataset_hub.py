"""A hub that datasets are pushed to, as huggingface_hub pushes: `/api/repos/create`, `/api/datasets/OWNER/NAME`, its `tree`,
`preupload` (which files are small enough to go with the commit: here all) and `commit` (JSON lines, files in base64)."""

from __future__ import annotations

import base64
import json
import re
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self

TOKEN = "hf_token_of_the_tests"
COMMIT = "0123456789abcdef0123456789abcdef01234567"


@dataclass
class Repository:
    """A dataset on the hub."""

    private: bool
    files: dict[str, bytes] = field(default_factory=dict)


@dataclass
class DatasetHub:
    """The hub, between `with` and its end.

    Attributes:
        status: an HTTP status that everything is answered with, or 0.
        complaint: what it says of a card's front matter.
    """

    repositories: dict[str, Repository] = field(default_factory=dict)
    status: int = 0
    complaint: str = ""
    commits: int = 0
    _servers: list[ThreadingHTTPServer] = field(default_factory=list)

    def __enter__(self) -> Self:
        server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"hub": self}))
        self._servers.append(server)
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for server in self._servers:
            server.shutdown()
            server.server_close()

    @property
    def url(self) -> str:
        """What HF_ENDPOINT is set to."""
        return f"http://127.0.0.1:{self._servers[0].server_port}"


class _Handler(BaseHTTPRequestHandler):
    hub: DatasetHub
    protocol_version = "HTTP/1.1"

    def log_message(self, *words: object) -> None:
        """Say nothing."""

    def do_GET(self) -> None:
        path = self.path.partition("?")[0]
        found = re.fullmatch(r"/api/datasets/([^/]+/[^/]+)(?:/(tree|revision)/main)?", path)
        if not self._admits():
            return
        if found is None or found[1] not in self.hub.repositories:
            self._refuse(404, "RepoNotFound")
        elif found[2] == "tree":
            repository = self.hub.repositories[found[1]]
            self._reply([{"type": "file", "path": name, "oid": "0" * 40, "size": len(content)}
                         for name, content in repository.files.items()])  # fmt: skip
        else:
            repository = self.hub.repositories[found[1]]
            self._reply({"id": found[1], "sha": COMMIT, "private": repository.private, "downloads": 0, "likes": 0, "tags": [],
                         "siblings": [{"rfilename": name} for name in repository.files]})  # fmt: skip

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        path = self.path.partition("?")[0]
        if not self._admits():
            return
        if path == "/api/repos/create":
            self._create(json.loads(body))
        elif path == "/api/validate-yaml":
            errors = [{"message": self.hub.complaint}] if self.hub.complaint else []
            self._reply({"errors": errors, "warnings": []}, 400 if errors else 200)
        elif re.fullmatch(r"/api/datasets/[^/]+/[^/]+/preupload/main", path):
            files = [{"path": each["path"], "uploadMode": "regular", "shouldIgnore": False, "oid": None}
                     for each in json.loads(body)["files"]]  # fmt: skip
            self._reply({"files": files})
        elif found := re.fullmatch(r"/api/datasets/([^/]+/[^/]+)/commit/main", path):
            self._commit(self.hub.repositories[found[1]], body)
            self._reply(
                {
                    "success": True,
                    "commitOid": COMMIT,
                    "commitUrl": f"{self.hub.url}/datasets/{found[1]}/commit/{COMMIT}",
                }
            )
        else:
            self._refuse(404, "")

    def _admits(self) -> bool:
        if self.hub.status:
            self._refuse(self.hub.status, "")
        elif self.headers.get("Authorization") != f"Bearer {TOKEN}":
            self._refuse(401, "")
        else:
            return True
        return False

    def _create(self, wanted: dict[str, Any]) -> None:
        name = "/".join(filter(None, (wanted.get("organization"), wanted["name"])))
        url = f"{self.hub.url}/datasets/{name}"
        if name in self.hub.repositories:
            self._reply({"error": "You already created this dataset repo", "url": url}, 409)
            return
        private = wanted.get("private") is True or wanted.get("visibility") == "private"
        self.hub.repositories[name] = Repository(private)
        self._reply({"url": url, "name": name, "id": name})

    def _commit(self, repository: Repository, body: bytes) -> None:
        self.hub.commits += 1
        for line in body.splitlines():
            step = json.loads(line)
            if step["key"] == "file":
                repository.files[step["value"]["path"]] = base64.b64decode(step["value"]["content"])
            elif step["key"] == "deletedFile":
                del repository.files[step["value"]["path"]]

    def _reply(self, body: object, status: int = 200, headers: dict[str, str] | None = None) -> None:
        raw = json.dumps(body).encode()
        self.send_response(status)
        for name, value in {
            "Content-Type": "application/json",
            "Content-Length": str(len(raw)),
            **(headers or {}),
        }.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(raw)

    def _refuse(self, status: int, code: str) -> None:
        self._reply({"error": "made up"}, status, {"X-Error-Code": code, "X-Error-Message": "made up"})
