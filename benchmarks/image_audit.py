"""The answer to one image beside the bare forward pass of the audited model.

    python -m benchmarks.image_audit [--data FOLDER] [--images N] [--repeats N] [--json FILE]
    python -m benchmarks.image_audit --home HOME AUDITOR [AUDITOR ...]

Without a home, auditors of the public ResNet-56 are trained first, on N members and N externals of CIFAR-10: one of
its last block and a joint one. Everything is warm: models and auditors are loaded, and a first image was judged.
"Page" is a whole run of the page's script for a new image, up to what it hands to the browser. It takes some minutes.
"""

import argparse
import os
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from itertools import cycle
from pathlib import Path

import numpy as np
import torch
from streamlit.testing.v1 import AppTest

from benchmarks.measurement import Measured, best_seconds, machine, table, write_json, written
from benchmarks.near_duplicate_images import cifar10
from benchmarks.shared_data import SHARED, WEIGHTS
from mintcore import library
from mintcore.activation_maps import image_activation, stored_arrays
from mintcore.arrays import parse_view
from mintcore.auditors.publication import specs_of
from mintcore.datasets.copies import find_copies
from mintcore.datasets.reading import read_pixels, samples
from mintcore.datasets.registration import add_dataset
from mintcore.image_audit import ImageAuditor, audit_images, load_image_auditor
from mintcore.layer_votes import layer_votes, load_voters
from mintcore.models.preprocessing import Preprocessing
from mintcore.models.registration import add_model
from mintcore.neighbours import nearest, neighbourhood
from mintcore.progress import SilentReporter
from mintcore.sweep import SweepRequest, sweep
from store.artefacts import Home

