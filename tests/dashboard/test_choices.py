from streamlit.testing.v1 import AppTest

from dashboard.parts.choices import distinct_labels


def _switch() -> None:
    import streamlit as st  # noqa: PLC0415 - AppTest runs the body alone

    from dashboard.parts.choices import segments  # noqa: PLC0415

    st.text(segments("Rate", {"low": "1%", "high": "10%"}, "fpr", "high"))


def _shown(app: AppTest) -> tuple[str, str]:
    return app.text[0].value, "".join(app.query_params["fpr"])


def test_segments__what_is_chosen_and_the_address_agree() -> None:
    app = AppTest.from_function(_switch).run()
    assert _shown(app) == ("high", "high")
    app.segmented_control[0].set_value("low").run()
    assert _shown(app) == ("low", "low")
    del app.query_params["fpr"]  # as a late message of an earlier run does
    app.run()
    assert _shown(app) == ("low", "low")


def test_segments__address_that_names_nothing_known_is_put_right() -> None:
    app = AppTest.from_function(_switch)
    app.query_params["fpr"] = "middle"
    assert _shown(app.run()) == ("high", "high")


def test_distinct_labels__only_what_looks_alike_gets_its_id() -> None:
    labels = {"a-1": "block1", "a-2": "block1", "b-1": "block2"}
    assert distinct_labels(list(labels), labels.__getitem__) == {
        "a-1": "block1, a-1",
        "a-2": "block1, a-2",
        "b-1": "block2",
    }
