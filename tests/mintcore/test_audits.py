import json
import shutil
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from markupsafe import escape
from PIL import Image
from scipy.stats import false_discovery_control

from mintcore.audit import audit_dataset
from mintcore.cohorts import build_cohort
from mintcore.comparison import CompareRequest, compare
from mintcore.datasets.reading import read_pixels, samples
from mintcore.datasets.registration import add_dataset
from mintcore.errors import MintError
from mintcore.evaluation.groups import MIN_GROUP_IMAGES
from mintcore.image_audit import (
    audit_images,
    load_image_auditor,
    publish_image_audit,
)
from mintcore.library import audit_groups, audit_scores, auditor_scores
from mintcore.models.preprocessing import Preprocessing
from mintcore.models.registration import add_model
from mintcore.progress import SilentReporter
from mintcore.sweep import SweepRequest, sweep
from store.artefacts import Card, Home

SILENT = SilentReporter()


@pytest.fixture(scope="module")
def with_auditor(prepared: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A home folder in which the auditor is trained, and its id."""
    path = tmp_path_factory.mktemp("audits") / "home"
    shutil.copytree(prepared, path)
    request = SweepRequest(
        "net", "members", "external", layers="block2", kinds=("vanilla",), seeds=1
    )
    (card,) = sweep(Home(path), request, device="cpu", reporter=SILENT)
    return path, card["id"]


@pytest.fixture
def digits_home(with_auditor: tuple[Path, str], tmp_path: Path) -> Home:
    shutil.copytree(with_auditor[0], tmp_path / "home")
    return Home(tmp_path / "home")


@pytest.fixture
def auditor(digits_home: Home, with_auditor: tuple[Path, str]) -> Card:
    return digits_home.card("auditors", with_auditor[1])


def audit_report(home: Home, audit: str) -> str:
    return (home.folder("audits", audit) / "report.html").read_text("utf-8")


def test_audit_dataset__what_no_model_saw_gives_no_evidence(
    digits_home: Home, auditor: Card
) -> None:
    card = audit_dataset(digits_home, auditor["id"], "mixed", device="cpu", reporter=SILENT)
    assert card["verdict"] == "no evidence that this set was used"
    assert card["tier"] == "no evidence"


def test_audit_dataset__images_the_auditor_was_fitted_on_are_left_out_and_counted(
    digits_home: Home, auditor: Card
) -> None:
    card = audit_dataset(digits_home, auditor["id"], "mixed", device="cpu", reporter=SILENT)
    known = auditor_scores(digits_home, auditor["id"]).to_pylist()
    seen = {row["sample_id"] for row in known if row["part"] != "test"}
    judged = set(audit_scores(digits_home, card["id"]).column("sample_id").to_pylist())
    assert not judged & seen
    assert card["n_audited"] + card["n_excluded"] == 200
    assert card["n_excluded"] > 80


def test_audit_dataset__another_database_is_called_shift(
    digits_home: Home, auditor: Card, tmp_path: Path
) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (60, 28, 28), np.uint8)
    np.savez(tmp_path / "noise.npz", images=noise)
    add_dataset(digits_home, "noise", f"arrays:{tmp_path / 'noise.npz'}", "unknown")
    card = audit_dataset(digits_home, auditor["id"], "noise", device="cpu", reporter=SILENT)
    assert card["tier"] == "dataset shift: membership not shown"
    assert card["share"] is None


def test_audit_dataset__few_externals_left_are_refused_with_the_way_out(
    digits_home: Home, auditor: Card
) -> None:
    """All of the auditor's externals are in the audited set, so none is left to stand beside it."""
    with pytest.raises(MintError, match=r"Only 0 externals .* whether it was used cannot be told"):
        audit_dataset(digits_home, auditor["id"], "external", device="cpu", reporter=SILENT)


def test_audit_dataset__card_carries_effect_size_shares_discoveries_and_drift(
    digits_home: Home, auditor: Card
) -> None:
    card = audit_dataset(digits_home, auditor["id"], "mixed", device="cpu", reporter=SILENT)
    assert card["cliffs_delta"] == pytest.approx(2 * card["auc"] - 1)
    assert card["cliffs_delta_ci"] == pytest.approx([2 * end - 1 for end in card["auc_ci"]])
    assert list(card["shares"]) == ["adjusted count", "mixture"]
    assert card["share"] is None  # the model was never trained: its auditor shows nothing
    assert card["discoveries"] is None
    assert {row["network"] for row in card["drift"]} == set(auditor["networks"])
    assert card["remarks"] == []  # the digits are of one source
    known = auditor_scores(digits_home, auditor["id"]).to_pylist()
    fitted = [row for row in known if row["part"] == "train" and not row["is_member"]]
    assert card["n_training_externals"] == len(fitted)


def test_audit_dataset__images_have_q_values_of_their_p_values(
    digits_home: Home, auditor: Card
) -> None:
    card = audit_dataset(digits_home, auditor["id"], "mixed", device="cpu", reporter=SILENT)
    images = audit_scores(digits_home, card["id"]).to_pydict()
    assert images["q_value"] == pytest.approx(false_discovery_control(images["p_value"]))


def test_audit_dataset__each_label_with_enough_images_has_a_line(
    digits_home: Home, auditor: Card
) -> None:
    card = audit_dataset(digits_home, auditor["id"], "mixed", device="cpu", reporter=SILENT)
    groups = audit_groups(digits_home, card["id"]).to_pylist()
    labels = Counter(audit_scores(digits_home, card["id"]).column("label").to_pylist())
    judged = {row["group"]: row["n"] for row in groups}
    assert judged == {label: labels[label] for label in judged}
    assert {row["kind"] for row in groups} == {"label"}  # digits have no identity
    assert min(judged.values()) >= MIN_GROUP_IMAGES
    report = audit_report(digits_home, card["id"])
    assert all(f"label {label}<" in report for label in judged)


def test_audit_dataset__another_database_is_warned_of_as_drift(
    digits_home: Home, auditor: Card, tmp_path: Path
) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (60, 28, 28), np.uint8)
    np.savez(tmp_path / "noise.npz", images=noise)
    add_dataset(digits_home, "noise", f"arrays:{tmp_path / 'noise.npz'}", "unknown")
    card = audit_dataset(digits_home, auditor["id"], "noise", device="cpu", reporter=SILENT)
    (remark,) = card["remarks"]
    assert "has drifted from the auditor's externals" in remark
    assert escape(remark) in audit_report(digits_home, card["id"])


