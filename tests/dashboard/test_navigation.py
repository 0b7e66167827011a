from dashboard.navigation import PAGES


def test_pages__no_two_have_the_same_address() -> None:
    addresses = [place.url for place in PAGES.values()]
    assert len(set(addresses)) == len(addresses)
