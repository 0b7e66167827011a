"""Run all benchmarks, each in a process of its own, and print one table.

    python -m benchmarks [--only NAME,...] [--data FOLDER] [--device DEVICE] [--json FILE] [--compare FILE]
    python -m benchmarks --table FILE

It takes less than 20 minutes on two quiet cores, for which some benchmarks measure less than on their own. Only
ratios and aims count: a ratio that fell by more than the benchmark's noise is called slower, figures in seconds or
bytes are not compared. The exit code is 1 where a benchmark failed, not where an aim was missed.
"""

import argparse
import os
import re
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

from benchmarks.catalogue import BENCHMARKS, CPU, Benchmark, Given
from benchmarks.full_table import page, report
from benchmarks.outcomes import FAILED, read_run, write_run
from benchmarks.running import run_all
from benchmarks.shared_data import SHARED
from mintcore.errors import MintError

COMMITTED = Path(__file__).with_name("results") / "all.json"
LAST = Path(__file__).with_name("last.json")
"""Of the last run; not committed."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run as the command line asks; give the exit code."""
    parser = _parser()
    asked = parser.parse_args(arguments)
    try:
        if asked.table:
            print(page(read_run(asked.table)))
            return 0
        return _run(asked)
    except MintError as error:
        parser.error(str(error))
    except KeyboardInterrupt:
        print("Stopped: nothing is written.", file=sys.stderr)
        return 130


def _run(asked: argparse.Namespace) -> int:
    folder = asked.json.parent
    if asked.json.is_dir() or not os.access(folder, os.W_OK):
        raise MintError(f"{asked.json} cannot be written: give --json a file in a folder of yours.")
    compared_with = asked.compare or (COMMITTED if COMMITTED.is_file() else None)
    earlier = read_run(compared_with) if compared_with else None
    run = run_all(asked.only, Given(asked.data, asked.device), lambda line: print(line, flush=True))
    print("\n" + "\n\n".join(report(run, earlier, compared_with)), flush=True)
    write_run(asked.json, run)
    print(f"\nWritten to {asked.json}.")
    return 1 if run.count(FAILED) else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    names = ", ".join(benchmark.name for benchmark in BENCHMARKS)
    parser.add_argument(
        "--only", type=_chosen, default=BENCHMARKS, metavar="NAME,...", help=f"some of {names}"
    )
    parser.add_argument(
        "--data", type=Path, default=SHARED, help="folder of real images and weights"
    )
    parser.add_argument(
        "--device", type=_device, default=CPU, help="where models run: cpu, cuda or cuda:N"
    )
    parser.add_argument(
        "--json", type=Path, default=LAST, help=f"where figures are written ({LAST.name})"
    )
    parser.add_argument(
        "--compare", type=Path, metavar="FILE", help="an earlier run (results/all.json)"
    )
    parser.add_argument(
        "--table", type=Path, metavar="FILE", help="run nothing: print an earlier run as a page"
    )
    return parser


def _chosen(words: str) -> list[Benchmark]:
    known = {benchmark.name: benchmark for benchmark in BENCHMARKS}
    names = list(dict.fromkeys(words.split(",")))
    unknown = [name for name in names if name not in known]
    if unknown:
        raise argparse.ArgumentTypeError(
            f"there is no benchmark {unknown[0]!r}; there are {', '.join(known)}"
        )
    return [known[name] for name in names]


def _device(name: str) -> str:
    if not re.fullmatch(r"cpu|cuda(:\d+)?", name):
        raise argparse.ArgumentTypeError(f"{name!r} is not a device: use cpu, cuda or cuda:N")
    return name


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # ends as Ctrl-C does
    sys.exit(main())
