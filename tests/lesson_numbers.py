"""The numbers of each lesson's exercises, and the operations that its answers and mistakes are made of.

In a lesson's file an answer and a mistake may say where their number comes from: `from = "kl_divergence(P, Q)"`.
`test_lessons.py` evaluates that with the names that the lesson's function here returns. Nothing of it runs in a kernel.
"""

import math
from functools import cache
from types import SimpleNamespace

import numpy as np
from scipy.integrate import quad
from scipy.optimize import brentq, minimize
from scipy.special import logsumexp, rel_entr
from scipy.stats import norm

from klcourse.divergence import cross_entropy, entropy, js_distance, js_divergence, kl_divergence, kl_terms
from klcourse.gaussian import kl_gaussian
from klcourse.quadrature import kl_quad

EVERYWHERE = {
    "np": np,
    "brentq": brentq,
    "ceil": math.ceil,
    "isclose": math.isclose,
    "ln": math.log,
    "ln2": math.log(2),
    "log10": math.log10,
    "log2": math.log2,
    "sqrt": math.sqrt,
    "cross_entropy": cross_entropy,
    "entropy": entropy,
    "js_distance": js_distance,
    "js_divergence": js_divergence,
    "kl_divergence": kl_divergence,
    "kl_gaussian": kl_gaussian,
    "kl_quad": kl_quad,
    "kl_terms": kl_terms,
}

# Where a mistake is what its hint says, whatever the exercise.
RULES = {
    "bits": "answer / ln2",
    "nats": "answer * ln2",
    "log10": "nats / ln(10)",
    "wrong_way": "answer * ln2**2",
    "swapped_ratio": "-answer",
    "rooted": "sqrt(answer)",
    "not_rooted": "answer**2",
    "not_averaged": "2 * answer",
    "distance_nats": "answer * sqrt(ln2)",
    "distance_bits": "answer / sqrt(ln2)",
    "scipy_default": "sqrt(answer * ln2)",
    "half_under_root": "answer * sqrt(2)",
}


def discrete_kl():
    """01: three colours, two codes, dice."""
    red, green, blue = range(3)
    P, Q = np.array([0.1, 0.4, 0.5]), np.array([0.8, 0.15, 0.05])
    A, B = np.array([0.6, 0.3, 0.1]), np.array([0.2, 0.2, 0.6])
    P4, Q4 = np.array([1 / 2, 1 / 4, 1 / 8, 1 / 8]), np.full(4, 1 / 4)
    lengths, mixed_up = np.array([1, 2, 3, 3]), np.array([3, 3, 2, 1])
    loaded, fair, faces = np.array([0.1] * 5 + [0.5]), np.full(6, 1 / 6), np.arange(1, 7)

    def merged(p, i, j):
        return [p[i] + p[j], 1 - p[i] - p[j]]

    def within(p):
        return p[1:] / p[1:].sum()

    def tilted(rate):
        return np.exp(rate * faces) / np.exp(rate * faces).sum()

    rate = brentq(lambda rate: tilted(rate) @ faces - 4.5, -2, 2, xtol=1e-14)
    jaynes = tilted(rate)
    return locals()


