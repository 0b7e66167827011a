"""A report as HTML, PDF or JSON: one file that needs nothing else."""

import base64
import json
import re
from collections.abc import Callable, Mapping
from datetime import datetime
from importlib.resources import files
from typing import Any

from jinja2 import Environment, PackageLoader, select_autoescape

from mintcore.reports.content import Chart, Picture, Report
from mintcore.reports.drawing import draw
from mintcore.reports.files import CSV, HTML, JSON, PDF
from mintcore.reports.visible import all_visible, visible

_SIZE = re.compile(r'width="(?P<width>\d+)" height="(?P<height>\d+)"')
_TALL = 1.3
_TYPST = files("mintcore") / "templates" / "report.typ"
_PAGES = Environment(
    loader=PackageLoader("mintcore", "templates"),
    autoescape=select_autoescape(default=True, default_for_string=True),
    trim_blocks=True,
    lstrip_blocks=True,
    finalize=lambda value: visible(value) if type(value) is str else value,  # markup is a str, too
)


def html(report: Report) -> bytes:
    """Write a report as one HTML page, without script and without network."""
    page = _PAGES.get_template("report.html.j2")
    charts = [_placed(chart) for chart in report.charts]
    text = page.render(report=report, charts=charts, content=report.content_hash)
    return text.encode()


def pdf(report: Report) -> bytes:
    """Write a report as a PDF whose structure readers for the blind can follow.

    It keeps to PDF/UA-1 where the fonts of the machine have every character; others are boxes.
    """
    import typst  # noqa: PLC0415 - 80 MB that a page does not need

    charts = [_placed(chart) for chart in report.charts]
    printed = {**all_visible(report.to_json()), "charts": charts, "content": report.content_hash}
    source, text = _TYPST.read_bytes(), {"report": json.dumps(printed)}
    made = datetime.fromisoformat(report.created).replace(microsecond=0)
    try:
        return typst.compile(source, sys_inputs=text, timestamp=made, pdf_standards="ua-1")
    except typst.TypstError:
        return typst.compile(source, sys_inputs=text, timestamp=made)


def as_json(report: Report) -> bytes:
    """Write a report as JSON, but for the brace that ends it: the seal comes before that."""
    told = {"content": report.content_hash, "report": report.to_json()}
    return (
        json.dumps(told, indent=1, ensure_ascii=False)
        .removesuffix("}")
        .encode("utf-8", "surrogatepass")
    )


WRITERS: Mapping[str, Callable[[Report], bytes]] = {HTML: html, PDF: pdf, JSON: as_json}
FORMATS = (*WRITERS, CSV)


def _placed(chart: Chart) -> dict[str, Any]:
    """Draw a chart, and say how it stands on a page.

    One that is taller than wide is made as high as a page. One that was drawn elsewhere has an ``image``, Base64: in an
    image nothing is run.
    """
    svg = draw(chart)
    size = _SIZE.search(svg)
    return {
        "title": chart.title,
        "note": chart.note,
        "svg": svg,
        "image": base64.b64encode(svg.encode()).decode() if isinstance(chart, Picture) else None,
        "tall": size is not None and int(size["height"]) > int(size["width"]) * _TALL,
    }
