"""Run a module that ends with the process which started it.

``python -m mintcore.jobs.tethered MODULE ...`` is ``python -m MODULE ...`` otherwise.
"""

import os
import runpy
import signal
import sys

from mintcore.jobs.children import end_with_parent


def main() -> None:
    """Run the module named first on the command line with the arguments that follow."""
    end_with_parent(lambda: os.kill(os.getpid(), signal.SIGTERM))
    sys.argv = sys.argv[1:]
    runpy.run_module(sys.argv[0], run_name="__main__")


if __name__ == "__main__":
    main()
