"""How fast a picture follows its slider: `uv run python benchmarks/live.py [--no-browser] [--seconds 5] [--link LINK]`.

First the time that one slider step takes the kernel, for every explorer, along the range of each control and by random
jumps; a jump is compared with what a new figure costs. Then, in JupyterLab in
Chromium, the same picture made in two ways, in turns: by this package, and by `interact` with a new figure each time
(at single resolution, as is usual). With `--link 50ms,1.25MB/s` only that, through a link that delays each way by so
much and lets so many bytes pass: a hub over Wi-Fi, or Binder. Run it on a machine that has nothing else to do.
"""

import argparse
import os
import pkgutil
import sys
import time
from importlib import import_module
from inspect import cleandoc
from pathlib import Path
from tempfile import TemporaryDirectory

import nbformat
import numpy as np
from fair import start_again_without_overrides
from link import Link

from klcourse import explorers
from klcourse.live import Picture

TOOLS = Path(__file__).parent.parent / "tools"
MEDIAN_TARGET, P95_TARGET = 8, 20  # milliseconds
MEDIAN_JUMP_TARGET, P95_JUMP_TARGET = 1 / 8, 1 / 2  # of a new figure
SIZE_TARGET = 40  # kB
SPEED_UP_TARGET = 2.5
SLOW_COMPUTING = {"tsne.digit_map": "a new map is a descent of 500 steps"}  # the computing of which is no drawing


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--no-browser", action="store_true", help="measure the kernel's part only")
    parser.add_argument("--seconds", type=float, default=5, help="length of each drag in the browser")
    parser.add_argument("--link", help='measure in the browser only, through a link such as "50ms,1.25MB/s"')
    options = parser.parse_args()
    start_again_without_overrides()
    print_load()
    if not options.link:
        measure_kernel()
        measure_jumps()
    if not options.no_browser:
        measure_browser(options.seconds, options.link)
    print_load()


def print_load():
    if hasattr(os, "getloadavg"):
        print(f"Load of the machine in the last minute: {os.getloadavg()[0]:.1f} on {os.cpu_count()} processors.")


# --- in the kernel ----------------------------------------------------------------------------------------------


def measure_kernel():
    """Print the time that a step of every control of every explorer takes."""
    print("\n| explorer | steps | median, ms | p95, ms | slowest control, its median | kB at rest | moving |")
    print("|---|---|---|---|---|---|---|")
    missed, sizes = [], []
    for name, explorer in all_explorers():
        steps = {control: sweep(explorer.controls[control]) for control in explorer.controls}
        times = np.concatenate(list(steps.values()))
        median, p95 = np.quantile(times, [0.5, 0.95])
        slowest = max(steps, key=lambda control: np.median(steps[control]))
        at_rest, moving = (len(explorer.picture.jpeg(crisp)) / 1e3 for crisp in (True, False))
        sizes.append(moving)
        print(f"| {name} | {len(times)} | {median:.1f} | {p95:.1f} | {slowest}, ", end="")
        print(f"{np.median(steps[slowest]):.1f} | {at_rest:.0f} | {moving:.0f} |")
        if median > MEDIAN_TARGET or p95 > P95_TARGET:
            missed.append(name)
    print(f"\nTarget: median ≤ {MEDIAN_TARGET} ms, p95 ≤ {P95_TARGET} ms. Missed by: {', '.join(missed) or 'none'}.")
    print(f"A moving picture, median of all explorers: {np.median(sizes):.0f} kB (target ≤ {SIZE_TARGET}).")


def all_explorers():
    """Yield the name and the widget of every explorer of the course."""
    for module in pkgutil.iter_modules(explorers.__path__):
        loaded = import_module(f"klcourse.explorers.{module.name}")
        for name in getattr(loaded, "__all__", []):
            explorer = getattr(loaded, name)()
            explorer.screen.move()  # as the page says at the first touch of a control
            yield f"{module.name}.{name}", explorer


def sweep(control, steps=60):
    """Move a control over its range and back to its start, and return how many milliseconds each step took."""
    start, times = control.value, []
    for value in [*positions(control, steps), start]:
        if value != control.value:
            before = time.perf_counter()
            control.value = value
            times.append((time.perf_counter() - before) * 1e3)
    return times


def positions(control, steps):
    """Return the values that a drag along a control passes."""
    if hasattr(control, "options"):
        return [option[1] if isinstance(option, tuple) else option for option in control.options]
    if not hasattr(control, "bar"):
        return [True, False]
    bar = control.bar
    spaced = np.linspace(bar.min, bar.max, steps)
    if isinstance(bar.value, int):
        return np.unique(spaced.round().astype(int)).tolist()
    return (bar.base**spaced if hasattr(bar, "base") else spaced).tolist()


