"""What of a run's traffic others could read: addresses without encryption that lead to another machine."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import ip_address
from urllib.parse import urlsplit

from pydantic import BaseModel

from demur.inputs.builder_file import Builder
from demur.inputs.engine_settings import ADDRESSES


def list_exposed(builder: Builder) -> tuple[str, ...]:
    """A warning for each address of plain http that is not this machine's, a private network's among them."""
    blocks: dict[str, BaseModel] = {
        "instruction_generator": builder.instruction_generator,
        "response_generator": builder.response_generator,
        "granite_guardian": builder.guard,
        **({"refusal_judge": builder.refusal_judge} if builder.refusal_judge else {}),
    }
    found: dict[str, list[str]] = {}
    keyed: set[str] = set()
    for role, settings in blocks.items():
        for address, has_key in _list_addresses(settings):
            if is_exposed(address):
                parts = urlsplit(address.strip())
                shown = f"http://{parts.netloc.rpartition('@')[2]}"
                roles = found.setdefault(shown, [])
                if role not in roles:
                    roles.append(role)
                if has_key or "@" in parts.netloc:
                    keyed.add(shown)
    return tuple(
        f"{shown} ({', '.join(roles)}) is another machine, and http is not encrypted: whoever is on the way can read and change "
        f"prompts and replies{', and read the key' if shown in keyed else ''}. Use https, or a tunnel (ssh -L)."
        for shown, roles in found.items()
    )


def is_exposed(address: str) -> bool:
    """Whether an address is one of plain http that leaves this machine."""
    try:
        parts = urlsplit(address.strip())
        host = parts.hostname or ""
    except ValueError:  # no address: whoever wants to use it says so
        return False
    return parts.scheme.lower() == "http" and bool(host) and not is_local(host)


def is_local(host: str) -> bool:
    """Whether a host is this machine by its name or address."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        number = ip_address(host)
    except ValueError:
        return False
    return number.is_loopback or number.is_unspecified


def _list_addresses(settings: BaseModel) -> Iterator[tuple[str, bool]]:
    """Every address in a block, at any depth, and whether a key goes there."""
    for name in ADDRESSES:
        address = getattr(settings, name, None)
        if isinstance(address, str):
            yield address, getattr(settings, "api_key", None) is not None
    for name in type(settings).model_fields:
        value = getattr(settings, name)
        for item in value if isinstance(value, tuple) else (value,):
            if isinstance(item, BaseModel):
                yield from _list_addresses(item)