def asymmetry():
    """02: pairs of Gaussians as (mean, sd, mean, sd), coins, humps, an ellipse, bins, heavy tails."""
    PAIR_1, PAIR_2, SWAPPED, A_B = (0, 2, 2, 2), (0, 2, 5, 4), (5, 4, 0, 2), (1, 3, -1, 2)
    dx = 0.001
    window = np.arange(-10, 10, dx)

    def log_part(mean_p, sd_p, mean_q, sd_q):
        return math.log(sd_q / sd_p)

    def fraction(mean_p, sd_p, mean_q, sd_q):
        return (sd_p**2 + (mean_p - mean_q) ** 2) / (2 * sd_q**2)

    def fraction_by_first(mean_p, sd_p, mean_q, sd_q):
        return (sd_p**2 + (mean_p - mean_q) ** 2) / (2 * sd_p**2)

    def squared(mean_p, sd_p, mean_q, sd_q):
        return mean_p, sd_p**2, mean_q, sd_q**2

    def rooted(mean_p, sd_p, mean_q, sd_q):
        return mean_p, math.sqrt(sd_p), mean_q, math.sqrt(sd_q)

    def windowed(mean_p, sd_p, mean_q, sd_q):
        p, q = norm.pdf(window, mean_p, sd_p), norm.pdf(window, mean_q, sd_q)
        return np.sum(p * np.log(p / q)) * dx

    def cut(mean, sd):
        return norm.pdf(window, mean, sd) / norm.pdf(window, mean, sd).sum()

    def outside(mean, sd):
        return norm.cdf(-10, mean, sd) + norm.sf(10, mean, sd)

    def coin(heads):
        return [heads, 1 - heads]

    def coin_kl(p, q):
        return kl_divergence(coin(p), coin(q))

    def slope_of_detour(m):
        """Along m, of KL(0.5‖m) + KL(m‖0.1)."""
        return 0.5 / (1 - m) - 0.5 / m + math.log(m / 0.1) - math.log((1 - m) / 0.9)

    grid = np.arange(-20, 20, 0.01)

    def humps(weights, means, sds):
        return logsumexp(norm.logpdf(grid[:, None], means, sds), axis=1, b=weights)

    def forward_kl(mean, sd, log_p):
        return np.sum(np.exp(log_p) * (log_p - norm.logpdf(grid, mean, sd))) * 0.01

    def reverse_kl(mean, sd, log_p):
        log_q = norm.logpdf(grid, mean, sd)
        return np.sum(np.exp(log_q) * (log_q - log_p)) * 0.01

    def reverse_fit(log_p, mean, sd):
        """Search over ln sd, so that sd stays positive."""
        found = minimize(
            lambda fit: reverse_kl(fit[0], math.exp(fit[1]), log_p),
            [mean, math.log(sd)],
            method="Nelder-Mead",
            options={"xatol": 1e-10, "fatol": 1e-15},
        )
        return SimpleNamespace(mean=found.x[0], sd=math.exp(found.x[1]), kl=found.fun)

    far, close = humps([0.5, 0.5], [-3, 3], [1, 1]), humps([0.5, 0.5], [-2, 2], [1, 1])
    far_middle, far_best = reverse_fit(far, 0, 2), reverse_fit(far, 3, 1)
    weights, means, sds = np.array([0.7, 0.3]), np.array([-2, 2.5]), np.array([0.5, 0.8])
    within, across = weights @ sds**2, weights @ (means - weights @ means) ** 2
    uneven = humps(weights, means, sds)
    uneven_best = reverse_fit(uneven, -2, 0.5)

    rho = 0.9
    slanted = np.array([[4, 1.6], [1.6, 1]])
    slanted_rho = slanted[0, 1] / math.sqrt(slanted[0, 0] * slanted[1, 1])

    def binned(width):
        edges = np.arange(-40, 41, width)
        return kl_divergence(np.diff(norm.cdf(edges, 0, 2)), np.diff(norm.cdf(edges, 2, 2)))

    def log_cauchy(scale):
        return lambda x: np.log(scale / np.pi) - np.log(scale**2 + x**2)

    def log_exponential(x):
        return -x

    def log_gamma_2(x):
        return np.log(x) - x

    log_1, log_2 = log_cauchy(1)(window), log_cauchy(2)(window)
    cauchy_sum = np.sum(np.exp(log_1) * (log_1 - log_2))
    return locals()


def jensen_shannon():
    """03: three colours and their mixture, coins, shifted Gaussians, two documents, weights."""
    P, Q, R = np.array([0.1, 0.4, 0.5]), np.array([0.8, 0.15, 0.05]), np.array([0.3, 0.3, 0.4])
    A, B = np.array([0.6, 0.3, 0.1]), np.array([0.2, 0.2, 0.6])
    M = (P + Q) / 2
    heads, fair, tails = np.array([1.0, 0.0]), np.array([0.5, 0.5]), np.array([0.0, 1.0])

    def js_from_sum(p, q):
        """As if the sum of the two were their mixture."""
        return np.sum(rel_entr(p, p + q) + rel_entr(q, p + q)) / 2

    def js_shift(d):
        def integrand(x):
            return norm.pdf(x) * (math.log(2) - np.logaddexp(0, d * x - d**2 / 2))

        return quad(integrand, -12, 12, points=[0, d / 2], epsabs=1e-13)[0]

    def shift_of(nats):
        return brentq(lambda d: js_shift(d) - nats, 0.1, 9)

    words = ["the", "cat", "sat", "dog", "ran"]
    the = words.index("the")
    cat, dog = np.array([10, 5, 3, 0, 0]) / 18, np.array([8, 0, 0, 6, 4]) / 18
    mixed = (cat + dog) / 2

    def js_terms(p, q):
        """In bits; they need not sum to 1."""
        middle = (p + q) / 2
        return (rel_entr(p, middle) + rel_entr(q, middle)) / 2 / math.log(2)

    def weighted_js(w):
        return js_divergence(P, Q, weights=[w, 1 - w], base=2)

    def difference(w):
        return kl_divergence(P, w * P + (1 - w) * Q) - kl_divergence(Q, w * P + (1 - w) * Q)

    best_weight = brentq(difference, 0.1, 0.9, xtol=1e-14)

    def mixture_weighted(distributions, weights):
        return np.mean([kl_divergence(p, np.dot(weights, distributions), base=2) for p in distributions])

    def mean_weighted(distributions, weights):
        middle = np.mean(distributions, axis=0)
        return np.dot(weights, [kl_divergence(p, middle, base=2) for p in distributions])

    return locals()


LESSONS = {"01": discrete_kl, "02": asymmetry, "03": jensen_shannon}


def evaluate(expression, lesson, answer, unit):
    """Return the value of an expression in a lesson's file, where `answer` is the exercise's own."""
    names = {**EVERYWHERE, **numbers_of(lesson), "answer": answer}
    if unit in ("nats", "bits"):
        names["nats"] = answer * (math.log(2) if unit == "bits" else 1)
    return eval(expression, names)


@cache
def numbers_of(lesson):
    return LESSONS[lesson]() if lesson in LESSONS else {}
