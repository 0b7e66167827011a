"""An estimate in sentences, for commands and pages."""

from mintcore.estimates.sweeps import SweepEstimate
from store.disk import human_bytes


def in_short(found: SweepEstimate) -> list[str]:
    """Say what would be trained and computed, and whether it fits."""
    lines = [_auditors(found)]
    if found.bytes:
        lines.append(
            f"It takes at most {human_bytes(found.bytes)} on disk, where {human_bytes(found.free_bytes)} are free"
            + (": too little." if found.bytes > found.free_bytes else ".")
        )
    if found.networks:
        lines.append(f"Expected time: {expected_time(found)}.")
    return lines


def expected_time(found: SweepEstimate) -> str:
    """Write the time that a sweep is expected to take."""
    return _part(found.seconds)


def basis_of(found: SweepEstimate) -> list[str]:
    """Say what the estimate rests on."""
    if not found.networks:
        return []
    lines = []
    if any(model.compute for model in found.models):
        lines.append(f"Activations: {_part(found.extraction.seconds)}; {found.extraction.basis}.")
    lines.append(
        f"Training of {found.networks} networks: {_part(found.training.seconds)}; {found.training.basis}."
    )
    if not found.exact:
        lines.append(
            "With so many images, what is cached is told from the counts of the stores' index, as if all rows were of "
            "these images."
        )
    lines.append(
        "An estimate: waiting for other jobs and the search for near-duplicates come on top."
    )
    return lines


def rough_time(seconds: float) -> str:
    """Write a time as roughly as it is known: "40 seconds"."""
    return _rough(seconds, ("seconds", "minutes", "hours", "days"))


def short_time(seconds: float) -> str:
    """Write a time as roughly as it is known, in few letters: "~40 s"."""
    return f"~{_rough(seconds, ('s', 'min', 'h', 'days'))}"


def _rough(seconds: float, units: tuple[str, str, str, str]) -> str:
    if seconds < 90:
        return f"{max(10, round(seconds, -1)):.0f} {units[0]}"
    if seconds < 90 * 60:
        return f"{seconds / 60:.0f} {units[1]}"
    if seconds < 48 * 3600:
        return f"{seconds / 3600:.1f} {units[2]}"
    return f"{seconds / 86400:.0f} {units[3]}"


def _auditors(found: SweepEstimate) -> str:
    there = len(found.there)
    missing = found.auditors - there
    if not missing:
        return f"{_all(found.auditors)} trained already: nothing is computed."
    said = f"{missing} {'auditor' if missing == 1 else 'auditors'} to train, in {found.networks} networks"
    return (
        f"{said}; {there} {'is' if there == 1 else 'are'} there already." if there else f"{said}."
    )


def _all(auditors: int) -> str:
    return "The auditor is" if auditors == 1 else f"All {auditors} auditors are"


def _part(seconds: float | None) -> str:
    return "cannot be told" if seconds is None else f"about {rough_time(seconds)}"
