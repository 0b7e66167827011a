"""The feature store: Zarr arrays, a DuckDB index over Parquet segments, and artefact folders.

This room knows numpy, zarr, duckdb and pyarrow, and obstore where a store is on object storage. It never imports torch,
nor the rooms above it.
"""
