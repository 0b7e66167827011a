"""What CI makes of a report on known vulnerabilities."""

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

SCRIPT = Path(__file__).parents[1] / ".ci" / "audit_dependencies.py"
CLEAN = {"name": "pillow", "version": "12.0.0", "vulns": []}
UNKNOWN = {"name": "torch", "skip_reason": "Dependency not found on PyPI"}


@pytest.fixture
def audit() -> ModuleType:
    """The script, as a module."""
    spec = importlib.util.spec_from_file_location("audit_dependencies", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _flawed(*fixes: str) -> dict[str, object]:
    return {**CLEAN, "vulns": [{"id": "CVE-1", "fix_versions": list(fixes)}]}


def test_judged__nothing_found(audit: ModuleType) -> None:
    code, lines = audit.judged([CLEAN, UNKNOWN])
    assert code == 0
    assert lines == ["1 of 2 dependencies were audited; 0 known vulnerabilities."]


def test_judged__vulnerability_with_a_fix_fails(audit: ModuleType) -> None:
    code, lines = audit.judged([CLEAN, _flawed("12.0.1")])
    assert code == 1
    assert lines[0] == "pillow 12.0.0 has CVE-1: fixed in 12.0.1."


def test_judged__vulnerability_without_a_fix_is_said(audit: ModuleType) -> None:
    code, lines = audit.judged([_flawed()])
    assert code == 0
    assert lines[0] == "pillow 12.0.0 has CVE-1: not fixed yet."


def test_judged__database_that_knows_nothing_is_no_audit(audit: ModuleType) -> None:
    assert audit.judged([UNKNOWN]) == (
        0,
        ["Dependencies were not audited: the database knows none of them."],
    )