def test_audit_groups__an_audit_of_an_earlier_version_has_none(digits_home: Home) -> None:
    digits_home.folder("audits", "dataset-old").mkdir(parents=True)
    assert audit_groups(digits_home, "dataset-old").num_rows == 0


def test_audit_dataset__a_second_one_is_the_first(digits_home: Home, auditor: Card) -> None:
    first, second = (
        audit_dataset(digits_home, auditor["id"], "mixed", device="cpu", reporter=SILENT)
        for _ in range(2)
    )
    assert first == second


def test_audit_dataset__too_few_images_point_to_the_image_audit(
    digits_home: Home, auditor: Card, tmp_path: Path
) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (7, 28, 28), np.uint8)
    np.savez(tmp_path / "few.npz", images=noise)
    add_dataset(digits_home, "few", f"arrays:{tmp_path / 'few.npz'}", "unknown")
    with pytest.raises(MintError, match="Only 7 images of 'few' can be judged"):
        audit_dataset(digits_home, auditor["id"], "few", device="cpu", reporter=SILENT)


def test_report__names_from_outside_cannot_inject_markup(
    digits_home: Home, auditor: Card, tmp_path: Path
) -> None:
    folder = tmp_path / "photos"
    folder.mkdir()
    rng = np.random.default_rng(0)
    for number in range(25):
        pixels = rng.integers(0, 256, (28, 28), np.uint8)
        Image.fromarray(pixels).save(folder / f"<img src=x onerror=alert({number})>.png")
    add_dataset(digits_home, "photos", f"folder:{folder}", "unknown")
    card = audit_dataset(digits_home, auditor["id"], "photos", device="cpu", reporter=SILENT)
    report = audit_report(digits_home, card["id"])
    assert "<img" not in report
    assert "&lt;img src=x onerror=alert(" in report


