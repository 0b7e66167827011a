"""The app that the dashboard's first paint is compared with."""

import streamlit as st

st.title("Empty")
