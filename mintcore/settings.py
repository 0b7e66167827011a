"""The settings that come from environment variables: what each is called, is by default, and is for.

The command line, the dashboard and the worker read them where they need them; the page *Settings and about* lists them.
"""

from dataclasses import dataclass
from pathlib import Path

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