def test_report__carries_the_figures_of_the_card(digits_home: Home, auditor: Card) -> None:
    card = audit_dataset(digits_home, auditor["id"], "mixed", device="cpu", reporter=SILENT)
    report = audit_report(digits_home, card["id"])
    assert "No evidence that this set was used (wording tier: no evidence)." in report
    assert f"{card['auc']:.3f} ({card['auc_ci'][0]:.3f} to {card['auc_ci'][1]:.3f})" in report
    assert card["model_fingerprint"] in report
    assert (
        report.count("http") == report.count('xmlns="http://www.w3.org/2000/svg"') + 1
    )  # the policy
    assert "<script" not in report


def test_audit_images__a_result_does_not_depend_on_the_images_beside_it(
    digits_home: Home, auditor: Card
) -> None:
    loaded = load_image_auditor(digits_home, auditor["id"], device="cpu")
    uris = samples(digits_home, "mixed", limit=4).column("uri").to_pylist()
    images = [(uri, read_pixels(uri)) for uri in uris]
    together = audit_images(loaded, images)
    assert together == [audit_images(loaded, [image])[0] for image in images]


def test_audit_images__gives_the_score_that_the_stored_activation_gives(
    digits_home: Home, auditor: Card
) -> None:
    loaded = load_image_auditor(digits_home, auditor["id"], device="cpu")
    known = auditor_scores(digits_home, auditor["id"]).slice(0, 5).to_pylist()
    by_id = {row["sample_id"]: row for row in known}
    table = samples(digits_home, "members", sample_ids=list(by_id)).to_pylist()
    found = audit_images(loaded, [(row["uri"], read_pixels(row["uri"])) for row in table])
    for finding in found:
        # one image at a time against batches of 64: the last bit of float16 may differ
        assert finding.score == pytest.approx(by_id[finding.sample_id]["auditor"], abs=0.02)
        assert finding.registered_as == "member"
        assert finding.registered_part == by_id[finding.sample_id]["part"]


def test_audit_images__the_p_value_counts_held_out_externals(
    digits_home: Home, auditor: Card
) -> None:
    loaded = load_image_auditor(digits_home, auditor["id"], device="cpu")
    uri = samples(digits_home, "mixed", limit=1).column("uri")[0].as_py()
    (finding,) = audit_images(loaded, [("one", read_pixels(uri))])
    _, external = loaded.held_out
    expected = (1 + (external >= finding.score).sum()) / (1 + len(external))
    assert finding.p_value == pytest.approx(expected)


def test_publish_image_audit__keeps_the_finding_and_not_the_image(
    digits_home: Home, auditor: Card
) -> None:
    loaded = load_image_auditor(digits_home, auditor["id"], device="cpu")
    uri = samples(digits_home, "mixed", limit=1).column("uri")[0].as_py()
    (finding,) = audit_images(loaded, [("<b>one</b>.png", read_pixels(uri))])
    card = publish_image_audit(digits_home, loaded, finding)
    folder = digits_home.folder("audits", card["id"])
    assert sorted(file.name for file in folder.iterdir()) == ["card.json", "report.html"]
    assert card["verdict"] == finding.verdict
    assert "<b>one" not in audit_report(digits_home, card["id"])


def test_load_image_auditor__an_older_network_is_refused(digits_home: Home, auditor: Card) -> None:
    folder = digits_home.folder("auditors", auditor["id"])
    text = json.dumps({name: auditor[name] for name in auditor if name != "digest"})
    (folder / "card.json").write_text(text.replace('"design": "', '"design": "older'))
    with pytest.raises(MintError, match="designed otherwise: train it again"):
        load_image_auditor(digits_home, auditor["id"], device="cpu")


