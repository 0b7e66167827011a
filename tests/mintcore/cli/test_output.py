import pytest

from mintcore.cli.output import fields, table


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (7.1e-15, "7.1e-15"),
        (0.5, "0.500"),
        (0.0, "0.000"),
        ((0.1, 0.2), "0.100 .. 0.200"),
        (None, "-"),
    ],
)
def test_fields__numbers_are_written_such_that_small_ones_stay_visible(
    value: object, written: str, capsys: pytest.CaptureFixture[str]
) -> None:
    fields({"p_value": value})
    assert capsys.readouterr().out == f"p_value  {written}\n"


def test_table__names_stay_whole_in_a_narrow_terminal(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "12")
    table([{"layer": "blocks.10", "bytes": 16_384}], {"layer": "layer", "bytes": "bytes"})
    assert "blocks.10  16384" in capsys.readouterr().out


@pytest.mark.parametrize("terminal", ["dumb", "xterm"])
def test_table__keeps_names_whole_on_any_terminal(
    terminal: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for variable, value in {"TERM": terminal, "COLUMNS": "40", "TTY_COMPATIBLE": "1"}.items():
        monkeypatch.setenv(variable, value)
    name = "n" * 200
    table([{"name": name, "other": name}], {"name": "name", "other": "other"})
    assert capsys.readouterr().out.count(name) == 2
