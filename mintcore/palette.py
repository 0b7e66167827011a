"""Colours: Okabe and Ito (2008), which stay apart in every kind of colour blindness, on white and on black.

One meaning, one colour, on every page and in every report.
"""

MEMBER = "#D55E00"
EXTERNAL = "#0072B2"
AUDITED = "#009E73"
AUDITOR = "#CC79A7"
BLIND = "#8C8C8C"
"""Grey: not one of theirs, but it is what everything else is measured against."""

SERIES = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00")
"""For things that have no colour of their own, such as layers."""

REFERENCE_LINE = "#8C8C8C"

PAPER = "#F6F4F5"
"""Where a tile of a heat map has nothing to show; with ink on it, in both themes."""
INK = "#1A1A1A"
"""Writing on tiles"""
