"""What a shell offers for a word that is begun: names in the home folder, read off its folders and cards."""

from collections.abc import Callable, Iterable
from itertools import chain
from pathlib import Path

import typer

from mintcore import settings
from mintcore.auditors import KIND_WORDS
from mintcore.jobs.folder import job_folders
from mintcore.library import experiments
from store.artefacts import Home, Kind

Completion = Callable[[typer.Context, str], list[str]]


def names_of(kind: Kind) -> Completion:
    """Make the completion of names or ids of artefacts of a kind."""

    def names(context: typer.Context, incomplete: str) -> list[str]:
        found = (file.parent.name for file in (_home(context).path / kind).glob("*/card.json"))
        return _beginning(found, incomplete)

    return names


def subjects_of_reports(context: typer.Context, incomplete: str) -> list[str]:
    """Offer what a report can be about: audits, protocols and sweeps."""
    home = _home(context)
    try:
        sweeps = experiments(home.cards("auditors"))
    except Exception:  # a damaged card, which a shell is not to be told of
        sweeps = {}
    ids = (names_of(kind)(context, incomplete) for kind in ("audits", "protocols"))
    return [*chain.from_iterable(ids), *_beginning(sweeps, incomplete)]


def job_ids(context: typer.Context, incomplete: str) -> list[str]:
    """Offer the ids of jobs."""
    return _beginning((job.id for job in job_folders(_home(context))), incomplete)


def layer_names(context: typer.Context, incomplete: str) -> list[str]:
    """Offer the suggested layers of the model that is named before; of several, for the last one."""
    listed, comma, last = incomplete.rpartition(",")
    try:
        # an option without its value leaves the words before it unread
        model = context.params.get("model") or context.args[0]
        card = _home(context).card("models", model)
        layers = [layer["name"] for layer in card["layers"]]
    except Exception:  # a shell that asks while somebody types must never get a traceback
        return []
    return [listed + comma + name for name in _beginning(layers, last)]


def kind_names(incomplete: str) -> list[tuple[str, str]]:
    """Offer the kinds of auditors, with what each is; of several, for the last one."""
    listed, comma, last = incomplete.rpartition(",")
    return [
        (listed + comma + kind, words)
        for kind, words in KIND_WORDS.items()
        if kind.startswith(last)
    ]


def _home(context: typer.Context) -> Home:
    """Give the home folder that the line names, or the environment, or the usual one."""
    given = context.params.get("home") or settings.DEFAULT_HOME
    return Home(Path(given))


def _beginning(names: Iterable[str], incomplete: str) -> list[str]:
    return sorted(name for name in names if name.startswith(incomplete))
