"""A private Jupyter server and a private browser, for tests and benchmarks. The user's own settings stay untouched."""

import json
import os
import secrets
import shutil
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.error import URLError
from urllib.request import Request, urlopen

from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import expect

HOW_TO_GET_ONE = (
    "No browser found. Install Chromium or Chrome (Debian and Ubuntu: `apt install chromium`), "
    "or put the path of one into the environment variable KLCOURSE_BROWSER."
)

HOW_TO_GET_FIREFOX = (
    "No Firefox found. Install it (Debian: `apt install firefox-esr`), "
    "or put the path of one into the environment variable KLCOURSE_FIREFOX."
)


def find_browser():
    """Return the path of Chromium, Chrome or Edge, or None."""
    return os.environ.get("KLCOURSE_BROWSER") or _find(
        ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome"),
        ("Google Chrome.app/Contents/MacOS/Google Chrome", "Chromium.app/Contents/MacOS/Chromium"),
        (
            r"Google\Chrome\Application\chrome.exe",
            r"Chromium\Application\chrome.exe",
            r"Microsoft\Edge\Application\msedge.exe",
        ),
    )


def find_firefox():
    """Return the path of Firefox, or None."""
    return os.environ.get("KLCOURSE_FIREFOX") or _find(
        ("firefox", "firefox-esr"), ("Firefox.app/Contents/MacOS/firefox",), (r"Mozilla Firefox\firefox.exe",)
    )


def _find(commands, applications, programs):
    """The path of the first of them that is there: commands, applications of macOS, programs of Windows."""
    if found := next(filter(None, map(shutil.which, commands)), None):
        return found
    folders = [Path("/Applications"), Path.home() / "Applications"]
    places = [folder / application for folder in folders for application in applications]
    for variable in ("PROGRAMFILES", "PROGRAMFILES(X86)", "LOCALAPPDATA"):
        if folder := os.environ.get(variable):
            places += [Path(folder) / program for program in programs]
    return next((str(place) for place in places if place.exists()), None)


@contextmanager
def chromium(playwright):
    """Start a browser without a window, whose profile, caches and crash reports vanish with it."""
    with _private_home() as environment:
        browser = playwright.chromium.launch(executable_path=find_browser(), env=environment)
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def firefox(playwright):
    """Start the system's Firefox in the same way, over WebDriver BiDi."""
    with _private_home() as environment:
        browser = playwright.firefox.launch(
            channel="moz-firefox", executable_path=find_firefox(), env=environment, firefox_user_prefs=_ONE_PROCESS
        )
        try:
            yield browser
        finally:
            browser.close()


_ONE_PROCESS = {"dom.ipc.processCount": 1}  # two more would only take memory and time


@contextmanager
def _private_home():
    with TemporaryDirectory(ignore_cleanup_errors=True) as home:
        yield {**os.environ, **dict.fromkeys(("HOME", "XDG_CONFIG_HOME", "XDG_CACHE_HOME"), home)}


