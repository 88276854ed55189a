"""The rules that every notebook keeps, checked on the stored files."""

import ast
import builtins
import importlib
import inspect
import itertools
import json
import re
import statistics
from collections.abc import Iterator
from pathlib import Path

import nbformat
import numpy as np
import pytest
from reference import normal

import klcourse.counts
import klcourse.divergence
import klcourse.explorers
import klcourse.fitting
import klcourse.gaussian
import klcourse.mixture
import klcourse.mnist
import klcourse.quadrature
import klcourse.tsne
import klcourse.vae
from klcourse.lessons.data import course, exercises, questions

ROOT = Path(__file__).parents[1]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
LESSONS = [path for path in NOTEBOOKS if path.name[:2] in course()]  # the others: where to begin, and what was learnt
EXERCISES = exercises()
QUESTIONS = questions()

each_notebook = pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda path: path.stem)
each_lesson = pytest.mark.parametrize("notebook", LESSONS, ids=lambda path: path.stem)


# --- the rules: each takes a notebook and returns what breaks it --------------------------------------------------


def headings(notebook):
    """Every heading as (level, text)."""
    texts = [cell.source for cell in notebook.cells if cell.cell_type == "markdown"]
    return [(len(m[1]), m[2]) for text in texts for m in re.finditer(r"^(#+) (.*)$", text, re.M)]


def anatomy_faults(notebook):
    found = headings(notebook)
    names = [text for level, text in found if level == 2]
    wanted = ["Objectives", "Pitfalls", "Exercises", "Summary", "References"]
    if [name for name in names if name in wanted] != wanted:
        yield f"sections are {names}, wanted are {wanted} in this order"
    if [level for level, _ in found].count(1) != 1 or found[0][0] != 1:
        yield "there is one title, and it comes first"
    yield from (f"heading level jumps at {b}" for a, b in itertools.pairwise(found) if b[0] > a[0] + 1)
    first = notebook.cells[0].source
    if not re.search(r"\*\*\d+ minutes\*\*", first) or "**Before it:**" not in first:
        yield "the first cell says minutes and what to have done before"
    objectives = section(notebook, "Objectives")
    if not 3 <= len(re.findall(r"^\d\. .*\*\*", objectives, re.M)) <= 5:
        yield "three to five objectives, each with its verb in bold"
    if not 1 <= len(re.findall(r"^- ", section(notebook, "Summary"), re.M)) <= 5:
        yield "a summary of at most five lines"
    if "](http" not in section(notebook, "References"):
        yield "references are links"


def section(notebook, name):
    """The Markdown from one level-2 heading to the next."""
    text = "\n\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")
    return re.split(r"^## ", text.split(f"## {name}", 1)[-1], maxsplit=1, flags=re.M)[0]


def code_faults(notebook, median=5):
    cells = code_cells(notebook)
    lengths = [sum(bool(line.strip()) for line in cell.source.splitlines()) for cell in cells]
    if statistics.median(lengths) > median or max(lengths) > 25:
        yield f"code cells have {sorted(lengths)} lines: half of them at most {median}, and none more than 25"
    source = "\n".join(cell.source for cell in cells)
    for banned in (
        "sys.path",
        'filterwarnings("ignore")',
        "plt.show(",
        "interact(",
        "Output(",
        "urlopen",
        "!pip",
        "%pip",
    ):
        if banned in source:
            yield f"{banned} is not used in a notebook"
    counts = [cell.execution_count for cell in cells]
    if counts != list(range(1, len(cells) + 1)):
        yield f"execution counts are {counts}: run the notebook from top to bottom with tools/store_outputs.py"
    if (notebook.metadata.kernelspec.name, "widgets" in notebook.metadata) != ("python3", False):
        yield "the kernel is python3 and no widget state is stored"


