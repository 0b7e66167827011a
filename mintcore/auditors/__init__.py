"""Auditors: the MINT models. One module a kind; fitting and scoring are the same for all."""

from mintcore.models.layers import MAP, POOLED, SIGNALS_VIEW

KIND_VIEWS = {"linear": POOLED, "vanilla": POOLED, "cnn": MAP, "queries": SIGNALS_VIEW}
"""Kind of network -> the view of a layer that it is made for."""
FUSED = "fused"
"""The kind of an auditor that reads several sources, each with a network of its own."""
JOINT = "joint"
"""The kind of an auditor that reads several sources with one network."""
OF_SEVERAL = (JOINT, FUSED)
"""The kinds that read several sources."""
AUDITOR_KINDS = (*KIND_VIEWS, *OF_SEVERAL)
