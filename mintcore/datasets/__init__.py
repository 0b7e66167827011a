"""Datasets: sources, registration, and reading images back."""
