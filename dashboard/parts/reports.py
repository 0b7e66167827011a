"""Reports to take away: of an audit, a sweep or a protocol, one signed file."""

from functools import partial

import streamlit as st

from dashboard import reading
from dashboard.parts.errors import errors_as_sentences
from mintcore.reports.files import HTML, JSON, MIME, PDF, file_name

_LABELS = {HTML: "Report (HTML)", PDF: "Report (PDF)", JSON: "Report (JSON)"}
_HELP = (
    "The question, the answer, the evidence, what it does not prove, and how it was made. The file is signed: "
    "`mint report verify FILE` tells whether it was changed."
)


def report_downloads(subject: str) -> None:
    """Offer a report in each of its forms; it is written when it is asked for.

    Args:
        subject: Id of an audit or a protocol, or the name of a sweep.
    """
    with errors_as_sentences():
        _require_usable_key()
        for form, label in _LABELS.items():
            st.download_button(
                label,
                partial(_written, subject, form),
                file_name(subject, form),
                MIME[form],
                icon=":material/description:",
                help=_HELP,
                on_click="ignore",
                key=f"report-{form}-{subject}",
            )


def _require_usable_key() -> None:
    """Look at the key before a report is asked for: what fails while a file is made is not told to the person."""
    from mintcore.reports.signing import public_key  # noqa: PLC0415 - pages start without

    public_key(reading.home())


def _written(subject: str, form: str) -> bytes:
    from mintcore.reports.writing import written_report  # noqa: PLC0415 - pages do without

    return written_report(reading.home(), subject, form)
