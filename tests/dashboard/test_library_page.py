"""The library page, on a small home folder that is written out here."""

from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from streamlit.testing.v1 import AppTest

from mintcore.jobs.queue import list_jobs, submit
from mintcore.titles import read_titles, rename
from store.artefacts import Home, Kind, write_card
from store.feature_store import create_store
from store.samples import SamplesWriter, count_samples

APP = Path(__file__).parents[2] / "dashboard" / "app.py"
PAGE = "screens/library.py"
MODEL: dict[str, Any] = {
    "arch": "mintcore:object-cnn",
    "head": "classifier",
    "num_classes": 10,
    "preprocessing": {"size": [8, 8], "mean": [0.5], "std": [0.25]},
    "parameters": 1234,
    "fingerprint": "f",
    "layers": [{"name": "block1", "kind": "map", "shape": [4, 8, 8], "parameters": 10}],
}
SIDES = {"members": {"dataset": "in"}, "external": {"dataset": "in"}}
AUDITOR = {
    "model": "net",
    "reference": None,
    "made_from": SIDES,
    "networks": {},
    "layer": "block1",
    "auditor_kind": "vanilla",
    "view": "pooled",
    "tier": "strong",
    "meaning": "Far **ahead**.",
    "auc": 0.6,
    "auc_ci": [0.5, 0.7],
    "blind_auc": 0.5,
    "blind_auc_ci": [0.4, 0.6],
    "best_blind": "raw pixels",
    "advantage": 0.1,
    "advantage_ci": [0.0, 0.2],
    "n_members": 100,
    "n_externals": 100,
    "seed": 0,
    "map_side": 8,
}
AUDIT = {
    "audit_kind": "image",
    "auditor": "net.a",
    "model": "net",
    "name": "cat.png",
    "verdict": "no sign",
}


def publish(home: Home, kind: Kind, artefact: str, **fields: Any) -> None:
    with home.publishing(kind, artefact) as folder:
        write_card(folder, kind, artefact, **fields)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    """A model, a dataset of 60 images of which two cannot be read, an auditor, an audit, a store."""
    home = Home(tmp_path / "home")
    monkeypatch.setenv("MINT_HOME", str(home.path))
    monkeypatch.setenv("MINT_DATA_ROOTS", str(tmp_path.resolve()))
    Image.new("RGB", (8, 8)).save(tmp_path / "image.png")
    publish(home, "models", "net", **MODEL)
    with home.publishing("datasets", "in") as folder:
        with SamplesWriter(folder / "samples.parquet") as writer:
            for number in range(60):
                broken = (
                    {"status": "unreadable", "reason": "cut off"}
                    if number < 2
                    else {"status": "ok"}
                )
                membership = "member" if number % 3 else "unknown"
                uri, label = str(tmp_path / "image.png"), f"class {number % 4}"
                row = {"uri": uri, "label": label, "membership": membership}
                writer.append([{"sample_id": str(number), **row, **broken}])
        counts = count_samples(folder / "samples.parquet")
        write_card(folder, "datasets", "in", source="folder:/data", counts=counts)
    publish(home, "auditors", "net.a", **AUDITOR)
    publish(home, "audits", "image-1", **AUDIT)
    create_store(home, "net-1", expected_rows=10, model="net", model_fingerprint="f")
    return home


def opened(**params: str) -> AppTest:
    app = AppTest.from_file(str(APP), default_timeout=60)
    app.run()
    app.switch_page(PAGE)
    for name, value in params.items():
        app.query_params[name] = value
    app.run()
    assert not app.exception
    return app


def texts(app: AppTest) -> str:
    elements = [*app.markdown, *app.caption, *app.info, *app.main.get("html")]
    return "\n".join(str(getattr(each, "value", "") or each.proto) for each in elements)


