"""Train the models behind klcourse/data/vae_runs.csv, the table that notebook 05 reads: many seeds, and 40 epochs.

    uv run python tools/train_vaes.py FOLDER

The models are kept in FOLDER, and one that is there already is only measured again: an interrupted run goes on where it
stopped. All of it is 1,410 epochs, some three quarters of an hour of one core, and a quarter of an hour of measuring.

A plan such as "20x5 36x10" says: 5 epochs with c = 20, then 10 more with c = 36. What is measured is what `measure`
returns. The last digits depend on the machine (its rounding, blown up by thousands of steps); seeds differ far more.
"""

import csv
import sys
from pathlib import Path

import numpy as np
from scipy.spatial import cKDTree
from scipy.special import logsumexp
from scipy.stats import norm

import klcourse
from klcourse.mnist import load_mnist
from klcourse.vae import VAE, kl_of_latents

PATH = Path(klcourse.__file__).parent / "data" / "vae_runs.csv"

SWEEP = [f"{c}x5" for c in (0, 0.02, 1, 2, 5, 10, 20, 40)]
THRESHOLD = [f"{c}x20" for c in (20, 28, 36)]
TURNS = ["20x5 36x20", "20x5 40x5", "40x5 20x5", "40x5 20x20", "40x5 1x5", "1x5 1x5"]
LONG = [f"{c}x40" for c in (1, 2)], [f"{c}x40" for c in (0, 0.02, 20)]
PLANS = [
    *((plan, seed) for plan in SWEEP for seed in range(5)),
    *((plan, seed) for plan in THRESHOLD + TURNS for seed in range(3)),
    *((plan, seed) for plan in LONG[0] for seed in range(5)),
    *((plan, seed) for plan in LONG[1] for seed in range(3)),
]
# Of the test images, never the first n: in MNIST the first 5,000 are cleaner and easier than the last 5,000.
TOLD_BY, GUESSED = 10, 5  # every 10th, for information and mismatch; every 5th, for the vote
EVERY, TRAINED_ON, DRAWS = 50, 100, 200  # -ELBO and -ln p(x): every 50th test, 100th training image; samples of each
SIDE, REACH = 0.05, 8  # of the lattice over both latents: of a cell, and how far it goes


def phases(plan):
    """The coefficient and the number of epochs of each phase of a plan."""
    return [(float(c), int(epochs)) for c, epochs in (phase.split("x") for phase in plan.split())]


def train(plan, seed, images):
    """The model of a plan."""
    vae = VAE(seed=seed)
    for c, epochs in phases(plan):
        for _ in vae.train(images, c, epochs):
            pass
    return vae


def measure(vae, mnist, surprise=True):
    """What the table says of a model, by name, in nats per image where nothing else is said.

    reconstruction, kl : on the 10,000 test images.
    kl_1, kl_2 : the part of each latent, the larger one first.
    tells, mismatch : the two parts of the KL, from a sample of each of 1,000 test images; q(z) averages all codes.
    lowest, highest : of the means of the codes.
    neighbours : share of 2,000 test digits that the 10 nearest of 10,000 training means guess right.
    loss_bw, surprise_bw : -ELBO and -ln p(x) of 200 black-and-white test images; empty where c < 1, whose narrow codes
        fall between the points of the lattice, or outside it.
    gap_grey, gap_train : the difference of the two for the same images in grey, and for 600 grey training images.
    loss_train : reconstruction + kl on the 60,000 training images.
    """
    reconstruction, kl = vae.evaluate(mnist.test_images)
    mean, log_variance = vae.encode(mnist.test_images)
    of_latents = np.sort(kl_of_latents(mean, log_variance).mean(axis=0))[::-1]
    tells, mismatch = split(mean, log_variance)
    tree = cKDTree(vae.encode(mnist.train_images[:10_000])[0])
    nearest = mnist.train_labels[tree.query(mean[::GUESSED], k=10)[1]]
    votes = np.array([np.bincount(row, minlength=10).argmax() for row in nearest])
    loss = minus_log_p = gap_grey = gap_train = None
    if surprise:
        test, trained_on = mnist.test_images[::EVERY], mnist.train_images[::TRAINED_ON]
        of_each = loss_and_surprise(vae, np.concatenate([test > 127, test / 255]))
        (loss, loss_grey), (minus_log_p, minus_log_p_grey) = of_each.reshape(2, 2, -1).mean(axis=2)
        gap_grey = loss_grey - minus_log_p_grey
        gap_train = np.subtract(*loss_and_surprise(vae, trained_on / 255)).mean()
    numbers = {
        "reconstruction": (reconstruction, 2),
        "kl": (kl, 3),
        "kl_1": (of_latents[0], 4),
        "kl_2": (of_latents[1], 4),
        "tells": (tells, 3),
        "mismatch": (mismatch, 3),
        "lowest": (mean.min(), 2),
        "highest": (mean.max(), 2),
        "neighbours": (np.mean(votes == mnist.test_labels[::GUESSED]), 4),
        "loss_bw": (loss, 2),
        "surprise_bw": (minus_log_p, 2),
        "gap_grey": (gap_grey, 2),
        "gap_train": (gap_train, 2),
        "loss_train": (sum(vae.evaluate(mnist.train_images)), 2),
    }
    return {name: "" if value is None else round(float(value), digits) for name, (value, digits) in numbers.items()}


