"""Fuzzing of the doors by which data of others comes in: ``python -m tests.fuzzing TARGET --minutes 10``."""
