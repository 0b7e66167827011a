import subprocess
import sys

import pytest

from mintcore.errors import MintError
from mintcore.jobs.kinds import work_of
from mintcore.progress import SilentReporter
from store.artefacts import Home
from store.errors import StoreError


def test_kinds__import_without_torch_or_streamlit() -> None:
    code = (
        "import sys, mintcore.jobs.queue, mintcore.jobs.worker, mintcore.serving;"
        "print({'torch', 'streamlit'} & set(sys.modules))"
    )
    printed = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
    assert printed.stdout.strip() == b"set()"


def test_extract__unknown_model_is_one_sentence(home: Home) -> None:
    params = {"model": "nobody", "datasets": ["digits"]}
    with pytest.raises((MintError, StoreError), match="is called") as caught:
        work_of("extract")(home, params, "cpu", SilentReporter())
    assert "\n" not in str(caught.value)


def test_extract__setting_that_does_not_exist(home: Home) -> None:
    params = {"model": "lenet", "datasets": ["digits"], "colour": "blue"}
    with pytest.raises(MintError, match=r"do not fit ExtractionRequest: .*'colour'"):
        work_of("extract")(home, params, "cpu", SilentReporter())
