"""Time the divergences beside SciPy's, and the quadrature beside the closed form.

Run by hand: `uv run python benchmarks/divergence.py`. The rivals take turns within one process, so that a busy machine
slows both alike.
"""

import numpy as np
from fair import print_times, start_again_without_overrides, take_turns
from scipy.spatial.distance import jensenshannon
from scipy.stats import entropy

from klcourse.divergence import js_divergence, kl_divergence
from klcourse.gaussian import kl_gaussian
from klcourse.quadrature import kl_quad

TURNS = 200


def race(title, rivals):
    print_times(title, take_turns(rivals, TURNS))


def log_normal(mean, sd):
    return lambda x: -(((x - mean) / sd) ** 2) / 2 - np.log(sd * np.sqrt(2 * np.pi))


def main():
    start_again_without_overrides()
    rng = np.random.default_rng(0)
    p, q = rng.dirichlet(np.ones(100), size=(2, 1000))
    kl_rivals = {"klcourse kl_divergence": kl_divergence, "scipy.stats.entropy": lambda p, q: entropy(p, q, axis=1)}
    inputs = {"random rows": q, "rows one part in a million apart": _nudged(p, rng), "identical rows": p}
    for kind, other in inputs.items():
        rivals = {name: lambda run=run, other=other: run(p, other) for name, run in kl_rivals.items()}
        race(f"KL of 1000 pairs on 100 outcomes: {kind}", rivals)
    race(
        "Jensen-Shannon of 1000 pairs on 100 outcomes: random rows",
        {
            "klcourse js_divergence": lambda: js_divergence(p, q),
            "scipy.spatial.distance.jensenshannon": lambda: jensenshannon(p, q, axis=1),
        },
    )
    for pair in [(0, 2, 5, 4), (0, 1, 0, 1e-8), (1000, 1e-3, 999, 0.1)]:
        densities = log_normal(*pair[:2]), log_normal(*pair[2:])
        race(
            "KL of N({}, sd {}) and N({}, sd {})".format(*pair),
            {
                "klcourse kl_gaussian": lambda pair=pair: kl_gaussian(*pair),
                "klcourse kl_quad": lambda densities=densities: kl_quad(*densities),
            },
        )
        print(f"  they differ by a relative {abs(kl_quad(*densities) / kl_gaussian(*pair) - 1):.0e}")


def _nudged(p, rng):
    nudged = p * (1 + 1e-6 * rng.normal(size=p.shape))
    return nudged / nudged.sum(axis=1, keepdims=True)


if __name__ == "__main__":
    main()
