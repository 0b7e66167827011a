"""The page of results, written from the tables of protocols: no figure on it is written by hand. Needs no torch."""

import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from mintcore.errors import MintError
from mintcore.protocols.reading import CHART, newest_protocols, protocol_rows
from mintcore.protocols.tables import AUDITOR, Row
from store.artefacts import Card, Home

CHARTS = "charts"

_HEADINGS = {
    "case": "case",
    "model": "model",
    "external": "externals",
    "what": "auditor or method",
    "auc": "AUC [95%]",
    "tpr_1pct": "TPR at 1% FPR",
    "tpr_01pct": "TPR at 0.1% FPR",
    "blind": "best blind baseline",
    "advantage": "advantage [95%]",
    "tier": "tier",
    "expected": "expected tier",
    "seeds": "sd of seeds",
    "n": "held out",
    "cost": "cost",
}
_HEAD = """# Results

Written by `mint protocol results` from the tables of the protocols; [protocols.md](protocols.md) says what each
asks and how to run it. All figures are of held-out images that nothing was fitted or chosen on. *Advantage* is the
auditor's AUC minus that of the best blind baseline; the tier follows from it and from the blind baselines:
[reading a verdict](reading-a-verdict.md). *Cost* is forward passes of the audited model an image, reference models
trained, and seconds to fit the auditor with its baselines.
"""


def write_results(home: Home, folder: Path) -> Path:
    """Write the page, with the charts beside it.

    Args:
        home: The home folder.
        folder: Where ``results.md`` and ``charts/`` go.

    Returns:
        The page.

    Raises:
        MintError: There is no table of a protocol, or the folder cannot be written.
    """
    page, file = results_page(home, charts=True), folder / "results.md"
    try:
        (folder / CHARTS).mkdir(parents=True, exist_ok=True)
        for card in newest_protocols(home):
            chart = home.folder("protocols", card["id"]) / CHART
            shutil.copyfile(chart, folder / CHARTS / f"{card['protocol']}.svg")
        file.write_text(page, encoding="utf-8")
    except OSError as error:
        raise MintError(
            f"{folder} cannot be written ({error.strerror}): choose another."
        ) from error
    return file


def results_page(home: Home, *, charts: bool = False) -> str:
    """Give the page: the newest table of each protocol.

    Args:
        home: The home folder.
        charts: Whether it shows the charts, which must lie in ``charts/`` beside it.

    Returns:
        Markdown.

    Raises:
        MintError: There is no table of a protocol.
    """
    cards = newest_protocols(home)
    if not cards:
        raise MintError(
            f"{home.path} has no table of a protocol: run one, such as `mint protocol P4 --data FOLDER`."
        )
    sections = (_section(card, protocol_rows(home, card["id"]), charts=charts) for card in cards)
    return "\n".join([_HEAD, *sections])


def defined(card: Card) -> list[str]:
    """List the definition of a protocol, a setting a line."""
    return [f"{name}: {_setting(value)}" for name, value in card["definition"].items()]


def shown(rows: Sequence[Row]) -> tuple[dict[str, str], list[dict[str, str]]]:
    """Turn a table into what people read.

    Returns:
        Key -> heading of the columns in which there is anything, and the lines with all cells as text.
    """
    lines = [_cells(line) for line in rows]
    columns = {
        key: heading for key, heading in _HEADINGS.items() if any(line[key] for line in lines)
    }
    return columns, lines


def _section(card: Card, rows: Sequence[Row], *, charts: bool) -> str:
    machine, versions = card["machine"], card["versions"]
    used = ", ".join(f"{name} {version}" for name, version in versions.items())
    columns, lines = shown(rows)
    parts = [
        f"## {card['protocol']}: {card['title']}\n",
        f"{card['question']}\n",
        *(f"- {sentence}" for sentence in [*card["failures"], *card["sentences"]]),
        *([f"\n![{card['title']}]({CHARTS}/{card['protocol']}.svg)"] if charts else []),
        "",
        f"| {' | '.join(columns.values())} |",
        f"| {' | '.join('---' for _ in columns)} |",
        *(f"| {' | '.join(line[key] for key in columns)} |" for line in lines),
        "\nDefinition:\n",
        *(f"- `{line}`" for line in defined(card)),
        f"\n{_measured_on(rows)}Run on {machine['system']}, {machine['cores']} cores, {machine['memory_gib']} GiB; "
        f"{used}.\n",
    ]
    return "\n".join(parts)


def _measured_on(rows: Sequence[Row]) -> str:
    seconds = {line["artefact"]: line["seconds"] for line in rows if line["seconds"] is not None}
    fitted = _counted(len(seconds), "auditor", "auditors")
    return f"{fitted}, {sum(seconds.values()) / 60:.0f} minutes of fitting. "


def _cells(line: Row) -> dict[str, str]:
    members, externals = line["n_members"], line["n_externals"]
    return {
        "case": line["case"] or "",
        "model": line["model"] or "",
        "external": line["external"] or "",
        "what": f"{line['what']}: {line['said']}" if line["said"] else line["what"],
        "auc": _figure(line, "auc"),
        "tpr_1pct": _figure(line, "tpr_1pct"),
        "tpr_01pct": _figure(line, "tpr_01pct"),
        "blind": ""
        if line["blind_auc"] is None
        else f"{line['blind_auc']:.3f} {line['best_blind']}",
        "advantage": _figure(line, "advantage", "+"),
        "tier": line["tier"] or "",
        "expected": line["expected"] or "",
        "seeds": "" if line["seed_auc_sd"] is None else f"{line['seed_auc_sd']:.3f}",
        "n": "" if members is None else f"{members:,} + {externals:,}",
        "cost": _cost(line),
    }


def _figure(line: Row, name: str, sign: str = "") -> str:
    value, low, high = line[name], line[f"{name}_low"], line[f"{name}_high"]
    if value is None:
        return "not measurable" if line["role"] == AUDITOR and name.startswith("tpr") else ""
    return f"{value:{sign}.3f} [{low:{sign}.3f}, {high:{sign}.3f}]"


def _cost(line: Row) -> str:
    passes, models, seconds = (line[key] for key in ("forward_passes", "models_trained", "seconds"))
    said = [
        "" if passes is None else _counted(passes, "pass", "passes"),
        _counted(models, "model", "models") if models else "",
        "" if seconds is None else f"{seconds:.0f} s",
    ]
    return ", ".join(filter(None, said))


def _counted(number: int, one: str, many: str) -> str:
    return f"{number} {one if number == 1 else many}"


def _setting(value: Any) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {_setting(part)}" for name, part in value.items())
    return ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
