"""What an object storage answers where it does not do what it is asked, as one sentence for the person."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

from obstore.exceptions import AlreadyExistsError, BaseError, InvalidPathError

from store.errors import StoreError, UnreachableError

_SAFE = "what is committed is safe; run again when that is mended."

_STATUS = re.compile(r"status code: (\d{3}[A-Za-z ]*)")
_CODE = re.compile(r"<Code>(\w{1,60})</Code>")
_OF_KEYS = re.compile(
    r"Missing (AccessKeyId|SecretAccessKey)|/latest/(api|meta-data)|[Cc]redential"
)
"""Where no keys are set, the machine's own are asked for, below /latest, which only machines of a cloud have."""
_OF_SETTINGS = re.compile(r"Generic Config error: ([^\n]{1,200})")
_CLOCK = {"RequestTimeTooSkewed", "RequestExpired"}


class AbsentError(StoreError):
    """There is no such object."""


@contextmanager
def explained(url: str) -> Iterator[None]:
    """Turn what obstore raises into sentences; an object that exists already is left to the caller.

    What it says itself goes over many lines and repeats requests, so only the status and the code of it are told.

    Args:
        url: The place that was asked, for the sentence.

    Raises:
        AbsentError: There is no such object.
        UnreachableError: The storage refuses, does not answer, or cannot be reached.
    """
    try:
        yield
    except AlreadyExistsError:
        raise
    except FileNotFoundError as error:
        if "404" not in _status(error):  # a file on this disk
            raise
        if _code(error) == "NoSuchBucket":
            raise _no_bucket(url) from error
        raise AbsentError(f"An object of {url} is gone: `mint store verify` says which.") from error
    except InvalidPathError as error:
        raise UnreachableError(
            f"There are objects below {url} whose names lead out of it ('..' or '//'), so they cannot be listed: they "
            "are not of MINT workbench; delete them."
        ) from error
    except (BaseError, ValueError) as error:
        raise UnreachableError(_sentence(url, error)) from error


def _sentence(url: str, error: Exception) -> str:
    status, code = _status(error), _code(error)
    if _OF_KEYS.search(str(error)):
        return (
            f"There are no credentials for {url}: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY; a file of "
            "profiles is not read."
        )
    if not status:
        return _without_answer(url, str(error))
    if code == "NoSuchBucket":
        return str(_no_bucket(url))
    if code in _CLOCK:
        return f"The object storage refuses {url} ({code}): set this machine's clock; {_SAFE}"
    if status[:3] in ("401", "403"):
        return (
            f"The object storage refuses access to {url} ({code or status}): check AWS_ACCESS_KEY_ID and "
            f"AWS_SECRET_ACCESS_KEY, and that they may read, write, list and delete there; {_SAFE}"
        )
    return (
        f"The object storage of {url} does not do what it is asked, even after several attempts "
        f"({', '.join(filter(None, [status, code]))}): {_SAFE}"
    )


def _without_answer(url: str, said: str) -> str:
    if found := _OF_SETTINGS.match(said):
        return f"An environment variable AWS_... cannot be used for {url} ({found[1]}): correct or unset it."
    return f"The object storage of {url} cannot be reached: check AWS_ENDPOINT_URL and the network; {_SAFE}"


def _no_bucket(url: str) -> UnreachableError:
    return UnreachableError(
        f"The object storage has no bucket for {url}: make it, or correct MINT_STORES or AWS_ENDPOINT_URL."
    )


def _status(error: Exception) -> str:
    found = _STATUS.search(str(error))
    return found[1].strip() if found else ""


def _code(error: Exception) -> str:
    found = _CODE.search(str(error))
    return found[1] if found else ""
