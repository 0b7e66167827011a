"""What `mint doctor` finds, on homes and machines that are well and on those that are not."""

import fcntl
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from benchmarks.object_server import Proxy
from mintcore import settings
from mintcore.cli import main
from mintcore.doctor import examination, hardware, home_folder, installation, requirements
from mintcore.doctor.finding import Finding, failed, ok, warning
from mintcore.jobs.queue import submit
from store.artefacts import Home, write_card


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home folder with one card."""
    with Home(tmp_path / "home").publishing("models", "net") as folder:
        write_card(folder, "models", "net")
    return tmp_path / "home"


def test_examine__a_home_that_is_well(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hardware, "torch_gpus", list)
    found = dict(examination.examine(home))
    assert list(found) == list(examination.checks(home))
    assert {name: each for name, each in found.items() if each.state == "failed"} == {}
    assert found["cards"] == ok("1 model")
    assert found["locks"] == ok(f"one at a time, in {home}")


@pytest.mark.parametrize("broken", [OSError(5, "Input/output error"), ValueError("a\nb")])
def test_examine__what_breaks_a_check_is_a_finding(
    broken: Exception, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def breaks() -> Finding:
        raise broken

    monkeypatch.setattr(examination, "checks", lambda home: {"one": breaks, "two": lambda: ok("")})
    found = dict(examination.examine(home))
    assert found["one"].state == "failed"
    assert type(broken).__name__ in found["one"].found
    assert "\n" not in found["one"].found
    assert found["two"] == ok("")


def test_packages__what_is_missing_or_too_old_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = ["zarr>=99", "nothing-is-called-so>=1", "numpy>=1", "optuna>=99; extra == 'tune'"]
    monkeypatch.setattr(requirements, "requires", lambda name: asked)
    found = requirements.packages()
    assert found.state == "failed"
    assert "nothing-is-called-so is missing" in found.found
    assert "numpy" not in found.found
    assert "'zarr>=99'" in found.mend
    assert "tune (mint train --tune) is not there" in installation.extras().found


def test_extras__those_of_packages_count(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = {
        "mint-workbench": ["numpy[fast]>=1; extra == 'login'"],
        "numpy": ["nothing-is-called-so; extra == 'fast'", "neither-is-this; extra == 'slow'"],
    }
    monkeypatch.setattr(requirements, "requires", asked.get)
    assert "login (mint dashboard --login) is not there" in installation.extras().found
    asked["numpy"] = ["pillow; extra == 'fast'", "neither-is-this; extra == 'slow'"]
    assert "login (mint dashboard --login) is there" in installation.extras().found


def test_python__one_that_is_not_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    assert requirements.python_version().state == "ok"
    monkeypatch.setattr(requirements.platform, "python_version", lambda: "3.9.1")
    assert requirements.python_version().state == "failed"


def test_fonts__scripts_without_one_are_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lister = tmp_path / "fc-list"
    lister.write_text('#!/bin/sh\n[ "$1" = :charset=4e2d ] || echo Noto\n')
    lister.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin:/usr/bin")
    assert installation.fonts().found.endswith("PDF reports cannot show Chinese")
    lister.write_text("#!/bin/sh\nexit 3\n")
    assert installation.scripts_without_font() is None
    assert "not known" in installation.fonts().found


def test_image_formats__a_poor_build_of_pillow(monkeypatch: pytest.MonkeyPatch) -> None:
    assert installation.image_formats().state == "ok"
    monkeypatch.setattr(installation.features, "check", lambda feature: feature != "avif")
    assert installation.image_formats().found == "images in AVIF cannot be read"


def test_pages__that_were_not_installed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert installation.pages().state == "ok"
    monkeypatch.setattr(installation, "DASHBOARD", tmp_path / "dashboard" / "app.py")
    assert installation.pages().state == "failed"


@pytest.mark.parametrize(
    ("usable", "told", "environment", "state", "said"),
    [
        (["H100"], ["H100"], {}, "ok", "PyTorch computes on H100"),
        ([], None, {}, "ok", "no GPU"),
        ([], ["H100, 580.1"], {}, "warning", "cannot compute on it"),
        ([], ["H100, 580.1"], {"CUDA_VISIBLE_DEVICES": ""}, "ok", "1 GPU hidden"),
        (None, None, {}, "failed", "PyTorch does not start"),
    ],
)
def test_device__is_what_pytorch_can_compute_on(
    usable: list[str] | None,
    told: list[str] | None,
    environment: dict[str, str],
    state: str,
    said: str,
    *,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(hardware, "torch_gpus", lambda: usable)
    monkeypatch.setattr(hardware, "driver_gpus", lambda: told)
    found = hardware.device(environment)
    assert found.state == state
    assert said in found.found


def test_memory_and_disk__too_little_for_a_job(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(settings.JOBS_FREE_MEMORY.name, str(10**9 - 1))
    monkeypatch.setenv(settings.JOBS_FREE_DISK.name, str(10**9 - 1))
    for found in (hardware.memory(), hardware.home_disk(home / "not" / "there")):
        assert found.state == "failed"
        assert "jobs do not begin" in found.found


def test_temporary_disk__nowhere_to_write(monkeypatch: pytest.MonkeyPatch) -> None:
    def nowhere() -> str:
        raise FileNotFoundError(2, "No usable temporary directory found")

    assert hardware.temporary_disk().state in ("ok", "warning")
    monkeypatch.setattr(hardware.tempfile, "gettempdir", nowhere)
    assert hardware.temporary_disk().state == "failed"


@pytest.mark.parametrize(
    ("environment", "state", "said"),
    [
        ({}, "ok", "all as they are by default"),
        ({"MINT_HOME": "x", "MINT_PARENT_PID": "1"}, "ok", "MINT_HOME"),
        ({"MINT_JOBS_QUEUED": "many"}, "failed", "MINT_JOBS_QUEUED is 'many'"),
        ({"MINT_IMAGE_MIB": "0"}, "failed", "MINT_IMAGE_MIB is '0'"),
        ({"MINT_UPLOAD_MIB": "-1"}, "failed", "MINT_UPLOAD_MIB is '-1'"),
        ({"MINT_ZIP_ENTRIES": "1e6"}, "failed", "MINT_ZIP_ENTRIES is '1e6'"),
        ({"MINT_CACHE_MIB": "-1"}, "failed", "MINT_CACHE_MIB is '-1'"),
        ({"MINT_CACHE_MIB": "0"}, "ok", "MINT_CACHE_MIB"),
        ({"MINT_OPERATORS": "ada"}, "failed", "MINT_OPERATORS lists 'ada'"),
        ({"MINT_HOEM": "x"}, "warning", "MINT_HOEM: no setting is called so"),
        ({"MINT_DATA_ROOTS": "/nowhere/at/all"}, "warning", "/nowhere/at/all, which is no folder"),
    ],
)
def test_settings__wrong_values_and_names(
    environment: dict[str, str], state: str, said: str
) -> None:
    found = home_folder.values_of_settings(environment)
    assert found.state == state
    assert said in found.found


def test_write_access__of_a_home_that_is_not_there_or_no_folder(tmp_path: Path) -> None:
    assert home_folder.write_access(tmp_path / "a" / "b").state == "ok"
    (tmp_path / "file").touch()
    assert home_folder.write_access(tmp_path / "file") == failed(
        f"{tmp_path / 'file'} is not a folder",
        "Move it away, or choose another with --home or MINT_HOME.",
    )
    assert home_folder.write_access(tmp_path / "file" / "home").state == "failed"


AS_NOBODY = """
import os, sys
from pathlib import Path
from mintcore.doctor import examination, hardware
hardware.torch_gpus = list
os.setgroups([]), os.setgid(65534), os.setuid(65534)
for home in sys.argv[1:]:
    for name, finding in examination.examine(Path(home)):
        print(f"{Path(home).name} {name}: {finding.state} {finding.found}")
