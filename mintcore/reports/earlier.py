"""What earlier versions wrote down less of than a report needs."""

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec

from mintcore.errors import MintError
from mintcore.reports.content import Report

_Given = ParamSpec("_Given")


def complete(write: Callable[_Given, Report]) -> Callable[_Given, Report]:
    """Let a report on cards that lack what it needs be refused in a sentence."""

    @wraps(write)
    def written(*args: _Given.args, **kwargs: _Given.kwargs) -> Report:
        try:
            return write(*args, **kwargs)
        except KeyError as error:
            raise MintError(
                f"An earlier version of MINT workbench made this, and did not write down {error}, which a report "
                "needs: make it again."
            ) from error

    return written
