"""Puts an edition into a folder, and never over anything that somebody may want back."""

import hashlib
import json
from pathlib import Path

__all__ = ["Refused", "deliver"]

SOURCES = Path(__file__).resolve().parents[1] / "notebooks"
LIST = ".klcourse-edition.json"  # in each edition: its name, its files, and what was in them


class Refused(Exception):
    """Why nothing was written, in one sentence that says what to do."""


def deliver(files, folder, edition, replace=False):
    """Write the files of an edition.

    Parameters
    ----------
    files : dict of str to str or bytes
        What each file holds, by its path inside the folder.
    folder : path-like
        New, empty, or holding an edition that nobody has changed. What else lies in it, such as ``.git`` or what
        nbgrader made, stays.
    edition : str
        What is written, in words, such as "student edition".
    replace : bool
        Whether an older edition may be replaced. Its files that the new one lacks go.

    Raises
    ------
    Refused
        If the folder holds anything else, or an edition that has been changed since, or cannot be written.

    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     deliver({"a.txt": "one"}, folder, "student edition")
    ...     deliver({"a.txt": "two"}, folder, "student edition")
    Traceback (most recent call last):
    delivery.Refused: ... holds the student edition already: add --replace, or name another folder.
    """
    folder = Path(folder)
    contents = {name: held.encode() if isinstance(held, str) else held for name, held in files.items()}
    try:
        older = _older_edition(folder, replace)
        _refuse_to_overwrite(folder, contents.keys() - older.keys())
        for name in older.keys() - contents.keys():
            _remove(folder, name)
        for name, content in contents.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes(content)
        written = {"edition": edition, "files": {name: _digest(content) for name, content in contents.items()}}
        (folder / LIST).write_text(json.dumps(written, indent=1), "utf-8")
    except OSError as error:
        raise Refused(f"{error.filename} cannot be written ({error.strerror}): name another folder.") from None


def _older_edition(folder, replace):
    """What the list of a folder names, if it may be replaced: an empty dict for a new folder."""
    if folder.resolve().is_relative_to(SOURCES):
        raise Refused(f"{folder} lies among the sources: name a folder of its own.")
    if not folder.exists():
        return {}
    if not folder.is_dir():
        raise Refused(f"{folder} is a file: name a folder.")
    if not (folder / LIST).is_file():
        if any(not path.name.startswith(".") for path in folder.iterdir()):
            raise Refused(f"{folder} holds something else: name a new or an empty folder.")
        return {}
    older = json.loads((folder / LIST).read_text("utf-8"))
    there = {name: folder / name for name in older["files"] if (folder / name).is_file()}
    changed = [name for name, path in there.items() if _digest(path.read_bytes()) != older["files"][name]]
    if changed:
        raise Refused(
            f"{folder} holds the {older['edition']}, and {_listed(changed)} has been changed since: "
            "name another folder, or move away what you want to keep."
        )
    if not replace:
        raise Refused(f"{folder} holds the {older['edition']} already: add --replace, or name another folder.")
    return older["files"]


def _refuse_to_overwrite(folder, new):
    if strange := [name for name in sorted(new) if (folder / name).exists()]:
        raise Refused(f"{folder} holds {_listed(strange)} of another origin: name another folder, or move it away.")


def _listed(names):
    return names[0] if len(names) == 1 else f"{names[0]} (and {len(names) - 1} more)"


def _remove(folder, name):
    """Remove a file, and the folders that held nothing else."""
    path = folder / name
    path.unlink(missing_ok=True)
    while (path := path.parent) != folder and path.is_dir() and not any(path.iterdir()):
        path.rmdir()


def _digest(content):
    return hashlib.sha256(content).hexdigest()
