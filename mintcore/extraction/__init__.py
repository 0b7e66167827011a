"""Extraction: run the audited model over images and keep what it computes inside."""
