"""The full run, on benchmarks that are made here and take no time."""

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from benchmarks import __main__ as command
from benchmarks.catalogue import BENCHMARKS, Benchmark, Given
from benchmarks.measurement import read_rows
from benchmarks.outcomes import FAILED, MEASURED, SKIPPED, read_run
from benchmarks.running import ROOT, run, run_all
from mintcore.errors import MintError

GIVEN = Given(Path("data"), "cpu")
NO_BENCHMARKS = {
    "__main__": "runs the others",
    "large_home": "makes the home folder of the dashboard's",
    "object_server": "the S3 server that object storage is measured with",
    "thingsvision_side": "a peer of extraction, in an environment of its own",
    "trials.__main__": "the lab notebook, which is about verdicts, not speed",
}
"""Module with a main -> why the full run leaves it out."""
RESULTS = sorted(set((ROOT / "benchmarks" / "results").glob("*.json")) - {command.COMMITTED})
FINE = """
import json, sys, tempfile
from pathlib import Path
tempfile.mkdtemp()
row = {"what": "reading", "value": 9.0, "ratio": 1.5, "aim": 2.0, "beside": "a memmap 6 MB/s"}
Path(sys.argv[-1]).write_text(json.dumps({"sizes": "two rows", "rows": [row]}))
"""
BROKEN = "raise SystemExit('the disk is on fire')"
SILENT = "print('nothing is measured')"
ODD = "import sys; from pathlib import Path; Path(sys.argv[-1]).write_text('{\"rows\": 3}')"
ENDLESS = """
import subprocess, sys, tempfile, time
from pathlib import Path
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"], start_new_session=True)
Path(sys.argv[1]).write_text(f"{tempfile.gettempdir()} {child.pid}")
time.sleep(60)
"""