def code_cells(notebook):
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def output_faults(notebook):
    texts = [text for cell in code_cells(notebook) for output in cell.outputs for text in output_texts(output)]
    if sum(bool(re.search(r"\d", text)) for text in texts) < 10:
        yield "at least ten outputs that are compared hold numbers"
    for text in texts:
        if found := re.search(
            r"0x[0-9a-f]{6,}|/(home|tmp|root|usr|Users|work)/|ipykernel|Warning:|\d\d:\d\d:\d\d", text
        ):
            yield f"output depends on the machine: {found[0]!r} in {text[:80]!r}"
    for cell in code_cells(notebook):
        for output in cell.outputs:
            if output.output_type == "error" or output.get("name") == "stderr":
                yield f"an error or a warning is stored under {cell.source[:60]!r}"
            if "application/vnd.jupyter.widget-view+json" in output.get("data", {}):
                yield f"a widget view is stored under {cell.source[:60]!r}: use tools/store_outputs.py"


def output_texts(output):
    """What nbval compares of an output, but for the HTML, which repeats the text beside the picture."""
    return [output.get("text", ""), output.get("data", {}).get("text/plain", "")]


def picture_faults(notebook):
    for cell in code_cells(notebook):
        for output in cell.outputs:
            data = output.get("data", {})
            html = data.get("text/html", "")
            alts = [re.search(r'alt="([^"]*)"', tag) for tag in re.findall(r"<img[^>]*>", html)]
            if any(alt is None or len(alt[1]) < 20 for alt in alts) or ("image/png" in data and not alts):
                yield f"a picture without alt text under {cell.source[:60]!r}"
            if "image/png" in data and len(output.metadata.get("image/png", {}).get("alt", "")) < 20:
                yield f"a PNG without alt text under {cell.source[:60]!r}"
    for cell in notebook.cells:
        if cell.cell_type == "markdown" and re.search(r"!\[\s*\]|<img(?![^>]*alt=)", cell.source):
            yield f"a picture without alt text in {cell.source[:60]!r}"


def link_faults(notebook, folder):
    anchors = {text.strip().replace(" ", "-") for _, text in headings(notebook)}
    for cell in notebook.cells:
        for target in re.findall(r"\]\(([^)\s]+)\)", cell.source) if cell.cell_type == "markdown" else []:
            if target.startswith("#") and target[1:] not in anchors:
                yield f"no heading {target}"
            if not re.match(r"https://|#|mailto:", target) and not (folder / target.split("#")[0]).is_file():
                yield f"no file {target}"


def exercise_faults(notebook, number):
    stubs, solutions = {}, {}
    for position, cell in enumerate(notebook.cells):
        if cell.cell_type == "code":
            solution = "solution" in cell.metadata.get("tags", [])
            kind, call = (solutions, "confirm") if solution else (stubs, "check")
            kind.update(dict.fromkeys(re.findall(rf'^{call}\("([^"]+)"', cell.source, re.M), position))
        if "solution" in cell.metadata.get("tags", []) and not cell.metadata.get("jupyter", {}).get("source_hidden"):
            yield f"a solution is folded, text too: {cell.source[:60]!r}"
    expected = {name for name in EXERCISES if name.startswith(f"{number}.")}
    if set(stubs) != expected or set(solutions) != expected:
        yield f"exercises {sorted(expected)}, stubs {sorted(stubs)}, solutions {sorted(solutions)}"
    for name in set(stubs) & set(solutions):
        stub, solution = notebook.cells[stubs[name]], notebook.cells[solutions[name]]
        if solutions[name] != stubs[name] + 1:
            yield f"the solution of {name} must stand directly under its stub"
        if f"… {name} is not answered yet" not in stub.outputs[0].text or not re.search(r" \.\.\.$", stub.source, re.M):
            yield f"the stub of {name} must not be answered"
        if f"✓ {name} is right" not in solution.outputs[0].text:
            yield f"the solution of {name} must be right"
        if not solution.metadata.get("jupyter", {}).get("source_hidden"):
            yield f"the solution of {name} must be folded: jupyter.source_hidden"


