"""What the tests share: the examples of hypothesis, the browsers, and a name for the tests that need one."""

import os
from contextlib import suppress

import pytest

with suppress(ImportError):  # test_constraints.py also runs where there is no hypothesis
    from hypothesis import settings

    settings.register_profile("same for everyone", deadline=None, derandomize=True, database=None)
    settings.load_profile("same for everyone")

BROWSERS = {"browser", "gecko"}


# The files that take longest, longest first: what starts last ends last, and should be short.
SLOWEST = (
    "test_browser.py",
    "test_clients.py",
    "05_vae_kl_coefficient.ipynb",
    "test_pages.py",
    "test_editions.py",
    "test_sweep.py",
    "test_slides.py",
    "test_explorers.py",
    "08_tsne.ipynb",
    "test_vae.py",
)


def pytest_collection_modifyitems(items):
    """Mark what needs a browser, which `pytest` leaves out and `pytest -m browser` runs. Begin with what takes long."""
    for item in items:
        if BROWSERS & set(getattr(item, "fixturenames", ())):
            item.add_marker("browser")
    items.sort(key=lambda item: SLOWEST.index(item.path.name) if item.path.name in SLOWEST else len(SLOWEST))


def _demand(found, how_to_get_one):
    """Skip the test without a browser, or fail where the environment demands one."""
    if not found:
        fail = pytest.fail if os.environ.get("KLCOURSE_REQUIRE_BROWSER") == "1" else pytest.skip
        fail(how_to_get_one)


@pytest.fixture(scope="module")
def playwright():
    """What drives the browsers: one for both."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as started:
        yield started


@pytest.fixture(scope="module")
def browser(playwright):
    """Chromium, Chrome or Edge."""
    from browser import HOW_TO_GET_ONE, chromium, find_browser

    _demand(find_browser(), HOW_TO_GET_ONE)
    with chromium(playwright) as started:
        yield started


@pytest.fixture(scope="module")
def gecko(playwright):
    """Firefox."""
    from browser import HOW_TO_GET_FIREFOX, find_firefox, firefox

    _demand(find_firefox(), HOW_TO_GET_FIREFOX)
    with firefox(playwright) as started:
        yield started
