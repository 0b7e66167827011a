import os
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest

from mintcore.deletion import delete, plan_deletion, tidy
from mintcore.dependents import KINDS, Artefact, needs
from mintcore.errors import MintError
from mintcore.jobs.folder import State, job_folder
from mintcore.jobs.queue import submit
from mintcore.staging import ABANDONED_AFTER_S, leftovers
from mintcore.titles import read_titles, rename
from store.artefacts import Home, Kind, write_card
from store.errors import StoreError
from store.feature_store import create_store
from store.layout import ArraySpec

SIDES = {"members": {"dataset": "in"}, "external": {"dataset": "out"}}
AUDITOR: dict[str, Any] = {
    "model": "net",
    "reference": "blind",
    "made_from": SIDES,
    "networks": {"auditor": {"sources": [{"store": "net-1"}]}},
}


class Killed(BaseException):
    """Ends a deletion wherever it is; nothing catches it."""


@contextmanager
def killed(after: int) -> Iterator[None]:
    """Let a deletion die before a rename or the removal of a folder; how many of these succeed before."""
    done = 0

    def mortal(real: Callable[..., Any]) -> Callable[..., Any]:
        def call(*given: Any, **named: Any) -> Any:
            nonlocal done
            done += 1
            if done > after:
                raise Killed
            return real(*given, **named)

        return call

    with (
        patch("os.rename", mortal(os.rename)),
        patch("shutil.rmtree", mortal(shutil.rmtree)),
        suppress(Killed),
    ):
        yield


def publish(home: Home, kind: Kind, name: str, **fields: Any) -> None:
    with home.publishing(kind, name) as folder:
        (folder / "content").write_bytes(bytes(1000))
        write_card(folder, kind, name, **fields)


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """Two models, three datasets and what was made from them; audits of images and a store of each model."""
    home = Home(tmp_path / "home")
    for model in ("net", "blind"):
        publish(home, "models", model, trained_on={"datasets": ["in"]})
    for dataset in ("in", "out", "found"):
        publish(home, "datasets", dataset, source="folder:/data")
    create_store(home, "net-1", expected_rows=10, model="net")
    create_store(home, "net-fresh-0-2", expected_rows=10, model="net-fresh-0")
    create_store(home, "blind-3", expected_rows=10, model="blind")
    publish(home, "auditors", "net.a", **AUDITOR)
    publish(home, "auditors", "net.b", **AUDITOR | {"reference": None})
    audit = {"model": "net", "auditor": "net.a"}
    publish(home, "audits", "dataset-1", audit_kind="dataset", dataset="found", **audit)
    publish(home, "audits", "image-1", audit_kind="image", **audit)
    compared = {"auditors": ["net.a", "net.b"], "cells": [{"auditor": "net.b"}]}
    publish(home, "comparisons", "c", model="net", members="in", external=["out"], **compared)
    publish(home, "methods", "net.m", model="net", references={}, made_from=SIDES)
    publish(home, "protocols", "P1-1", made_from=["net.m"])
    return home


def there(home: Home) -> set[str]:
    return {card["id"] for kind in KINDS for card in home.cards(kind)}


@pytest.mark.parametrize(
    ("artefact", "left"),
    [
        (Artefact("models", "net"), {"blind", "in", "out", "found", "blind-3"}),
        (
            Artefact("models", "blind"),
            {"net", "in", "out", "found", "net-1", "net-fresh-0-2", "net.b", "net.m", "P1-1"},
        ),
        (
            Artefact("datasets", "found"),
            {"net", "blind", "in", "out", "net-1", "net-fresh-0-2", "blind-3", "net.a", "net.b"}
            | {"image-1", "c", "net.m", "P1-1"},
        ),
        (
            Artefact("datasets", "in"),
            {"net", "blind", "out", "found", "net-1", "net-fresh-0-2", "blind-3"},
        ),
    ],
    ids=lambda value: value.id if isinstance(value, Artefact) else "",
)
def test_delete__takes_what_cannot_work_without_it_and_nothing_else(
    home: Home, artefact: Artefact, left: set[str]
) -> None:
    before = there(home)
    planned = plan_deletion(home, artefact)
    done = delete(home, artefact)
    assert done == planned
    assert there(home) == left
    assert {each.artefact.id for each in done.going} == before - left
    assert list((home.path / ".staging").iterdir()) == []


def test_delete__a_store_goes_alone_and_its_readers_are_told_of(home: Home) -> None:
    done = delete(home, Artefact("stores", "net-1"))
    assert [each.artefact.id for each in done.going] == ["net-1"]
    assert "2 auditors that read this store stay" in done.staying[0]
    assert home.has("auditors", "net.a")


def test_plan_deletion__counts_and_bytes(home: Home) -> None:
    plan = plan_deletion(home, Artefact("auditors", "net.a"))
    assert {kind: count for kind, (count, _) in plan.counts().items()} == {
        "audits": 2,
        "comparisons": 1,
    }
    on_disk = sum(file.stat().st_size for file in home.folder("audits", "image-1").iterdir())
    assert plan.counts()["audits"][1] >= 2 * 1000
    assert next(each.bytes for each in plan.going if each.artefact.id == "image-1") == on_disk
    assert plan.bytes == sum(each.bytes for each in plan.going)
    assert there(home) == there(home)


