"""Every environment variable that the program reads is a setting that people can look up."""

import re
from pathlib import Path

import mintcore
from mintcore.jobs.limits import PREFIX, Limits
from mintcore.settings import SETTINGS

ROOT = Path(mintcore.__file__).parents[1]
OF_ITS_OWN = {"MINT_PARENT_PID", "MINT_ACCESS", "MINT_JOBS_"}
"""What a process tells its children, and what names begin with."""


def _named_in_the_code() -> set[str]:
    files = [
        file for room in ("dashboard", "mintcore", "store") for file in (ROOT / room).rglob("*.py")
    ]
    text = "\n".join(file.read_text(encoding="utf-8") for file in files)
    return set(re.findall(r"\bMINT_[A-Z_]+|\bCUDA_[A-Z_]+", text))


def test_settings__are_all_variables_that_the_code_names() -> None:
    assert _named_in_the_code() - OF_ITS_OWN == {setting.name for setting in SETTINGS}


def test_settings__have_one_line_of_help_and_a_name_of_their_own() -> None:
    assert len({setting.name for setting in SETTINGS}) == len(SETTINGS)
    assert all(re.fullmatch(r"[A-Z][^\n]+\.", setting.help) for setting in SETTINGS)


def test_settings__defaults_of_the_limits_are_those_that_hold() -> None:
    listed = {s.name: s.default for s in SETTINGS if s.name.startswith(PREFIX)}
    held = vars(Limits())
    assert listed == {PREFIX + name.upper(): str(value) for name, value in held.items()}
