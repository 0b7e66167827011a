"""What the person at the browser may do.

How the dashboard is served and who signed in decide it, and nothing that a browser can set.
"""

import os
from collections.abc import Mapping
from typing import Any

import streamlit as st

from mintcore.access import (
    ACCESS_VARIABLE,
    Access,
    Role,
    is_forwarded,
    is_signed_in,
    read_lists,
    verified_address,
)
from mintcore.errors import MintError


def access() -> Access:
    """Tell in which way the dashboard is served."""
    return Access(os.environ.get(ACCESS_VARIABLE, Access.LOCAL))


def person() -> Mapping[str, Any]:
    """Give what the provider says of the person who signed in; nothing where nobody can sign in."""
    return st.user.to_dict() if access() is Access.LOGIN else {}


def role() -> Role | None:
    """Give the person's role; None for who is not let in."""
    if access() is Access.LOCAL:
        return None if is_forwarded(st.context.headers.get("Origin")) else Role.OPERATOR
    lists = read_lists(os.environ)
    if access() is Access.OPEN:
        return lists.of_everybody
    claims = person()
    address = verified_address(claims) if is_signed_in(claims) else None
    return lists.role_of(address) if address else None


def may_operate() -> bool:
    """Tell whether the person may change something."""
    return role() is Role.OPERATOR


def require_operator() -> None:
    """Stand before everything that changes something.

    Raises:
        MintError: The person is no operator.
    """
    if not may_operate():
        raise MintError("Only operators may do this: nothing was changed.")


def operators_alone(act: str) -> bool:
    """Tell whether the person may do something; say in its place that only operators may.

    Args:
        act: What they do, as in "start trainings".
    """
    if may_operate():
        return True
    st.caption(f":material/lock: Only operators {act}.")
    return False
