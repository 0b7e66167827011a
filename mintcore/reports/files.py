"""The files of reports: their formats and names."""

import re

HTML, PDF, JSON, CSV = "html", "pdf", "json", "csv"
MIME = {HTML: "text/html", PDF: "application/pdf", JSON: "application/json"}
_UNFIT = re.compile(r"[^A-Za-z0-9._-]+")


def file_name(subject: str, form: str) -> str:
    """Name the file of a report: letters, digits, dots and dashes."""
    return f"{_UNFIT.sub('-', subject)}.{form}"
