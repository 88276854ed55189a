"""Run notebooks and store their outputs: `uv run python tools/store_outputs.py notebooks/01_discrete_kl.ipynb`.

Stored are what a reader without a kernel sees. Widget views need a kernel, so they are taken out, and the picture
below each of them shows instead. Nothing of this machine (versions, times, paths) is kept.
"""

import sys
from pathlib import Path

import nbformat
from nbclient import NotebookClient

WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"
METADATA = {
    "kernelspec": {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}


def clean(notebook):
    """Take out of an executed notebook what only a running kernel or this machine can make use of."""
    slides = {key: notebook.metadata[key] for key in ("rise",) if key in notebook.metadata}
    notebook.metadata = nbformat.from_dict(METADATA | slides)
    for cell in notebook.cells:
        cell.metadata.pop("execution", None)
        if "outputs" in cell:
            cell.outputs = merged_streams(cell.outputs)
        for output in cell.get("outputs", []):
            output.get("data", {}).pop(WIDGET_VIEW, None)


def merged_streams(outputs):
    """Join what one cell printed: a slow cell sends it in pieces, cut by the clock."""
    merged = []
    for output in outputs:
        if merged and output.output_type == merged[-1].output_type == "stream" and output.name == merged[-1].name:
            merged[-1].text += output.text
        else:
            merged.append(output)
    return merged


def store(path):
    """Run one notebook in place."""
    notebook = nbformat.read(path, as_version=4)
    NotebookClient(
        notebook, timeout=300, kernel_name="python3", resources={"metadata": {"path": path.parent}}
    ).execute()
    clean(notebook)
    nbformat.write(notebook, path)
    print(f"{path.name}: {len(notebook.cells)} cells, {path.stat().st_size / 1e3:.0f} kB")


if __name__ == "__main__":
    for name in sys.argv[1:] or sorted(Path("notebooks").glob("*.ipynb")):
        store(Path(name))
