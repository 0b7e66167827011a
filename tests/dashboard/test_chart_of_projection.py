import pandas as pd
import pytest

from dashboard.charts.projection import OTHER, frequent_labels, projection
from mintcore.palette import BLIND, EXTERNAL, MEMBER, SERIES

IMAGES = pd.DataFrame(
    {
        "x": [0.0, 1.0],
        "y": [1.0, 0.0],
        "group": ["member", "external"],
        "score": [2.0, -1.0],
        "label": ["cat", "dog"],
        "shown_label": ["cat", OTHER],
        "image": ["data:image/jpeg;base64,AA==", None],
    }
)


@pytest.mark.parametrize(
    ("colouring", "colours"),
    [
        ("membership", [MEMBER, EXTERNAL]),
        ("score", [EXTERNAL, BLIND, MEMBER]),
        ("label", [SERIES[0], BLIND]),
    ],
)
def test_projection__colours_of_what_is_asked_for(colouring: str, colours: list[str]) -> None:
    encoding = projection(IMAGES, (0.5, 0.25), colouring).to_dict()["encoding"]
    assert encoding["color"]["scale"]["range"] == colours
    assert encoding["shape"]["field"] == "group"


def test_projection__tooltip_has_the_image_and_the_axes_their_variance() -> None:
    encoding = projection(IMAGES, (0.5, 0.25), "membership").to_dict()["encoding"]
    # vega-tooltip draws what is called image
    assert encoding["tooltip"][0] == {"field": "image", "type": "nominal"}
    assert encoding["x"]["title"] == "first component, 50% of the variance"
    assert encoding["description"]["field"] == "group"


def test_frequent_labels__the_rest_is_other() -> None:
    labels = pd.Series([*"aabbccddeeff", "g", None])
    shown = frequent_labels(labels)
    assert shown.tolist() == [*"aabbccddeeff", OTHER, OTHER]


def test_frequent_labels__an_image_without_one_says_so() -> None:
    assert frequent_labels(pd.Series([None, "cat"])).tolist() == ["no label", "cat"]
