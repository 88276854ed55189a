"""The way in: one set of dependencies, Binder's build, one address, the commands of CI, the edition, the licences."""

import os
import re
import shutil
import subprocess
import sys
import tomllib

import numpy as np
import pytest
import yaml
from build_overview import HEIGHT, PANELS, PICTURE, WIDTH, overview
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name
from PIL import Image
from set_address import BINDER, ROOT, address, linking_files, set_address
from test_constraints import promised_pythons, requirements

from klcourse.lessons import data

TEST_COMMAND = "uv run pytest"
EVERYTHING = ' -m "browser or not browser"'
CAPPED = {"playwright"}  # drives the browsers of the tests; CONTRIBUTING.md says why
CONDA_NAMES = {"matplotlib-base": "matplotlib", "seaborn-base": "seaborn"}


def read(path):
    return path.read_text(encoding="utf-8")


@pytest.fixture
def clean_copy(tmp_path):
    """The repository as a fresh clone holds it: without what .gitignore names."""
    ignored = [line.rstrip("/") for line in read(ROOT / ".gitignore").splitlines()]
    return shutil.copytree(ROOT, tmp_path / "copy", ignore=shutil.ignore_patterns(".git", *ignored))


# --- pyproject.toml and environment.yml ---


def bounds(parsed):
    """{name: bounds} of a list of requirements, by the names that PyPI uses."""
    return {canonicalize_name(CONDA_NAMES.get(r.name, r.name)): str(r.specifier) for r in parsed}


def pyproject_bounds(text, group):
    """The bounds of the course's dependencies, and of a group beside them."""
    return bounds(requirements(tomllib.loads(text), group))


def environment_bounds(text):
    *conda, by_pip = yaml.safe_load(text)["dependencies"]
    packages = [line for line in conda if line != "pip" and not line.startswith("python=")]
    return bounds(map(Requirement, packages + [line for line in by_pip["pip"] if line != "-e ."]))


def test_environment_holds_what_the_course_and_a_class_need():
    wanted = pyproject_bounds(read(ROOT / "pyproject.toml"), "class")
    assert environment_bounds(read(ROOT / "environment.yml")) == wanted


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("numpy>=2.0", "numpy>=1.26"),  # another bound
        ("numpy>=2.0", "numpy"),  # no bound
        ("  - nbgitpuller>=1.2\n", ""),  # a package missing
        ("  - nbgitpuller>=1.2\n", "  - nbgitpuller>=1.2\n  - mpmath>=1.3\n"),  # a contributor's package
        ("latex2mathml>=3.77", "latex2mathml>=3.70"),  # below pip: too
    ],
)
def test_the_comparison_sees_a_difference(old, new):
    text = read(ROOT / "environment.yml")
    assert old in text
    assert environment_bounds(text.replace(old, new)) != pyproject_bounds(read(ROOT / "pyproject.toml"), "class")


def test_bounds_are_lower_bounds():
    # An upper bound would lock the course out of a new Python sooner or later.
    for name, bound in pyproject_bounds(read(ROOT / "pyproject.toml"), "dev").items():
        assert re.fullmatch(r">=[\d.]+", bound) or name in CAPPED, f"{name}{bound}"


def test_environment_installs_the_package_itself_from_conda_forge():
    environment = yaml.safe_load(read(ROOT / "environment.yml"))
    assert environment["channels"] == ["conda-forge"]
    assert "-e ." in environment["dependencies"][-1]["pip"]


# --- Binder ---


def binder_faults(folder):
    """What is wrong with the image that Binder would build from `folder`, as rendered by repo2docker itself."""
    from repo2docker.app import Repo2Docker
    from repo2docker.buildpacks import CondaBuildPack

    app = Repo2Docker()
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        packs = [pack(base_image=app.base_image) for pack in app.buildpacks]
        chosen = next((pack for pack in packs if pack.detect()), None)
        if type(chosen) is not CondaBuildPack:
            return [f"built by {type(chosen).__name__}, not from environment.yml"]
        chosen.platform = "linux/amd64"
        dockerfile = chosen.render()
    faults = []
    if chosen.python_version != pinned_python():
        faults.append(f"Python {chosen.python_version}")
    if f"conda/environment.py-{pinned_python()}-linux-64.lock" not in chosen.get_build_script_files():
        faults.append("the base environment is for another Python")
    # `-e .` needs the repository in place before the environment is built.
    copy = dockerfile.find(" src/ ${REPO_DIR}/")
    update = dockerfile.find('env update -p ${NB_PYTHON_PREFIX} --file "environment.yml"')
    if not 0 < copy < update:
        faults.append("environment.yml is not installed after the copy of the repository")
    return faults


