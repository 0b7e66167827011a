import base64
import json
from dataclasses import replace
from html.parser import HTMLParser

from mintcore.reports.content import Report, content_hash
from mintcore.reports.formats import as_json, html, pdf
from mintcore.reports.subjects import report_of
from store.artefacts import Home
from tests.mintcore.reports.conftest import KINDS, SVG

HEADINGS = ["Evidence", "What this does not prove", "How it was made", "Words"]
EVENTS = tuple("on" + event for event in ("load", "error", "click", "mouseover", "focus"))
HOSTILE = '#image("/etc/passwd") $x$ *b* \\ @ref <label> `raw` <b>\u202e\u0000\ud800 漢字'


class Page(HTMLParser):
    """What a browser would make of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.headings: list[str] = []
        self.text: list[str] = []
        self._within: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self._within.append(tag)

    def handle_endtag(self, tag: str) -> None:
        while self._within and self._within.pop() != tag:
            pass

    def handle_data(self, data: str) -> None:
        self.text.append(data)
        if self._within and self._within[-1] == "h2":
            self.headings.append(data)


def test_html__asks_answers_shows_limits_and_says_how_it_was_made(report: Report) -> None:
    page = Page(html(report).decode())
    assert page.headings == HEADINGS
    text = "".join(page.text)
    for said in (
        report.question,
        report.answer,
        *report.limits,
        *report.glossary.values(),
        *(figure.said for figure in report.figures),
        *(fact for facts in report.making.values() for fact in facts.values()),
    ):
        assert said in text
    assert content_hash(report.to_json()) in text


def test_html__runs_nothing_and_fetches_nothing(report: Report) -> None:
    page = Page(html(report).decode())
    assert {tag for tag, _ in page.tags} & {
        "script",
        "iframe",
        "object",
        "embed",
        "link",
        "a",
    } == set()
    assert not [name for _, attrs in page.tags for name in attrs if name.startswith(EVENTS)]
    fetched = [
        attrs[name] or "" for _, attrs in page.tags for name in ("src", "href") if name in attrs
    ]
    assert all(address.startswith("data:image/svg+xml;base64,") for address in fetched)
    (policy,) = (attrs["content"] for tag, attrs in page.tags if attrs.get("http-equiv"))
    assert policy is not None
    assert policy.startswith("default-src 'none'")


def test_html__a_chart_that_was_drawn_elsewhere_is_an_image(
    reported: Home, subjects: dict[str, str]
) -> None:
    text = html(report_of(reported, subjects["protocol"])).decode()
    assert base64.b64encode(SVG.encode()).decode() in text
    assert SVG not in text


def test_html__has_a_chart_for_each_kind_of_evidence(report: Report) -> None:
    page = Page(html(report).decode())
    drawn = [tag for tag, attrs in page.tags if tag == "img" or attrs.get("role") == "img"]
    assert len(drawn) == len(report.charts) >= 1
    assert all(
        attrs.get("aria-label") or attrs.get("alt")
        for _, attrs in page.tags
        if attrs.get("role") == "img"
    )


def test_content_hash__is_the_same_in_every_form(report: Report) -> None:
    written = json.loads(as_json(report) + b"}")
    assert written["content"] == content_hash(report.to_json()) == content_hash(written["report"])
    assert written["content"] in html(report).decode()


def test_reports__of_the_same_home_are_the_same_bytes(
    reported: Home, subjects: dict[str, str]
) -> None:
    for kind in KINDS:
        first, second = (report_of(reported, subjects[kind]) for _ in range(2))
        assert (html(first), pdf(first)) == (html(second), pdf(second))


def test_pdf__is_tagged_and_runs_nothing(report: Report) -> None:
    written = pdf(report)
    assert written.startswith(b"%PDF-")
    assert b"StructTreeRoot" in written
    assert b"/JavaScript" not in written
    assert b"/URI" not in written


def test_html_and_pdf__text_from_outside_is_text(reported: Home, subjects: dict[str, str]) -> None:
    report = report_of(reported, subjects["image"])
    hostile = replace(report, question=HOSTILE, making={HOSTILE: {HOSTILE: HOSTILE}})
    written = "".join(Page(html(hostile).decode()).text)
    shown = HOSTILE.replace("\u202e\u0000\ud800", r"\u202e\u0000\ud800")
    assert written.count(shown) >= 4
    assert pdf(hostile).startswith(
        b"%PDF-"
    )  # neither fails nor reads a file: the image would be missing


def test_html__a_name_that_turns_the_writing_is_shown_by_its_numbers(
    reported: Home, subjects: dict[str, str]
) -> None:
    named = replace(report_of(reported, subjects["image"]), question="photo\u202egnp.exe")
    assert "photo\\u202egnp.exe" in html(named).decode()
    assert "\u202e" not in html(named).decode()
