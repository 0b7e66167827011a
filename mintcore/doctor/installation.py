"""What is installed beside the packages that are always needed: extras, pages, image formats, fonts."""

import shutil
import subprocess

from PIL import features

from mintcore.doctor.finding import Finding, failed, ok, warning
from mintcore.doctor.requirements import installed, requirements, satisfies
from mintcore.licences import OWN
from mintcore.serving import DASHBOARD

EXTRAS = {
    "login": "mint dashboard --login",
    "ray": "work that is spread over workers",
    "s3": "stores on object storage",
    "timm": "audited models by the name timm:NAME",
    "tune": "mint train --tune",
}
"""Extra of the package -> what it is for."""
_FORMATS = {"webp": "WebP", "avif": "AVIF"}
_SCRIPTS = {
    "Chinese": "4e2d",
    "Japanese": "3042",
    "Korean": "d55c",
    "Arabic": "0639",
    "Hebrew": "05d0",
    "Devanagari": "0915",
    "Thai": "0e01",
}
"""Script that the fonts which come with the program do not have -> a character of it, hexadecimal."""
_FONT_LIST = "fc-list"
_FONT_LIST_TIMEOUT_S = 20
_FONTS = "Install fonts that have them, such as Noto (Debian: fonts-noto-core, fonts-noto-cjk)."


def extras() -> Finding:
    """Say which optional packages are there."""
    states = {extra: _is_there(extra) for extra in EXTRAS}
    said = [
        f"{extra} ({purpose}) {'is there' if states[extra] else 'is not there'}"
        for extra, purpose in EXTRAS.items()
    ]
    return ok(
        "; ".join(said),
        "" if all(states.values()) else f"If you want them: pip install '{OWN}[EXTRA]'",
    )


def pages() -> Finding:
    """Look for the dashboard's script and its settings."""
    settings = [folder / ".streamlit" / "config.toml" for folder in DASHBOARD.parents[:2]]
    if DASHBOARD.is_file() and any(file.is_file() for file in settings):
        return ok("the dashboard's pages and their settings are there")
    return failed(
        f"{DASHBOARD} or its settings are missing",
        f"Install the program again: pip install --force-reinstall --no-deps {OWN}",
    )


def image_formats() -> Finding:
    """Ask Pillow for the formats that not every build of it has."""
    missing = [name for feature, name in _FORMATS.items() if not features.check(feature)]
    if not missing:
        return ok(f"JPEG, PNG, {', '.join(_FORMATS.values())} and others")
    return warning(
        f"images in {' and '.join(missing)} cannot be read",
        "Install Pillow from its wheel: pip install --force-reinstall --only-binary :all: pillow",
    )


def fonts() -> Finding:
    """Ask the system which scripts its fonts have: those beyond Latin, Greek and Cyrillic come from it alone."""
    missing = scripts_without_font()
    own = "Latin, Greek and Cyrillic"
    if missing is None:
        return warning(
            f"{own}; whether PDF reports can show others is not known, since {_FONT_LIST} does not answer",
            f"Install fontconfig to have it checked. {_FONTS}",
        )
    if missing:
        return warning(f"{own}; PDF reports cannot show {', '.join(missing)}", _FONTS)
    return ok(f"{own}, {', '.join(_SCRIPTS)}")


def scripts_without_font() -> list[str] | None:
    """List the scripts of which no font of the system has a letter; None where that cannot be asked."""
    program = shutil.which(_FONT_LIST)
    if program is None:
        return None
    try:
        return [script for script, letter in _SCRIPTS.items() if not _families(program, letter)]
    except (OSError, subprocess.SubprocessError):
        return None


def _families(program: str, letter: str) -> str:
    said = subprocess.run(  # noqa: S603 - a fixed command
        [program, f":charset={letter}", "family"],
        capture_output=True,
        timeout=_FONT_LIST_TIMEOUT_S,
        check=True,
    )
    return said.stdout.decode(errors="replace").strip()


def _is_there(extra: str) -> bool:
    """Tell whether an extra is installed, with the extras of packages that it asks for, such as streamlit[auth]."""
    asked = requirements(OWN, extra)
    asked += [
        further
        for each in asked
        for name in each.extras
        for further in requirements(each.name, name)
    ]
    return all(satisfies(each, installed(each.name)) for each in asked)
