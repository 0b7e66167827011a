"""Images that a person gives, and how they are judged, without a model."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from streamlit.testing.v1 import AppTest

from dashboard.parts import image_findings
from dashboard.parts.image_findings import JUDGED_AT_ONCE
from dashboard.parts.images import Given
from mintcore.datasets.registration import add_dataset
from mintcore.errors import MintError
from store.artefacts import Home


def _page() -> None:
    import streamlit as st  # noqa: PLC0415 - the test copies the body alone

    from dashboard import reading  # noqa: PLC0415
    from dashboard.parts.images import image_choice  # noqa: PLC0415

    for given in image_choice(reading.cards("datasets")):
        st.text(f"{given.name}: {int(given.pixels()[0, 0, 0])}")


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    """A dataset of three images, of the grey levels 0, 50 and 100."""
    monkeypatch.setenv("MINT_HOME", str(tmp_path / "home"))
    levels = np.array([0, 50, 100], np.uint8)
    np.savez(tmp_path / "three.npz", images=np.broadcast_to(levels[:, None, None], (3, 8, 8)))
    add_dataset(Home(tmp_path / "home"), "three", f"arrays:{tmp_path / 'three.npz'}", "member")
    return Home(tmp_path / "home")


def _opened(**params: str) -> AppTest:
    app = AppTest.from_function(_page, default_timeout=60)
    for name, value in params.items():
        app.query_params[name] = value
    app.run()
    assert not app.exception
    return app


def test_image_choice__an_example_has_an_address(home: Home) -> None:
    app = _opened(dataset="three", image="2")
    assert [text.value for text in app.text] == ["three, image 2: 50"]
    app.number_input[0].set_value(3).run()
    assert [text.value for text in app.text] == ["three, image 3: 100"]
    assert {name: app.query_params[name] for name in ("from", "dataset", "image")} == {
        "from": "example",
        "dataset": "three",
        "image": "3",
    }


@pytest.mark.parametrize(("asked", "number"), [("99", 3), ("0", 1), ("-4", 1), ("x", 1)])
def test_image_choice__a_number_that_is_not_there_is_a_near_one(
    home: Home, asked: str, number: int
) -> None:
    assert _opened(dataset="three", image=asked).number_input[0].value == number


def test_image_choice__upload_comes_first_and_takes_no_dataset_along(home: Home) -> None:
    app = _opened(**{"from": "upload", "dataset": "three", "image": "2"})
    assert not app.text
    assert "dataset" not in app.query_params
    assert "image" not in app.query_params


def test_image_choice__an_example_that_could_not_be_registered_says_why(home: Home) -> None:
    folder = home.path.parent / "mixed"
    folder.mkdir()
    (folder / "bad.png").write_bytes(b"no image")
    Image.new("L", (8, 8), 70).save(folder / "good.png")
    add_dataset(home, "mixed", f"folder:{folder}", "member")
    assert [text.value for text in _opened(dataset="mixed", image="2").text] == [
        "mixed, image 2: 70"
    ]
    app = AppTest.from_function(_page, default_timeout=60)
    app.query_params["dataset"] = "mixed"
    assert "could not be read when it was registered" in app.run().exception[0].value


def _judging() -> None:
    import streamlit as st  # noqa: PLC0415

    from dashboard.parts.image_findings import judge_all  # noqa: PLC0415

    judged = judge_all("auditor", st.session_state["images"])
    st.text(", ".join(finding["name"] for _, finding in judged))


def _given(name: str) -> Given:
    return Given(name, name, lambda: np.zeros((1, 1, 3), np.uint8))


def _judged(names: list[str], monkeypatch: pytest.MonkeyPatch) -> AppTest:
    def judge(auditor: str, image: Given) -> dict[str, Any]:
        if image.name == "bad":
            raise MintError("bad cannot be read: it is empty.")
        return {"name": image.name}

    monkeypatch.setattr(image_findings, "judge", judge)
    app = AppTest.from_function(_judging, default_timeout=60)
    app.session_state["images"] = [_given(name) for name in names]
    return app.run()


def test_judge_all__what_cannot_be_read_is_said_and_the_others_judged(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    app = _judged(["a", "bad", "b"], monkeypatch)
    assert [error.value for error in app.error] == ["bad cannot be read\\: it is empty\\."]
    assert [text.value for text in app.text] == ["a, b"]


def test_judge_all__too_many_are_sent_to_the_dataset_audit(monkeypatch: pytest.MonkeyPatch) -> None:
    app = _judged([f"image{n}" for n in range(JUDGED_AT_ONCE + 1)], monkeypatch)
    assert f"These are {JUDGED_AT_ONCE + 1} images" in app.warning[0].value
    assert app.text[0].value.count("image") == JUDGED_AT_ONCE
