"""No test fails for a busy machine: hypothesis gives up after 200 ms a case otherwise."""

from hypothesis import settings

settings.register_profile("unhurried", settings.default, deadline=None)
settings.load_profile("unhurried")
