"""Whether somebody works on a job: "running" in a file proves nothing."""

import json
import time
from typing import Any

from mintcore.jobs.children import lives
from mintcore.jobs.folder import JobFolder, State

HEARTBEAT_FRESH_S = 5.0


def runs(folder: JobFolder, state: State) -> bool:
    """Tell whether a job that is recorded as running really is.

    Its heartbeat must be fresh, or the recorded process with the recorded start time must live.
    """
    if state.state != "running":
        return False
    age_s = time.time() - float(read_progress(folder).get("heartbeat", 0.0))
    return 0.0 <= age_s < HEARTBEAT_FRESH_S or lives(state.pid, state.process_started)


def read_progress(folder: JobFolder) -> dict[str, Any]:
    """Read how far a job is; empty before it began."""
    try:
        return dict(json.loads(folder.progress_file.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return {}
