"""``python -m tests.fuzzing TARGET --minutes 10``: fuzz one door, and keep the inputs that make it fail."""

import argparse
import logging
import multiprocessing
import os
import tempfile
import warnings
from multiprocessing.connection import Connection
from pathlib import Path

import typer

from .campaign import Tally, keep_input, kept_inputs, run
from .targets import TARGETS


def main() -> int:
    """Run a target in a process of its own, which a crash may end, and say what came of it."""
    parser = argparse.ArgumentParser("python -m tests.fuzzing")
    parser.add_argument("target", choices=sorted(TARGETS))
    parser.add_argument("--minutes", type=float, default=10.0)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        current = Path(folder) / "current"
        receiver, sender = multiprocessing.Pipe(duplex=False)
        child = multiprocessing.get_context("fork").Process(
            target=_inside, args=(given.target, 60 * given.minutes, current, sender)
        )
        child.start()
        sender.close()
        try:
            tally = receiver.recv()
        except EOFError:
            child.join()
            kept = keep_input(given.target, current.read_bytes())
            errors = current.with_name("errors").read_text(encoding="utf-8", errors="replace")
            typer.echo(
                f"{errors[-4000:]}\n{given.target}: the process ended with {child.exitcode} on {kept}"
            )
            return 1
        child.join()
    _say(given.target, given.minutes, tally)
    return int(bool(tally.failures))


def _inside(name: str, seconds: float, current: Path, sender: Connection) -> None:
    with current.with_name("errors").open(
        "wb"
    ) as errors:  # the libraries in C say there what is wrong with each
        os.dup2(errors.fileno(), 2)
    warnings.simplefilter("ignore")
    logging.disable()
    tally = Tally()
    run(name, seconds, current, tally)
    sender.send(tally)


def _say(name: str, minutes: float, tally: Tally) -> None:
    refused = sum(n for outcome, n in tally.outcomes.items() if outcome.startswith("refused"))
    typer.echo(
        f"{name}: run for {minutes:g} minutes, {tally.executions:,} executions, {len(tally.outcomes):,} distinct "
        f"outcomes, {refused:,} refused in a sentence, {len(tally.failures)} failures, "
        f"{len(kept_inputs(name))} inputs kept"
    )
    for cause, file in tally.failures.items():
        typer.echo(f"  {cause}: {file}")


if __name__ == "__main__":
    raise SystemExit(main())
