"""`tools/` holds what is run from the repository: tests find it there, and the package never imports it."""

import ast
from importlib.util import find_spec
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
TOOLS = {path.stem: path for path in (ROOT / "tools").glob("*.py")}


def imported(source):
    """The first part of each name that a module imports, also inside functions."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level:
            yield node.module.split(".")[0]


@pytest.mark.parametrize("name", TOOLS)
def test_nothing_that_is_installed_hides_a_tool(name):
    assert Path(find_spec(name).origin) == TOOLS[name]


def test_the_package_imports_no_tool():
    assert "browser" in set(imported("def drag():\n    from browser import Lab"))
    for path in (ROOT / "klcourse").rglob("*.py"):
        assert TOOLS.keys().isdisjoint(imported(path.read_text("utf-8"))), path.name
