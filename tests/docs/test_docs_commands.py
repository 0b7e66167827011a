"""Every command in the documentation is one that the program understands, and no command is left out."""

from pathlib import Path

import pytest
from command_checks import all_commands, commands_with, named_commands, wrong_commands
from command_lines import block_commands, spelt_out
from markdown_pages import DOCS, PAGES, README, ROOT, Page, page_of


def block(line: str) -> Page:
    return Page(Path("page.md"), f"```sh\n{line}\n```\n")


def running_text(line: str) -> Page:
    return Page(Path("page.md"), f"As in `{line}`.\n")


@pytest.mark.parametrize("file", PAGES, ids=lambda file: file.name)
def test_page__has_no_wrong_command(file: Path) -> None:
    assert wrong_commands(page_of(file)) == []


def test_commands__are_all_explained_beside_the_list_of_them() -> None:
    pages = [file for file in [README, *DOCS] if file.name != "commands.md"]
    named = set().union(*(named_commands(page_of(file)) for file in pages))
    assert [path for path in all_commands() if path not in named] == []


def test_jobs__every_command_that_can_be_queued_is_told() -> None:
    told = set(page_of(ROOT / "docs" / "jobs.md").inline_code)
    queued = [path.removeprefix("mint ") for path in commands_with("wait")]
    assert "audit batch" in queued
    assert [path for path in queued if not {path, path.split()[0]} & told] == []


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("mint modle add", "there is no command 'modle'"),
        ("mint model ad x --arch y", "there is no command 'ad'"),
        ("mint extract net seen --layer output", "No such option: --layer"),
        ("mint extract net", "datasets is missing"),
        ("mint model show net other", "'other' is one argument too many"),
        ("mint sweep net --members seen", "external is missing"),
        ("mint sweep net --members seen --external", "requires an argument"),
        ("mint extract net seen --map-side eight", "Invalid value for '--map-side'"),
        ("mint train net --members a --external b --layer c --kind cnnn", "kind cannot be 'cnnn'"),
        ("mint extract net seen --views pooled,maps", "views cannot be 'pooled,maps'"),
        ("mint dataset add a --from dir:b --membership member", "source cannot be 'dir:b'"),
        ("mint dataset add a --from zip:b --membership mine", "membership cannot be 'mine'"),
        ("mint model", "a command is missing"),
        ("mint report A --formats html", "No such option: --formats"),
        ("mint report A --format doc", "formats cannot be 'doc'"),
        ("A=b mint worker --homes x & mint jobs list", "No such option: --homes"),
        ("./run mint audit images A b.png", "there is no command 'images'"),
        ("./run tests", "./run knows no 'tests'"),
        ("python -m benchmarks.stores", "there is nothing to run"),
        ("python -m benchmarks.store --row 3", "it has no option --row"),
        ("python docs/pictures.py", "there is nothing to run"),
        ("pip install 'mint-workbench[tim]'", "no extra is 'tim'"),
    ],
)
def test_wrong_commands__finds_each_kind_in_a_block(line: str, why: str) -> None:
    (found,) = wrong_commands(block(line))
    assert why in found


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("mint store inf", "there is no command 'inf'"),
        ("mint store info | verfy", "there is no command 'verfy'"),
        ("mint sweep ... --tuned", "No such option: --tuned"),
        ("mint train --kind cnnn", "kind cannot be 'cnnn'"),
    ],
)
def test_wrong_commands__finds_each_kind_in_running_text(line: str, why: str) -> None:
    (found,) = wrong_commands(running_text(line))
    assert why in found


@pytest.mark.parametrize(
    "line",
    [
        "mint train ... --tune",
        "mint model | dataset delete NAME",
        "mint store",
        "mint audit COMMAND",
    ],
)
def test_wrong_commands__running_text_may_be_cut_short(line: str) -> None:
    assert wrong_commands(running_text(line)) == []


def test_block_commands__are_read_as_a_shell_reads_them() -> None:
    text = "A=1 mint a 'b c' \\\n  d  # not this | nor that\n\nmint e & mint f | sort\n"
    expected = [("mint", "a", "b c", "d"), ("mint", "e"), ("mint", "f"), ("sort",)]
    assert block_commands(block(text)) == expected


def test_spelt_out__alternatives_are_one_command_each() -> None:
    assert spelt_out("mint model | dataset show X") == [
        ("mint", "model", "show", "X"),
        ("mint", "dataset", "show", "X"),
    ]
    assert spelt_out("minted") == []


def test_named_commands__are_those_called() -> None:
    page = Page(
        Path("page.md"), "Ask `mint store info | verify`.\n\n```sh\nmint model add x\n```\n"
    )
    assert named_commands(page) == {"mint store info", "mint store verify", "mint model add"}
