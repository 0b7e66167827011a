"""Long lists, a page at a time; the page is in the URL."""

import streamlit as st


def page_number(count: int, a_page: int) -> int:
    """Let the person turn the pages, where there are several; the first is 1.

    Args:
        count: How many things there are, at least one.
        a_page: How many stand on a page.
    """
    pages = -(-count // a_page)
    return int(st.pagination(pages, key="page", bind="query-params")) if pages > 1 else 1


def page_of_images(count: int, a_page: int) -> int:
    """Say how many images there are, and let the person turn their pages beside it."""
    left, right = st.columns([2, 3], vertical_alignment="center")
    left.caption(f"{count:,} images, {a_page} a page.")
    with right:
        return page_number(count, a_page)
