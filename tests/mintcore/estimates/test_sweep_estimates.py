"""What an estimate says is what the sweep then does."""

import json
import subprocess
import sys
from collections import defaultdict
from dataclasses import replace
from math import prod

import pytest

from mintcore.auditors.requests import SweepRequest
from mintcore.errors import MintError
from mintcore.estimates.sweeps import estimate_sweep
from mintcore.estimates.wording import basis_of, in_short
from mintcore.extraction.paces import MeasuredPace, measured_paces, record_pace
from mintcore.progress import SilentReporter
from mintcore.sweep import sweep
from store.artefacts import Home
from store.errors import StoreError

TRAINED = SweepRequest("net", "members", "external", layers="block2,output", map_side=4, seeds=1)
NO_TORCH = """
import sys
from pathlib import Path
from mintcore.auditors.requests import SweepRequest
from mintcore.estimates.sweeps import estimate_sweep
from store.artefacts import Home
request = SweepRequest("net", "members", "external", kinds=("joint", "cnn"))
assert estimate_sweep(Home(Path(sys.argv[1])), request).networks
print(sorted({"torch", "torchvision", "sklearn", "scipy"} & set(sys.modules)))
"""


class Counting(SilentReporter):
    """Keeps what each stage announces, and the networks that are fitted."""

    def __init__(self) -> None:
        self.stages: dict[str, int] = defaultdict(int)
        self.networks: set[tuple[str, float]] = set()

    def stage(self, name: str, total: int) -> None:
        self.stages[name.split(",", maxsplit=1)[0]] += total

    def measure(self, values: object) -> None:
        self.networks.add((values["network"], values["seed"]))  # type: ignore[index]


def test_estimate__what_is_trained_takes_nothing(digits_home: Home) -> None:
    found = estimate_sweep(digits_home, TRAINED)
    assert (found.auditors, len(found.there), found.networks) == (3, 3, 0)
    assert [model.compute for model in found.models] == [0, 0]
    assert (found.bytes, found.seconds) == (0, 0)
    assert in_short(found) == ["All 3 auditors are trained already: nothing is computed."]


@pytest.mark.parametrize(
    "changed",
    [
        {"seed": 1},
        {"seeds": 2},
        {"allow_overlap": True},
        {"external": "mixed", "allow_overlap": True},
    ],
)
def test_estimate__another_experiment_is_not_there(
    digits_home: Home, changed: dict[str, object]
) -> None:
    request = replace(TRAINED, **changed)  # type: ignore[arg-type]
    assert estimate_sweep(digits_home, request).there == ()


@pytest.mark.parametrize(
    "changed",
    [
        {"layers": "block1,block2", "kinds": ("vanilla", "linear")},
        {"layers": "block1", "kinds": ("fused", "vanilla"), "sources": ("block*/pooled",)},
    ],
)
def test_estimate__counts_are_those_of_the_sweep(
    digits_home: Home, changed: dict[str, object]
) -> None:
    request = replace(TRAINED, **changed)  # type: ignore[arg-type]
    found = estimate_sweep(digits_home, request)
    counting = Counting()
    sweep(digits_home, request, device="cpu", reporter=counting)
    assert [model.compute for model in found.models] == [
        counting.stages["Extract net"],
        counting.stages["Extract net-fresh-0"],
    ]
    assert found.networks == len(counting.networks)
    again = estimate_sweep(digits_home, request)
    assert (again.networks, len(again.there)) == (0, found.auditors)


def test_estimate__bytes_are_those_of_the_missing_arrays(digits_home: Home) -> None:
    request = replace(TRAINED, layers="block1", kinds=("vanilla",))
    (audited, twin) = estimate_sweep(digits_home, request).models
    channels = digits_home.card("models", "net")["layers"][1]["shape"][0]
    assert audited.bytes == twin.bytes == 1000 * (2 * channels + 64)  # float16, and the index
    assert (audited.images, audited.cached) == (1000, 0)


def test_estimate__without_stores_everything_is_computed(digits_home: Home) -> None:
    for card in digits_home.cards("stores"):
        (digits_home.folder("stores", card["id"]) / "card.json").unlink()
    found = estimate_sweep(digits_home, replace(TRAINED, seed=1))
    layers = digits_home.card("models", "net")["layers"]
    assert [model.compute for model in found.models] == [1000, 1000]
    flops = next(layer["flops"] for layer in layers if layer["name"] == "output")
    assert found.models[0].work == ((1000, flops),)


def test_estimate__time_follows_what_was_measured_here(digits_home: Home) -> None:
    request = replace(TRAINED, layers="block1", kinds=("vanilla",))
    (flops,) = {flops for _, flops in estimate_sweep(digits_home, request).models[0].work or ()}
    (digits_home.path / "paces.jsonl").unlink()
    assumed = estimate_sweep(digits_home, request).extraction
    assert "assumed" in assumed.basis
    record_pace(digits_home, MeasuredPace("net", "cpu", 1000, flops, 50.0))
    measured = estimate_sweep(digits_home, request).extraction
    assert measured.seconds == pytest.approx(100)  # two models, 1,000 images each
    assert measured.basis == "1 extraction of this model, measured here on cpu"


def test_estimate__model_without_counted_operations_has_no_time(digits_home: Home) -> None:
    file = digits_home.folder("models", "net") / "card.json"
    card = json.loads(file.read_text())
    for layer in card["layers"]:
        del layer["flops"]
    del card["digest"]
    file.write_text(json.dumps(card))
    found = estimate_sweep(digits_home, replace(TRAINED, layers="block1", kinds=("vanilla",)))
    assert found.seconds is None
    assert "Expected time: cannot be told." in in_short(found)
    assert any("were not counted" in line for line in basis_of(found))


def test_estimate__unknown_names_are_one_sentence(digits_home: Home) -> None:
    with pytest.raises(MintError, match="only the suggested layers"):
        estimate_sweep(digits_home, replace(TRAINED, layers="conv9"))
    with pytest.raises(StoreError, match="Did you mean"):
        estimate_sweep(digits_home, replace(TRAINED, model="nets"))
    with pytest.raises(MintError, match="a CNN auditor needs a map"):
        estimate_sweep(digits_home, replace(TRAINED, layers="output", kinds=("cnn",)))


def test_estimate__needs_no_torch(digits_home: Home) -> None:
    done = subprocess.run(
        [sys.executable, "-c", NO_TORCH, str(digits_home.path)],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == "[]"


def test_extraction__records_its_pace(digits_home: Home) -> None:
    before = len(measured_paces(digits_home))
    request = replace(TRAINED, layers="block1", kinds=("vanilla",))
    sweep(digits_home, request, device="cpu", reporter=SilentReporter())
    paces = measured_paces(digits_home)[before:]
    assert [(pace.model, pace.images) for pace in paces] == [("net", 1000), ("net-fresh-0", 1000)]
    assert all(pace.seconds > 0 and pace.flops > prod((16, 14, 14)) for pace in paces)


def test_paces__damaged_lines_and_short_extractions_count_for_nothing(digits_home: Home) -> None:
    file = digits_home.path / "paces.jsonl"
    file.write_text('{"model": \n[]\n{"model": "a"}\n')
    record_pace(digits_home, MeasuredPace("net", "cpu", 50, 1, 1.0))
    assert measured_paces(digits_home) == []
