"""All that pages change, each for operators only.

No page calls what changes something in the engine in another way: a test reads all of them.
"""
# ruff: noqa: PLC0415 - what imports PyTorch is imported when it is called

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dashboard.access import require_operator
from dashboard.reading import Kind, home
from mintcore import defaults, deletion, titles, uploads
from mintcore.cluster.places import place_of_jobs
from mintcore.dependents import Artefact
from mintcore.doctor import examination
from mintcore.doctor.finding import Finding
from mintcore.jobs import queue

if TYPE_CHECKING:
    import numpy as np

    from mintcore.image_audit import ImageAuditor, ImageFinding


def submit(kind: str, params: dict[str, Any]) -> str:
    """Start a job, or join the one that does the same; give its id."""
    require_operator()
    return queue.submit(home(), kind, params, str(place_of_jobs(kind, os.environ)))


def retry(job_id: str) -> str:
    """Start a job again that ended otherwise than well; give the id of the new one."""
    require_operator()
    return queue.retry(home(), job_id)


def cancel(job_id: str) -> None:
    """Ask a job to stop."""
    require_operator()
    queue.cancel(home(), job_id)


def keep_upload(file: Any) -> Path:
    """Keep an uploaded zip in the home folder; give where."""
    require_operator()
    return uploads.keep_upload(home(), file)


def keep_for_once(file: Any, suffix: str) -> Path:
    """Keep an uploaded file for the one job that needs it; give where."""
    require_operator()
    return uploads.keep_for_once(home(), file, suffix)


def rename(kind: Kind, artefact_id: str, title: str) -> None:
    """Give an artefact a title; an empty one takes it away."""
    require_operator()
    titles.rename(home(), kind, artefact_id, title)


def delete(artefact: Artefact) -> deletion.Deletion:
    """Delete an artefact and all that cannot work without it; give what went."""
    require_operator()
    return deletion.delete(home(), artefact)


def promote(auditor: str) -> None:
    """Make an auditor the default one."""
    require_operator()
    defaults.promote(home(), auditor)


def demote() -> None:
    """Have no default auditor any more."""
    require_operator()
    defaults.demote(home())


def audit_image(
    auditor: "ImageAuditor", name: str, pixels: "np.ndarray"
) -> tuple["ImageFinding", str]:
    """Judge an image and keep the audit, not the image.

    Args:
        auditor: The auditor, loaded.
        name: How the person calls the image.
        pixels: (H, W, 3) uint8.

    Returns:
        The finding, and the id of the audit that was kept.
    """
    require_operator()
    from mintcore.image_audit import audit_images, publish_image_audit

    (finding,) = audit_images(auditor, [(name, pixels)])
    return finding, str(publish_image_audit(home(), auditor, finding)["id"])


def examine() -> list[tuple[str, Finding]]:
    """Examine the machine, the installation and the home folder; it writes there for a moment and starts PyTorch."""
    require_operator()
    return list(examination.examine(home().path))
