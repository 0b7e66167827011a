"""What share expensive fixtures run in one process: the tests of a file, and all that need the demo."""

from pathlib import Path

import pytest

END_TO_END = Path(__file__).parent / "end_to_end"


@pytest.hookimpl(tryfirst=True)  # before xdist looks at the groups
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        shared = END_TO_END if END_TO_END in item.path.parents else item.path
        item.add_marker(pytest.mark.xdist_group(str(shared)))