class Lab:
    """A JupyterLab server with its own port, token, settings and kernels.

    It is started as a reader starts it, `jupyter lab NOTEBOOK`, and so it serves the folder of that notebook.
    """

    def __init__(self, notebook):
        self._private = TemporaryDirectory(ignore_cleanup_errors=True)
        self.settings = Path(self._private.name)
        self._token = secrets.token_hex(16)
        port = _free_port()
        self.address = f"http://127.0.0.1:{port}"
        command = [sys.executable, "-m", "jupyter", "lab", str(notebook), "--no-browser"]
        command += [f"--ServerApp.port={port}", "--ServerApp.port_retries=0", "--ServerApp.allow_root=True"]
        # These let us run commands of the page and ask for its state.
        command += ["--LabApp.expose_app_in_browser=True", "--JupyterNotebookApp.expose_app_in_browser=True"]
        self._write_settings("notification", {"checkForUpdates": False, "fetchNews": "false"})
        with self._log.open("w") as log:
            self._server = subprocess.Popen(command, env=self._environment(), stdout=log, stderr=log)
        self._wait_until_it_answers()

    @property
    def _log(self):
        return self.settings / "server.log"

    def _environment(self):
        variables = ("CONFIG_DIR", "DATA_DIR", "RUNTIME_DIR")
        private = {f"JUPYTER_{name}": str(self.settings / name) for name in variables}
        private |= {f"JUPYTERLAB_{name}_DIR": str(self.settings / name) for name in ("SETTINGS", "WORKSPACES")}
        private |= {"IPYTHONDIR": str(self.settings / "ipython"), "JUPYTER_TOKEN": self._token}
        private |= {"NPM_CONFIG_CACHE": str(self.settings / "npm")}  # JupyterLab's language servers ask npm
        return {**os.environ, **private, "JUPYTER_PREFER_ENV_PATH": "1"}

    def _write_settings(self, plugin, settings):
        file = self.settings / "SETTINGS" / "@jupyterlab" / "apputils-extension" / f"{plugin}.jupyterlab-settings"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(settings), "utf-8")

    def _wait_until_it_answers(self, seconds=90):
        deadline = time.monotonic() + seconds
        while True:
            try:
                return self._ask("GET", "api/status")
            except (URLError, ConnectionError, TimeoutError):
                if self._server.poll() is not None or time.monotonic() > deadline:
                    self._server.kill()
                    raise RuntimeError(f"JupyterLab did not start:\n{self._log.read_text('utf-8')}") from None
                time.sleep(0.1)

    def _ask(self, method, path):
        request = Request(f"{self.address}/{path}", method=method, headers={"Authorization": f"token {self._token}"})
        with urlopen(request, timeout=10) as answer:
            return json.loads(answer.read() or "null")

    def url(self, name):
        """The address of a notebook of that folder, in an empty workspace."""
        return f"{self.address}/lab/tree/{name}?reset&token={self._token}"

    def url_in_notebook_7(self, name):
        """The address of a notebook of that folder in Notebook 7, which the same server offers."""
        return f"{self.address}/notebooks/{name}?token={self._token}"

    def url_opened_at_start(self):
        """The address that `jupyter lab NOTEBOOK` sends the reader's browser to."""
        (page,) = (self.settings / "RUNTIME_DIR").glob("jpserver-file-to-run-*-open.html")
        return page.read_text("utf-8").split("url=")[1].split('"')[0]

    def close(self):
        """End the server with its kernels: ours only, by asking it; by force if it does not answer."""
        try:
            self._ask("POST", "api/shutdown")
            self._server.wait(15)
        except (URLError, ConnectionError, TimeoutError, subprocess.TimeoutExpired):
            self._server.kill()
            self._server.wait()
        self._private.cleanup()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def _free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


# --- a notebook in a page ---------------------------------------------------------------------------------------

_READY = """() => {
    const panel = window.jupyterapp?.shell.currentWidget;
    return panel?.sessionContext?.isReady && panel.sessionContext.session?.kernel && panel.content.model.cells.length;
}"""
_IDLE = "() => window.jupyterapp.shell.currentWidget.sessionContext.session.kernel.status === 'idle'"

# Errors raised in widget callbacks reach no cell and no page, only the channel that all kernel output travels on.
# JupyterLab asks every new kernel for widgets before it has imported ipywidgets: its "No such comm" is no fault.
_LISTEN = """() => {
    window.heard = [];
    window.addEventListener('error', ({message}) =>
        message.startsWith('ResizeObserver loop') || window.heard.push(`page.js: ${message}`));
    window.addEventListener('unhandledrejection', ({reason}) => window.heard.push(`page.js: ${reason}`));
    const kernel = window.jupyterapp.shell.currentWidget.sessionContext.session.kernel;
    kernel.anyMessage.connect((_, {msg: {channel, header, content}}) => {
        if (channel !== 'iopub') return;
        if (header.msg_type === 'error') window.heard.push(`${content.ename}: ${content.evalue}`);
        if (header.msg_type === 'stream' && content.name === 'stderr' && !content.text.startsWith('No such comm'))
            window.heard.push(content.text);
    });
}"""


def open_notebook(page, url):
    """Open a notebook, wait for its kernel, and listen to all that the kernel says and to what fails in the page."""
    page.goto(url, wait_until="domcontentloaded")
    _listen_when_ready(page)


