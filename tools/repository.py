"""What a student needs around the notebooks: the repository without what only teachers and contributors need."""

import re

from delivery import Refused
from set_address import address, with_address

__all__ = ["student_repository"]

# The package with its data, the styles of the slides, what installs it, and what `pytest` needs to run the notebooks.
_TAKEN = (
    "klcourse/**/*",
    "rise/**/*",
    ".github/overview.png",
    "notebooks/*.css",
    "notebooks/*.md",
    "tests/nbval_sanitize.cfg",
    ".gitignore",
    "CITATION.cff",
    "LICENSE",
    "conftest.py",
    "constraints.txt",
    "environment.yml",
)
_NOT_FOR_STUDENTS = ("For teachers", "How it is tested", "How fast it is", "Layout")  # sections of the README
_TESTS = "**Run every notebook, and compare its numbers with the stored ones** (a few minutes):"
_LICENCE = "The [LICENSE](LICENSE) covers code and text; MNIST has [its own](klcourse/data/MNIST.md)."


def student_repository(root, new_address=None):
    """Return what each file around the notebooks holds, by its path.

    Parameters
    ----------
    root : pathlib.Path
        The course's repository.
    new_address : str, optional
        OWNER/NAME, where the student edition will stand on GitHub.

    Raises
    ------
    Refused
        If `new_address` is no address.
    """
    paths = [path for pattern in _TAKEN for path in sorted(root.glob(pattern)) if _is_kept(path)]
    files = {path.relative_to(root).as_posix(): path.read_bytes() for path in paths}
    try:
        new = new_address or address(root)
        texts = {"README.md": _readme(root), "pyproject.toml": _pyproject(root)}
        return files | {name: with_address(text, address(root), new) for name, text in texts.items()}
    except ValueError as error:
        raise Refused(f"{error}.") from None


def _is_kept(path):
    return path.is_file() and path.suffix != ".pyc"


def _readme(root):
    text = (root / "README.md").read_text("utf-8")
    for title in _NOT_FOR_STUDENTS:
        text = re.sub(rf"^## {title}\n.*?(?=^## |\Z)", "", text, flags=re.M | re.S)
    text = re.sub(r"^\[CONTRIBUTING.*\n", "", text, flags=re.M)
    text = re.sub(r"^\*\*Prove .*", _TESTS, text, flags=re.M).replace(" The solution is folded below.", "")
    return f"{text.rstrip()}\n\n## Licence\n\n{_LICENCE}\n"


def _pyproject(root):
    """Without the contributors' tools, and with tests that are there."""
    text = (root / "pyproject.toml").read_text("utf-8")
    text = re.sub(r"# For those who change the course\.\ndev = \[.*?^\]\n", "", text, flags=re.M | re.S)
    text = re.sub(r"^testpaths = .*$", 'testpaths = ["klcourse", "notebooks"]', text, flags=re.M)
    text = re.sub(r"^pythonpath = .*\n", "", text, flags=re.M)
    text = re.sub(r"^\[tool\.ruff.*?(?=^\[tool\.flit)", "", text, flags=re.M | re.S)
    return text.rstrip() + '\n\n[tool.uv]\ndefault-groups = ["class"]\n'
