import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from mintcore.cli.examples import examples_of
from mintcore.cli.program import command, main
from mintcore.datasets.reading import read_pixels, samples
from store.artefacts import Home

VANILLA = "net.block2.vanilla"


def commands(group: Any, path: str = "mint") -> Iterator[tuple[str, Any]]:
    for name, below in group.commands.items():
        if hasattr(below, "commands"):
            yield from commands(below, f"{path} {name}")
        else:
            yield f"{path} {name}", below


COMMANDS = dict(commands(command()))
SHORT = {"mint report write": "mint report"}
"""What people write for a command that its group takes where none is named."""


@pytest.mark.parametrize("path", COMMANDS)
def test_help__shows_an_example_of_the_command_itself(path: str) -> None:
    short = SHORT.get(path, path)
    examples = examples_of(COMMANDS[path])
    assert examples
    assert all(example == short or example.startswith(f"{short} ") for example in examples)


def test_help__prints_examples_in_their_own_lines(
    mint: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    code, printed, _ = mint("model", "add", "--help")
    (line,) = [line for line in printed.splitlines() if "Example: mint model add" in line]
    assert code == 0
    assert line.endswith(" \\")


def test_mint__alone_prints_its_help_in_lines(mint: Any) -> None:
    code, _, complaint = mint()
    assert code == 2
    assert complaint.startswith("Usage: mint")
    assert "\n  demo " in complaint


@pytest.mark.parametrize("path", COMMANDS)
def test_help__every_option_says_what_it_is_for(path: str) -> None:
    for parameter in COMMANDS[path].params:
        if parameter.name != "help":
            assert getattr(parameter, "help", None), f"{path}: {parameter.name}"


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ("extract nett members", "No model is called 'nett'"),
        ("extract net member", "Did you mean members?"),
        ("extract net members --layers blok1", "did you mean block1"),
        ("extract net members --device cuda:9", "Use --device cpu"),
        ("extract net members --device gpu", "is not a device: use auto, cpu, cuda or cuda:N"),
        ("extract net", "Missing argument"),
        ("extract net members --map-side eight", "Invalid value for '--map-side'"),
        (
            "sweep net --members members --external external --kinds mlp",
            "choose of vanilla, cnn",
        ),
        ("sweep net --members external --external external", "no readable image of membership"),
        (
            "train net --members members --external external --layer output --kind cnn",
            "needs a map",
        ),
        (
            "train net --members members --external external --kind fused --tune 2",
            "has a network for each source",
        ),
        ("train net --members members --external external --tune 0", "ask for 1 or more"),
        ("audit image nobody README.md", "is not an image"),
        ("audit image nobody missing.png", "missing.png"),
        ("audit dataset nobody mixed", "No auditor is called 'nobody'"),
        ("model show ../../etc", "is not a usable name"),
        ("store info nothing", "No store is called 'nothing'"),
        ("auditor show nothing", "No auditor is called 'nothing'"),
        ("compare net --members members --external external --layer output", "at least two"),
        ("fly", "No such command 'fly'"),
    ],
)
def test_bad_input__is_one_sentence_and_exit_code_2(
    mint: Any, words: str, sentence: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(Path(__file__).parents[3])
    code, printed, complaint = mint(*words.split())
    assert code == 2
    assert printed == ""
    assert complaint.startswith("mint: ")
    assert sentence in complaint
    assert "Traceback" not in complaint
    assert complaint.count("\n") == 1


def test_store_info__counts_rows_layers_and_bytes(mint: Any) -> None:
    code, printed, _ = mint("store", "info", "--json")
    found = json.loads(printed)
    assert code == 0
    assert found["rows"] == 2000  # 1,000 images in the model's store and in its fresh twin's
    assert found["layers"] == 7  # block2 twice and output in both, and the pixels
    assert found["bytes"] > 100_000


def test_auditor_list__gives_the_figures(mint: Any) -> None:
    rows = json.loads(mint("auditor", "list", "--json")[1])
    assert {(row["layer"], row["kind"]) for row in rows} == {
        ("block2", "vanilla"),
        ("block2", "cnn"),
        ("output", "vanilla"),
    }
    assert rows[0]["auditor"] in mint("auditor", "list")[1]


def test_auditor_default__is_said_chosen_and_taken_back(mint: Any) -> None:
    auditor = json.loads(mint("auditor", "list", "--json")[1])[0]["auditor"]
    assert "no default auditor" in mint("auditor", "default")[1]
    assert mint("auditor", "default", auditor)[1].strip() == auditor
    assert json.loads(mint("auditor", "default", "--json")[1]) == {"auditor": auditor}
    assert mint("auditor", "default", auditor, "--clear")[0] == 2
    assert json.loads(mint("auditor", "default", "--clear", "--json")[1]) == {"auditor": None}


def test_train__prints_the_auditor(mint: Any) -> None:
    words = "train net --members members --external external --layer output --json"
    row = json.loads(mint(*words.split())[1])
    assert row["layer"] == "output"
    assert row["auc_ci"][0] < row["auc"] < row["auc_ci"][1]


def test_audit_image__prints_score_p_value_and_verdict(
    mint: Any, digits_home: Home, tmp_path: Path
) -> None:
    uri = samples(digits_home, "mixed", limit=1).column("uri")[0].as_py()
    Image.fromarray(read_pixels(uri)).save(tmp_path / "one.png")
    auditor = next(c["id"] for c in digits_home.cards("auditors") if c["id"].startswith(VANILLA))
    (row,) = json.loads(mint("audit", "image", auditor, str(tmp_path / "one.png"), "--json")[1])
    assert row["kind"] == "image"
    assert row["auditor"] == auditor
    assert row["verdict"] == "cannot tell"  # the model was never trained
    assert 0 < row["p_value"] <= 1
    assert "mixed" in [copy["dataset"] for copy in row["copies"] if copy["exact"]]


def test_audit_dataset__prints_the_finding_and_where_the_report_is(
    mint: Any, digits_home: Home
) -> None:
    auditor = next(c["id"] for c in digits_home.cards("auditors") if c["id"].startswith(VANILLA))
    code, printed, _ = mint("audit", "dataset", auditor, "mixed")
    assert code == 0
    assert "no evidence that this set was used" in printed
    assert "share, mixture" in printed
    assert "not measurable" in printed
    assert "No single image is named" in printed
    assert "drift of scores" in printed
    groups = json.loads(mint("audit", "dataset", auditor, "mixed", "--json")[1])["groups"]
    assert all(f"label  {row['group']} " in printed for row in groups)
    (listed,) = json.loads(mint("audit", "list", "--json")[1])
    assert Path(digits_home.path / "audits" / listed["id"] / "report.html").is_file()


def test_version__is_the_packages(mint: Any) -> None:
    assert mint("--version")[1].strip() == "0.1.0"


def test_mint__ctrl_c_is_one_sentence(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Home, "cards", interrupted)
    monkeypatch.setattr("sys.argv", ["mint", "model", "list"])
    with pytest.raises(SystemExit, match="130"):
        main()
    assert capsys.readouterr().err == "mint: stopped; what was committed is kept.\n"


def test_train__tuned_auditor_says_how_its_settings_were_found(
    mint: Any, digits_home: Home
) -> None:
    words = "train net --members members --external external --seeds 1 --tune 2 --json"
    code, printed, _ = mint(*words.split())
    assert code == 0
    _, shown, _ = mint("auditor", "show", json.loads(printed)["auditor"])
    assert "of 2 tried, the best on the validation part" in shown


def test_dry_run__says_what_a_sweep_takes_and_does_nothing(mint: Any, digits_home: Home) -> None:
    before = sorted(digits_home.path.rglob("card.json"))
    words = "sweep net --members members --external external --layers block1 --kinds linear"
    found = json.loads(mint(*words.split(), "--dry-run", "--json")[1])
    assert (found["auditors"], found["networks"]) == (1, 2 * 3 + 1 + 3)
    assert [model["compute"] for model in found["models"]] == [1000, 1000]
    assert "1 auditor to train, in 10 networks." in mint(*words.split(), "--dry-run")[1]
    assert sorted(digits_home.path.rglob("card.json")) == before
