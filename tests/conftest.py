"""The browser that the tests share."""

import os

import pytest


@pytest.fixture(scope="module")
def browser():
    """Chromium; without one the test is skipped, or fails where the environment demands one."""
    from browser import HOW_TO_GET_ONE, chromium, find_browser

    if not find_browser():
        fail = pytest.fail if os.environ.get("KLCOURSE_REQUIRE_BROWSER") == "1" else pytest.skip
        fail(HOW_TO_GET_ONE)
    with chromium() as started:
        yield started
