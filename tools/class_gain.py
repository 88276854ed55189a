"""What a class has learnt, idea by idea, from the lines that its ten questions gave.

    uv run python tools/class_gain.py FILE

FILE is text with one answer sheet a line, as the students pasted them into a form, in any order: somewhere in the line
it says `before AB-ADBACAA` or `after -ABDBACBAB`. Lines without such words are passed over and counted. Printed are the
share of right answers to each idea, before and after, and the normalised gain (after − before) / (1 − before): the part
of what was missing that has been learnt (R. R. Hake, "Interactive-engagement versus traditional methods", American
Journal of Physics 66, 64-74, 1998).
"""

import re
import sys
from pathlib import Path

from klcourse.lessons import data
from klcourse.lessons.ten_questions import FORMS, Answered

_SHEET = re.compile(rf"\b({'|'.join(FORMS)})\s+([A-D-]{{10}})(?![\w-])")


def sheets(text):
    """Return the answer sheets of a text by their form, and how many lines hold none.

    >>> found, passed_over = sheets("name,answers\\nAda,before AB-ADBACAA\\n")
    >>> [sheet.score for sheet in found["before"]], passed_over
    ([0], 1)
    """
    found, passed_over = {form: [] for form in FORMS}, 0
    for line in filter(str.strip, text.splitlines()):
        matches = _SHEET.findall(line)
        passed_over += not matches
        for form, letters in matches:
            found[form].append(Answered(form, letters))
    return found, passed_over


def shares(answered):
    """Return the share of right answers to each idea.

    >>> shares([Answered("before", "AB-ADBACAA"), Answered("before", "----------")])[:2]
    [0.0, 0.0]
    """
    missed = [{idea["name"] for idea in sheet.missed} for sheet in answered]
    return [sum(idea["name"] not in names for names in missed) / len(missed) for idea in data.ideas()]


def gain(before, after):
    """Return the normalised gain, or None if nothing was missing before.

    >>> gain(0.5, 0.75), gain(1.0, 1.0)
    (0.5, None)
    """
    return None if before == 1 else (after - before) / (1 - before)


def table(found):
    """Yield the lines of the table."""
    columns = [shares(found[form]) for form in FORMS]
    yield f"{'':46}{'before':>8}{'after':>8}{'gain':>8}"
    rows = [
        (f"{idea['section']:>4}  {idea['title']}", *both) for idea, *both in zip(data.ideas(), *columns, strict=True)
    ]
    for title, before, after in [*rows, ("all ten", *(sum(column) / len(column) for column in columns))]:
        learnt = gain(before, after)
        yield f"{title:46}{before:>8.0%}{after:>8.0%}{'–' if learnt is None else f'{learnt:.2f}':>8}"


def main(arguments):
    """Print the table, and return the exit code."""
    if len(arguments) != 1 or not Path(arguments[0]).is_file():
        print(f"Give one file.\n\n{__doc__}", file=sys.stderr)
        return 2
    found, passed_over = sheets(Path(arguments[0]).read_text("utf-8"))
    if not all(found.values()):
        missing = " and ".join(form for form in FORMS if not found[form])
        print(f"No answers of the ten questions {missing} the course: the file needs both.", file=sys.stderr)
        return 2
    print(*table(found), sep="\n")
    print(f"\n{len(found['before'])} sheets before, {len(found['after'])} after, {passed_over} lines without one.")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
