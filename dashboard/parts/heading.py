"""The head of a page: the question it answers, and how."""

import streamlit as st


def heading(question: str, answer: str) -> None:
    """Write the head of a page.

    Args:
        question: In the words of the person asking.
        answer: How the page answers it, one or two sentences, Markdown.
    """
    st.title(question, anchor=False)
    st.caption(answer)
