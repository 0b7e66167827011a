"""The versions an artefact was made with."""

import platform
from importlib.metadata import version

PACKAGES = ("mint-workbench", "torch", "torchvision", "numpy", "zarr", "duckdb", "scikit-learn")


def versions() -> dict[str, str]:
    """Give the versions of Python and of the packages that a result depends on."""
    return {"python": platform.python_version(), **{name: version(name) for name in PACKAGES}}


def own_version() -> str:
    """Give the version of MINT workbench itself."""
    return version("mint-workbench")
