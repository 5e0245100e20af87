from __future__ import annotations

from pathlib import Path

import pytest

from tests.servers.hosted import make_certificate


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the certificate of a loopback server is."""
    place = tmp_path_factory.mktemp("certificate")
    make_certificate(place)
    return place


@pytest.fixture
def trusted(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Trust that certificate, and let nothing of this machine's environment reach an SDK."""
    monkeypatch.setenv("SSL_CERT_FILE", str(folder / "certificate.pem"))
    for name in ("ANTHROPIC_BASE_URL", "OPENAI_API_VERSION", "HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy"):
        monkeypatch.delenv(name, raising=False)
