"""What ``mint dashboard`` serves: the pages, behind the front that says what a browser may do with them."""

from pathlib import Path

import streamlit as st
from starlette.middleware import Middleware

from dashboard.ahead import imported_ahead
from dashboard.front import Front

app = st.App(
    Path(__file__).with_name("app.py"), lifespan=imported_ahead, middleware=[Middleware(Front)]
)