"""


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that other users may look into; pytest's own are shut to them."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


@pytest.mark.skipif(os.geteuid() != 0, reason="only the administrator can become another")
def test_examine__homes_of_another_user(open_folder: Path) -> None:
    (open_folder / "whole").mkdir()
    (open_folder / "partly" / "models").mkdir(parents=True)
    (open_folder / "shut").mkdir(mode=0o700)
    os.chown(open_folder / "partly", 65534, 65534)
    homes = [str(open_folder / name) for name in ("whole", "partly", "shut", "shut/within")]
    done = subprocess.run(
        [sys.executable, "-c", AS_NOBODY, *homes],
        env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])},
        capture_output=True,
        text=True,
        check=True,
    )
    lines = dict(line.split(": ", 1) for line in done.stdout.splitlines())
    assert len(lines) == len(homes) * len(examination.checks(open_folder))
    said = {Path(home).name: lines[f"{Path(home).name} home folder"] for home in homes}
    assert said["whole"].startswith("failed")
    assert "cannot be written (Permission denied); it belongs to root" in said["whole"]
    assert "models belongs to root" in said["partly"]
    assert "cannot be written" in said["shut"]
    assert "is not there and cannot be made" in said["within"]


def test_locks__that_do_not_hold(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: object) -> None:
        raise OSError(37, "No locks available")

    monkeypatch.setattr(fcntl, "flock", lambda *_: None)
    assert "two can hold one lock" in home_folder.locks(home).found
    monkeypatch.setattr(fcntl, "flock", refused)
    assert "No locks available" in home_folder.locks(home).found


def test_cards__damaged_and_newer_ones_are_named(home: Path) -> None:
    for name, text in (("damaged", "{"), ("newer", json.dumps({"format": 99}))):
        (home / "models" / name).mkdir()
        (home / "models" / name / "card.json").write_text(text)
    found = home_folder.cards(home)
    assert found.state == "failed"
    assert found.found == "2 cards cannot be read"
    assert "models/damaged/card.json is not a readable card" in found.mend
    assert "update MINT workbench" in found.mend


def test_worker__jobs_that_wait_for_nobody(home: Path) -> None:
    assert home_folder.worker(home).state == "ok"
    job = submit(Home(home), "extract", {"model": "net", "datasets": ["a"]})
    assert home_folder.worker(home) == warning(
        "1 job waiting, and nobody works on them", "Start `mint dashboard` or `mint worker`."
    )
    (home / "jobs" / job / "state.json").write_text("{")
    assert home_folder.worker(home).found == "1 job cannot be read"


@pytest.mark.parametrize(("state", "code"), [("ok", 0), ("warning", 0), ("failed", 1)])
def test_doctor__ends_with_1_only_where_something_failed(
    state: Any, code: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    finding = Finding(state, "It is so.", "Do this.")
    monkeypatch.setattr(examination, "checks", lambda home: {"thing": lambda: finding})
    said = []
    for words in ([], ["--json"]):
        monkeypatch.setattr(sys, "argv", ["mint", "doctor", *words])
        with pytest.raises(SystemExit, match=str(code)):
            main()
        said.append(capsys.readouterr().out)
    assert "thing" in said[0]
    assert "-> Do this." in said[0]
    assert json.loads(said[1]) == {
        "checks": [{"name": "thing", "state": state, "found": "It is so.", "mend": "Do this."}],
        "counts": {state: 1},
    }


@pytest.mark.parametrize("asked", [[], ["nothing-is-called-so>=1"]])
def test_mint__what_cannot_be_imported_is_one_sentence(
    asked: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "mintcore.cli.program", None)
    monkeypatch.setattr(requirements, "requires", lambda name: asked)
    with pytest.raises(SystemExit, match="2"):
        main()
    complaint = capsys.readouterr().err
    assert complaint.startswith("mint: ")
    assert complaint.count("\n") == 1
    assert ("'nothing-is-called-so>=1'" if asked else "--force-reinstall") in complaint


def test_doctor__needs_no_torch() -> None:
    code = "import sys, mintcore.doctor.examination; print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def test_object_storage__answers_or_says_what_is_wrong(place: str, proxy: Proxy) -> None:
    there = {settings.STORES.name: f"{place}/"}
    assert home_folder.object_storage({}) == ok("not used: stores are made in the home folder")
    assert home_folder.object_storage(there) == ok(f"{place} answers")
    proxy.refuse()
    refused = home_folder.object_storage(there)
    assert refused.state == "failed"
    assert "refuses access to" in refused.found
    wrong = home_folder.object_storage({settings.STORES.name: "/data"})
    assert "is no place for stores: give s3://BUCKET/PREFIX" in wrong.found
