"""The engine without a model: what can be asked is read off the policy and put into words by a grammar."""

from __future__ import annotations

from demur.engines.embedded.engine import MODEL, EmbeddedEngine

__all__ = ["MODEL", "EmbeddedEngine"]
