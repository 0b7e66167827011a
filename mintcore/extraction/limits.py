"""How many queries of an image a store can keep. Needs no torch."""

MAX_QUERIES = 64
"""Flipped and shifted queries that ``mintcore.extraction.queries`` has."""
MAX_STRESSES = 15
"""Stressed queries that ``mintcore.extraction.stresses`` has."""
