"""``docs/store-format.md`` tells the truth: its snippet runs, without this room's code."""

import re
import subprocess
import sys
from pathlib import Path

import numpy as np

from store.feature_store import FeatureStore
from store.layout import ArraySpec

PAGE = Path(__file__).parents[2] / "docs" / "store-format.md"
SPEC = ArraySpec("layer1", "pooled", (4,))
OTHER = ArraySpec("layer2", "map", (2, 2, 2))

BEFORE = """
import sys
from pathlib import Path
store = Path(sys.argv[1])
"""
AFTER = """
assert not any(name.split(".")[0] in ("store", "mintcore") for name in sys.modules)
for sample_id, value in zip(sample_ids, values):
    print(int(sample_id, 16), *value.tolist())
"""


def test_snippet__reads_a_store_with_zarr_and_duckdb_alone(
    store: FeatureStore, tmp_path: Path
) -> None:
    ids = [f"{number:032x}" for number in range(30)]
    content = np.arange(120, dtype=np.float16).reshape(30, 4)
    with store.writer([SPEC], 20) as writer:
        writer.commit(ids[:10], {SPEC.key: content[:10]}, {ids[4]: ("unreadable", "truncated")})
        writer.commit(ids[20:], {SPEC.key: content[20:]})
    with store.writer([OTHER], 10) as writer:
        writer.commit(ids[10:20], {OTHER.key: np.zeros((10, 2, 2, 2), np.float16)})
    (snippet,) = re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL)

    ran = subprocess.run(
        [sys.executable, "-c", BEFORE + snippet + AFTER, str(store.folder)],
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
    )

    assert ran.returncode == 0, ran.stderr
    printed = {int(line.split()[0]): line.split()[1:] for line in ran.stdout.splitlines()}
    assert sorted(printed) == [*range(4), *range(5, 10), *range(20, 30)]
    for number, row in printed.items():
        np.testing.assert_array_equal(np.array(row, np.float16), content[number])