def load_auditor(home: Home, auditor: str) -> None:
    load_image_auditor(home, auditor, device="cpu")


def audit_mixed(home: Home, auditor: str) -> None:
    audit_dataset(home, auditor, "mixed", device="cpu", reporter=SILENT)


@pytest.mark.parametrize("audit", [load_auditor, audit_mixed])
def test_audit__a_model_that_was_replaced_is_refused(
    digits_home: Home, auditor: Card, audit: Callable[[Home, str], None]
) -> None:
    shutil.rmtree(digits_home.folder("models", "net"))
    grey = Preprocessing(size=(28, 28), mean=(0.3,), std=(0.35,))
    arch = "mintcore:object-cnn-small"
    add_model(digits_home, "net", arch, None, grey, num_classes=10, seed=5)
    with pytest.raises(MintError, match="'net' is not the one that auditor"):
        audit(digits_home, auditor["id"])


def test_compare__the_diagonal_is_what_each_auditor_reached(
    digits_home: Home, tmp_path: Path
) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (300, 28, 28), np.uint8)
    np.savez(tmp_path / "noise.npz", images=noise)
    add_dataset(digits_home, "noise", f"arrays:{tmp_path / 'noise.npz'}", "external")
    request = CompareRequest("net", "members", ("external", "noise"), layer="block2", seeds=1)
    card = compare(digits_home, request, device="cpu", reporter=SILENT)
    cells = {(cell["train_external"], cell["test_external"]): cell for cell in card["cells"]}
    assert len(cells) == 4
    for auditor in card["auditors"]:
        reached = digits_home.card("auditors", auditor)
        external = reached["made_from"]["external"]["dataset"]
        assert cells[external, external]["auc"] == pytest.approx(reached["auc"])
    assert cells["noise", "noise"]["tier"] == "dataset shift: membership not shown"
    assert cells["external", "external"]["tier"] == "no evidence"
    assert card["leave_one_out"] == [cells["external", "noise"], cells["noise", "external"]]


def test_compare__what_an_auditor_saw_is_not_tested_on(digits_home: Home, tmp_path: Path) -> None:
    """Allowed near-duplicates move images to other parts, by what the other side holds."""
    source = digits_home.card("datasets", "members")["source"].removeprefix("arrays:")
    darker = (np.load(source)["images"][:400] * 0.9).astype(np.uint8)
    np.savez(tmp_path / "darker.npz", images=darker)
    add_dataset(digits_home, "darker", f"arrays:{tmp_path / 'darker.npz'}", "external")
    sources = ("external", "darker")
    request = CompareRequest("net", "members", sources, layer="block2", allow_overlap=True, seeds=1)
    card = compare(digits_home, request, device="cpu", reporter=SILENT)
    cells = {(cell["train_external"], cell["test_external"]): cell for cell in card["cells"]}
    moved = 0
    for auditor in card["auditors"]:
        scores = auditor_scores(digits_home, auditor).to_pylist()
        seen = {row["sample_id"] for row in scores if row["part"] != "test"}
        trained = digits_home.card("auditors", auditor)["made_from"]["external"]["dataset"]
        for tested in sources:
            cohort = build_cohort(digits_home, "members", tested, 0, allow_overlap=True)
            held_out = {cohort.sample_ids[place] for place in cohort.positions("test")}
            cell = cells[trained, tested]
            assert cell["n_members"] + cell["n_externals"] == len(held_out - seen)
            moved += len(held_out & seen)
    assert moved > 0


def test_compare__one_source_is_not_a_comparison(digits_home: Home) -> None:
    request = CompareRequest("net", "members", ("external", "external"), layer="block2")
    with pytest.raises(MintError, match="at least two datasets"):
        compare(digits_home, request, device="cpu", reporter=SILENT)