def _listen_when_ready(page):
    page.wait_for_function(_READY, timeout=60_000, polling=50)
    page.evaluate(_LISTEN)


def open_next(page, lab, name):
    """Open a notebook in JupyterLab as `open_notebook` does, in place of the one that the page shows, if any.

    JupyterLab runs on: to start it anew takes longer than to open a notebook.
    """
    if not page.url.startswith(f"{lab.address}/lab/"):
        return open_notebook(page, lab.url(name))
    page.evaluate(
        """async path => {
            const {commands, shell} = window.jupyterapp, before = shell.currentWidget;
            await commands.execute('docmanager:open', {path, factory: 'Notebook'});
            before.dispose();
        }""",
        name,
    )
    _listen_when_ready(page)


def run_all(page):
    """Run all cells and wait until the kernel has nothing left to do."""
    page.evaluate("() => window.jupyterapp.commands.execute('notebook:run-all-cells')")
    wait_until_idle(page)


def stop_kernel(page):
    """End the notebook's kernel, so that the next one has the machine for itself."""
    page.evaluate("() => window.jupyterapp?.shell.currentWidget?.sessionContext?.shutdown()")


def close_notebook(page):
    """End the notebook's kernel and close the page."""
    stop_kernel(page)
    page.close()


def wait_until_idle(page):
    """Wait until the kernel has nothing left to do."""
    page.wait_for_function(_IDLE, timeout=120_000, polling=20)


def kernel_errors(page):
    """Return the errors and the stderr output since the notebook was opened, from the kernel and from the page."""
    return [f"the kernel or the page had an error: {message[:300]}" for message in page.evaluate("() => window.heard")]


def use_theme(page, name):
    """Choose the colours of JupyterLab, such as "JupyterLab Dark"."""
    page.evaluate("theme => window.jupyterapp.commands.execute('apputils:change-theme', {theme})", name)
    page.wait_for_function("theme => document.body.dataset.jpThemeName === theme", arg=name, polling=50)


def replace_in_cells(page, old, new):
    """Change the text of all cells as a reader might, before they run."""
    page.evaluate(
        """([before, after]) => window.jupyterapp.shell.currentWidget.content.widgets.forEach(cell => {
            const source = cell.model.sharedModel.getSource();
            if (source.includes(before)) cell.model.sharedModel.setSource(source.replaceAll(before, after));
        })""",
        [old, new],
    )


def show_cell(page, index):
    """Scroll to a cell, as JupyterLab attaches cells far from the visible ones late or never, and locate it."""
    page.evaluate(
        """async index => {
            const notebook = window.jupyterapp.shell.currentWidget.content;
            await notebook.scrollToItem(index, 'start');
            const {node} = notebook.widgets[index];
            node.dataset.index = index;
            node.scrollIntoView();
        }""",
        index,
    )
    return page.locator(f'{_LIGHT}.jp-Cell[data-index="{index}"]')


_LIGHT = "css:light="  # finds in the page as it is: else Playwright looks into each of JupyterLab's thousands of parts


def run_cell(page, index, source):
    """Give a cell a new source, run it, and return the text of its output."""
    page.evaluate(
        """async ([index, source]) => {
            const notebook = window.jupyterapp.shell.currentWidget.content;
            notebook.deselectAll();
            notebook.activeCellIndex = index;
            notebook.activeCell.model.sharedModel.setSource(source);
            await window.jupyterapp.commands.execute('notebook:run-cell');
        }""",
        [index, source],
    )
    wait_until_idle(page)
    return show_cell(page, index).locator(".jp-Cell-outputArea").inner_text()


# --- what those find who cannot see it ---------------------------------------------------------------------------

NO_ALT = ("", "Image", "No description has been provided for this image")  # what JupyterLab and nbconvert put in


def picture_faults(pictures):
    """Find pictures that are empty or that say nothing to those who cannot see them."""
    found = pictures.evaluate_all(
        """images => Promise.all(images.map(async image => {
            await image.decode().catch(() => {});
            return {alt: image.alt.trim(), width: image.naturalWidth};
        }))"""
    )
    faults = [] if found else ["no picture is shown"]
    faults += [
        f"a picture {picture['width']} pixels wide has no alt text" for picture in found if picture["alt"] in NO_ALT
    ]
    return faults + [f"this picture is empty: {picture['alt']}" for picture in found if not picture["width"]]


