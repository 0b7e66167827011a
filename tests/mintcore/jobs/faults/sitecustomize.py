"""Python imports this at start-up where the folder is on its path: in a job's process, things go wrong."""

import sys

if "mintcore.jobs.process" in sys.orig_argv:
    import disturbances  # noqa: F401
