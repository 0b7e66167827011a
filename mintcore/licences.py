"""The packages that the program runs with, their versions and their licences, from their own metadata."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from email.message import Message
from importlib.metadata import Distribution, PackageNotFoundError, distribution

OWN = "mint-workbench"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_LONGEST = 80
"""A longer licence field holds the licence's text, not its name."""


@dataclass(frozen=True)
class Package:
    """One installed package.

    Attributes:
        name: Its name.
        version: Its version.
        licence: What it says of its licence.
        direct: Whether the program asks for it itself; the others are asked for by those.
    """

    name: str
    version: str
    licence: str
    direct: bool


def installed_packages() -> list[Package]:
    """List the program itself, the packages it asks for, and what these ask for, as far as they are installed."""
    own = distribution(OWN)
    direct = {_normal(name) for name in _required(own)}
    found = {_normal(OWN): own}
    waiting = [own]
    while waiting:
        for name in _required(waiting.pop()):
            if _normal(name) in found:
                continue
            try:
                found[_normal(name)] = distribution(name)
            except PackageNotFoundError:  # for another system, or another Python
                continue
            waiting.append(found[_normal(name)])
    return [
        Package(each.name, each.version, _licence(each), name in direct)
        for name, each in sorted(found.items(), key=lambda item: (item[0] not in direct, item[0]))
        if name != _normal(OWN)
    ]


def own_licence() -> str:
    """Give the program's own licence."""
    return _licence(distribution(OWN))


def _required(package: Distribution) -> Iterator[str]:
    """List what a package needs in any case; what it can do with more is left out."""
    for line in package.requires or ():
        match = _NAME.match(line)
        if match and "extra ==" not in line:
            yield match.group()


def _licence(package: Distribution) -> str:
    """Say the licence as the package does: an expression, a name, classifiers, or the files that have it."""
    told: Message = package.metadata  # type: ignore[assignment]
    named = told.get("License-Expression") or told.get("License") or ""
    if named and len(named) <= _LONGEST and "\n" not in named:
        return str(named)
    listed = [str(each) for each in told.get_all("Classifier") or ()]
    classifiers = [
        each.rpartition("::")[2].strip() for each in listed if each.startswith("License ::")
    ]
    if classifiers:
        return ", ".join(classifiers)
    if len(named) > _LONGEST and " AND " in named:
        return str(named)
    files = told.get_all("License-File") or ()
    return f"see its file {files[0]}" if files else "not stated in its metadata"


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