def test_library__an_empty_home_offers_to_register(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MINT_HOME", str(tmp_path / "none"))
    app = opened()
    assert app.expander[0].label == "Register a model"
    assert app.expander[0].proto.expanded
    assert "No model is registered yet" in app.info[0].value


def test_library__a_model_with_its_layers(home: Home) -> None:
    app = opened()
    assert app.query_params["kind"] == "models"
    assert list(app.dataframe[0].value["id"]) == ["net"]
    assert list(app.dataframe[1].value["layer"]) == ["block1"]
    assert {metric.label: metric.value for metric in app.metric}["Parameters"] == "1,234"


@pytest.mark.parametrize(
    ("param", "artefact", "kind"),
    [
        ("dataset", "in", "datasets"),
        ("auditor", "net.a", "auditors"),
        ("audit", "image-1", "audits"),
        ("store", "net-1", "stores"),
    ],
)
def test_library__a_link_that_names_an_artefact_shows_it(
    home: Home, param: str, artefact: str, kind: str
) -> None:
    app = opened(**{param: artefact})
    assert not app.error
    assert app.query_params["kind"] == kind
    assert app.query_params[param] == artefact
    assert list(app.dataframe[0].value["id"]) == [artefact]


def test_library__what_a_card_says_is_shown_as_it_is(home: Home) -> None:
    assert r"Far \*\*ahead\*\*\." in texts(opened(auditor="net.a"))


def test_library__samples_are_filtered_by_the_url(home: Home) -> None:
    app = opened(dataset="in", label="class 1", membership="member")
    # 15 images of class 1: 1, 5, 9 ...; those divisible by three are unknown, and image 1 cannot be read
    assert "9 images, 24 a page." in [caption.value for caption in app.caption]
    assert texts(app).count("class 1, member") == 9
    assert app.query_params["label"] == "class 1"


def test_library__unreadable_images_are_listed_with_their_reason(home: Home) -> None:
    app = opened(dataset="in", status="unreadable")
    assert list(app.dataframe[1].value["reason"]) == ["cut off", "cut off"]


def test_library__a_page_has_no_more_than_its_images(home: Home) -> None:
    assert texts(opened(dataset="in")).count("<figure") == 24
    app = opened(dataset="in", page="3")
    assert "58 images, 24 a page." in [caption.value for caption in app.caption]
    assert texts(app).count("<figure") == 10


def test_library__a_page_that_is_not_there_is_no_error(home: Home) -> None:
    app = opened(dataset="in", page="99")
    assert not app.error
    assert texts(app).count("<figure") > 0


def test_library__another_filter_with_fewer_pages(home: Home) -> None:
    app = opened(dataset="in", page="3")
    app.selectbox(key="choice-label").set_value("class 1").run()
    assert not app.exception
    assert texts(app).count("<figure") == 14


def test_library__a_title_stands_before_the_id(home: Home) -> None:
    rename(home, "models", "net", "The **public** one")
    app = opened()
    assert app.dataframe[0].value["title"][0] == "The **public** one"
    assert r"### The \*\*public\*\* one" in texts(app)
    assert app.selectbox(key="choice-model").options == ["The **public** one (net)"]


def click(app: AppTest, label: str) -> AppTest:
    next(button for button in app.button if button.label == label).click().run()
    assert not app.exception
    return app


def _renaming() -> None:
    from dashboard.parts.titles import title_form  # noqa: PLC0415 - runs as a script of its own

    title_form("models", "net")


def _deletion_of_the_model() -> None:
    from dashboard.parts.deletion import confirmation  # noqa: PLC0415 - as above

    confirmation("models", "net")


def _deletion_of_the_dataset() -> None:
    from dashboard.parts.deletion import confirmation  # noqa: PLC0415 - as above

    confirmation("datasets", "in")


def test_title_form__keeps_the_title_or_says_what_is_wrong(home: Home) -> None:
    app = AppTest.from_function(_renaming).run()
    app.text_input[0].input("Mine")
    click(app, "Save")
    assert read_titles(home) == {"models": {"net": "Mine"}}
    app.text_input[0].input("a\u202eb")
    click(app, "Save")
    assert "characters that can be seen" in app.error[0].value


def test_confirmation__shows_what_goes_and_asks_for_the_name(home: Home) -> None:
    app = AppTest.from_function(_deletion_of_the_model).run()
    assert list(app.dataframe[0].value["kind"]) == ["audits", "auditors", "stores"]
    (sure,) = [button.label for button in app.button]
    assert sure.startswith("Delete all 4 and free")
    app.text_input[0].input("nett")
    click(app, sure)
    assert "That is not its name" in app.error[0].value
    assert home.has("models", "net")
    app.text_input[0].input("net")
    click(app, sure)
    assert [kind for kind in ("models", "auditors", "audits", "stores") if home.cards(kind)] == []
    assert home.has("datasets", "in")


def test_confirmation__what_a_job_uses_is_one_sentence(home: Home) -> None:
    submit(home, "extract", {"model": "net", "datasets": ["in"]})
    app = AppTest.from_function(_deletion_of_the_dataset).run()
    app.text_input[0].input("in")
    click(app, app.button[0].label)
    assert "cancel it or wait" in app.error[0].value
    assert home.has("datasets", "in")


def test_library__a_dataset_is_registered_by_a_job(home: Home) -> None:
    root = home.path.parent.resolve()
    (root / "found").mkdir()
    app = opened(kind="datasets")
    app.session_state["register-way"] = "A folder of this machine"
    app.run()
    below = next(each for each in app.text_input if each.label == "Folder")
    below.set_value("found").run()
    app.radio[0].set_value("unknown").run()
    click(app, "Register the dataset")
    (job,) = list_jobs(home)
    assert (job.kind, job.params) == (
        "add-dataset",
        {"name": "found", "source": f"folder:{root}/found", "membership": "unknown"},
    )
    assert app.query_params["job"] == job.id


def test_library__a_model_is_registered_by_a_job_with_the_usual_preprocessing(home: Home) -> None:
    root = home.path.parent.resolve()
    (root / "net v2.pt").touch()
    app = opened()
    app.session_state["weights-way"] = "On this machine"
    app.run()
    app.text_input(key="weights-below").set_value("net v2.pt").run()
    next(each for each in app.selectbox if each.label == "Architecture").set_value(
        "torchvision:resnet18"
    ).run()
    click(app, "Register the model")
    (job,) = list_jobs(home)
    assert job.kind == "add-model"
    assert job.params["weights"] == f"{root}/net v2.pt"
    assert (job.params["name"], job.params["arch"]) == ("net-v2", "torchvision:resnet18")
    assert job.params["preprocessing"]["size"] == [224, 224]
    assert job.params["preprocessing"]["mean"] == [0.485, 0.456, 0.406]