def pinned_python():
    (pin,) = [line for line in yaml.safe_load(read(ROOT / "environment.yml"))["dependencies"] if "python=" in line]
    return pin.removeprefix("python=")


# repo2docker imports a module that its own dependency has renamed.
not_on_windows = pytest.mark.skipif(sys.platform == "win32", reason="repo2docker does not run on Windows")
renamed_logger = pytest.mark.filterwarnings("ignore:pythonjsonlogger.jsonlogger has been moved:DeprecationWarning")


@not_on_windows
@renamed_logger
def test_binder_builds_our_environment_with_our_python(clean_copy):
    assert pinned_python() == "3.11"
    assert pinned_python() in SpecifierSet(tomllib.loads(read(ROOT / "pyproject.toml"))["project"]["requires-python"])
    assert binder_faults(clean_copy) == []


@not_on_windows
@renamed_logger
@pytest.mark.parametrize(
    ("file", "text", "fault"),
    [
        ("Dockerfile", "FROM scratch", "built by DockerBuildPack"),
        ("binder/requirements.txt", "numpy", "built by PythonBuildPack"),
        (".binder/postBuild", "", "not from environment.yml"),
        ("environment.yml", "dependencies: ['python>=3.11', pip, {pip: [-e .]}]", "Python 3.10"),
        ("environment.yml", "dependencies: [python=3.11]", "not installed after the copy"),
    ],
)
def test_the_binder_check_sees_what_shadows_or_spoils_our_environment(clean_copy, file, text, fault):
    path = clean_copy / file
    path.parent.mkdir(exist_ok=True)
    path.write_text(text, encoding="utf-8")
    assert fault in "; ".join(binder_faults(clean_copy))


# --- The repository's address ---


def address_faults(root):
    """Every Binder link that does not fit, every lesson without a badge, every stray mention of the address."""
    faults, badges = [], set()
    good_link = re.compile(rf"{BINDER}{address(root)}/HEAD\?urlpath=lab/tree/(notebooks/\w+\.ipynb)")
    for path in linking_files(root):
        for link in re.findall(r"https?://[\w.]*mybinder\.org/(?!badge)[^\s()\"'<>\\]*", read(path)):
            fit = good_link.fullmatch(link)
            if not fit:
                faults.append(f"{path.name}: {link} does not fit {address(root)}")
            elif not (root / fit[1]).is_file():
                faults.append(f"{path.name}: {fit[1]} does not exist")
            elif path.name == "README.md":
                badges.add(fit[1])
    lessons = {path.relative_to(root).as_posix() for path in root.glob("notebooks/*.ipynb")}
    faults += [f"README.md: no Binder badge for {lesson}" for lesson in sorted(lessons - badges)]
    return faults + stray_mentions(root)


def stray_mentions(root):
    mention = re.compile(rf"(?<![\w.-]){re.escape(address(root))}(?![\w-])")
    faults = []
    for path in root.rglob("*"):
        if path.is_file():
            text = path.read_bytes().decode("utf-8", errors="ignore")
            count = len(mention.findall(re.sub(rf"{BINDER}{re.escape(address(root))}/", "", text)))
            if count != (path == root / "pyproject.toml"):
                faults.append(f"{path.relative_to(root)} names {address(root)} {count} times")
    return faults


def test_every_binder_link_names_the_repository_and_nothing_else_does(clean_copy):
    assert address_faults(clean_copy) == []


BADGE = f"[![Binder](https://mybinder.org/badge_logo.svg)]({BINDER}who/what/HEAD?urlpath=lab/tree/notebooks/01_x.ipynb)"


@pytest.fixture
def small_repository(tmp_path):
    files = {
        "pyproject.toml": '[project.urls]\nRepository = "https://github.com/who/what"\n',
        "README.md": f"| 1 | {BADGE} |\r\n",
        "notebooks/01_x.ipynb": f'{{"cells": ["{BADGE}\\n"]}}\n',
    }
    (tmp_path / "notebooks").mkdir()
    for name, text in files.items():
        (tmp_path / name).write_bytes(text.encode("utf-8"))
    assert address_faults(tmp_path) == []
    return tmp_path