def explorer_faults(notebook, number):
    source = "\n".join(cell.source for cell in code_cells(notebook))
    asked = re.findall(r'^predict\("([^"]+)", (\w+)\.(\w+)\(\w*\)\)', source, re.M)
    if {name for name, _, _ in asked} != {name for name in QUESTIONS if name.startswith(f"{number}.")}:
        yield f"questions asked: {asked}"
    modules = {module for _, module, _ in asked}
    shown = {(module, explorer) for _, module, explorer in asked}
    for module in modules:
        room = importlib.import_module(f"klcourse.explorers.{module}")
        if missing := {(module, explorer) for explorer in room.__all__} - shown:
            yield f"explorers without a question in the notebook: {missing}"
    if source.count("predict(") != len(asked) or len(asked) < 3:
        yield "at least three explorers, each behind its question"


def all_faults(notebook, path):
    lesson = path in LESSONS
    faults = [
        *code_faults(notebook, median=5 if lesson else 10),
        *picture_faults(notebook),
        *link_faults(notebook, path.parent),
    ]
    if not lesson:
        return faults
    number = int(path.name[:2])
    return [
        *faults,
        *anatomy_faults(notebook),
        *output_faults(notebook),
        *exercise_faults(notebook, number),
        *explorer_faults(notebook, number),
    ]


# --- the tests ----------------------------------------------------------------------------------------------------


def read(path):
    return nbformat.read(path, as_version=4)


@each_notebook
def test_keeps_the_rules(notebook):
    assert all_faults(read(notebook), notebook) == []


@each_notebook
def test_is_valid_and_small(notebook):
    nbformat.validate(read(notebook))
    ids = [cell.id for cell in read(notebook).cells]
    assert len(set(ids)) == len(ids)
    assert notebook.stat().st_size < 1.2e6  # a question holds two pictures: veiled, and whole


@each_notebook
def test_words(notebook):
    """House style: a divergence is of p from q, and nothing is claimed to be a KL "between" two things."""
    text = " ".join(cell.source for cell in read(notebook).cells if cell.cell_type == "markdown")
    assert not re.search(r"KL (divergence )?between(?![^\n]*[”\"'])", text)


PLANTED = {
    "a wrong heading": lambda nb: nb.cells[1].update(source=nb.cells[1].source.replace("## Objectives", "#### Aims")),
    "a long cell": lambda nb: code_cells(nb)[1].update(source="\n".join(["x = 1"] * 26)),
    "a cell not run": lambda nb: code_cells(nb)[3].update(execution_count=None),
    "a missing alt": lambda nb: _replace_output(nb, "text/html", r'alt="[^"]*"', 'alt=""'),
    "a PNG without alt": lambda nb: _picture(nb).metadata.update({"image/png": {}}),
    "a stored widget view": lambda nb: _picture(nb)["data"].update({"application/vnd.jupyter.widget-view+json": {}}),
    "an address in an output": lambda nb: _replace_output(nb, "text/plain", r"^", "<object at 0x7f2a1b3c4d5e> "),
    "a dead link": lambda nb: nb.cells[0].update(source=nb.cells[0].source + "\n[next](99_nothing.ipynb)"),
    "an exercise without solution": lambda nb: nb.cells.remove(_solution(nb)),
    "a question left out": lambda nb: _sub_source(nb, r'^predict\("([^"]+)", (.*)\)$', r"\2"),
    "a shown figure": lambda nb: code_cells(nb)[2].update(source="plt.show()"),
}


@each_lesson
@pytest.mark.parametrize("fault", PLANTED)
def test_the_rules_can_fail(notebook, fault):
    spoiled = nbformat.from_dict(json.loads(json.dumps(read(notebook))))
    PLANTED[fault](spoiled)
    assert all_faults(spoiled, notebook)


def _picture(notebook):
    outputs = (output for cell in code_cells(notebook) for output in cell.outputs)
    return next(output for output in outputs if "image/png" in output.get("data", {}))


def _replace_output(notebook, kind, pattern, text):
    data = _picture(notebook)["data"]
    data[kind] = re.sub(pattern, text, data[kind], count=1)


def _solution(notebook):
    return next(cell for cell in notebook.cells if "solution" in cell.metadata.get("tags", []))


def _sub_source(notebook, pattern, replacement):
    for cell in code_cells(notebook):
        cell.source = re.sub(pattern, replacement, cell.source, flags=re.M)


# --- born in view: what a lesson takes from klcourse was written out in a lesson first, and both agree ---------------

