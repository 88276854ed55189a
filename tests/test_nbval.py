"""`pytest notebooks` is red when a cell takes longer than the time limit, even if the cell handles the interrupt.

And when a cell shows a figure that cannot be read.
"""

import shutil
import subprocess
import sys
from pathlib import Path
from textwrap import indent

import nbformat
import pytest

ROOT = Path(__file__).parents[1]
IGNORED = {"tags": ["nbval-ignore-output"]}  # as the training
LIMIT = 3  # seconds


def sleep(seconds):
    """A cell that sleeps, in naps between which an interrupt gets through on every system."""
    return f"import time\nfor _ in range({10 * seconds}):\n    time.sleep(0.1)"


def handled(cell):
    """The cell, content with being interrupted."""
    return f"try:\n{indent(cell, '    ')}\nexcept KeyboardInterrupt:\n    print('Stopped.')"


TOO_LONG = {
    "last": [handled(sleep(60))],
    "before_cells_that_fail": [handled(sleep(60)), "1 / 0", "1 / 0"],  # nbval expects that
    "before_cells_that_pass": [handled(sleep(60)), "1 + 1", "1 + 1"],
    "unhandled": [sleep(60), "1 + 1"],
}


SOUND = {"sound": [handled(sleep(0)), "1 + 1"]}

FIGURES = [
    "from matplotlib.figure import Figure\nfrom klcourse.live import show, style\nstyle.use()\nfigure = Figure()",
    "figure.text(0.5, 0.5, 'dark')\nshow(figure, 'A word.')",
    "figure.text(0.2, 0.2, 'pale', color='#bbbbbb')\nshow(figure, 'Two words.')",
    "assert 'legible' not in globals() and 'sys' not in globals()",
]


def write(path, sources):
    cells = [nbformat.v4.new_code_cell(source, metadata=IGNORED) for source in sources]
    path.parent.mkdir(exist_ok=True)
    nbformat.write(nbformat.v4.new_notebook(cells=cells), path)


@pytest.fixture(scope="module")
def ended(tmp_path_factory):
    """A run of all these notebooks with the project's options and a low time limit."""
    folder = tmp_path_factory.mktemp("run")
    for file in ["pyproject.toml", "conftest.py", "tests/nbval_sanitize.cfg"]:
        (folder / file).parent.mkdir(exist_ok=True)
        shutil.copy(ROOT / file, folder / file)
    for name, sources in {**TOO_LONG, **SOUND}.items():
        write(folder / "notebooks" / f"{name}.ipynb", sources)
    write(folder / "figures" / "figures.ipynb", FIGURES)  # in a folder that has all that reads them
    (folder / "figures" / "tests").mkdir()
    for file in ["conftest.py", "tests/legible.py"]:
        shutil.copy(ROOT / file, folder / "figures" / file)
    line = [sys.executable, "-m", "pytest", "notebooks", "figures", "--numprocesses=0", "-rpf"]
    return subprocess.run([*line, f"--nbval-cell-timeout={LIMIT}"], cwd=folder, capture_output=True, text=True)


def test_a_cell_that_takes_too_long_is_red(ended):
    assert ended.returncode == 1
    for name in TOO_LONG:
        assert f"FAILED notebooks/{name}.ipynb::Cell 0" in ended.stdout
    assert f"took longer than {LIMIT} s and was interrupted" in ended.stdout


def test_sound_cells_are_green(ended):
    for name, sources in SOUND.items():
        for i in range(len(sources)):
            assert f"PASSED notebooks/{name}.ipynb::Cell {i}" in ended.stdout
        assert f"FAILED notebooks/{name}" not in ended.stdout


def test_a_figure_that_cannot_be_read_is_red(ended):
    verdicts = [f"{verdict} figures/figures.ipynb::Cell {i}" for i, verdict in enumerate(["PASSED"] * 2 + ["FAILED"])]
    assert [verdict for verdict in verdicts if verdict not in ended.stdout] == []
    assert "'pale' has a contrast of 1.7" in ended.stdout
    assert "PASSED figures/figures.ipynb::Cell 3" in ended.stdout, "and nothing is left in the notebook's names"
