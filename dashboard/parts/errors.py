"""Errors of the engine, shown as the sentences they are."""

from collections.abc import Iterator
from contextlib import contextmanager

import streamlit as st

from dashboard.wording import plain
from mintcore.errors import PERSON_ERRORS

_GONE = "What is shown here was deleted or moved while it was read: reload the page."


@contextmanager
def errors_as_sentences() -> Iterator[None]:
    """Show what goes wrong inside the block as one sentence; what follows the block goes on."""
    try:
        yield
    except PERSON_ERRORS as error:
        st.error(plain(str(error)), icon=":material/error:")
    except FileNotFoundError:  # an artefact was deleted while it was read
        st.error(_GONE, icon=":material/error:")
