"""All protocols by their names."""

from mintcore.protocols import shift_trap
from mintcore.protocols.protocol import Protocol

PROTOCOLS: dict[str, Protocol] = {each.name: each for each in (shift_trap.PROTOCOL,)}
