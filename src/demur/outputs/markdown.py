"""Text that stays text in Markdown."""

from __future__ import annotations

import re

from demur.outputs.files import STEERING

_MARKDOWN = re.compile(r"([\\`*_{}\[\]<>()#+!|~&$^=-]|(?<=\d)\.(?=\s|$)|(?<=www)\.|:(?=\S)|(?<=\w)@)", re.IGNORECASE)
"""What Markdown may take for markup, GitHub's bare links (`www.`, `https:`, addresses) and emoji names among it."""


def escape_markdown(text: str) -> str:
    """Text as Markdown that shows it, on one line; what would steer a terminal or reorder the text becomes U+FFFD."""
    return _MARKDOWN.sub(r"\\\1", STEERING.sub("\ufffd", " ".join(text.split())))