def axe_faults(page, *selectors):
    """Find what axe-core calls serious or critical in the elements that are named, or else in the whole page."""
    page.evaluate(AXE_SCRIPT)
    violations = page.evaluate(
        "async scope => (await axe.run(scope, {resultTypes: ['violations']})).violations",
        {"include": [[selector] for selector in selectors or ["html"]]},
    )
    serious = [violation for violation in violations if violation["impact"] in ("serious", "critical")]
    return [f"{fault['id']}: {node['html'][:200]}" for fault in serious for node in fault["nodes"]]


# --- an explorer in a page ---------------------------------------------------------------------------------------


class LiveExplorer:
    """An explorer in a page, handled by keyboard alone.

    Parameters
    ----------
    page : playwright.sync_api.Page
    cell : int
        The index of the cell that shows it.
    patience : int
        How many milliseconds it has for an answer; it needs about 50.
    """

    SHOWN = """output => [...output.querySelectorAll('[role=slider]')].map(slider =>
        [slider.ariaValueText, slider.closest('.widget-hbox').querySelector('input').value])"""
    ROLES = ("slider", "spinbutton", "checkbox", "combobox", "button", "radio", "radiogroup")
    FILM = ".widget-toggle-button"
    # Each is found within its row, whose own class Playwright would not see.
    CONTROLS = f".noUi-handle, .widget-text input, input[type=checkbox], select, {FILM}"
    DISABLED = f"""output => [...output.querySelectorAll('{CONTROLS}, .fa-undo')].map(part =>
        Boolean(part.closest('input, select, button, .noUi-target').getAttribute('disabled') !== null))"""
    CUT_OFF = """output => [
        ...[...output.querySelectorAll('input[type=number]')].filter(box => box.scrollWidth > box.clientWidth)
            .map(box => `${box.value} in the box ${box.labels[0].innerText}: cut off`),
        ...[...output.querySelectorAll('label, button, select, [role=status]')]
            .filter(part => part.scrollWidth > part.clientWidth + 1).map(part => `${part.innerText}: cut off`),
        ...[...output.querySelectorAll('*')].map(part => part.getBoundingClientRect())
            .filter(box => box.right > innerWidth).slice(0, 1).map(box => `wider than the page: to ${box.right}`),
    ]"""
    PICTURE = "output => [output.querySelector('img')?.src ?? '', output.querySelector('img')?.naturalWidth]"
    WORDS = (
        "output => [[...output.querySelectorAll('[role=status]')].at(-1)?.innerText, output.querySelector('img')?.alt]"
    )

    def __init__(self, page, cell, patience=5_000):
        self.page, self.patience = page, patience
        self.output = show_cell(page, cell).locator(f"{_LIGHT}.jp-OutputArea-output:has(.jupyter-widgets)")
        self._element = self.output.element_handle()
        self.rows = self.output.locator(".widget-hbox:has(.noUi-handle), .widget-checkbox, .widget-dropdown")
        self.pictures = self.output.locator("img")

    def ask(self, question, arg=None):
        """Return what a function in JavaScript says of the explorer, at a tenth of what it costs to locate it anew."""
        return self._element.evaluate(question, arg)

    def disabled(self):
        """Return for every control and the reset button whether it is disabled."""
        return self.ask(self.DISABLED)

    def words(self):
        """Return what the readout says and what the picture's alt text says."""
        return self.ask(self.WORDS)

    def spoken(self):
        """Return what the browser tells a screen reader of every control: its role and its name."""
        self.ask("output => window.asked = output")
        session = self.page.context.new_cdp_session(self.page)
        output = session.send("Runtime.evaluate", {"expression": "window.asked"})["result"]["objectId"]
        nodes = session.send("Accessibility.queryAXTree", {"objectId": output})["nodes"]
        session.detach()
        spoken = [(node["role"]["value"], node["name"].get("value", "")) for node in nodes if not node["ignored"]]
        return [(role, name) for role, name in spoken if role in self.ROLES]

    def shown(self):
        """Return for every slider the value that it reads out and the one that its box shows."""
        return self.ask(self.SHOWN)

    def cut_off(self):
        """Return what has too little room: labels, buttons, numbers in boxes, and what the page is too narrow for."""
        return self.ask(self.CUT_OFF)

    def alarm(self):
        """Return the error message shown in the picture's place, if any."""
        return " ".join(self.output.locator("[role=alert]").all_inner_texts())

    def button(self, name):
        """Locate a button."""
        return self.output.get_by_role("button", name=name)

    def press(self, *keys):
        """Press keys one after the other."""
        for key in keys:
            self.page.keyboard.press(key)

    def becomes(self, condition, arg=None):
        """Return whether a condition, in JavaScript, comes true in time."""
        # It asks from within the page: to ask from here, or in each frame, would take the machine from the kernel.
        return self.ask(
            f"""async (output, [arg, patience]) => {{
                const end = performance.now() + patience;
                while (!({condition})) {{
                    if (performance.now() > end) return false;
                    await new Promise(next => setTimeout(next, 10));
                }}
                return true;
            }}""",
            [arg, self.patience],
        )

    def becomes_free(self):
        """Return whether all controls can be moved in time."""
        return self.becomes(f"!({self.DISABLED})(output).some(Boolean)")

    def follows(self, control):
        """Move a control, and return whether the picture follows."""
        wait_until_idle(self.page)
        before = control.evaluate(_TAKE_UP)
        self.press(*_keys(before))
        film = before["kind"] == "film"
        # The same picture in another resolution is none that follows; a film is in the smaller one as long as it plays.
        followed = self.becomes(
            f"(([src, width]) => src && src !== arg[0] && ({film:d} || width === arg[1]))(({self.PICTURE})(output))",
            before["picture"],
        )
        if not film:
            return followed
        self.press("Space")  # else it plays on
        return followed and self.becomes(
            f"output.querySelector('{self.FILM}').innerText === arg.words && ({self.PICTURE})(output)[1] === arg.width",
            {"words": before["words"], "width": before["picture"][1]},
        )

    def answer(self, choice):
        """Choose an answer, lock it in, and return the feedback."""
        answers, lock = self.output.locator("input[type=radio]"), self.button("Lock in my answer")
        answers.first.focus()
        self.press(*["ArrowDown"] * choice or ["Space"])
        expect(lock).to_be_enabled()
        self.press("Tab", "Enter")
        self.becomes("output.querySelector('[role=status]').innerText")
        return self.output.locator("[role=status]").first.inner_text()


