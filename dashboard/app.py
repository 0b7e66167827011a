"""The dashboard's entry point: the door, and the router behind it."""

from pathlib import Path

import streamlit as st

from dashboard.navigation import pages
from dashboard.parts.address import send_address
from dashboard.parts.errors import errors_as_sentences
from dashboard.parts.jobs import running_badge
from dashboard.parts.signing_in import door, is_let_in, who
from dashboard.reading import home
from dashboard.wording import named

st.set_page_config(
    page_title="MINT workbench", page_icon=str(Path(__file__).with_name("icon.png")), layout="wide"
)
if not is_let_in():
    st.navigation(pages(), position="hidden")  # known, so that an address of one is none of nothing
    door()
    st.stop()
page = st.navigation(pages())
with st.sidebar:
    running_badge()
    path = home().path.resolve()
    st.caption(f"Home folder: {named(path.name)}", help=named(str(path)))
    who()
with errors_as_sentences():
    page.run()
send_address()
