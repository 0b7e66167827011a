"""Auditors: the MINT models. One module a kind; fitting and scoring are the same for all."""

from mintcore.models.layers import MAP, POOLED

KIND_VIEWS = {"linear": POOLED, "vanilla": POOLED, "cnn": MAP}
"""Auditor kind -> the view of a layer that it reads."""
