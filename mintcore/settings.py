"""The settings that come from environment variables: what each is called, is by default, and is for.

The command line, the dashboard and the worker read them where they need them; the page *Settings and about* lists them.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from mintcore.errors import MintError
from store import cache_limit

DEFAULT_HOME = Path("mint-home")


@dataclass(frozen=True)
class Setting:
    """One environment variable that the program reads.

    Attributes:
        name: Its name.
        default: What holds where it is not set; empty for nothing.
        help: What it is for, one line.
    """

    name: str
    default: str
    help: str


HOME = Setting(
    "MINT_HOME", str(DEFAULT_HOME), "Folder that holds all artefacts, where --home is not given."
)
DATA_ROOTS = Setting(
    "MINT_DATA_ROOTS",
    "",
    "Folders below which a browser may choose one, separated like PATH; with none, no folder can be chosen.",
)
LOGIN = Setting(
    "MINT_LOGIN",
    "",
    "File with the OpenID Connect login of the dashboard, where --login is not given; with none, nobody signs in.",
)
OPERATORS = Setting(
    "MINT_OPERATORS",
    "",
    "Who may change something on a dashboard with login: e-mail addresses, @domain or *, separated by commas.",
)
VIEWERS = Setting("MINT_VIEWERS", "", "Who may look at a dashboard with login, in the same way.")
IMAGE_MIB = Setting(
    "MINT_IMAGE_MIB", "64", "Largest file of an image in MiB; a larger one is kept aside unread."
)
IMAGE_MPIXELS = Setting(
    "MINT_IMAGE_MPIXELS",
    "50",
    "Most pixels of an image in millions; one with more is kept aside before it is decoded.",
)
UPLOAD_MIB = Setting(
    "MINT_UPLOAD_MIB",
    "500",
    "Largest zip, manifest or file of weights in MiB that a browser may upload; memory holds it meanwhile.",
)
ZIP_ENTRIES = Setting(
    "MINT_ZIP_ENTRIES",
    "1000000",
    "Most entries of a zip of images, of which each takes about 700 bytes of memory.",
)
STORES = Setting(
    "MINT_STORES",
    "",
    "Where new feature stores are made, as s3://BUCKET/PREFIX; with none, in the home folder.",
)
CACHE = Setting(
    cache_limit.VARIABLE,
    str(cache_limit.DEFAULT_MIB),
    "MiB of the home folder's disk for what was read from stores on object storage; 0 keeps nothing.",
)
RAY = Setting(
    "MINT_RAY",
    "",
    "Where work is spread, where --ray is not given: local, local:N, or the address of a Ray cluster.",
)
JOBS_AT_ONCE = Setting("MINT_JOBS_AT_ONCE", "1", "Heavy jobs that run at once on a device.")
JOBS_QUEUED = Setting("MINT_JOBS_QUEUED", "200", "Jobs that may wait.")
JOBS_FREE_DISK = Setting(
    "MINT_JOBS_FREE_DISK_MIB",
    "512",
    "MiB that must be free on the home folder's disk before a job begins.",
)
JOBS_FREE_MEMORY = Setting(
    "MINT_JOBS_FREE_MEMORY_MIB",
    "512",
    "MiB of memory that must be free, the machine's or the container's, before a job begins.",
)
JOBS_LOG = Setting(
    "MINT_JOBS_LOG_MIB", "8", "Longest log of a job in MiB; its older half is dropped then."
)
DEBUG = Setting(
    "MINT_DEBUG", "", "Set to 1, commands show where an error was, as `mint --debug` does."
)
VISIBLE_GPUS = Setting(
    "CUDA_VISIBLE_DEVICES", "", "GPUs that jobs may use; set but empty, everything runs on the CPU."
)

SETTINGS = (
    HOME,
    DATA_ROOTS,
    LOGIN,
    OPERATORS,
    VIEWERS,
    IMAGE_MIB,
    IMAGE_MPIXELS,
    UPLOAD_MIB,
    ZIP_ENTRIES,
    STORES,
    CACHE,
    RAY,
    JOBS_AT_ONCE,
    JOBS_QUEUED,
    JOBS_FREE_DISK,
    JOBS_FREE_MEMORY,
    JOBS_LOG,
    DEBUG,
    VISIBLE_GPUS,
)

HOME_VARIABLE = HOME.name
"""Environment variable that names the home folder."""

_MOST_DIGITS = 15


def whole_number(
    setting: Setting, environment: Mapping[str, str] = os.environ, *, least: int = 1
) -> int:
    """Read a setting that is a whole number.

    Args:
        setting: The setting.
        environment: The environment variables.
        least: The lowest number that it can have.

    Raises:
        MintError: It is set to something else, or to less.
    """
    given = environment.get(setting.name, setting.default)
    plain = given.isascii() and given.isdecimal() and len(given) <= _MOST_DIGITS
    if not plain or int(given) < least:
        raise MintError(f"{setting.name} is {given[:40]!r}: give a whole number from {least} on.")
    return int(given)
