"""The engine: audited models, datasets, extraction, auditors, evaluation, audits, reports and jobs.

A script has it by ``import mintcore``: what ``__all__`` names is imported when it is first used, since PyTorch takes
seconds. docs/python.md has an example.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mintcore.datasets.registration import add_dataset
    from mintcore.errors import MintError
    from mintcore.models.in_memory import add_module
    from mintcore.models.preprocessing import Preprocessing
    from mintcore.models.registration import add_model, load_model
    from mintcore.progress import ConsoleReporter
    from mintcore.workbench import (
        audit_dataset,
        audit_image,
        extract,
        open_home,
        sweep_layers,
        train,
    )
    from store.artefacts import Home
    from store.errors import StoreError

__all__ = [
    "ConsoleReporter",
    "Home",
    "MintError",
    "Preprocessing",
    "StoreError",
    "add_dataset",
    "add_model",
    "add_module",
    "audit_dataset",
    "audit_image",
    "extract",
    "load_model",
    "open_home",
    "sweep_layers",
    "train",
]
_HOMES = {
    "mintcore.datasets.registration": ("add_dataset",),
    "mintcore.errors": ("MintError",),
    "mintcore.models.in_memory": ("add_module",),
    "mintcore.models.preprocessing": ("Preprocessing",),
    "mintcore.models.registration": ("add_model", "load_model"),
    "mintcore.progress": ("ConsoleReporter",),
    "mintcore.workbench": (
        "audit_dataset",
        "audit_image",
        "extract",
        "open_home",
        "sweep_layers",
        "train",
    ),
    "store.artefacts": ("Home",),
    "store.errors": ("StoreError",),
}
_MODULES = {name: module for module, names in _HOMES.items() for name in names}


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module 'mintcore' has no attribute {name!r}")
    return getattr(import_module(_MODULES[name]), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