def measure_jumps(jumps=60):
    """Print the time that random jumps take, as a share of the time for a new figure, measured in turns."""
    print("\n| explorer | new figure, ms | jump: median | p95 | computing, median of a jump |\n|---|---|---|---|---|")
    rng, missed = np.random.default_rng(1), []
    for name, explorer in all_explorers():
        new, taken, computing = [], [], []
        for _ in range(jumps):
            taken.append(milliseconds(jump(explorer, rng)))
            computing.append(milliseconds(lambda: explorer.compute(**explorer.values)))  # noqa: B023
            if len(taken) % 6 == 0:
                new.append(milliseconds(lambda: picture_anew(explorer)))  # noqa: B023
                explorer.picture.jpeg(crisp=False)  # it has lost its background
        figure, (median, p95) = np.median(new), np.quantile(taken, [0.5, 0.95]) / np.median(new)
        print(f"| {name} | {figure:.0f} | {median:.3f} | {p95:.3f} | {np.median(computing) / figure:.3f} |")
        if name not in SLOW_COMPUTING and (median > MEDIAN_JUMP_TARGET or p95 > P95_JUMP_TARGET):
            missed.append(name)
    targets = f"median ≤ {MEDIAN_JUMP_TARGET}, p95 ≤ {P95_JUMP_TARGET}"
    print(f"\nTarget: {targets} of a new figure. Missed by: {', '.join(missed) or 'none'}.")
    for name, reason in SLOW_COMPUTING.items():
        print(f"Not judged: {name}, because {reason}.")


def milliseconds(act):
    before = time.perf_counter()
    act()
    return (time.perf_counter() - before) * 1e3


def jump(explorer, rng):
    """Choose a control and another value for it, and return a function that sets it."""
    while True:
        control = rng.choice([*explorer.controls.values()])
        value = rng.choice(np.array(positions(control, 1000), dtype=object))
        if value != control.value:
            return lambda: setattr(control, "value", value)


def picture_anew(explorer):
    """Make the explorer's picture as a program does that keeps none: figure, layout, drawing, encoding."""
    picture = Picture(explorer.picture.build, explorer.picture.figure.get_size_inches())
    picture.update(explorer.numbers)
    picture.jpeg(crisp=False)


# --- in the browser ---------------------------------------------------------------------------------------------

OURS = """
    from klcourse.explorers.asymmetry import two_gaussians

    two_gaussians()
    """

USUAL = """
    import matplotlib.pyplot as plt
    import numpy as np
    from ipywidgets import interact

    x, grid = np.linspace(-20, 20, 501), np.arange(-10, 10, 0.001)

    def log_normal(x, mean, sd):
        return -0.5 * ((x - mean) / sd) ** 2 - np.log(sd) - np.log(2 * np.pi) / 2

    @interact(mean_p=(-8, 8, 0.1), sd_p=(0.3, 5, 0.1), mean_q=(-8, 8, 0.1), sd_q=(0.3, 5, 0.1))
    def usual(mean_p=0.0, sd_p=2.0, mean_q=5.0, sd_q=4.0):
        log_p, log_q = log_normal(grid, mean_p, sd_p), log_normal(grid, mean_q, sd_q)
        kl = np.sum(np.exp(log_p) * (log_p - log_q)) * 0.001
        log_p, log_q = log_normal(x, mean_p, sd_p), log_normal(x, mean_q, sd_q)
        integrand = np.exp(log_p) * (log_p - log_q)
        figure, (top, bottom) = plt.subplots(2, 1, sharex=True, figsize=(7.4, 3.6))
        top.plot(x, np.exp(log_p), label="P")
        top.plot(x, np.exp(log_q), "--", label="Q")
        top.set(ylabel="density", xlim=(-20, 20))
        top.legend()
        bottom.plot(x, integrand, color="black", linewidth=1.2)
        bottom.fill_between(x, integrand, where=integrand > 0, alpha=0.35)
        bottom.fill_between(x, integrand, where=integrand < 0, facecolor="none", hatch="///")
        bottom.axhline(0, color="black", linewidth=1)
        bottom.axvline(-10, color="black", linestyle=":")
        bottom.axvline(10, color="black", linestyle=":")
        bottom.set(ylabel="integrand", xlabel="x", title=f"sum over {len(grid):,} points: {kl:.4f} nats")
        plt.show()
    """

# Notes the time of every key press, and of every new picture when it has been decoded and is about to be painted.
WATCH = """cell => {
    const seen = cell.seen = {pressed: 0, moved: 0, frames: [], crisp: []};
    let last = cell.querySelector('.jp-OutputArea-output img')?.src;
    document.addEventListener('keydown', event => { seen.pressed = event.timeStamp; }, true);
    document.addEventListener('mousemove', event => { seen.moved = event.timeStamp; }, true);
    new MutationObserver(() => {
        const image = cell.querySelector('.jp-OutputArea-output img');
        if (!image || image.src === last) return;
        last = image.src;
        image.decode().then(() => requestAnimationFrame(() => {
            seen.frames.push(performance.now());
            seen.crisp.push(image.naturalWidth > 1.5 * image.clientWidth);
        }), () => {});
    }).observe(cell, {subtree: true, childList: true, attributes: true});
}"""