RNG = np.random.default_rng(0)
PAIRS = [tuple(RNG.dirichlet(np.ones(4), 2)) for _ in range(5)] + [([0.5, 0.5, 0], [0.25, 0.25, 0.5]), ([1, 0], [1, 0])]
UNITS = [{}, {"base": 2}]


GRID = np.arange(-10, 10, 0.25)
RAW = np.exp(-((GRID - 1) ** 2) / 8)  # sums to 20
FIT = {"mean": 3, "variance": 2, "learning_rate": 0.02, "steps": 50}
POINTS = RNG.normal(size=(8, 3))
PAIRS_OF_POINTS = klcourse.tsne.joint_affinities(POINTS, 3)
MIXTURES = [([0.5, 0.5], [-1, 1], [1, 1]), ([0.2, 0.8], [-2, 1], [0.5, 2])]
OBSERVED, LABELS = RNG.normal(size=9), RNG.dirichlet([1, 1], size=9)
SAMPLES = {
    "entropy": [((p,), unit) for p, _ in PAIRS for unit in UNITS],
    "cross_entropy": [(pair, unit) for pair in PAIRS for unit in UNITS],
    "kl_terms": [(pair, unit) for pair in PAIRS for unit in UNITS],
    "kl_divergence": [(pair, unit) for pair in PAIRS for unit in UNITS],
    "js_divergence": [(pair, unit) for pair in PAIRS for unit in UNITS]
    + [((*PAIRS[0], *PAIRS[1]), {})]
    + [((*PAIRS[0], PAIRS[1][0]), {"weights": [0.2, 0.3, 0.5]}), (PAIRS[0], {"weights": [1, 0], "base": 2})],
    "js_distance": [(pair, unit) for pair in PAIRS for unit in UNITS],
    "kl_gaussian": [((0, 2, 5, 4), {}), ((5, 4, 0, 2), {}), ((1, 1, 1, 1), {}), ((-3, 0.5, 2, 0.7), {})],
    "kl_gaussian_nd": [
        (([0.5, -1], [[2, 0.3], [0.3, 1]], [1, 0], [[1, -0.4], [-0.4, 3]]), {}),
        (([0, 0], [[1, 0.9], [0.9, 1]], [0, 0], [[1, 0], [0, 1]]), {}),
    ],
    "fit_gaussian": [((GRID, RAW), FIT), ((GRID, RAW), FIT | {"normalise": False})],
    "kl_quad": [((normal(0, 2), normal(5, 4)), {}), ((normal(1, 1), normal(0, 3)), {})],
    "log_joint": [((OBSERVED, *mixture), {}) for mixture in MIXTURES],
    "log_density": [((OBSERVED, *mixture), {}) for mixture in MIXTURES],
    "responsibilities": [((OBSERVED, *mixture), {}) for mixture in MIXTURES],
    "lower_bound": [((OBSERVED, labels, *MIXTURES[1]), {}) for labels in (LABELS, LABELS.round())],
    "m_step": [((OBSERVED, LABELS), {}), ((OBSERVED, LABELS, 0.9), {})],
    "matched_bound": [(tuple(MIXTURES), {}), (tuple(MIXTURES[::-1]), {})],
    "neighbour_affinities": [(([1, 4, 9, 16], 0.4), {}), (([0.5, 3, 0.7], 12), {})],
    "calibrate": [(([1, 4, 9, 16], 2), {}), (([1, 4, 9, 16], 3.9), {}), (([0.5, 3, 0.7], 1.2), {})],
    "joint_affinities": [((POINTS, 2), {}), ((POINTS, 5.5), {})],
    "map_affinities": [((POINTS[:, :2],), {}), (([[0], [1], [3]],), {})],
    "kl_and_gradient": [
        ((PAIRS_OF_POINTS, POINTS[:, :2]), {}),
        ((PAIRS_OF_POINTS, POINTS[:, 1:]), {"exaggeration": 4}),
    ],
    "descend": [((PAIRS_OF_POINTS, POINTS[:, 1:] / 100), {}), ((PAIRS_OF_POINTS, POINTS[:, :2], 2, 3, 10), {})],
}
ROOMS = ("divergence", "quadrature", "gaussian", "fitting", "mixture", "tsne", "counts", "vae", "mnist")
PUBLIC = {name: getattr(room, name) for room in (getattr(klcourse, name) for name in ROOMS) for name in room.__all__}
# What no lesson imports: parts of formulas that are written out, and what the explorers compute with.
BEHIND_THE_SCENES = {
    *("exp_above_tangent", "js_slope", "kl_of_independent_pair", "log_gaussian", "log_ratio"),
    *("Trace", "descend_kl", "exact_slopes", "forward_slopes", "reverse_slopes"),
    *("em_half_steps", "forward_fit", "reverse_fits"),
    *("fit_rounded_normal", "log_poisson", "log_rounded_normal", "poisson_and_its_normal"),
    *("kl_and_mean_nll", "kls_of_samples", "mean_kl_of_samples"),
    *("kl_both_ways", "nearest", "pull_and_push"),
    *("Mnist", "kl_parts", "kl_slopes", "rates_and_distortions"),
}
NOT_WRITTEN_OUT = {"VAE", "load_mnist"}  # what lessons do import: too long to write out, and no formula


