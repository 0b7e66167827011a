"""What a person meets at the command line whose stores are on object storage."""

import json
import shutil
from collections.abc import Callable

import pytest

from benchmarks.object_server import SECRET, Proxy
from store.artefacts import Home

EXTRACT = ("extract", "net", "members", "--layers=block2", "--views=pooled", "--device=cpu")


def test_commands__work_or_say_one_sentence(
    mint: Callable[..., tuple[int, str, str]],
    digits_home: Home,
    place: str,
    proxy: Proxy,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for kind in ("stores", "auditors"):
        shutil.rmtree(digits_home.path / kind)
    monkeypatch.setenv("MINT_STORES", place)
    proxy.refuse()
    code, printed, said = mint(*EXTRACT)
    assert code == 2
    assert "The object storage refuses access to s3://" in said
    assert "Traceback" not in printed + said
    assert SECRET not in printed + said

    proxy.behave()
    code, printed, _ = mint(*EXTRACT, "--json")
    assert (code, json.loads(printed)["computed"]) == (0, 500)
    code, printed, _ = mint("store", "info", "--json")
    (store,) = json.loads(printed)["stores"]
    assert (code, store["place"], store["images"]) == (0, f"{place}/{store['id']}", 500)
    code, printed, _ = mint("store", "verify", "--json")
    assert (code, json.loads(printed)["problems"]) == (0, 0)
    code, printed, _ = mint("store", "gc", store["id"], "--drop=block2/*", "--yes", "--json")
    assert (code, json.loads(printed)["freed"] > 32_000) == (0, True)

    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    code, printed, said = mint("store", "verify")
    assert code == 2
    assert "cannot be reached: check AWS_ENDPOINT_URL and the network" in said
    monkeypatch.setenv("MINT_STORES", "bucket/x")
    shutil.rmtree(digits_home.path / "stores")
    code, _, said = mint(*EXTRACT)
    assert code == 2
    assert "is no place for stores: give s3://BUCKET/PREFIX" in said
