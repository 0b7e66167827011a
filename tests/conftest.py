"""No test fails for a busy machine: hypothesis gives up after 200 ms a case otherwise."""

import os

from hypothesis import settings

settings.register_profile("unhurried", settings.default, deadline=None)
settings.load_profile("unhurried")
# or every process that a test starts compiles all of PyTorch's modules again, three seconds each
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
