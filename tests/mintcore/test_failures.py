"""What a person is told where a program ends with an error."""

import errno

import pytest
import torch

from mintcore.errors import CancelledError, MintError
from mintcore.failures import (
    BAD_INPUT,
    DEFECT,
    INTERRUPTED,
    ask_for_tracebacks,
    explain,
    report,
    tracebacks_wanted,
)
from store.errors import StoreError


@pytest.mark.parametrize(
    ("error", "words", "code"),
    [
        (MintError("Give a name."), "Give a name.", BAD_INPUT),
        (StoreError("No store."), "No store.", BAD_INPUT),
        (KeyboardInterrupt(), "stopped; what was committed is kept", INTERRUPTED),
        (CancelledError(), "stopped; what was committed is kept", INTERRUPTED),
        (MemoryError(), "memory ran out", BAD_INPUT),
        (torch.OutOfMemoryError("CUDA out of memory."), "memory ran out", BAD_INPUT),
        (RuntimeError("DefaultCPUAllocator: can't allocate memory"), "memory ran out", BAD_INPUT),
        (
            PermissionError(errno.EACCES, "Permission denied", "/a/b"),
            "/a/b: Permission denied. Choose another folder with --home or MINT_HOME",
            BAD_INPUT,
        ),
        (
            OSError(errno.EROFS, "Read-only file system", "/a"),
            "/a: Read-only file system. Choose another",
            BAD_INPUT,
        ),
        (OSError(errno.ENOSPC, "No space left on device"), "Make room on that disk", BAD_INPUT),
        (OSError(errno.EIO, "Input/output error"), "a defect of the program: OSError", DEFECT),
        (ValueError("first\nsecond"), "a defect of the program: ValueError: first second.", DEFECT),
        (RuntimeError(), "a defect of the program: RuntimeError.", DEFECT),
    ],
)
def test_explain__is_one_sentence_and_an_exit_code(
    error: BaseException, words: str, code: int
) -> None:
    sentence, found = explain(error)
    assert words in sentence
    assert "\n" not in sentence
    assert found == code


@pytest.mark.parametrize("wanted", [False, True])
def test_report__shows_the_traceback_only_where_it_was_asked_for(
    wanted: bool, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("MINT_DEBUG", "0")
    if wanted:
        ask_for_tracebacks()
    assert tracebacks_wanted() == wanted
    told: list[str] = []
    with pytest.raises(MintError) as caught:
        raise MintError("Give a name.")
    assert report(caught.value, told.append) == BAD_INPUT
    assert told == ["Give a name."]
    assert ("Traceback (most recent call last)" in capsys.readouterr().err) == wanted