@pytest.mark.parametrize(
    ("file", "old", "new", "fault"),
    [
        ("README.md", "who/what", "who/else", "does not fit"),
        ("README.md", "who/what", "who/whatever", "does not fit"),
        ("README.md", "HEAD", "main", "does not fit"),
        ("README.md", "01_x.ipynb)", "02_y.ipynb)", "02_y.ipynb does not exist"),
        ("README.md", BADGE, "", "no Binder badge for notebooks/01_x.ipynb"),
        ("README.md", BADGE, f"{BADGE} https://github.com/who/what", "README.md names who/what 1 times"),
        ("notebooks/01_x.ipynb", "who/what", "who/else", "does not fit"),
        ("pyproject.toml", "\n", "\n# who/what\n", "pyproject.toml names who/what 3 times"),
    ],
)
def test_the_address_check_sees_a_link_out_of_step(small_repository, file, old, new, fault):
    path = small_repository / file
    path.write_text(read(path).replace(old, new), encoding="utf-8")
    assert fault in "; ".join(address_faults(small_repository))


def test_one_command_changes_the_address_everywhere(small_repository):
    before = {path: path.read_bytes() for path in small_repository.rglob("*.*") if path.is_file()}
    set_address(small_repository, "some-where/el.se")
    assert address(small_repository) == "some-where/el.se"
    assert address_faults(small_repository) == []
    for path, content in before.items():
        assert path.read_bytes() == content.replace(b"who/what", b"some-where/el.se")


def test_the_command_works_on_the_repository_itself(clean_copy):
    old = address(clean_copy)
    set_address(clean_copy, old[::-1])  # an address that stands nowhere yet, not even in this file
    assert address_faults(clean_copy) == []
    assert not any(old in read(path) for path in [clean_copy / "pyproject.toml", *linking_files(clean_copy)])


@pytest.mark.parametrize("wrong", ["name", "https://github.com/who/what", "who/what/", "who /what", ""])
def test_the_command_refuses_what_is_no_address(small_repository, wrong):
    with pytest.raises(ValueError, match="give OWNER/NAME"):
        set_address(small_repository, wrong)
    assert address(small_repository) == "who/what"


# --- The picture at the top of README.md ---


def tile_differences(picture, other):
    """How far two pictures are apart, panel by panel: the mean over the pixels, in grey levels of 256."""
    apart = np.abs(picture.astype(float) - other)
    rows, columns = len(apart) // HEIGHT, apart.shape[1] // WIDTH
    return apart.reshape(rows, HEIGHT, columns, WIDTH, 3).mean((1, 3, 4)).ravel()


def test_the_picture_shows_every_notebook_as_it_is():
    assert [caption[:2] for caption, *_ in PANELS] == [*data.course()]
    assert re.search(
        rf'<img src="{PICTURE.relative_to(ROOT).as_posix()}" alt="[^"]{{100,}}">', read(ROOT / "README.md")
    )
    now, stored = overview(), np.asarray(Image.open(PICTURE).convert("RGB"))
    # The map of 08 depends a little on the BLAS; a panel that shows something else is off by 11 or more.
    assert tile_differences(now, stored).max() < 8, "run tools/build_overview.py"
    assert tile_differences(now, np.roll(stored, WIDTH, axis=1)).min() > 8


# --- The commands: README, CI, CONTRIBUTING ---


def promised():
    """The versions that the classifiers name, which begin with the lowest that is required."""
    pyproject = tomllib.loads(read(ROOT / "pyproject.toml"))
    versions = promised_pythons(pyproject)
    assert f">={versions[0]}" == pyproject["project"]["requires-python"]
    return versions


def workflow():
    return yaml.safe_load(read(ROOT / ".github/workflows/test.yml"))


def commands(job):
    return [step["run"] for step in workflow()["jobs"][job]["steps"] if "run" in step]


def test_ci_and_workflow_run_the_readme_s_test_command():
    assert f"pip install uv && {TEST_COMMAND}\n" in read(ROOT / "README.md")
    assert f"`{TEST_COMMAND} -m browser`" in read(ROOT / "README.md")
    whole = TEST_COMMAND.replace("run", "run --extra grading") + EVERYTHING  # nothing is skipped
    assert read(ROOT / ".ci/run").splitlines()[-1] == whole  # last, so that the output ends with its summary
    assert commands("test")[-1] == whole


