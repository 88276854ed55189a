"""Which hints a class got: where the next lesson should start.

    python tools/hints_given.py FOLDER

reads all notebooks in a folder and in those below it, such as nbgrader's `autograded`, and prints for each part of an
exercise how many notebooks have it right, wrong or open, and the hints of the wrong ones, the most frequent first. It
reads the outputs as they are stored: a notebook that was handed in without having run says nothing.
"""

import re
import sys
from collections import Counter, defaultdict
from pathlib import Path

import nbformat

__all__ = ["hints_given"]

_VERDICT = re.compile(r"^([✓✗…]) (\d\.\d+[a-z]?) is (?:right|not right yet|not answered yet): (.*)$", re.M)
_KINDS = {"✓": "right", "✗": "wrong", "…": "open"}


def hints_given(notebooks):
    """Return what the parts of the exercises got, in the order of their numbers.

    Parameters
    ----------
    notebooks : iterable of nbformat.NotebookNode

    Returns
    -------
    dict of str to tuple of Counter
        For each part, how many notebooks have it "right", "wrong" or "open", and how often each hint was given. The
        last verdict in a notebook counts, except those that solutions print.

    >>> from nbformat.v4 import new_code_cell, new_notebook, new_output
    >>> printed = new_output("stream", text="✗ 1.1a is not right yet: that is in bits.")
    >>> hints_given([new_notebook(cells=[new_code_cell('check("1.1a", x)', outputs=[printed])])])
    {'1.1a': (Counter({'wrong': 1}), Counter({'that is in bits.': 1}))}
    """
    found = defaultdict(lambda: (Counter(), Counter()))
    for notebook in notebooks:
        for part, (mark, words) in _last_verdicts(notebook).items():
            kinds, hints = found[part]
            kinds[_KINDS[mark]] += 1
            if mark == "✗":
                hints[words] += 1
    return dict(sorted(found.items(), key=lambda item: _in_order(item[0])))


def _last_verdicts(notebook):
    verdicts = {}
    for cell in notebook.cells:
        if "solution" not in cell.metadata.get("tags", []):
            text = "\n".join(output.get("text", "") for output in cell.get("outputs", []))
            verdicts |= {part: (mark, words) for mark, part, words in _VERDICT.findall(text)}
    return verdicts


def _in_order(part):
    lesson, number, letter = re.fullmatch(r"(\d+)\.(\d+)([a-z]?)", part).groups()
    return int(lesson), int(number), letter


def main(folder):
    """Print the table of a folder; return the exit code."""
    paths = [path for path in sorted(folder.rglob("*.ipynb")) if ".ipynb_checkpoints" not in path.parts]
    found = hints_given(nbformat.read(path, as_version=4) for path in paths)
    if not found:
        print(f"{folder} holds no notebook with the verdict of an exercise: name one with notebooks that ran.")
        return 2
    for part, (kinds, hints) in found.items():
        print(f"{part:6} right {kinds['right']:3}   wrong {kinds['wrong']:3}   open {kinds['open']:3}")
        for words, count in hints.most_common():
            print(f"        {count:3} × {words}")
    return 0


if __name__ == "__main__":
    if len(sys.argv) != 2:
        print(__doc__, file=sys.stderr)
        sys.exit(2)
    sys.exit(main(Path(sys.argv[1])))
