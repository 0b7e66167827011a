"""What runs in a worker's process."""

import platform
from pathlib import Path
from typing import Any

from mintcore.cluster.tasks import Desk
from mintcore.errors import MintError
from mintcore.versions import own_version


class Hand:
    """One worker, a Ray actor. It keeps the desk of its last task.

    Args:
        device: "auto", "cpu", "cuda" or "cuda:N"; Ray shows each worker only the GPU that it has.
        threads: Processors that it has for itself.
    """

    def __init__(self, device: str, threads: int) -> None:
        import torch  # noqa: PLC0415 - in the worker, not where it is hired

        torch.set_num_threads(threads)
        self._device, self._threads = device, threads
        self._task: Any = None
        self._desk: Desk[Any, Any] | None = None

    def report(self, sign: str, version: str) -> None:
        """Make sure that this worker can do the driver's work.

        Args:
            sign: A file of the driver's home folder.
            version: The driver's version.

        Raises:
            MintError: The file is not there, or this is another version.
        """
        if own_version() != version:
            raise MintError(
                f"MINT workbench has version {own_version()} on {platform.node()}, but {version} here: install the "
                "same on all machines of the cluster."
            )
        if not Path(sign).exists():
            raise MintError(
                f"{platform.node()} does not see the home folder {Path(sign).parent.parent}: put it on a file system "
                "that all machines of the cluster have under the same path."
            )

    def make(self, task: list[Any], piece: Any) -> Any:
        """Do one piece of a task.

        Args:
            task: One reference, to where Ray keeps the task.
            piece: The piece.
        """
        import ray  # noqa: PLC0415

        if self._desk is None or task[0] != self._task:
            self._desk = None  # the last one's memory is free before the next is made
            self._desk = ray.get(task[0]).begin(self._device, self._threads)
            self._task = task[0]
        return self._desk.make(piece)
