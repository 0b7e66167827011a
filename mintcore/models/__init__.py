"""Audited models: architectures, weights, preprocessing, registration and taps."""
