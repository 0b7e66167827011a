"""All protocols by their names."""

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
