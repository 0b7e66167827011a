"""Python and the packages that the program always needs: looked at by their metadata, whatever cannot be imported."""

import platform
from importlib.metadata import PackageNotFoundError, metadata, requires, version

from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

from mintcore.doctor.finding import Finding, failed, ok
from mintcore.licences import OWN


def python_version() -> Finding:
    """Compare Python's version with what the program asks for."""
    asked = str(metadata(OWN)["Requires-Python"])
    running = platform.python_version()
    if SpecifierSet(asked).contains(running, prereleases=True):
        return ok(f"{running}, {asked} is asked for")
    return failed(
        f"{running}, but {asked} is asked for", "Install the program with another Python."
    )


def packages() -> Finding:
    """Compare the versions of the packages with what the program asks for."""
    asked = requirements(OWN)
    wrong = [(each, found) for each in asked if not satisfies(each, found := installed(each.name))]
    if not wrong:
        return ok(f"{OWN} {version(OWN)} and the {len(asked)} packages it asks for")
    said = ", ".join(f"{each.name} {found or 'is missing'}" for each, found in wrong)
    wanted = " ".join(f"'{each.name}{each.specifier}'" for each, _ in wrong)
    return failed(said, f"Install what is asked for: pip install {wanted}")


def requirements(package: str, extra: str = "") -> list[Requirement]:
    """List what a package asks for on this machine, and with an extra what that adds."""
    asked = [Requirement(line) for line in requires(package) or ()]
    return [each for each in asked if not each.marker or each.marker.evaluate({"extra": extra})]


def installed(name: str) -> str | None:
    """Give the version of a package; None where it is missing."""
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def satisfies(asked: Requirement, found: str | None) -> bool:
    """Tell whether a version is one that is asked for."""
    return found is not None and asked.specifier.contains(found, prereleases=True)
