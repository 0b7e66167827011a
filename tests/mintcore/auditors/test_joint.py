from pathlib import Path

import numpy as np
import pytest
import torch

from mintcore.auditors.evidence import AUDITOR, Evidence, Examined, examine
from mintcore.auditors.fitting import FitSettings
from mintcore.auditors.fusion import fuse_examined
from mintcore.auditors.joint import Digest, ScaledLogits, build
from mintcore.auditors.perceptrons import as_perceptron
from mintcore.auditors.probes import Probe
from mintcore.auditors.queries import LEVELS
from mintcore.cohorts import Cohort
from mintcore.evaluation.roc import auc
from store.artefacts import Home
from store.feature_store import FeatureStore, create_store
from store.layout import ArraySpec

BLOCK = ArraySpec("block", "pooled", (6,))
LOGITS = ArraySpec("output", "pooled", (4,))
SIGNALS = ArraySpec("output", "signals-label-q5", (5, 9), "float32")
STRESSED = ArraySpec("output", "signals-label-s3", (3, 9), "float32")
SPREAD = (len(LEVELS) + 2) * 9


def test_digest__reads_each_source_in_its_way() -> None:
    digest = Digest([BLOCK, LOGITS, SIGNALS, STRESSED])
    assert [type(reader).__name__ for reader in digest.readers] == [
        "Probe",
        "Flatten",
        "Spread",
        "ScaledLogits",
    ]
    assert digest.width() == 2 + 4 + SPREAD + 3


def test_scaled_logits__are_the_first_of_the_signals() -> None:
    values = torch.arange(54.0).reshape(2, 3, 9)
    assert ScaledLogits()(values).tolist() == [[0, 9, 18], [27, 36, 45]]
    assert ScaledLogits()(values[:, 0]).tolist() == [[0], [27]]


@pytest.mark.parametrize("specs", [[BLOCK, LOGITS], [BLOCK, SIGNALS]])
def test_digest__without_the_logits_of_a_classifier_a_layer_is_read_as_it_is(
    specs: list[ArraySpec],
) -> None:
    assert not any(isinstance(reader, Probe) for reader in Digest(specs).readers)


def test_digest__probes_learn_the_classes_that_the_model_gives() -> None:
    rng = np.random.default_rng(0)
    logits = rng.normal(size=(400, 4)).astype(np.float32)
    block = np.concatenate([logits, rng.normal(size=(400, 2))], axis=1)
    rest = rng.normal(size=(400, 45))
    digest = Digest([BLOCK, LOGITS, SIGNALS])
    digest.fit([np.concatenate([block, logits, rest], axis=1).astype(np.float32)])
    values = torch.from_numpy(np.concatenate([block, logits, rest], axis=1).astype(np.float32))
    own, ahead = digest(values)[:, :2].T
    assert (ahead > 0).float().mean() > 0.9
    assert own.mean() > 0.4


def test_build__is_a_perceptron_that_is_trained_in_stacks() -> None:
    perceptron = as_perceptron(build([BLOCK, LOGITS, SIGNALS]))
    assert perceptron is not None
    assert (perceptron.inputs, perceptron.widths) == (2 + 4 + SPREAD, (64, 32, 1))


def write(store: FeatureStore, ids: list[str], arrays: dict[str, np.ndarray]) -> None:
    specs = [ArraySpec(*key.split("/"), values.shape[1:]) for key, values in arrays.items()]
    with store.writer(specs, len(ids)) as writer:
        for start in range(0, len(ids), store.block_rows):
            piece = slice(start, start + store.block_rows)
            committed = {key: values[piece].astype(np.float16) for key, values in arrays.items()}
            writer.commit(ids[piece], committed)


@pytest.fixture
def crossed(tmp_path: Path) -> tuple[FeatureStore, Cohort]:
    """Of two views neither tells anything alone: members are where both have one sign. A third is noise."""
    images = 3000
    rng = np.random.default_rng(0)
    one, two, noise = rng.normal(size=(3, images, 2))
    is_member = one[:, 0] * two[:, 0] > 0
    part = np.array(["validation", "train", "train", "test"] * (images // 4))
    store = create_store(Home(tmp_path), "s", expected_rows=images)
    ids = [f"{i:032x}" for i in range(images)]
    arrays = {"a/pooled": one, "b/std": two, "c/max": noise}
    write(store, ids, arrays)
    return store, Cohort(ids, is_member, part, {})


def examined(
    crossed: tuple[FeatureStore, Cohort], kind: str, *sources: tuple[str, ...]
) -> list[Examined]:
    store, cohort = crossed
    return examine(
        [Evidence(AUDITOR, kind, store, keys) for keys in sources],
        cohort,
        settings=FitSettings(epochs=12),
        seeds=[0],
        device=torch.device("cpu"),
        on_epoch=lambda *_: None,
    )


def test_joint__knows_what_a_sum_of_scores_cannot(crossed: tuple[FeatureStore, Cohort]) -> None:
    _, cohort = crossed
    test = cohort.part == "test"
    (joint,) = examined(crossed, "joint", ("a/pooled", "b/std", "c/max"))
    late = fuse_examined(examined(crossed, "vanilla", ("a/pooled",), ("b/std",)), cohort)
    reached = {}
    for name, scores in (("joint", joint.scores.mean(axis=0)), ("late", late.scores)):
        members, externals = scores[test & cohort.is_member], scores[test & ~cohort.is_member]
        reached[name] = auc(members, externals)
    assert reached["joint"] > 0.95
    assert reached["late"] < 0.6


def test_joint__says_which_views_it_leans_on(crossed: tuple[FeatureStore, Cohort]) -> None:
    (joint,) = examined(crossed, "joint", ("a/pooled", "b/std", "c/max"))
    assert list(joint.importance)[2] == "max"
    assert joint.importance["pooled"] > 0.3
    assert joint.importance["std"] > 0.3
    assert abs(joint.importance["max"]) < 0.05


def test_joint__an_image_that_lacks_one_array_has_no_score(
    crossed: tuple[FeatureStore, Cohort],
) -> None:
    store, cohort = crossed
    there = cohort.sample_ids[1:]
    write(store, there, {"d/pooled": np.zeros((len(there), 1))})
    (joint,) = examined(crossed, "joint", ("a/pooled", "d/pooled"))
    assert np.isnan(joint.scores[0, 0])
    assert np.isfinite(joint.scores[0, 1:]).all()
