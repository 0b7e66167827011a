"""What is with the home folder: may it be written, do locks hold there, are its cards whole, does a worker work."""

import fcntl
import os
import pwd
import tempfile
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import get_args

from mintcore import settings
from mintcore.access import ACCESS_VARIABLE, read_lists
from mintcore.counted import counted
from mintcore.doctor.finding import Finding, failed, ok, warning
from mintcore.doctor.hardware import nearest
from mintcore.errors import MintError
from mintcore.image_limits import image_limits
from mintcore.jobs.children import PARENT_VARIABLE
from mintcore.jobs.folder import job_folders
from mintcore.jobs.limits import read_limits
from mintcore.jobs.worker import is_served
from store.artefacts import Home, Kind, read_card
from store.errors import StoreError

_ANOTHER = f"choose another with --home or {settings.HOME.name}"
_OWN_VARIABLES = (PARENT_VARIABLE, ACCESS_VARIABLE)
"""What the program's processes tell each other."""
_SHOWN = 3


def values_of_settings(environment: Mapping[str, str] = os.environ) -> Finding:
    """Check the settings that come from environment variables."""
    try:
        for read in (read_limits, read_lists, image_limits):
            read(environment)
        for setting in (settings.UPLOAD_MIB, settings.ZIP_ENTRIES):
            settings.whole_number(setting, environment)
        settings.whole_number(settings.CACHE, environment, least=0)
    except MintError as error:
        return failed(str(error), "Set it anew, or unset it.")
    known = {each.name for each in settings.SETTINGS}
    unknown = sorted(
        name
        for name in environment
        if name.startswith("MINT_") and name not in {*known, *_OWN_VARIABLES}
    )
    roots = [
        root for root in environment.get(settings.DATA_ROOTS.name, "").split(os.pathsep) if root
    ]
    missing = [root for root in roots if not Path(root).is_dir()]
    if missing:
        return warning(
            f"{settings.DATA_ROOTS.name} names {', '.join(missing)}, which is no folder",
            "Set it anew.",
        )
    if unknown:
        return warning(
            f"{', '.join(unknown)}: no setting is called so",
            "See the page Settings and about for all of them.",
        )
    given = sorted(known & environment.keys())
    return ok(", ".join(given) if given else "all as they are by default")


def object_storage(environment: Mapping[str, str] = os.environ) -> Finding:
    """Ask the object storage on which new stores are made, where there is one."""
    place = environment.get(settings.STORES.name, "").rstrip("/")
    if not place:
        return ok("not used: stores are made in the home folder")
    from store.shelves import is_settled  # noqa: PLC0415 - imports zarr

    try:
        is_settled(f"{place}/mint-doctor")
    except StoreError as error:
        return failed(str(error), f"Mend that, or unset {settings.STORES.name}.")
    return ok(f"{place} answers")


def write_access(home: Path) -> Finding:
    """Try whether the home folder can be written, or made."""
    if not os.path.exists(home):  # Path.exists raises where a folder above is shut
        above = nearest(home)
        if above.is_dir() and os.access(above, os.W_OK | os.X_OK):
            return ok(f"{home.absolute()} is not there yet, and will be made")
        return failed(
            f"{home.absolute()} is not there and cannot be made in {above}",
            f"Make it, or {_ANOTHER}.",
        )
    if not home.is_dir():
        return failed(f"{home.absolute()} is not a folder", f"Move it away, or {_ANOTHER}.")
    try:
        with tempfile.TemporaryFile(dir=home) as file:
            file.write(b"mint")
            file.flush()
    except OSError as error:
        said = (
            f"{home.absolute()} cannot be written ({error.strerror}); it belongs to {_owner(home)}"
        )
        return failed(said, f"Get access: chown or chmod, or mount it for writing; or {_ANOTHER}.")
    shut = [each.name for each in sorted(home.iterdir()) if not os.access(each, os.R_OK | os.W_OK)]
    if shut:
        return failed(
            f"{', '.join(shut[:_SHOWN])} in {home.absolute()} cannot be written; "
            f"{shut[0]} belongs to {_owner(home / shut[0])}",
            f"Get access to all of it: chown -R or chmod -R; or {_ANOTHER}.",
        )
    return ok(f"{home.absolute()} can be written")


def locks(home: Path) -> Finding:
    """Try whether two cannot hold one lock in the home folder: network disks may let them."""
    place = nearest(home)
    if not os.access(place, os.W_OK):
        return warning(f"not tried, since {place} cannot be written", "See the home folder.")
    try:
        with tempfile.NamedTemporaryFile(dir=place) as first, Path(first.name).open("rb") as second:
            fcntl.flock(first, fcntl.LOCK_EX | fcntl.LOCK_NB)
            try:
                fcntl.flock(second, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return ok(f"one at a time, in {place}")
    except OSError as error:
        return failed(
            f"files in {place} cannot be locked ({error.strerror})",
            "Keep the home folder on a local disk or a network disk with locks (NFS 4).",
        )
    return failed(
        f"two can hold one lock in {place}: two programs would write at once",
        "Keep the home folder on a local disk or a network disk with locks (NFS 4).",
    )


def cards(home: Path) -> Finding:
    """Read the cards of all artefacts."""
    read: Counter[str] = Counter()
    wrong = []
    for kind in get_args(Kind):
        for file in sorted((home / kind).glob("*/card.json")):
            try:
                read_card(file.parent)
                read[kind] += 1
            except StoreError as error:
                wrong.append(str(error))
    if wrong:
        more = f" ... and {len(wrong) - _SHOWN} more" if len(wrong) > _SHOWN else ""
        return failed(
            f"{counted(len(wrong), 'card')} cannot be read",
            " ".join(wrong[:_SHOWN]) + more,
        )
    said = ", ".join(counted(count, kind.removesuffix("s")) for kind, count in read.items())
    return ok(said or "there are none yet")


def worker(home: Path) -> Finding:
    """Tell whether somebody works on the jobs that wait."""
    waiting, damaged = 0, []
    for folder in job_folders(Home(home)):
        try:
            waiting += folder.state().state in ("queued", "interrupted")
        except MintError as error:
            damaged.append(str(error))
    if damaged:
        return warning(f"{counted(len(damaged), 'job')} cannot be read", damaged[0])
    said = f"{counted(waiting, 'job')} waiting"
    if is_served(Home(home)):
        return ok(f"a worker works on the jobs, {said}")
    if waiting:
        return warning(
            f"{said}, and nobody works on them", "Start `mint dashboard` or `mint worker`."
        )
    return ok("no job waits; `mint dashboard` starts a worker")


def _owner(path: Path) -> str:
    try:
        user = path.stat().st_uid
        return "you" if user == os.geteuid() else pwd.getpwuid(user).pw_name
    except (OSError, KeyError):
        return "another"