def test_ci_and_workflow_demand_a_browser_and_clean_code():
    script = read(ROOT / ".ci/run")
    assert "export KLCOURSE_REQUIRE_BROWSER=1\n" in script
    assert workflow()["env"]["KLCOURSE_REQUIRE_BROWSER"] == "1"
    for command in ["uv run ruff check", "uv run ruff format --check"]:
        assert f"\n{command}\n" in script
        assert command in commands("lint")


# Stands in for uv: notes what it is asked for, and has Python 3.11 and 3.13.
UV = """#!/bin/sh
echo "$@" >> "$ASKED"
case "$*" in
    "python find 3.11" | "python find 3.13") ;;
    "python find"*) exit 1 ;;
    "run python -c"*) echo 3.11 ;;
    *"--python 3.13"*) exit ${FAILS:-0} ;;
esac
"""


@pytest.fixture
def ci(clean_copy, tmp_path, monkeypatch):
    """Run the script of CI with that uv, and return its exit code, what it printed and what it asked uv for."""
    programs = tmp_path / "programs"
    programs.mkdir()
    for name, text in {"uv": UV, "chromium": "#!/bin/sh\n", "firefox": "#!/bin/sh\n", "pyenv": "#!/bin/sh\n"}.items():
        (programs / name).write_text(text)
        (programs / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{programs}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("ASKED", str(tmp_path / "asked"))

    def run():
        ended = subprocess.run(["bash", ".ci/run"], cwd=clean_copy, capture_output=True, text=True)
        return ended.returncode, ended.stdout, read(tmp_path / "asked").splitlines()

    return run


@pytest.mark.skipif(sys.platform == "win32", reason="CI's script is one of bash")
def test_ci_runs_every_promised_python_and_names_those_that_are_missing(ci):
    code, printed, asked = ci()
    assert code == 0
    assert [line for line in asked if "pytest" in line] == [
        "run --isolated --python 3.13 pytest",
        "run --isolated --python 3.11 --resolution lowest-direct pytest",
        "run --extra grading pytest -m browser or not browser",
    ]
    absent = [version for version in promised() if version not in ("3.11", "3.13")]
    assert f"ran: 3.13 3.11 with the lowest bounds. Not on this machine, so not run: {' '.join(absent)}.\n" in printed


@pytest.mark.skipif(sys.platform == "win32", reason="CI's script is one of bash")
def test_ci_fails_with_any_of_its_runs(ci, monkeypatch):
    monkeypatch.setenv("FAILS", "1")
    assert ci()[0] == 1


def test_workflow_runs_on_a_push_and_monthly_on_every_system_and_python():
    triggers = workflow()[True]  # YAML 1.1 reads the key `on` as true
    assert {"push", "pull_request", "schedule", "workflow_dispatch"} == set(triggers)
    assert re.fullmatch(r"\d+ \d+ \d+ \* \*", triggers["schedule"][0]["cron"])
    matrix = workflow()["jobs"]["test"]["strategy"]["matrix"]
    assert matrix["os"] == ["ubuntu-latest", "macos-latest", "windows-latest"]
    assert matrix["python"] == promised()
    assert workflow()["jobs"]["test"]["env"]["UV_PYTHON"] == "${{ matrix.python }}"


def test_workflow_tries_the_lowest_versions_and_binder_s_image():
    assert commands("lowest")[-1] == "uv run --resolution lowest-direct --isolated pytest" + EVERYTHING
    assert re.fullmatch(r"pipx run jupyter-repo2docker .* \. pytest notebooks", commands("binder")[-1])


def test_workflow_runs_the_notebooks_with_the_known_good_versions():
    install, run = commands("constraints")[-2:]
    assert install == "uv venv && uv pip install -e . --group class -c constraints.txt"
    assert run == "uv run --no-sync pytest notebooks tests/test_constraints.py"


def test_what_contributing_names_exists():
    names = re.findall(r"(?:tests|notebooks|klcourse|tools|benchmarks)/[\w/]+\.\w+", read(ROOT / "CONTRIBUTING.md"))
    assert names
    assert [name for name in names if not (ROOT / name).is_file()] == []


def test_contributing_gives_a_reason_for_every_dependency():
    text = read(ROOT / "CONTRIBUTING.md")
    assert [name for name in pyproject_bounds(read(ROOT / "pyproject.toml"), "dev") if f"`{name}`" not in text] == []


# --- The edition: CITATION.cff, CHANGELOG.md, pyproject.toml ---


def edition_faults(citation, changelog, pyproject, package):
    """Where the texts of the files disagree on the edition, or break the rules of CFF 1.2.0."""
    cited, project = yaml.safe_load(citation), tomllib.loads(pyproject)["project"]
    heading = re.search(r"^## (\d+\.\d+\.\d+) \((\d{4}-\d\d-\d\d)\)$", changelog, re.M)
    if missing := {"cff-version", "message", "title", "authors"} - cited.keys():
        yield f"CITATION.cff lacks {sorted(missing)}"
    if unknown := cited.keys() - CITATION_KEYS:
        yield f"CITATION.cff has {sorted(unknown)}"
    if cited.get("cff-version") != "1.2.0" or cited.get("type") != "software":
        yield "CITATION.cff cites software by the rules of CFF 1.2.0"
    if not cited.get("authors") or any(author.keys() != {"name"} for author in cited["authors"]):
        yield "each author has a name"
    if cited.get("license") not in project["license"].split(" AND "):
        yield "the licence is one of pyproject.toml's"
    if (str(cited["version"]), str(cited["date-released"])) != heading.groups():
        yield f"CHANGELOG.md begins with {heading[0]}, CITATION.cff says {cited['version']}, {cited['date-released']}"
    if not heading[1] == project["version"] == re.search(r'^__version__ = "(.*)"', package, re.M)[1]:
        yield f"CHANGELOG.md begins with {heading[0]}, pyproject.toml says {project['version']}"


# All that CFF 1.2.0 knows
CITATION_KEYS = {
    *("abstract", "authors", "cff-version", "commit", "contact", "date-released", "doi", "identifiers", "keywords"),
    *("license", "license-url", "message", "preferred-citation", "references", "repository", "repository-artifact"),
    *("repository-code", "title", "type", "url", "version"),
}
EDITION = ["CITATION.cff", "CHANGELOG.md", "pyproject.toml", "klcourse/__init__.py"]


def test_all_files_name_the_same_edition():
    assert list(edition_faults(*(read(ROOT / name) for name in EDITION))) == []


@pytest.mark.parametrize(
    ("file", "old", "new", "fault"),
    [
        ("CITATION.cff", "^version: .*", "version: 9.9.9", "CITATION.cff says 9.9.9"),
        ("CITATION.cff", "^date-released: .*", "date-released: 1999-12-31", "CITATION.cff says"),
        ("CITATION.cff", "^message: .*\n", "", "CITATION.cff lacks ['message']"),
        ("CITATION.cff", "^title: ", "titel: ", "CITATION.cff has ['titel']"),
        ("CITATION.cff", "^cff-version: .*", "cff-version: 1.1.0", "CFF 1.2.0"),
        ("CITATION.cff", "- name: ", "- family: ", "each author has a name"),
        ("CITATION.cff", "^license: .*", "license: MIT", "the licence"),
        ("CHANGELOG.md", r"^## [\d.]+", "## 9.9.9", "CHANGELOG.md begins with ## 9.9.9"),
        ("pyproject.toml", "^version = .*", 'version = "9.9.9"', "pyproject.toml says 9.9.9"),
        ("klcourse/__init__.py", "^__version__ = .*", '__version__ = "9.9.9"', "pyproject.toml says"),
    ],
)
def test_an_edition_out_of_step_is_reported(file, old, new, fault):
    texts = {name: read(ROOT / name) for name in EDITION}
    texts[file], count = re.subn(old, new, texts[file], count=1, flags=re.M)
    assert count == 1
    assert fault in "; ".join(edition_faults(*texts.values()))


# --- Licences ---


def test_licences_are_stated_once_and_named_in_pyproject(clean_copy):
    project = tomllib.loads(read(ROOT / "pyproject.toml"))["project"]
    assert project["license"] == "BSD-3-Clause AND CC-BY-4.0 AND CC-BY-SA-3.0"  # the last for MNIST
    licence = read(ROOT / "LICENSE")
    assert "BSD 3-Clause License" in licence
    (url,) = re.findall(r"https://creativecommons\.org/licenses/by/4\.0", licence)
    conditions = re.search(r"Redistribution and use in source.*", licence)[0]
    for statement in [url, conditions]:
        holders = [p for p in clean_copy.rglob("*") if p.is_file() and statement.encode() in p.read_bytes()]
        assert holders == [clean_copy / "LICENSE"]
