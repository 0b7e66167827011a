"""Read the program of a registered model."""

from pathlib import Path

from mintcore.errors import MintError
from mintcore.models.programs.graph import Program, parse_program


def read_program(file: Path) -> Program:
    """Read what registration kept of a ``torch.export`` program.

    Raises:
        MintError: The file is gone or damaged.
    """
    try:
        return parse_program(file.read_bytes())
    except (OSError, KeyError, TypeError, ValueError, AttributeError) as error:
        raise MintError(
            f"{file} is not a readable program ({error}): restore the model's folder."
        ) from error
