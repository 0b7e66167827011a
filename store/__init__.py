"""The feature store: Zarr arrays, a DuckDB index over Parquet segments, and artefact folders.

This room knows numpy, zarr, duckdb and pyarrow. It never imports torch, nor the rooms above it.
"""
