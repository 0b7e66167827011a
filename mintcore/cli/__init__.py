"""The ``mint`` command: a thin shell over the engine."""

import sys

from mintcore.failures import BAD_INPUT, INTERRUPTED, report


def main() -> None:
    """Import the command and run it; where that cannot be, say what is missing."""
    try:
        from mintcore.cli.program import main as run
    except ImportError as error:
        report(error, lambda _: None)  # its traceback, where that is asked for
        _leave(f"{error}: the installation is not whole. {_mend()}", BAD_INPUT)
    except KeyboardInterrupt:
        _leave("stopped.", INTERRUPTED)
    run()


def _mend() -> str:
    try:
        from mintcore.doctor.requirements import packages

        mend = packages().mend
    except ImportError:
        mend = ""
    return mend or "Install it again: pip install --force-reinstall mint-workbench"


def _leave(sentence: str, code: int) -> None:
    print(f"mint: {sentence}", file=sys.stderr)  # noqa: T201 - what prints otherwise may be what is missing
    sys.exit(code)
