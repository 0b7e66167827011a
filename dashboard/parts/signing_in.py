"""The door of the dashboard: who is let in, and who they are said to be."""

import streamlit as st

from dashboard.access import access, person, role
from dashboard.wording import named, plain
from mintcore.access import SIGN_IN_HOURS, Access, Role, is_signed_in, verified_address
from mintcore.settings import OPERATORS, VIEWERS

_ROLES = {
    Role.OPERATOR: ("operator", ":material/manage_accounts:", "May do everything on these pages."),
    Role.VIEWER: ("viewer", ":material/visibility:", "Sees everything here, and changes nothing."),
}


def is_let_in() -> bool:
    """Tell whether the person may see the pages."""
    return role() is not None


def door() -> None:
    """Let the person sign in, or say why that was not enough."""
    st.title("MINT workbench", anchor=False)
    if access() is Access.LOCAL:
        st.warning(
            "This dashboard is served to its own machine alone, and you reach it under the name of another. To serve "
            "it to others: `mint dashboard --help`.",
            icon=":material/lock:",
        )
    elif is_signed_in(person()):
        _not_let_in()
    else:
        _sign_in()


def who() -> None:
    """Say in the sidebar who is signed in and what they may do; nothing where it is served to this machine alone."""
    found = role()
    if access() is Access.LOCAL or found is None:
        return
    word, icon, help_text = _ROLES[found]
    st.badge(word, icon=icon, color="blue", help=help_text)
    if access() is Access.LOGIN:
        st.caption(named(verified_address(person()) or ""))
        _sign_out()


def _sign_in() -> None:
    st.markdown("Sign in to see what is here.")
    if person().get("is_logged_in"):
        st.caption(f"You signed in more than {SIGN_IN_HOURS} hours ago.")
    st.button("Sign in", type="primary", icon=":material/login:", on_click=st.login)


def _not_let_in() -> None:
    address = str(person().get("email") or "an account without an e-mail address")
    st.markdown(f"You are signed in as {named(address)}.")
    if verified_address(person()):
        st.warning(
            "This address may not look at this dashboard. Ask those who run it to add it to "
            f"{VIEWERS.name} or {OPERATORS.name}, and to start the dashboard again.",
            icon=":material/lock:",
        )
    else:
        st.warning(
            plain(
                "Your provider does not say that this address is yours: have it verified there, then sign in again."
            ),
            icon=":material/lock:",
        )
    _sign_out()


def _sign_out() -> None:
    st.button("Sign out", icon=":material/logout:", on_click=st.logout)
