"""Viewers see everything and change nothing, whatever page is written next."""

import ast
import inspect
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

import dashboard
from dashboard import access, changes
from dashboard.navigation import PAGES
from mintcore.dependents import Artefact
from mintcore.errors import MintError
from mintcore.jobs.queue import read_job
from store.artefacts import Home

ROOM = Path(dashboard.__file__).parent
APP = ROOM / "app.py"

# What pages may take from the modules that change something or run models; all else in them is for ``changes``.
READ = {
    "mintcore.defaults": {"default_auditor"},
    "mintcore.deletion": {"Deletion", "plan_deletion"},
    "mintcore.image_audit": {"ImageAuditor", "with_model"},
    "mintcore.jobs.queue": {"Job", "UNDER_WAY", "job_log", "job_measures", "list_jobs", "read_job"},
    "mintcore.machine": {"driver_gpus", "this_machine"},
    "mintcore.titles": {"LONGEST", "TITLED", "Titles", "read_titles", "titles_version"},
    "mintcore.uploads": {"upload_mib"},
}
# What runs a model on an image that a person gave; ``loaded`` gives the model to operators alone.
RUNNING = {
    "mintcore.activation_maps",
    "mintcore.devices",
    "mintcore.layer_votes",
    "mintcore.models.registration",
}
# Modules that only read a home folder, or know nothing of one. Add a new one here or above, whichever it is.
READING = {
    "mintcore.access",
    "mintcore.activation_sample",
    "mintcore.activation_statistics",
    "mintcore.audited_images",
    "mintcore.auditors",
    "mintcore.cluster.places",
    "mintcore.counted",
    "mintcore.databases",
    "mintcore.datasets.browsing",
    "mintcore.datasets.comparison_time",
    "mintcore.datasets.copies",
    "mintcore.datasets.offers",
    "mintcore.datasets.reading",
    "mintcore.dependents",
    "mintcore.disk_use",
    "mintcore.doctor.finding",
    "mintcore.errors",
    "mintcore.estimates",
    "mintcore.evaluation",
    "mintcore.extraction.limits",
    "mintcore.extraction.paces",
    "mintcore.holdings",
    "mintcore.home_sizes",
    "mintcore.image_limits",
    "mintcore.images",
    "mintcore.library",
    "mintcore.licences",
    "mintcore.methods",
    "mintcore.models.heads",
    "mintcore.models.layers",
    "mintcore.models.preprocessing",
    "mintcore.models.usual_inputs",
    "mintcore.neighbours",
    "mintcore.palette",
    "mintcore.projection",
    "mintcore.reports",
    "mintcore.runs",
    "mintcore.settings",
    "mintcore.spreadsheets",
    "mintcore.verdicts",
    "mintcore.versions",
}


def _taken(tree: ast.AST) -> Iterator[tuple[str, str]]:
    """Give module and name of everything that a file takes from the engine."""
    modules = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("mintcore"):
            for each in node.names:
                whole = f"{node.module}.{each.name}"
                if _is_module(whole):
                    modules[each.asname or each.name] = whole
                else:
                    yield str(node.module), each.name
        assert not (isinstance(node, ast.Import) and node.names[0].name.startswith("mintcore"))
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            module = modules.get(node.value.id)
            yield from [(module, node.attr)] if module else ()


def _is_module(name: str) -> bool:
    path = ROOM.parent.joinpath(*name.split("."))
    return path.is_dir() or path.with_suffix(".py").is_file()


def _is_reading(module: str) -> bool:
    return any(module == each or module.startswith(f"{each}.") for each in READING)


def _doors() -> dict[str, ast.FunctionDef]:
    tree = ast.parse((ROOM / "changes.py").read_text(encoding="utf-8"))
    return {node.name: node for node in tree.body if isinstance(node, ast.FunctionDef)}


def test_pages__take_nothing_that_changes_something_but_from_changes() -> None:
    wrong = []
    for file in ROOM.rglob("*.py"):
        if file == ROOM / "changes.py":
            continue
        for module, name in _taken(ast.parse(file.read_text(encoding="utf-8"))):
            known = (
                name in READ[module] if module in READ else module in RUNNING or _is_reading(module)
            )
            if not known:
                wrong.append(f"{file.relative_to(ROOM)}: {module}.{name}")
    assert wrong == []


