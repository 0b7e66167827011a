"""What jobs can do: one function a kind, over the engine.

The engine is imported when a job begins: the dashboard and the worker start without torch.
"""
# ruff: noqa: PLC0415

from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError

from mintcore.errors import MintError
from mintcore.progress import Reporter
from store.artefacts import Card, Home

Work = Callable[[Home, Mapping[str, Any], str, Reporter], dict[str, Any]]
_Request = TypeVar("_Request")


def _extract(
    home: Home, params: Mapping[str, Any], device: str, reporter: Reporter
) -> dict[str, Any]:
    from mintcore.extraction.requests import ExtractionRequest
    from mintcore.extraction.run import extract_datasets

    request = request_of(ExtractionRequest, params)
    return asdict(extract_datasets(home, request, device=device, reporter=reporter))


def _sweep(
    home: Home, params: Mapping[str, Any], device: str, reporter: Reporter
) -> dict[str, Any]:
    from mintcore.sweep import SweepRequest, sweep

    cards = sweep(home, request_of(SweepRequest, params), device=device, reporter=reporter)
    return {"auditors": _ids(cards)}


def _tune(home: Home, params: Mapping[str, Any], device: str, reporter: Reporter) -> dict[str, Any]:
    from mintcore.search import TuneRequest, train_tuned

    request = request_of(TuneRequest, params)
    card = train_tuned(home, request.auditor, request.trials, device=device, reporter=reporter)
    return {"auditors": [card["id"]]}


def _train_model(
    home: Home, params: Mapping[str, Any], device: str, reporter: Reporter
) -> dict[str, Any]:
    from mintcore.training.ground_truth import train_model
    from mintcore.training.requests import TrainingRequest

    request = request_of(TrainingRequest, params)
    return {"models": [train_model(home, request, device=device, reporter=reporter)["id"]]}


def _train_references(
    home: Home, params: Mapping[str, Any], device: str, reporter: Reporter
) -> dict[str, Any]:
    from mintcore.training.references import ReferenceRequest, train_references

    request = request_of(ReferenceRequest, params)
    return {"models": _ids(train_references(home, request, device=device, reporter=reporter))}


def _audit(
    home: Home, params: Mapping[str, Any], device: str, reporter: Reporter
) -> dict[str, Any]:
    from mintcore.batch_audit import BatchRequest, audit_batch

    batch = audit_batch(home, request_of(BatchRequest, params), device=device, reporter=reporter)
    return {"audits": _ids(batch.cards), "refused": batch.refused}


def _compare(
    home: Home, params: Mapping[str, Any], device: str, reporter: Reporter
) -> dict[str, Any]:
    from mintcore.comparison import CompareRequest, compare

    card = compare(home, request_of(CompareRequest, params), device=device, reporter=reporter)
    return {"comparisons": [card["id"]]}


def _methods(
    home: Home, params: Mapping[str, Any], device: str, reporter: Reporter
) -> dict[str, Any]:
    from mintcore.methods.requests import MethodsRequest
    from mintcore.methods.run import run_methods

    card = run_methods(home, request_of(MethodsRequest, params), device=device, reporter=reporter)
    return {"methods": [card["id"]]}


def _protocol(
    home: Home, params: Mapping[str, Any], device: str, reporter: Reporter
) -> dict[str, Any]:
    from mintcore.protocols.bench import Bench
    from mintcore.protocols.data import DataFolder
    from mintcore.protocols.protocol import perform
    from mintcore.protocols.registry import ProtocolRequest, protocol_of

    request = request_of(ProtocolRequest, params)
    bench = Bench(home, DataFolder(Path(request.data)), device, reporter)
    return {"protocols": [perform(bench, protocol_of(request.name))["id"]]}


def _demo(home: Home, params: Mapping[str, Any], device: str, reporter: Reporter) -> dict[str, Any]:
    from mintcore.demo.story import DemoRequest, tell

    request_of(DemoRequest, params)
    told = tell(home, device=device, reporter=reporter)
    return {
        "models": [told.model["id"]],
        "auditors": [row["auditor"] for row in told.sweep],
        "audits": [row["id"] for row in told.audits if row["kind"] == "dataset"],
    }


def _verify(
    home: Home, params: Mapping[str, Any], device: str, reporter: Reporter
) -> dict[str, Any]:
    from mintcore.verification import VerifyRequest, verify_stores

    return {"stores": verify_stores(home, request_of(VerifyRequest, params), reporter=reporter)}


def _report(
    home: Home, params: Mapping[str, Any], device: str, reporter: Reporter
) -> dict[str, Any]:
    from mintcore.reports.writing import ReportRequest, write_reports

    written = write_reports(home, request_of(ReportRequest, params), reporter=reporter)
    return {"reports": [str(file) for file in written]}


def _overlap(
    home: Home, params: Mapping[str, Any], device: str, reporter: Reporter
) -> dict[str, Any]:
    from mintcore.datasets.kept_overlaps import OverlapRequest, keep_overlap

    card = keep_overlap(home, request_of(OverlapRequest, params), reporter=reporter)
    return {"overlaps": [card["id"]]}


def _add_model(
    home: Home, params: Mapping[str, Any], device: str, reporter: Reporter
) -> dict[str, Any]:
    from mintcore.models.offered import add_offered_model
    from mintcore.models.requests import ModelRequest

    card = add_offered_model(home, request_of(ModelRequest, params), reporter=reporter)
    return {"models": [card["id"]]}


def _add_dataset(
    home: Home, params: Mapping[str, Any], device: str, reporter: Reporter
) -> dict[str, Any]:
    from mintcore.datasets.offered import DatasetRequest, add_offered_dataset

    card = add_offered_dataset(home, request_of(DatasetRequest, params), reporter=reporter)
    return {"datasets": [card["id"]]}


KINDS: dict[str, Work] = {
    "extract": _extract,
    "train": _sweep,
    "tune": _tune,
    "sweep": _sweep,
    "train-model": _train_model,
    "train-references": _train_references,
    "audit": _audit,
    "compare": _compare,
    "methods": _methods,
    "protocol": _protocol,
    "demo": _demo,
    "verify": _verify,
    "add-model": _add_model,
    "add-dataset": _add_dataset,
    "report": _report,
    "overlap": _overlap,
}

SHORT = frozenset({"add-model", "add-dataset", "verify", "report", "overlap"})
"""Kinds that need no device: they run beside the heavy ones."""


def work_of(kind: str) -> Work:
    """Find what a kind of job does.

    Raises:
        MintError: There is no such kind.
    """
    if kind not in KINDS:
        raise MintError(f"No kind of job is called {kind!r}: there are {', '.join(KINDS)}.")
    return KINDS[kind]


def request_of(request: type[_Request], params: Mapping[str, Any]) -> _Request:
    """Make the engine's request of JSON values, nested ones too.

    Raises:
        MintError: A value has no place in the request, or is of another type.
    """
    try:
        return TypeAdapter(request).validate_python(dict(params), extra="forbid")
    except ValidationError as error:
        wrong = "; ".join(f"{_place(each['loc'])}: {each['msg']}" for each in error.errors())
        raise MintError(
            f"The settings of this job do not fit {request.__name__}: {wrong}."
        ) from error


def _place(location: Iterable[int | str]) -> str:
    return repr(".".join(map(str, location)))


def _ids(cards: Iterable[Card]) -> list[str]:
    return [str(card["id"]) for card in cards]
