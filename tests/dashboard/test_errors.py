from streamlit.testing.v1 import AppTest


def _reads_what_was_deleted() -> None:
    from pathlib import Path  # noqa: PLC0415 - runs as a script of its own

    from dashboard.parts.errors import errors_as_sentences  # noqa: PLC0415 - as above

    with errors_as_sentences():
        Path("/nothing/activations.zarr").read_bytes()


def test_errors_as_sentences__what_was_deleted_while_it_was_read() -> None:
    app = AppTest.from_function(_reads_what_was_deleted).run()
    assert not app.exception
    assert "deleted or moved while it was read" in app.error[0].value
