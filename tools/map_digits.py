"""Draw the maps behind klcourse/data/map_runs.csv, the table that notebook 08 reads: four sets of digits, five starts.

    uv run python tools/map_digits.py

Each row is one descent. `first` is the place of a set's first digit among the test images of MNIST that show a 0, 1, 3,
4 or 6; a set has 250 of them. `factor` multiplies the pull during the first 60 steps. Precision and recall are those of
section 8.7. All of it is 100 descents, about two minutes of one core. The last digits may depend on the machine.
"""

import csv
from functools import cache
from itertools import islice
from pathlib import Path

import numpy as np
from scipy.spatial.distance import cdist

import klcourse
from klcourse.mnist import load_mnist
from klcourse.tsne import descend, joint_affinities

PATH = Path(klcourse.__file__).parent / "data" / "map_runs.csv"

WAYS = {"t-SNE": {}, "reverse": {"direction": "reverse"}, "SNE": {"kernel": "gauss"}}
SETS, STARTS = (0, 250, 500, 750), range(5)
SHORT = [(1, 500, way) for way in WAYS]
LONG = [(4, 2000, way) for way in ("t-SNE", "reverse")]  # under the factor 4, SNE leaves the finite numbers
PLANS = [(first, start, *run) for run in SHORT + LONG for first in SETS for start in STARTS]


@cache
def images(first):
    """250 images, a row each, and their P."""
    mnist = load_mnist()
    chosen = np.flatnonzero(np.isin(mnist.test_labels, [0, 1, 3, 4, 6]))[first : first + 250]
    pixels = mnist.test_images[chosen].reshape(250, 784) / 255
    return pixels, joint_affinities(pixels, 20)


def near(points, k):
    """Who is among the k nearest of whom."""
    distances = cdist(points, points) + np.diag(np.full(len(points), np.inf))
    found = np.zeros(distances.shape, bool)
    np.put_along_axis(found, np.argsort(distances, axis=1)[:, :k], True, axis=1)
    return found


def measure(first, start, factor, steps, way):
    """Precision and recall of one map."""
    data, P = images(first)
    cloud = np.random.default_rng(start).normal(0, 0.01, size=(250, 2))
    _, y = next(islice(descend(P, cloud, exaggeration=factor, **WAYS[way]), steps, None))
    return [(near(a, 5) & near(b, 20)).sum() / near(a, 5).sum() for a, b in ((y, data), (data, y))]


def main():
    with PATH.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["first", "start", "factor", "steps", "way", "precision", "recall"])
        for plan in PLANS:
            writer.writerow([*plan, *(f"{share:.4f}" for share in measure(*plan))])


if __name__ == "__main__":
    main()
