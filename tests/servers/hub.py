"""A model hub as huggingface_hub speaks with one: `/api/models/…`, `/OWNER/REPO/resolve/REVISION/FILE`, and a store of
files at another address, which the resolve route redirects to and which knows ranges (RFC 9110, section 14)."""

from __future__ import annotations

import hashlib
import json
import re
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Self
from urllib.parse import parse_qs, urlsplit

COMMIT = "0123456789abcdef0123456789abcdef01234567"


@dataclass(frozen=True, slots=True)
class Asked:
    """One request that came."""

    where: str
    method: str
    path: str
    token: str
    range: str


@dataclass(slots=True)
class Hub:
    """What the hub has, how it misbehaves, and what it was asked.

    Attributes:
        repositories: files by repository and name.
        gated: repositories whose files want the token.
        token: the one that opens them.
        break_after: of each of the next downloads, the bytes after which the connection breaks.
        ranges: whether the store knows ranges.
        damage: whether the store gives other bytes than the checksum is of.
        status: an HTTP status that everything is answered with, or 0.
        stall_after: the bytes of a download after which nothing more comes, or 0.
        stalled: set when that has happened.
    """

    repositories: Mapping[str, Mapping[str, bytes]]
    gated: frozenset[str] = frozenset()
    token: str = "hf_token_of_the_tests"
    break_after: list[int] = field(default_factory=list)
    ranges: bool = True
    damage: bool = False
    status: int = 0
    stall_after: int = 0
    stalled: threading.Event = field(default_factory=threading.Event)
    asked: list[Asked] = field(default_factory=list)
    _servers: list[ThreadingHTTPServer] = field(default_factory=list)

    def __enter__(self) -> Self:
        for handler in (_HubHandler, _StoreHandler):
            server = ThreadingHTTPServer(("127.0.0.1", 0), type(handler.__name__, (handler,), {"hub": self}))
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

    @property
    def store_url(self) -> str:
        """Where the files are: another origin, as the Hub's is."""
        return f"http://localhost:{self._servers[1].server_port}"

    def list_downloads(self) -> list[Asked]:
        """The requests for files' bytes."""
        return [each for each in self.asked if each.where == "store" and each.method == "GET"]


class _Handler(BaseHTTPRequestHandler):
    hub: Hub
    where = ""
    protocol_version = "HTTP/1.1"

    def log_message(self, *words: object) -> None:
        """Say nothing."""

    def do_GET(self) -> None:
        self._note()
        self.answer()

    def do_HEAD(self) -> None:
        self._note()
        self.answer()

    def answer(self) -> None:
        raise NotImplementedError

    def _note(self) -> None:
        token = self.headers.get("Authorization", "").removeprefix("Bearer ")
        self.hub.asked.append(Asked(self.where, self.command, self.path, token, self.headers.get("Range", "")))

    def reply(self, status: int, headers: Mapping[str, str], body: bytes = b"") -> None:
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(body)

    def refuse(self, status: int, code: str, words: str) -> None:
        self.reply(status, {"X-Error-Code": code, "X-Error-Message": words}, json.dumps({"error": words}).encode())


class _HubHandler(_Handler):
    where = "hub"

    def answer(self) -> None:
        parts = urlsplit(self.path)
        if self.hub.status:
            self.refuse(self.hub.status, "", "made up")
        elif found := re.fullmatch(r"/api/models/([^/]+/[^/]+)", parts.path):
            self._describe(found[1], "blobs" in parse_qs(parts.query))
        elif found := re.fullmatch(r"/([^/]+/[^/]+)/resolve/([^/]+)/(.+)", parts.path):
            self._resolve(*found.groups())
        else:
            self.refuse(404, "", "no such route")

    def _describe(self, repo_id: str, with_sizes: bool) -> None:
        if repo_id not in self.hub.repositories:
            # The Hub does not tell an absent repository from a private one.
            self.refuse(401, "RepoNotFound", "Repository not found")
            return
        siblings: list[dict[str, object]] = []
        for name, content in self.hub.repositories[repo_id].items():
            checksum = hashlib.sha256(content).hexdigest()
            sizes = {"size": len(content), "blobId": "0" * 40,
                     "lfs": {"sha256": checksum, "size": len(content), "pointerSize": 130}}  # fmt: skip
            siblings.append({"rfilename": name, **(sizes if with_sizes else {})})
        described = {"_id": "1", "id": repo_id, "modelId": repo_id, "sha": COMMIT, "private": False, "disabled": False,
                     "gated": "auto" if repo_id in self.hub.gated else False, "tags": ["gguf"], "downloads": 1, "likes": 0,
                     "siblings": siblings}  # fmt: skip
        self.reply(200, {"Content-Type": "application/json"}, json.dumps(described).encode())

    def _resolve(self, repo_id: str, revision: str, name: str) -> None:
        files = self.hub.repositories.get(repo_id, {})
        if repo_id in self.hub.gated and self.headers.get("Authorization") != f"Bearer {self.hub.token}":
            self.refuse(401, "GatedRepo", "Access to this model is restricted")
            return
        if revision not in ("main", COMMIT) or name not in files:
            self.refuse(404, "EntryNotFound", "Entry not found")
            return
        checksum = hashlib.sha256(files[name]).hexdigest()
        headers = {"Location": f"{self.hub.store_url}/{repo_id}/{name}?X-Amz-Signature=made-up",
                   "X-Repo-Commit": COMMIT, "X-Linked-Etag": f'"{checksum}"', "X-Linked-Size": str(len(files[name]))}  # fmt: skip
        self.reply(302, headers, b"Found. Redirecting")


class _StoreHandler(_Handler):
    where = "store"

    def answer(self) -> None:
        owner, repo, name = urlsplit(self.path).path.strip("/").split("/", 2)
        content = self.hub.repositories[f"{owner}/{repo}"][name]
        if self.hub.damage:
            content = bytes(byte ^ 1 for byte in content)
        asked = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", ""))
        status, headers, start = 200, {"Accept-Ranges": "bytes"}, 0
        if asked and self.hub.ranges:
            status, start = 206, int(asked[1])
            headers["Content-Range"] = f"bytes {start}-{len(content) - 1}/{len(content)}"
        body = content[start:]
        if self.command == "GET" and self.hub.break_after:
            headers["Content-Length"] = str(len(body))
            self.reply(status, headers, body[: self.hub.break_after.pop(0)])
            self.close_connection = True
            return
        if self.command == "GET" and self.hub.stall_after:
            headers["Content-Length"] = str(len(body))
            self.reply(status, headers, body[: self.hub.stall_after])
            self.hub.stalled.set()
            self.connection.recv(1)  # until the other side goes
            self.close_connection = True
            return
        self.reply(status, headers, body)