def test_taken__finds_each_way_to_take_something() -> None:
    written = (
        "from mintcore.jobs import queue\nfrom mintcore.titles import rename\n"
        "from mintcore import uploads as kept\nqueue.submit(1)\nkept.keep_upload(2)\n"
    )
    found = set(_taken(ast.parse(written)))
    assert found == {
        ("mintcore.jobs.queue", "submit"),
        ("mintcore.titles", "rename"),
        ("mintcore.uploads", "keep_upload"),
    }


def test_changes__each_asks_for_an_operator_first() -> None:
    for name, door in _doors().items():
        first = door.body[1]  # after the docstring
        assert ast.unparse(first) == "require_operator()", name


CALLS: dict[str, tuple[Any, ...]] = {
    "submit": ("demo", {}),
    "retry": ("j",),
    "cancel": ("j",),
    "keep_upload": (BytesIO(b"x"),),
    "keep_for_once": (BytesIO(b"x"), ".csv"),
    "rename": ("models", "m", "A title"),
    "delete": (Artefact("models", "m"),),
    "promote": ("a",),
    "demote": (),
    "audit_image": (None, "an image", np.zeros((2, 2, 3), np.uint8)),
    "examine": (),
}


@pytest.mark.parametrize("name", _doors())
def test_changes__are_refused_to_viewers(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MINT_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("MINT_ACCESS", "open")
    with pytest.raises(MintError, match="Only operators"):
        getattr(changes, name)(*CALLS[name])
    assert not (tmp_path / "home").exists()


def test_submit__spreads_work_over_the_cluster_that_the_setting_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MINT_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("MINT_RAY", "local:2")
    jobs = [changes.submit(kind, {}) for kind in ("sweep", "verify")]
    home = Home(tmp_path / "home")
    assert [read_job(home, job).device for job in jobs] == ["auto@local:2", "auto"]


def test_loaded__models_run_for_operators_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    from dashboard.parts import loaded  # noqa: PLC0415 - makes components of Streamlit

    monkeypatch.setenv("MINT_ACCESS", "open")
    for run in (loaded.judge, loaded.loaded_auditor):
        with pytest.raises(MintError, match="Only operators"):
            run(*["a"] * len(inspect.signature(run).parameters))  # type: ignore[operator]


@pytest.mark.parametrize("page", [page for page, place in PAGES.items() if place.url])
def test_pages__viewer_finds_no_button_that_starts_or_changes(
    page: str, empty_app: AppTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MINT_ACCESS", "open")
    app = empty_app.switch_page(page).run()
    assert not app.exception
    assert [button.label for button in app.button] == []
    assert "viewer" in app.sidebar.markdown[0].value


def test_first_page__viewer_cannot_start_the_demo(
    empty_app: AppTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert [button.label for button in empty_app.button] == ["Start the demo"]
    monkeypatch.setenv("MINT_ACCESS", "open")
    assert [button.label for button in empty_app.run().button] == []


def test_door__who_is_not_signed_in_sees_nothing_but_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MINT_HOME", str(tmp_path / "a-secret-name"))
    monkeypatch.setenv("MINT_ACCESS", "login")
    monkeypatch.setenv("MINT_OPERATORS", "*")
    app = AppTest.from_file(str(APP), default_timeout=60).run()
    assert not app.exception
    assert [button.label for button in app.button] == ["Sign in"]
    assert [title.value for title in app.title] == ["MINT workbench"]
    assert not any("a-secret-name" in each.value for each in (*app.caption, *app.markdown))


def test_role__page_reached_under_another_name_without_login(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    headers = {"Origin": "https://audit.example.org"}
    monkeypatch.delenv("MINT_ACCESS", raising=False)
    monkeypatch.setattr(access.st, "context", SimpleNamespace(headers=headers))
    assert access.role() is None
    headers["Origin"] = "http://localhost:8501"
    assert access.may_operate()
