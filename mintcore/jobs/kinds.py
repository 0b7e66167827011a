"""What jobs can do: one function a kind, over the engine.

The engine is imported when a job begins: the dashboard and the worker start without torch.
"""
# ruff: noqa: PLC0415

from collections.abc import Callable
from dataclasses import asdict
from typing import Any, TypeVar

from mintcore.errors import MintError
from mintcore.progress import Reporter
from store.artefacts import Home

Work = Callable[[Home, dict[str, Any], str, Reporter], dict[str, Any]]
_Request = TypeVar("_Request")


def _extract(home: Home, params: dict[str, Any], device: str, reporter: Reporter) -> dict[str, Any]:
    from mintcore.extraction.requests import ExtractionRequest
    from mintcore.extraction.run import extract_datasets

    request = _typed(ExtractionRequest, params)
    return asdict(extract_datasets(home, request, device=device, reporter=reporter))


def _sweep(home: Home, params: dict[str, Any], device: str, reporter: Reporter) -> dict[str, Any]:
    from mintcore.sweep import SweepRequest, sweep

    cards = sweep(home, _typed(SweepRequest, params), device=device, reporter=reporter)
    return {"auditors": [card["id"] for card in cards]}


def _audit(home: Home, params: dict[str, Any], device: str, reporter: Reporter) -> dict[str, Any]:
    from mintcore.audit import audit_dataset

    card = audit_dataset(
        home, params["auditor"], params["dataset"], device=device, reporter=reporter
    )
    return {"audits": [card["id"]]}


def _compare(home: Home, params: dict[str, Any], device: str, reporter: Reporter) -> dict[str, Any]:
    from mintcore.comparison import CompareRequest, compare

    card = compare(home, _typed(CompareRequest, params), device=device, reporter=reporter)
    return {"comparisons": [card["id"]]}


KINDS: dict[str, Work] = {
    "extract": _extract,
    "sweep": _sweep,
    "audit": _audit,
    "compare": _compare,
}


def work_of(kind: str) -> Work:
    """Find what a kind of job does.

    Raises:
        MintError: There is no such kind.
    """
    if kind not in KINDS:
        raise MintError(f"No kind of job is called {kind!r}: there are {', '.join(KINDS)}.")
    return KINDS[kind]


def _typed(request: type[_Request], params: dict[str, Any]) -> _Request:
    try:
        return request(**{name: _with_tuples(value) for name, value in params.items()})
    except TypeError as error:
        name = request.__name__
        raise MintError(f"The settings of this job do not fit {name}: {error}.") from error


def _with_tuples(value: Any) -> Any:
    """Undo what JSON does to tuples."""
    if isinstance(value, list):
        return tuple(_with_tuples(item) for item in value)
    return value
