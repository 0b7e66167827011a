import json
import subprocess
import sys
from dataclasses import asdict
from typing import Any

import pytest

from mintcore.auditors.fitting import FitSettings
from mintcore.batch_audit import BatchRequest
from mintcore.comparison import CompareRequest
from mintcore.datasets.kept_overlaps import OverlapRequest
from mintcore.datasets.offered import DatasetRequest
from mintcore.errors import MintError
from mintcore.extraction.requests import ExtractionRequest
from mintcore.jobs.kinds import KINDS, SHORT, request_of, work_of
from mintcore.methods.requests import MethodsRequest
from mintcore.models.preprocessing import Preprocessing
from mintcore.models.requests import ModelRequest
from mintcore.progress import SilentReporter
from mintcore.protocols.registry import ProtocolRequest
from mintcore.reports.writing import ReportRequest
from mintcore.search import TuneRequest
from mintcore.sweep import SweepRequest
from mintcore.training.references import ReferenceRequest
from mintcore.training.requests import TrainingRequest
from mintcore.training.settings import TrainingSettings
from mintcore.verification import VerifyRequest
from store.artefacts import Home
from store.errors import StoreError

SWEEP = SweepRequest("net", "in", "out", kinds=("cnn",), settings=FitSettings(epochs=3))
LEARNT = TrainingSettings(epochs=2, dropout=0.5)
GREY = Preprocessing((8, 8), (0.5,), (0.25,))


def test_kinds__import_without_torch_or_streamlit() -> None:
    code = (
        "import sys, mintcore.jobs.queue, mintcore.jobs.worker, mintcore.serving;"
        "print({'torch', 'streamlit'} & set(sys.modules))"
    )
    printed = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
    assert printed.stdout.strip() == b"set()"


@pytest.mark.parametrize(
    "request_",
    [
        ExtractionRequest("net", ("in", "out"), queries=4),
        SWEEP,
        TuneRequest(SWEEP, 5),
        TrainingRequest("mine", "mintcore:object-cnn", ("in",), GREY, settings=LEARNT),
        ReferenceRequest("ref", "net", ("in", "out"), LEARNT, membership="external"),
        BatchRequest(("a", "b"), ("in",)),
        CompareRequest("net", "in", ("out", "other"), "output"),
        MethodsRequest("net", "in", "out", references=("ref-1",)),
        ProtocolRequest("P1", "/data"),
        ReportRequest(("a",), ("html", "csv")),
        VerifyRequest(),
        OverlapRequest("in", "out"),
        ModelRequest("net", "mintcore:object-cnn", "/x.pt", GREY, classes=("a", "b")),
        DatasetRequest("in", "zip:/x.zip", "member"),
    ],
    ids=lambda request: type(request).__name__,
)
def test_request_of__comes_back_from_json(request_: Any) -> None:
    params = json.loads(json.dumps(asdict(request_)))
    assert request_of(type(request_), params) == request_


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        ({"seeds": "many"}, "'seeds'"),
        ({"settings": {"epochs": None}}, "'settings.epochs'"),
        ({"colour": "blue"}, "'colour'"),
    ],
)
def test_request_of__says_which_setting_does_not_fit(changed: dict[str, Any], named: str) -> None:
    with pytest.raises(MintError, match=f"do not fit SweepRequest: {named}: ") as caught:
        request_of(SweepRequest, asdict(SWEEP) | changed)
    assert "\n" not in str(caught.value)


def test_request_of__what_the_engine_refuses_is_its_own_sentence() -> None:
    params = {"name": "ref", "of": "net", "pool": ["in"], "settings": {"epochs": 0}}
    with pytest.raises(MintError, match="--epochs is 0"):
        request_of(ReferenceRequest, params)


def test_short__audit_reports_and_other_work_without_a_device() -> None:
    assert {"report", "overlap"} <= SHORT <= set(KINDS)


def test_work_of__unknown_kind_names_those_there_are() -> None:
    with pytest.raises(MintError, match=r"'fly': there are extract, .*, verify"):
        work_of("fly")


def test_extract__unknown_model_is_one_sentence(home: Home) -> None:
    params = {"model": "nobody", "datasets": ["digits"]}
    with pytest.raises((MintError, StoreError), match="is called") as caught:
        work_of("extract")(home, params, "cpu", SilentReporter())
    assert "\n" not in str(caught.value)


def test_protocol__unknown_one_names_those_there_are(home: Home) -> None:
    with pytest.raises(MintError, match="'P9': there are P1, P2, P3, P4"):
        work_of("protocol")(home, {"name": "P9", "data": "."}, "cpu", SilentReporter())
