"""`pytest notebooks` is red when a cell takes longer than the time limit, even if the cell handles the interrupt."""

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


@pytest.fixture(scope="module")
def ended(tmp_path_factory):
    """A run of all these notebooks with the project's options and a low time limit."""
    folder = tmp_path_factory.mktemp("run")
    for file in ["pyproject.toml", "conftest.py", "tests/nbval_sanitize.cfg"]:
        (folder / file).parent.mkdir(exist_ok=True)
        shutil.copy(ROOT / file, folder / file)
    (folder / "notebooks").mkdir()
    for name, sources in {**TOO_LONG, **SOUND}.items():
        cells = [nbformat.v4.new_code_cell(source, metadata=IGNORED) for source in sources]
        nbformat.write(nbformat.v4.new_notebook(cells=cells), folder / "notebooks" / f"{name}.ipynb")
    line = [sys.executable, "-m", "pytest", "notebooks", "--numprocesses=0", "-rpf", f"--nbval-cell-timeout={LIMIT}"]
    return subprocess.run(line, cwd=folder, capture_output=True, text=True)


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
