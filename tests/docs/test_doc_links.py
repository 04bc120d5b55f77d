"""Links between pages lead somewhere."""

import pytest
from doc_pages import PAGES, anchors, links

LINKS = [(name, link) for name, page in PAGES.items() for link in links(page)]


def test_pages_have_links() -> None:
    assert len(LINKS) > 20


@pytest.mark.parametrize(("name", "link"), LINKS)
def test_link_leads_somewhere(name: str, link: str) -> None:
    target, _, anchor = link.partition("#")
    page = (PAGES[name].parent / target) if target else PAGES[name]
    assert page.exists(), f"{name} links to {target}, which is not there"
    assert not anchor or anchor in anchors(page), f"{name} links to {link}, but there is no such heading"