def split(mean, log_variance):
    """Information and mismatch, as in section 5.7 of the notebook."""
    sd = np.exp(log_variance / 2)
    z = (mean + sd * np.random.default_rng(0).standard_normal(mean.shape))[::TOLD_BY]
    log_q = np.zeros((len(z), len(mean)))
    for latent in range(mean.shape[1]):
        log_q += norm.logpdf(z[:, None, latent], mean[:, latent], sd[:, latent])
    own, cloud = log_q[np.arange(len(z)), TOLD_BY * np.arange(len(z))], logsumexp(log_q, axis=1) - np.log(len(mean))
    return np.mean(own - cloud), np.mean(cloud - norm.logpdf(z).sum(axis=1))


def loss_and_surprise(vae, images):
    """-ELBO, from samples, and -ln p(x), from a lattice over both latents: two rows, as in section 5.12."""
    mean, log_variance = vae.encode(images)
    sd, random = np.exp(log_variance / 2), np.random.default_rng(0)
    pixels, reconstructions = images.reshape(len(images), -1).astype(np.float32), []
    for _ in range(DRAWS):
        log_ink, log_paper = log_probabilities(vae, mean + sd * random.standard_normal(mean.shape))
        reconstructions.append(-np.sum(pixels * log_ink + (1 - pixels) * log_paper, axis=1))
    loss = np.mean(reconstructions, axis=0) + kl_of_latents(mean, log_variance).sum(axis=1)
    ticks, log_p = np.arange(-REACH + SIDE / 2, REACH, SIDE), np.full(len(images), -np.inf)
    for tick in ticks:
        z = np.stack(np.broadcast_arrays(tick, ticks), axis=1)
        log_ink, log_paper = log_probabilities(vae, z)
        log_joint = log_ink @ pixels.T + log_paper @ (1 - pixels).T + norm.logpdf(z).sum(axis=1, keepdims=True)
        log_p = np.logaddexp(log_p, logsumexp(log_joint, axis=0))
    return np.array([loss, -log_p - 2 * np.log(SIDE)])


def log_probabilities(vae, z):
    """Of ink and of paper in each pixel: a row for each code. For grey images they weigh what training sums."""
    ink = np.clip(vae.decode(z).reshape(len(z), -1), 1e-7, 1 - 1e-7)
    return np.log(ink), np.log1p(-ink)


def main(folder):
    folder.mkdir(parents=True, exist_ok=True)
    mnist, rows = load_mnist(), []
    for plan, seed in PLANS:
        path = folder / f"{plan.replace(' ', '_')}-{seed}.npz"
        if not path.exists():
            train(plan, seed, mnist.train_images).save(path)
        row = measure(VAE.load(path), mnist, surprise=phases(plan)[-1][0] >= 1)
        rows.append({"plan": plan, "seed": seed} | row)
        print(*rows[-1].values(), flush=True)
    with PATH.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, rows[0], lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(Path(sys.argv[1]))
