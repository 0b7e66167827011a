"""What the networks of an auditor's card read, whichever version wrote it. Needs no torch."""

from collections.abc import Mapping
from typing import Any

Network = Mapping[str, Any]


def sources_of_network(network: Network) -> list[Mapping[str, Any]]:
    """Give the sources that a network reads; in cards of earlier versions it had one, and is it itself."""
    sources: list[Mapping[str, Any]] = network.get("sources", [network])
    return sources


def keys_of_source(source: Mapping[str, Any]) -> tuple[str, ...]:
    """Give the keys of the arrays of a source; in cards of earlier versions it had one, and is it itself."""
    return tuple(array["key"] for array in source.get("arrays", [source]))


def keys_of_network(network: Network) -> list[str]:
    """Give the keys of all arrays that a network reads."""
    return [key for source in sources_of_network(network) for key in keys_of_source(source)]


def store_of_network(network: Network) -> str | None:
    """Name the store that a network reads; None where it reads none."""
    store: str | None = sources_of_network(network)[0].get("store")
    return store