@pytest.fixture
def made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder whose modules can be run as benchmarks."""
    folder = tmp_path / "modules"
    folder.mkdir()
    for name, source in {"fine": FINE, "broken": BROKEN, "silent": SILENT, "odd": ODD}.items():
        (folder / f"{name}.py").write_text(source)
    (folder / "endless.py").write_text(ENDLESS)
    monkeypatch.setenv("PYTHONPATH", str(folder))
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    return folder


def test_catalogue__has_every_benchmark() -> None:
    folder = ROOT / "benchmarks"
    files = [file for file in folder.rglob("*.py") if "\ndef main(" in file.read_text()]
    names = {".".join(file.relative_to(folder).with_suffix("").parts) for file in files}
    assert names - set(NO_BENCHMARKS) == {benchmark.name for benchmark in BENCHMARKS}
    assert set(NO_BENCHMARKS) <= names


@pytest.mark.parametrize("benchmark", BENCHMARKS, ids=lambda each: each.name)
def test_catalogue__benchmarks_know_their_options(benchmark: Benchmark) -> None:
    words = benchmark.command(GIVEN)
    source = (ROOT / f"{benchmark.module.replace('.', '/')}.py").read_text()
    assert [
        word for word in [*words, "--json"] if word.startswith("--") and f'"{word}"' not in source
    ] == []


@pytest.mark.parametrize("file", RESULTS, ids=lambda file: file.stem)
def test_results__have_lines_of_one_form_with_a_name_each(file: Path) -> None:
    content = json.loads(file.read_text())
    names = [row.what for row in read_rows(content)]
    assert len(set(names)) == len(names) > 0
    assert content["machine"]
    assert content["sizes"]


def test_command_of_a_benchmark__finds_the_data_from_any_folder() -> None:
    told = Benchmark("one", ("--rows", "2"), reads_data=True, uses_device=True)
    settings = ["--rows", "2", "--device", "cpu"]
    assert told.command(GIVEN) == [*settings, "--data", str(Path("data").absolute())]
    assert told.settings(GIVEN) == settings  # wherever the data are, it is the same measurement


def test_run_all__goes_on_whatever_becomes_of_one(made: Path, tmp_path: Path) -> None:
    lines: list[str] = []
    absent = Benchmark("absent", lack=lambda given: f"{given.data} is not there.")
    ran = run_all(
        [absent, *map(Benchmark, ("broken", "silent", "odd")), Benchmark("fine", ("--rows", "2"))],
        GIVEN,
        lines.append,
    )
    assert [each.state for each in ran.outcomes] == [SKIPPED, *3 * [FAILED], MEASURED]
    skipped, broken, silent, odd, fine = ran.outcomes
    assert skipped.why == "data is not there."
    assert "the disk is on fire" in broken.why
    assert (
        silent.why == "It ended with code 0 without figures and these words:\nnothing is measured"
    )
    assert odd.why == "It ended with code 0 without figures and these words:\n"
    assert (fine.sizes, fine.settings) == ("two rows", ("--rows", "2"))
    assert (fine.rows[0].ratio, fine.rows[0].is_reached) == (1.5, False)
    assert lines[:4] == [
        "[1/5] absent ...",
        "    skipped: data is not there.",
        "[2/5] broken ...",
        "    failed: It ended with code 1 without figures and these words:",
    ]
    assert [path.name for path in tmp_path.iterdir()] == ["modules"]  # nothing is left


def test_run__without_the_gpu_that_is_asked_for_is_skipped(made: Path) -> None:
    asked = Given(Path("data"), "cuda:99")
    assert run(Benchmark("fine"), asked).state == MEASURED
    outcome = run(Benchmark("fine", uses_device=True), asked)
    assert outcome.state == SKIPPED
    assert "GPU" in outcome.why


def test_command__prints_one_table_and_writes_what_it_prints_again(
    made: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(command, "COMMITTED", tmp_path / "none.json")
    file = tmp_path / "run.json"
    row = "| fine | reading | 9 MB/s | a memmap 6 MB/s | 1.50 | 2.00 | no |"
    asked = ["--json", str(file)]
    monkeypatch.setattr(command, "BENCHMARKS", (Benchmark("fine"),))
    assert command.main(asked) == 0
    printed = capsys.readouterr().out
    assert row in printed.splitlines()
    assert "Benchmarks: 1 measured, 0 skipped, 0 failed" in printed
    assert "Aims missed: 1. Slower than before: 0." in printed

    assert command.main(["--table", str(file)]) == 0
    assert row in capsys.readouterr().out.splitlines()

    written = json.loads(file.read_text())
    written["outcomes"][0]["rows"][0]["ratio"] = 2.1
    file.write_text(json.dumps(written))
    assert command.main([*asked, "--compare", str(file)]) == 0
    printed = capsys.readouterr().out
    assert f"{row} 2.10 | -29%, slower |" in printed.splitlines()
    assert "Slower than before: 1." in printed


def test_command__fails_where_a_benchmark_does(
    made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(command, "BENCHMARKS", (Benchmark("fine"), Benchmark("broken")))
    file = tmp_path / "run.json"
    assert command.main(["--json", str(file)]) == 1
    assert [each.state for each in read_run(file).outcomes] == [MEASURED, FAILED]
    assert command.main(["--json", str(file), "--only", "fine"]) == 0


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (["--only", "stores"], "there is no benchmark 'stores'"),
        (["--device", "tpu"], "'tpu' is not a device"),
        (["--json", "no/such/folder.json"], "no/such/folder.json cannot be written"),
        (["--json", "/"], "/ cannot be written"),
        (["--table", "no.json"], "no.json cannot be read"),
        (["--table", __file__], "does not hold a full run"),
        (["--compare", __file__], "does not hold a full run"),
    ],
)
def test_command__says_what_is_wrong_before_it_runs(
    words: list[str], why: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        command.main(words)
    assert why in capsys.readouterr().err


@pytest.mark.parametrize("content", ["[]", "{}", '{"outcomes": [3]}', '{"outcomes": []}', "3"])
def test_read_run__says_that_a_file_holds_something_else(tmp_path: Path, content: str) -> None:
    file = tmp_path / "run.json"
    file.write_text(content)
    with pytest.raises(MintError, match="does not hold a full run"):
        read_run(file)


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_command__stopped_leaves_no_process_and_no_folder(
    made: Path, tmp_path: Path, how: signal.Signals
) -> None:
    told = tmp_path / "told"
    program = (
        "import signal, sys; from pathlib import Path; from benchmarks import __main__ as command;"
        "from benchmarks.catalogue import Benchmark;"
        f"command.BENCHMARKS = (Benchmark('endless', ({str(told)!r},)),);"
        "signal.signal(signal.SIGTERM, signal.default_int_handler);"
        f"sys.exit(command.main(['--json', {str(tmp_path / 'run.json')!r}]))"
    )
    process = subprocess.Popen([sys.executable, "-c", program], cwd=ROOT, stderr=subprocess.PIPE)
    while not told.exists() or not told.read_text():
        assert process.poll() is None
        time.sleep(0.02)
    folder, child = told.read_text().split()
    process.send_signal(how)
    assert process.communicate(timeout=20)[1] == b"Stopped: nothing is written.\n"
    assert process.returncode == 130
    assert not Path(folder).exists()
    assert not psutil.pid_exists(int(child)) or not psutil.Process(int(child)).is_running()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["modules", "told"]
