"""Run a trial of the lab notebook and print its table.

    python -m benchmarks.trials NAME [NAME ...] --data FOLDER [--cache FOLDER]

FOLDER holds ``cifar10`` and ``weights``. All that the model computes is kept in the cache; from nothing, that is 79
views of 12,900 images, some 20 minutes on two quiet cores, and half a gigabyte.
"""

import argparse
from pathlib import Path

import numpy as np
import torch

from benchmarks.shared_data import SHARED
from benchmarks.trials.lab import Lab
from benchmarks.trials.trials import TRIALS, Row
from mintcore.evaluation.intervals import auc_interval
from mintcore.evaluation.roc import auc, rate_at_fpr


def main() -> None:
    """Print the tables asked for."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.trials", description=__doc__)
    parser.add_argument("names", nargs="+", choices=TRIALS, metavar="NAME", help=", ".join(TRIALS))
    parser.add_argument("--data", type=Path, default=SHARED, help="where cifar10 and weights are")
    parser.add_argument("--cache", type=Path, default=Path("trials-cache"), help="what is kept")
    parser.add_argument("--threads", type=int, default=2, help="of torch")
    asked = parser.parse_args()
    torch.set_num_threads(asked.threads)
    lab = Lab(asked.data, asked.cache)
    for name in asked.names:
        print(f"\n{name}\n\n| what | AUC | TPR at 1% FPR | TPR at 0.1% FPR |")
        print("| --- | --- | --- | --- |")
        for row in TRIALS[name](lab):
            print(_line(row), flush=True)


def _line(row: Row) -> str:
    what, scores, is_member = row
    members, externals = scores[is_member], scores[~is_member]
    low, high = auc_interval(members, externals)
    rates = [_rate(members, externals, fpr) for fpr in (0.01, 0.001)]
    return f"| {what} | {_short(auc(members, externals))} [{_short(low)}, {_short(high)}] | {' | '.join(rates)} |"


def _rate(members: np.ndarray, externals: np.ndarray, fpr: float) -> str:
    rate = rate_at_fpr(members, externals, fpr)
    if rate is None:
        return "not measurable"
    low, high = rate.tpr_ci
    return f"{rate.tpr:.2%} [{low:.2%}, {high:.2%}]"


def _short(share: float) -> str:
    return f"{share:.3f}".lstrip("0")


if __name__ == "__main__":
    main()