def definitions(path):
    """The functions that tagged cells of a notebook write out, by name."""
    namespace = {"np": np, "__builtins__": builtins}
    found = {}
    for cell in code_cells(read(path)):
        for tag in cell.metadata.get("tags", []):
            if tag.startswith("defines:"):
                exec(compile(ast.parse(cell.source), path.name, "exec"), namespace)
                found[tag.removeprefix("defines:")] = namespace[tag.removeprefix("defines:")]
    return found


@each_lesson
def test_born_in_view(notebook):
    for name, in_view in definitions(notebook).items():
        for args, kwargs in SAMPLES[name]:
            results = [function(*args, **kwargs) for function in (in_view, PUBLIC[name])]
            if hasattr(results[1], "__dict__"):  # compared field by field
                assert vars(results[0]).keys() == vars(results[1]).keys()
                results = [[*vars(result).values()] for result in results]
            assert np.allclose(*map(flat, results), rtol=1e-9, atol=1e-12), (name, args, kwargs)


def flat(result):
    """The numbers of a result in one row; of an iterator, those of its first hundred items."""
    if isinstance(result, Iterator):
        result = list(itertools.islice(result, 100))
    return np.concatenate([flat(part) for part in result]) if isinstance(result, tuple | list) else np.ravel(result)


def test_everything_public_is_born_in_view():
    seen = set().union(*(definitions(path) for path in LESSONS))
    assert seen == set(PUBLIC) - BEHIND_THE_SCENES - NOT_WRITTEN_OUT == set(SAMPLES)
    assert set(PUBLIC) >= BEHIND_THE_SCENES | NOT_WRITTEN_OUT


def test_lessons_import_what_was_written_out_before():
    formulas = {f"klcourse.{path.stem}" for path in (ROOT / "klcourse").glob("*.py")}
    seen, imported = set(NOT_WRITTEN_OUT), set()
    for cell in (cell for path in LESSONS for cell in code_cells(read(path))):
        nodes = [node for node in ast.walk(ast.parse(cell.source)) if isinstance(node, ast.ImportFrom)]
        names = {alias.name for node in nodes if node.module in formulas for alias in node.names}
        assert names <= seen, f"{names - seen} in {cell.source!r}"
        imported |= names
        seen |= {tag.removeprefix("defines:") for tag in cell.metadata.get("tags", []) if tag.startswith("defines:")}
    assert imported >= {"kl_divergence", "kl_quad", "kl_gaussian", "fit_gaussian", *NOT_WRITTEN_OUT}


@each_notebook
def test_explorers_need_no_argument(notebook):
    for module in {m for _, m, _ in re.findall(r'predict\("([^"]+)", (\w+)\.(\w+)', notebook.read_text("utf-8"))}:
        room = importlib.import_module(f"klcourse.explorers.{module}")
        for name in room.__all__:
            parameters = inspect.signature(getattr(room, name)).parameters.values()
            assert all(parameter.default is not inspect.Parameter.empty for parameter in parameters), name