RGB = Preprocessing((32, 32), (0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
BARE = "bare forward pass"
AIM_MS = 1000
PAGES = 8
_APP = Path(__file__).parents[1] / "dashboard" / "app.py"
_MS = 1000


def prepare(home: Home, data: Path, count: int) -> list[str]:
    """Train auditors of the public ResNet-56: of its last block, and a joint one.

    Returns:
        Their ids.
    """
    for part, membership in (("train", "member"), ("test", "external")):
        images = cifar10(data, part)
        if images is None:
            raise SystemExit(f"CIFAR-10 is not in {data}: nothing is measured.")
        file = home.path.parent / f"{part}.npz"
        np.savez(file, images=images[:count])
        add_dataset(home, part, f"arrays:{file}", membership)
    add_model(home, "resnet56", "mintcore:resnet56-cifar", data / WEIGHTS, RGB)
    made = []
    for layers, kinds in (("layer3.8,output", ("vanilla",)), ("all", ("joint",))):
        request = SweepRequest("resnet56", "train", "test", layers=layers, kinds=kinds, seeds=1)
        made += sweep(home, request, device="cpu", reporter=SilentReporter())
    return [made[0]["id"], made[-1]["id"]]


def bare_forward(auditor: ImageAuditor, pixels: np.ndarray) -> None:
    """Run the audited model on one image that is normalised here, without taps."""
    batch = auditor.model.preprocessing.resize_pixels(pixels)[None].to(auditor.model.device)
    with torch.inference_mode():
        auditor.model.module(auditor.model.preprocessing.normalise(batch))


def queries_of(auditor: ImageAuditor) -> int:
    """Count the versions of an image that an auditor's model is shown."""
    views = [parse_view(spec.view) for spec in specs_of(auditor.card)]
    plain, stressed = (
        max((view.queries for view in views if view.stressed is kind), default=0)
        for kind in (False, True)
    )
    return plain + stressed


def actions(home: Home, auditor: ImageAuditor) -> dict[str, Callable[[], None]]:
    """Give what is measured of one auditor."""
    card, model, name = auditor.card, auditor.model, auditor.card["id"]
    made_from = [side["dataset"] for side in card["made_from"].values()]
    uris = samples(home, made_from[-1], limit=32).column("uri").to_pylist()
    images = cycle([read_pixels(uri) for uri in uris])
    voters = load_voters(home, model, _voting(home, auditor))
    layers = library.layer_names(model.card)
    array = stored_arrays(home, card, "pooled")
    spec = next(array[layer] for layer in reversed(layers) if layer in array)
    among = neighbourhood(home, card, spec.key, auditor.known, "auditor")
    datasets = [dataset["id"] for dataset in home.cards("datasets")]

    def near() -> None:
        nearest(among, image_activation(auditor, spec, "image", next(images)))

    pages = page_runs(home, name, made_from[-1])
    return {
        BARE: lambda: bare_forward(auditor, next(images)),
        f"verdict, queries: {queries_of(auditor)}": lambda: _drop(
            audit_images(auditor, [("image", next(images))])
        ),
        f"votes, layers: {len(voters)}": lambda: _drop(
            layer_votes(model, voters, "image", next(images))
        ),
        f"nearest of {len(among.rows):,} images": near,
        f"copies among {_total(home):,} images": lambda: _drop(
            find_copies(home, datasets, next(images))
        ),
        "page": partial(next, pages),
    }


def page_runs(home: Home, auditor: str, dataset: str) -> Iterator[None]:
    """Open the page, then show it another image of a dataset each time."""
    os.environ["MINT_HOME"] = str(home.path)
    page = AppTest.from_file(str(_APP), default_timeout=600)
    for name, value in {"auditor": auditor, "dataset": dataset}.items():
        page.query_params[name] = value
    page.run().switch_page("screens/audit_image.py").run()
    for number in cycle(range(2, home.card("datasets", dataset)["counts"]["total"] + 1)):
        page.number_input[0].set_value(number).run()
        if page.exception or page.error or len(page.metric) != len(("score", "p", "probability")):
            raise SystemExit(f"The page failed: {page.exception or page.error}.")
        yield


def measure(home: Home, auditors: Sequence[str], repeats: int) -> list[Measured]:
    """Measure the auditors, one after the other."""
    rows = []
    for name in auditors:
        auditor = load_image_auditor(home, name, device="auto")
        measured = actions(home, auditor)
        for action in measured.values():
            action()  # warm
        seconds = best_seconds(measured, repeats)
        for what, taken in seconds.items():
            row = Measured(f"{card_title(auditor)}: {what}", taken * _MS, "ms")
            rows.append(row if what == BARE else _beside_bare(row, seconds[BARE] * _MS))
    return rows


def _beside_bare(row: Measured, bare_ms: float) -> Measured:
    taken_ms = row.value or 0.0
    return replace(
        row,
        ratio=bare_ms / taken_ms,
        note=f"{taken_ms / bare_ms:.1f} bare passes",
        beside=f"{BARE} {written(bare_ms, row.unit)}",
        at_most=AIM_MS if row.what.endswith(": page") else None,
    )


def card_title(auditor: ImageAuditor) -> str:
    """Name an auditor in the table."""
    return f"{auditor.card['model']}, {auditor.card['auditor_kind']}"


def _voting(home: Home, auditor: ImageAuditor) -> list[dict[str, object]]:
    experiment = library.experiment_of(auditor.card)
    layers = library.layer_names(auditor.model.card)
    return library.auditors_of(home.cards("auditors"), experiment, layers)


def _total(home: Home) -> int:
    return sum(card["counts"]["total"] for card in home.cards("datasets"))


def _drop(_: object) -> None:
    """Forget what was answered."""


def main() -> None:
    """Measure, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("auditors", nargs="*")
    parser.add_argument("--home", type=Path)
    parser.add_argument("--data", type=Path, default=SHARED)
    parser.add_argument("--images", type=int, default=600)
    parser.add_argument("--repeats", type=int, default=PAGES)
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    if given.home is None and not (given.data / WEIGHTS).is_file():
        print(f"The public weights are not in {given.data}: nothing is measured.")
        return
    with tempfile.TemporaryDirectory() as folder:
        home = Home(given.home or Path(folder) / "home")
        auditors = given.auditors or prepare(home, given.data, given.images)
        rows, sizes = measure(home, auditors, given.repeats), f"{_total(home):,} images"
    on = machine(["torch", "numpy", "streamlit"])
    print(f"{table(rows)}\n\n{on}")
    if given.json:
        write_json(given.json, on, rows, sizes)


if __name__ == "__main__":
    main()