# Takes a control up by keyboard, and tells of it and of the picture what they were.
_TAKE_UP = f"""control => {{
    control.focus();
    const [now, min, max] = ['now', 'min', 'max'].map(name => Number(control.getAttribute(`aria-value${{name}}`)));
    const film = control.matches('{LiveExplorer.FILM}');
    return {{
        kind: film ? 'film' : control.getAttribute('role') ?? control.type,
        words: control.innerText,
        index: control.selectedIndex,
        range: control.type === 'number' ? [control.value, control.min, control.max].map(Number) : [now, min, max],
        whole: control.step === '1',
        picture: ({LiveExplorer.PICTURE})(control.closest('.jp-OutputArea-output')),
    }};
}}"""


def _keys(control):
    """Return the keys that move a control to another value."""
    now, lowest, highest = control["range"]
    if control["kind"] == "slider":
        key = "ArrowLeft" if now > (lowest + highest) / 2 else "ArrowRight"
        whole = all(float(value).is_integer() for value in (now, lowest, highest))
        return [key] * (1 if whole else 5)  # a single fine step may be less than a pixel
    if control["kind"] == "number":
        return ["ControlOrMeta+a", *_another_number(now, lowest, highest, control["whole"]), "Enter"]
    if control["kind"] == "select-one":
        return ["ArrowUp" if control["index"] > 0 else "ArrowDown"]
    return ["Space"]


def _another_number(now, lowest, highest, whole):
    """Return a whole box's highest number, so that all it unfolds is there, or a number a third of the range away."""
    if whole:
        return f"{lowest if now == highest else highest:.0f}"
    return f"{lowest + (now - lowest + 0.37 * (highest - lowest)) % (highest - lowest):.3g}"
