"""The lines of a protocol's table as marks of its chart."""

from collections.abc import Sequence

from mintcore.interval_chart import BEST_BLIND, METHOD, OURS, Mark
from mintcore.protocols.tables import AUDITOR, REFUSED, Row


def marks_of(group: str, rows: Sequence[Row]) -> list[Mark]:
    """Give the marks of some lines of a table: an auditor with its best blind baseline, or a method alone."""
    marks = []
    for line in rows:
        if line["role"] == REFUSED:
            continue
        label, ours = line["what"], line["role"] == AUDITOR
        series = OURS if ours else METHOD
        marks.append(Mark(group, label, series, line["auc"], line["auc_low"], line["auc_high"]))
        if ours:
            blind = (line["blind_auc"], line["blind_low"], line["blind_high"])
            marks.append(Mark(group, label, BEST_BLIND, *blind))
    return marks
