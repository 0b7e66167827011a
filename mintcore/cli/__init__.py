"""The ``mint`` command: a thin shell over the engine."""

from mintcore.cli.program import main

__all__ = ["main"]
