from mintcore.auditors.plans import PASS_BYTES, Plan, passes, plan
from mintcore.auditors.sources import Source
from store.layout import ArraySpec


def source(layer: str, width: int = 64, kind: str = "vanilla") -> Source:
    return Source(kind, (ArraySpec(layer, "pooled", (width,)),))


def plans(*layers: str) -> list[Plan]:
    return [plan("net", "vanilla", (source(layer),), {}) for layer in layers]


def test_plan__the_same_request_has_the_same_name() -> None:
    one, two = plans("a"), plans("a")
    assert one[0].auditor_id == two[0].auditor_id


def test_plan__anything_else_has_another_name() -> None:
    names = {
        plan("net", "vanilla", (source("a"),), {}).auditor_id,
        plan("net", "vanilla", (source("b"),), {}).auditor_id,
        plan("net", "vanilla", (source("a", 32),), {}).auditor_id,
        plan("net", "linear", (source("a", kind="linear"),), {}).auditor_id,
        plan("net", "vanilla", (source("a"),), {"seeds": [1]}).auditor_id,
        plan("net", "fused", (source("a"), source("b")), {}).auditor_id,
        plan("net", "fused", (source("b"), source("a")), {}).auditor_id,
    }
    assert len(names) == 7


def test_passes__what_fits_is_trained_together() -> None:
    asked = plans("a", "b", "c")
    assert [*passes(asked, images=100, models=2)] == [asked]


def test_passes__no_pass_holds_more_than_it_may_unless_it_is_one_auditor() -> None:
    asked = plans("a", "b", "c", "d", "e")
    a_plan = 2 * 64  # float16
    images = PASS_BYTES // (2 * a_plan * 2)  # two plans of two models
    groups = [*passes(asked, images, models=2)]
    assert [len(group) for group in groups] == [2, 2, 1]
    assert [len(group) for group in passes(asked, 10 * images, models=2)] == [1] * 5


def test_passes__an_array_that_two_auditors_read_counts_once() -> None:
    shared = [plan("net", kind, (source("a", kind=kind),), {}) for kind in ("linear", "vanilla")]
    images = PASS_BYTES // (64 * 2)
    assert [len(group) for group in passes(shared, images, models=1)] == [2]
