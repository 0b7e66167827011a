"""The machine and the versions of what runs on it."""

import platform

import pandas as pd
import streamlit as st

from dashboard.parts.figures import Figure, show_figures
from dashboard.wording import plain, size
from mintcore.licences import OWN, Package, installed_packages
from mintcore.machine import driver_gpus, this_machine
from mintcore.versions import own_version


def machine() -> None:
    """Show processor, memory and GPUs."""
    st.subheader("Where does it run?", anchor=False)
    found = this_machine()
    driver = _driver_gpus()
    show_figures(
        [
            Figure(
                "CPU cores", f"{found.cores:,}", "usable here", "Cores that this process may use."
            ),
            Figure(
                "Memory",
                size(found.memory_bytes),
                f"{size(found.free_memory_bytes)} free",
                "Of the machine, or of the container it runs in.",
            ),
            Figure(
                "GPUs",
                f"{len(driver or ()):,}",
                "told by the driver" if driver is not None else "no NVIDIA driver",
                "As NVIDIA's driver tells; PyTorch is not loaded for it.",
            ),
        ]
    )
    st.caption(plain(f"{found.cpu}, {found.system}. Jobs take a GPU where one is, else the CPU."))
    for gpu in driver or ():
        st.caption(plain(gpu))


def versions() -> None:
    """List the versions of the program and of what it asks for."""
    st.subheader("Which versions?", anchor=False)
    rows = [(OWN, own_version()), ("python", platform.python_version())]
    rows += [(package.name, package.version) for package in packages() if package.direct]
    st.dataframe(
        pd.DataFrame(rows, columns=["package", "version"]),
        hide_index=True,
        alt="Versions of the program, of Python and of the packages it asks for.",
    )


@st.cache_resource(show_spinner="Reading what is installed ...")
def packages() -> list[Package]:
    """List the installed packages; they do not change while the program runs."""
    return installed_packages()


@st.cache_resource(show_spinner=False)
def _driver_gpus() -> list[str] | None:
    return driver_gpus()