def test_plan_deletion__models_trained_on_a_dataset_stay(home: Home) -> None:
    (staying,) = plan_deletion(home, Artefact("datasets", "in")).staying
    assert staying.startswith("2 models trained on this dataset stay")


def test_plan_deletion__unknown_artefact_names_near_ones(home: Home) -> None:
    with pytest.raises(StoreError, match="Did you mean net"):
        plan_deletion(home, Artefact("models", "nett"))


def test_delete__killed_at_any_moment_leaves_nothing_that_lacks_what_it_needs(home: Home) -> None:
    cards = {kind: home.cards(kind) for kind in KINDS}
    needed = needs(cards)
    whole = home.path.parent / "whole"
    shutil.copytree(home.path, whole)
    target = Artefact("models", "net")
    steps = len(plan_deletion(home, target).going) * 2 + 1
    for after in range(steps):
        shutil.rmtree(home.path)
        shutil.copytree(whole, home.path)
        with killed(after):
            delete(home, target)
        left = {artefact for artefact in needed if home.has(*artefact)}
        for artefact in left:
            assert needed[artefact] <= left, after
        if target in left:
            delete(home, target)
        else:
            tidy(home)
        assert there(home) == {"blind", "in", "out", "found", "blind-3"}
        assert list((home.path / ".staging").iterdir()) == []


@pytest.mark.parametrize("state", ["queued", "running", "interrupted"])
def test_delete__a_job_under_way_keeps_what_it_uses(home: Home, state: Any) -> None:
    job_id = submit(home, "sweep", {"model": "other", "members": "in", "external": ["out"]})
    job_folder(home, job_id).write_state(State(state))
    for used in (Artefact("datasets", "out"), Artefact("datasets", "in")):
        with pytest.raises(MintError, match=f"Job {job_id} is .* and uses '{used.id}'"):
            delete(home, used)
    delete(home, Artefact("datasets", "found"))
    job_folder(home, job_id).write_state(State("done"))
    delete(home, Artefact("datasets", "in"))


def test_delete__a_job_that_uses_the_model_keeps_its_stores(home: Home) -> None:
    submit(home, "extract", {"model": "net", "datasets": ["found"]})
    for store in ("net-1", "net-fresh-0-2"):
        with pytest.raises(MintError, match="uses 'net"):
            delete(home, Artefact("stores", store))
    delete(home, Artefact("stores", "blind-3"))


def test_delete__a_protocol_under_way_keeps_everything(home: Home) -> None:
    submit(home, "protocol", {"name": "P1", "data": "/data"})
    with pytest.raises(MintError, match="Job protocol-"):
        delete(home, Artefact("audits", "image-1"))


def test_delete__a_run_that_writes_a_store_keeps_it(home: Home) -> None:
    store = create_store(home, "net-1", expected_rows=10)
    with (
        store.writer([ArraySpec("block", "pooled", (2,))], 10),
        pytest.raises(MintError, match="A run is writing the store net-1"),
    ):
        delete(home, Artefact("models", "net"))
    delete(home, Artefact("models", "net"))


def test_delete__titles_go_with_their_artefacts(home: Home) -> None:
    rename(home, "models", "net", "Mine")
    rename(home, "auditors", "net.a", "Its auditor")
    rename(home, "models", "blind", "Other")
    delete(home, Artefact("models", "net"))
    assert read_titles(home) == {"models": {"blind": "Other"}, "auditors": {}}


def test_delete__the_upload_of_a_dataset_goes_with_it(home: Home) -> None:
    uploads = home.path.resolve() / "uploads"
    uploads.mkdir()
    (uploads / "a.zip").write_bytes(b"12345")
    publish(home, "datasets", "sent", source=f"zip:{uploads}/a.zip")
    assert plan_deletion(home, Artefact("datasets", "sent")).uploads_bytes == 5
    delete(home, Artefact("datasets", "sent"))
    assert list(uploads.iterdir()) == []


def test_delete__what_is_linked_from_elsewhere_is_only_unlinked(home: Home, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    shutil.move(home.folder("datasets", "found"), elsewhere)
    home.folder("datasets", "found").symlink_to(elsewhere)
    delete(home, Artefact("datasets", "found"))
    assert not home.has("datasets", "found")
    assert (elsewhere / "card.json").is_file()


def test_delete__a_folder_that_cannot_be_moved_is_one_sentence(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: Any) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "rename", refuse)
    with pytest.raises(MintError, match=r"could not be deleted as a whole \(Permission denied\)"):
        delete(home, Artefact("models", "net"))
    assert home.has("audits", "image-1")


def test_leftovers__what_a_killed_process_never_published_after_a_day(home: Home) -> None:
    for name in ("tmpalive", "tmpdead", "unknown"):
        (home.path / ".staging" / name).mkdir(parents=True)
        (home.path / ".staging" / name / "part").touch()
    long_ago = time.time() - ABANDONED_AFTER_S - 60
    for path in [*home.path.glob(".staging/*/part"), *home.path.glob(".staging/*")]:
        os.utime(path, (long_ago, long_ago))
    os.utime(home.path / ".staging" / "tmpalive" / "part")  # still written to
    assert [path.name for path in leftovers(home)] == ["tmpdead"]
    assert {path.name for path in leftovers(home, time.time() + 2 * ABANDONED_AFTER_S)} == {
        "tmpalive",
        "tmpdead",
    }
    tidy(home)
    assert {path.name for path in (home.path / ".staging").iterdir()} == {"tmpalive", "unknown"}
