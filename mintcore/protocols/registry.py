"""All protocols by their names."""

from dataclasses import dataclass

from mintcore.errors import MintError
from mintcore.protocols import faces, object_classifiers, public_classifiers, shift_trap
from mintcore.protocols.protocol import Protocol

PROTOCOLS: dict[str, Protocol] = {
    each.name: each
    for each in (
        public_classifiers.PROTOCOL,
        object_classifiers.PROTOCOL,
        faces.PROTOCOL,
        shift_trap.PROTOCOL,
    )
}


@dataclass(frozen=True)
class ProtocolRequest:
    """Which protocol to run.

    Attributes:
        name: P1 to P4.
        data: Folder with the images and weights.
    """

    name: str
    data: str


def protocol_of(name: str) -> Protocol:
    """Find a protocol.

    Raises:
        MintError: There is none of that name.
    """
    if name not in PROTOCOLS:
        raise MintError(f"No protocol is called {name!r}: there are {', '.join(PROTOCOLS)}.")
    return PROTOCOLS[name]
