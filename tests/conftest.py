"""Tests do not hinder each other, and none fails for a busy machine."""

import os
import sys
from collections.abc import Iterator
from itertools import count

import pytest
from hypothesis import settings

from benchmarks.object_server import Proxy, environment, make_bucket, object_server

settings.register_profile("unhurried", settings.default, deadline=None)  # 200 ms a case otherwise
settings.load_profile("unhurried")
# or every process that a test starts compiles all of PyTorch's modules again, three seconds each
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)


@pytest.fixture(autouse=True)
def main_module() -> Iterator[None]:
    """Give the main module back that a tested page took: a process that a later test starts would run that page."""
    before = sys.modules["__main__"]
    yield
    sys.modules["__main__"] = before


@pytest.fixture(scope="session")
def server() -> Iterator[Proxy]:
    """A real S3 server, behind a proxy that can fail."""
    with object_server() as proxy:
        yield proxy


@pytest.fixture
def proxy(server: Proxy, monkeypatch: pytest.MonkeyPatch) -> Iterator[Proxy]:
    """The way to the server, which the environment names; retries are few and quick."""
    for name, value in environment(server.url).items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr("store.object_storage.RETRIES", 3)
    monkeypatch.setattr("store.object_storage.FIRST_WAIT_S", 0.001)
    monkeypatch.setattr("store.object_storage.LONGEST_WAIT_S", 0.01)
    server.behave()
    yield server
    server.behave()


@pytest.fixture
def place(proxy: Proxy) -> str:
    """A place for stores in a bucket of its own."""
    bucket = f"bucket-{next(_BUCKETS)}"
    make_bucket(proxy, bucket)
    return f"s3://{bucket}/stores"


_BUCKETS = count()
