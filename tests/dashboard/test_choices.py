from dashboard.parts.choices import distinct_labels


def test_distinct_labels__only_what_looks_alike_gets_its_id() -> None:
    labels = {"a-1": "block1", "a-2": "block1", "b-1": "block2"}
    assert distinct_labels(list(labels), labels.__getitem__) == {
        "a-1": "block1, a-1",
        "a-2": "block1, a-2",
        "b-1": "block2",
    }
