"""Time 1,000 steps of notebook 04's fit beside the same descent by automatic differentiation in PyTorch.

Run by hand: `uv run python benchmarks/fitting.py`. PyTorch is no dependency of the course. Without it only this side is
timed; with it, in an environment of its own:

    python -m venv rival && rival/bin/pip install . torch==2.13.0 && rival/bin/python benchmarks/fitting.py

The rivals take turns within one process, so that a busy machine slows both alike. Both must end at the same variance.
"""

import sys
from statistics import median

import numpy as np
from fair import print_times, start_again_without_overrides, take_turns

from klcourse.fitting import fit_gaussian

try:
    import torch
except ImportError:
    torch = None

TURNS = 15
X = np.arange(-10, 10, 0.1)
P = np.exp(-(X**2) / 14) / np.sqrt(14 * np.pi)
STEPS, RATE = 1000, 0.01


def by_hand(**kinds):
    """Run the published fit with this course's function."""
    trace = fit_gaussian(X, P, mean=5, variance=1, learning_rate=RATE, steps=STEPS, normalise=False, **kinds)
    return trace.mean[-1], trace.variance[-1]


def by_autodiff():
    """Run it as one would write it in PyTorch, keeping mean, variance and loss of every step as the other does."""
    x, p = torch.tensor(X), torch.tensor(P)
    mean = torch.tensor(5.0, dtype=torch.float64, requires_grad=True)
    variance = torch.tensor(1.0, dtype=torch.float64, requires_grad=True)
    optimiser = torch.optim.SGD([mean, variance], lr=RATE)
    trace = []
    for _ in range(STEPS):
        log_q = torch.log_softmax(-((x - mean) ** 2) / (2 * variance), dim=0)
        loss = torch.sum(p * (torch.log(p) - log_q))
        trace.append((mean.item(), variance.item(), loss.item()))
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    return mean.item(), variance.item()


def main():
    start_again_without_overrides()
    rivals = {"klcourse fit_gaussian": by_hand, "klcourse, reverse": lambda: by_hand(direction="reverse")}
    if torch:
        torch.set_num_threads(1)  # arrays of 200 numbers: more threads only wait for each other
        rivals["PyTorch, autodiff and SGD"] = by_autodiff
        if not np.allclose(by_hand(), by_autodiff(), rtol=1e-8, atol=1e-12):
            sys.exit("The rivals end at different places: this comparison means nothing.")
    else:
        print("PyTorch is not here: only this side is timed. The first lines of this file say how to get it.")
    times = take_turns(rivals, TURNS)
    print_times(f"{STEPS} steps on {X.size} points, each with mean, variance and loss kept", times)
    if torch:
        own, *_, rival = times.values()
        ratios = [theirs / ours for ours, theirs in zip(own, rival, strict=True)]
        print(f"  {median(ratios):.0f} times faster, turn by turn ({min(ratios):.0f} to {max(ratios):.0f})")


if __name__ == "__main__":
    main()