def measure_browser(seconds, slow=None, rounds=4, presses=12):
    """Print how fast both pictures follow key presses and a drag, measured in turns, through a link if one is given."""
    sys.path.insert(0, str(TOOLS))
    from browser import HOW_TO_GET_ONE, Lab, chromium, find_browser, open_notebook, run_all, show_cell
    from playwright.sync_api import sync_playwright

    if not find_browser():
        sys.exit(HOW_TO_GET_ONE)
    results = []
    with (
        TemporaryDirectory(ignore_cleanup_errors=True) as folder,
        sync_playwright() as playwright,
        chromium(playwright) as browser,
        Lab(write_notebook(Path(folder) / "benchmark.ipynb")) as lab,
    ):
        link = Link(lab.address, slow or "0ms,1000MB/s")
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        open_notebook(page, lab.url("benchmark.ipynb").replace(lab.address, link.address))
        run_all(page)
        cells = [show_cell(page, index) for index in (0, 1)]
        for cell in cells:
            cell.locator("img").wait_for()
            cell.evaluate(WATCH)
        link.slow = bool(slow)
        for cell in cells * rounds:
            results.append((*key_latencies(page, cell, presses), *drag(page, cell, seconds, link)))
    print_comparison(results[0::2], results[1::2])


def write_notebook(path):
    cells = [nbformat.v4.new_code_cell(cleandoc(source)) for source in (OURS, USUAL)]
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python"}}
    nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata=kernel), path)
    return path


def key_latencies(page, cell, presses):
    """Return how many milliseconds after each press of an arrow key a new picture was there, and a crisp one."""
    handle = cell.locator(".noUi-handle").first
    handle.focus()
    page.keyboard.press("Home")
    page.wait_for_timeout(500)
    latencies, rests = [], []
    for _ in range(presses):
        count = cell.evaluate("cell => cell.seen.frames.length")
        page.keyboard.press("ArrowRight")
        page.wait_for_function("([cell, n]) => cell.seen.frames.length > n", arg=[cell.element_handle(), count])
        latencies.append(cell.evaluate("(cell, n) => cell.seen.frames[n] - cell.seen.pressed", count))
        page.wait_for_timeout(700)
        rests.append(cell.evaluate("cell => cell.seen.frames[cell.seen.crisp.lastIndexOf(true)] - cell.seen.pressed"))
    return latencies, [rest for rest in rests if rest is not None and rest > 0]


def drag(page, cell, seconds, link):
    """Drag to and fro, and return the frames per second, their kB, and how many milliseconds after the last move the
    last frame came."""
    cell.evaluate("cell => cell.scrollIntoView()")
    page.wait_for_timeout(500)
    track = cell.locator(".noUi-base").first.bounding_box()
    handle = cell.locator(".noUi-handle").first.bounding_box()
    height = track["y"] + track["height"] / 2
    page.mouse.move(handle["x"] + handle["width"] / 2, height)
    page.mouse.down()
    start, carried = page.evaluate("() => performance.now()"), link.carried
    began = time.monotonic()
    while (passed := time.monotonic() - began) < seconds:
        there = 0.5 + 0.45 * np.sin(2 * np.pi * passed / 3)  # of the track
        page.mouse.move(track["x"] + there * track["width"], height)
        page.wait_for_timeout(8)
    released, carried = page.evaluate("() => performance.now()"), link.carried - carried
    page.mouse.up()
    page.wait_for_timeout(1500)
    frames = np.array(cell.evaluate("cell => cell.seen.frames"))
    during = np.sum((frames > start) & (frames <= released))
    moved = cell.evaluate("cell => cell.seen.moved")
    return during / (released - start) * 1e3, carried / during / 1e3, max(0, frames[-1] - moved)


def print_comparison(ours, usual):
    print(
        "\n| in JupyterLab in Chromium | key press to pixels, ms | to a crisp picture, ms | frames/s in a fast drag",
        end="",
    )
    print(" | kB each | last move to the last picture, ms |")
    print("|---|---|---|---|---|---|")
    medians = []
    for name, rounds in (("`interact`, figure rebuilt", usual), ("klcourse", ours)):
        latencies, rests, *others = zip(*rounds, strict=True)
        keys = [np.median(np.concatenate(times)) if any(times) else np.nan for times in (latencies, rests)]
        medians.append((*keys, *(np.median(other) for other in others)))
        print("| {} | {:.0f} | {:.0f} | {:.1f} | {:.0f} | {:.0f} |".format(name, *medians[-1]))
    rate, latency = medians[1][2] / medians[0][2], medians[1][0] / medians[0][0]
    print(f"\nFrame rate × {rate:.1f} (target ≥ {SPEED_UP_TARGET}), latency × {latency:.2f} (target ≤ {1 / 3:.2f}).")


if __name__ == "__main__":
    main()
