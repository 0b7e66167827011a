import json
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

import tiny_protocol
from tiny_protocol import Killed, Mortal, performed

from mintcore.protocols.reading import CHART, CSV, newest_protocols, protocol_rows
from store.artefacts import Card, Home

NEVER = 10**9


def die(home: Path, told: int) -> int:
    """Run the protocol in a process that is killed when its reporter is told of so many things."""
    command = [sys.executable, tiny_protocol.__file__, str(home), str(told)]
    return subprocess.run(command, check=False, capture_output=True).returncode


def without_time(home: Path, card: Card) -> list[dict[str, Any]]:
    rows = protocol_rows(Home(home), card["id"])
    return [{name: value for name, value in line.items() if name != "seconds"} for line in rows]


def test_protocol__killed_again_and_again_ends_with_the_same_table(tmp_path: Path) -> None:
    undisturbed = Mortal(NEVER)
    expected = performed(tmp_path / "one", undisturbed)
    killed = tmp_path / "two"
    assert die(killed, undisturbed.told // 4) == -signal.SIGKILL
    # and without a process of its own, which takes seconds to start: nothing catches what ends it
    for told in (3, undisturbed.told // 4, undisturbed.told // 3):
        with suppress(Killed):
            performed(killed, Mortal(told, real=False))
    card = performed(killed, Mortal(NEVER))
    assert without_time(killed, card) == without_time(tmp_path / "one", expected)
    assert card["sentences"] == expected["sentences"]
    # what was there is not done again, and the same table is not published twice
    again = Mortal(NEVER)
    assert performed(killed, again) == card
    assert again.told < undisturbed.told / 4
    folder = Home(killed).folder("protocols", card["id"])
    assert {file.name for file in folder.iterdir()} == {
        "card.json",
        "table.json",
        CSV,
        CHART,
    }
    assert len((folder / CSV).read_text().splitlines()) == 1 + len(without_time(killed, card))
    assert json.dumps(newest_protocols(Home(killed))) == json.dumps([card])
