"""The repository's address: where it stands, and how to change it.

    uv run python tools/set_address.py OWNER/NAME

writes it into pyproject.toml and into every Binder link of the *.md files and the notebooks.
"""

import re
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
GITHUB = "https://github.com/"
BINDER = "https://mybinder.org/v2/gh/"


def address(root):
    """OWNER/NAME, from the one place that holds it: [project.urls] Repository in pyproject.toml."""
    pyproject = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))
    return pyproject["project"]["urls"]["Repository"].removeprefix(GITHUB)


def linking_files(root):
    """The files that may carry Binder links."""
    return sorted([*root.glob("*.md"), *root.glob("notebooks/*.ipynb")])


def with_address(text, old, new):
    """Return a text with the address `new` (OWNER/NAME) in the place of the old one, in every link that holds it.

    >>> with_address("https://github.com/who/what/issues", "who/what", "me/kl")
    'https://github.com/me/kl/issues'
    """
    if not re.fullmatch(r"[\w-]+/[\w.-]+", new):
        raise ValueError(f"{new!r} is no address: give OWNER/NAME, the last two parts of the repository's URL")
    # What follows must fit too: the old name may be the beginning of a longer one.
    links = re.compile(rf'({GITHUB}|{BINDER}){re.escape(old)}(?=["/])')
    return links.sub(rf"\g<1>{new}", text)


def set_address(root, new):
    """Replace the address by `new` (OWNER/NAME) in pyproject.toml and in every Binder link."""
    old = address(root)
    for path in [root / "pyproject.toml", *linking_files(root)]:
        text = path.read_bytes().decode("utf-8")  # as bytes, so that line ends stay as they are
        path.write_bytes(with_address(text, old, new).encode("utf-8"))


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    set_address(ROOT, sys.argv[1])
