"""All checks, one after the other; none keeps another from being made."""

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from mintcore.doctor import hardware, home_folder, installation, requirements
from mintcore.doctor.finding import Finding, failed

Check = Callable[[], Finding]


def checks(home: Path) -> dict[str, Check]:
    """List the checks by what they look at.

    Args:
        home: The home folder, which need not be there.
    """
    return {
        "Python": requirements.python_version,
        "packages": requirements.packages,
        "optional packages": installation.extras,
        "pages": installation.pages,
        "image formats": installation.image_formats,
        "fonts": installation.fonts,
        "processor": hardware.processor,
        "device": hardware.device,
        "memory": hardware.memory,
        "disk of the home folder": partial(hardware.home_disk, home),
        "temporary files": hardware.temporary_disk,
        "port": hardware.port,
        "settings": home_folder.values_of_settings,
        "object storage": home_folder.object_storage,
        "home folder": partial(home_folder.write_access, home),
        "locks": partial(home_folder.locks, home),
        "cards": partial(home_folder.cards, home),
        "worker": partial(home_folder.worker, home),
    }


def examine(home: Path) -> Iterator[tuple[str, Finding]]:
    """Make the checks, and give each one's name and finding as soon as it is known."""
    for name, check in checks(home).items():
        try:
            yield name, check()
        except (
            Exception
        ) as error:  # what breaks a check is itself a finding, and the next one may say why
            said = " ".join(str(error).split())
            yield (
                name,
                failed(
                    f"could not be checked ({type(error).__name__}: {said})",
                    "See the other findings first.",
                ),
            )
