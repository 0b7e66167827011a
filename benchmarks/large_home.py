"""A large home folder for the dashboard: a million stored images, 40 auditors, 200 dataset audits, 100 ended jobs.

    python -m benchmarks.large_home FOLDER [--extent large|small]

Everything is made by the engine itself: images are registered, a ResNet-56 is trained on a few of them, auditors are
trained and audits published. Only the activations of the many images at one layer are not computed but drawn around
computed ones, and the jobs are written as if they had run. What is there already is not made again.
"""

import argparse
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from benchmarks.large_home_extent import EXTENTS, LARGE, Extent
from benchmarks.large_home_findings import (
    add_auditors,
    add_audits,
    add_comparisons,
    add_image_audits,
    add_methods,
)
from benchmarks.large_home_images import add_images, sets_of
from benchmarks.large_home_jobs import add_jobs
from benchmarks.large_home_store import add_stored_rows
from benchmarks.large_home_training import add_model
from store.artefacts import Home


def make(home: Home, extent: Extent) -> None:
    """Make the home folder, or what it lacks."""
    sets = sets_of(extent)
    with _told(f"registering {extent.images:,} images"):
        add_images(home, sets)
    with _told("training the model"):
        add_model(home, extent.arch)
    with _told("training auditors"):
        add_auditors(home, extent)
    with _told("comparing datasets, and other methods"):
        add_comparisons(home, extent)
        add_methods(home)
    with _told("storing activations of all images"):
        add_stored_rows(home, sets)
    with _told("auditing datasets and images"):
        add_audits(home, sets, extent)
        add_image_audits(home, extent.image_audits)
    add_jobs(home, extent.jobs)


def main(arguments: Sequence[str] | None = None) -> None:
    """Make a home folder as a command."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.large_home", description=__doc__)
    parser.add_argument("folder", type=Path, help="the home folder")
    parser.add_argument("--extent", choices=EXTENTS, default=LARGE, help="how much it holds")
    options = parser.parse_args(arguments)
    make(Home(options.folder), EXTENTS[options.extent])


@contextmanager
def _told(what: str) -> Iterator[None]:
    begun = time.perf_counter()
    print(f"{what} ...", end=" ", flush=True)
    yield
    print(f"{time.perf_counter() - begun:.0f} s", flush=True)


if __name__ == "__main__":
    main()
