"""The method in one page, with its limits, for a lawyer and for a researcher.

Its text is in ``method.md``; the tiers are those of ``mintcore.verdicts``.
"""

import re
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import streamlit as st

from dashboard.wording import tier_headline
from mintcore.verdicts import (
    BLIND_AUC_CAP,
    FALSE_DISCOVERY_RATE,
    MEANING,
    MODERATE_FROM,
    STRONG_FROM,
    Tier,
)

_TEXT = Path(__file__).with_name("method.md").read_text(encoding="utf-8")
_DIAGRAM = """
flowchart TB
    I["members (in the training set) and externals (same source, not in it)"]
    I --> A["the audited model: what it computes inside, at one layer"]
    I --> F["what cannot know the members: fresh weights, a reference model, raw pixels"]
    A --> N["auditor"]
    F --> B["blind baselines"]
    N --> V["advantage: AUC of the auditor minus that of the best baseline, on held-out images"]
    B --> V
"""
_DIAGRAM_ALT = (
    "Members and externals go through the audited model to the auditor, and through what cannot know the members to "
    "the blind baselines; the advantage is the difference of their AUCs on held-out images."
)


def method() -> None:
    """Write the page."""
    drawn: dict[str, Callable[[], object]] = {
        "How is an auditor made?": lambda: st.mermaid_chart(_DIAGRAM, alt=_DIAGRAM_ALT),
        "What do the findings mean?": lambda: st.table(_tiers()),
    }
    for title, text in sections().items():
        st.subheader(title, anchor=False)
        st.markdown(text)
        if title in drawn:
            drawn[title]()


def sections() -> dict[str, str]:
    """Give the text by the headings of its sections."""
    text = _TEXT.format(rate=f"{FALSE_DISCOVERY_RATE:.0%}")
    parts = re.split(r"(?m)^## (.+)$", text)[1:]
    return {title: body.strip() for title, body in zip(parts[::2], parts[1::2], strict=True)}


def _tiers() -> pd.DataFrame:
    """Give each tier with when it is said and what it means."""
    when = {
        Tier.NO_EVIDENCE: "the auditor's AUC or its advantage is not clearly above chance",
        Tier.DATASET_SHIFT: f"a blind baseline is clearly above {BLIND_AUC_CAP:g}, or below {1 - BLIND_AUC_CAP:g}",
        Tier.WEAK: f"advantage below {MODERATE_FROM:g}",
        Tier.MODERATE: f"advantage from {MODERATE_FROM:g}",
        Tier.STRONG: f"advantage from {STRONG_FROM:g}",
    }
    rows = [
        {"finding": tier_headline(tier), "when": when[tier], "meaning": MEANING[tier]}
        for tier in Tier
    ]
    return pd.DataFrame(rows).set_index("finding")
