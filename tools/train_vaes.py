"""Train the models behind klcourse/data/vae_runs.csv, the table that notebook 05 reads: many seeds, and 40 epochs.

    uv run python tools/train_vaes.py FOLDER

The models are kept in FOLDER, and one that is there already is only measured again: an interrupted run goes on where it
stopped. All of it is 1,410 epochs, less than half an hour of one idle core, and ten minutes of measuring.

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
TOLD_BY = 1000  # samples, for information and mismatch
MEASURED, DRAWS, WIDENED = 200, 200, 2  # images, samples for each, and how much wider than q they are drawn


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
        make this estimate of ln p(x) a bad one.
    gap_grey, gap_train : the difference of the two for the same images in grey, and for 200 grey training images.
    """
    reconstruction, kl = vae.evaluate(mnist.test_images)
    mean, log_variance = vae.encode(mnist.test_images)
    of_latents = np.sort(kl_of_latents(mean, log_variance).mean(axis=0))[::-1]
    tells, mismatch = split(mean, log_variance)
    tree = cKDTree(vae.encode(mnist.train_images[:10_000])[0])
    nearest = mnist.train_labels[tree.query(mean[:2000], k=10)[1]]
    votes = np.array([np.bincount(row, minlength=10).argmax() for row in nearest])
    test, training = mnist.test_images[:MEASURED], mnist.train_images[:MEASURED]
    loss = minus_log_p = gap_grey = gap_train = None
    if surprise:
        loss, minus_log_p = loss_and_surprise(vae, test > 127)
        gap_grey, gap_train = (np.subtract(*loss_and_surprise(vae, images / 255)) for images in (test, training))
    numbers = {
        "reconstruction": (reconstruction, 2),
        "kl": (kl, 3),
        "kl_1": (of_latents[0], 4),
        "kl_2": (of_latents[1], 4),
        "tells": (tells, 3),
        "mismatch": (mismatch, 3),
        "lowest": (mean.min(), 2),
        "highest": (mean.max(), 2),
        "neighbours": (np.mean(votes == mnist.test_labels[:2000]), 4),
        "loss_bw": (loss, 2),
        "surprise_bw": (minus_log_p, 2),
        "gap_grey": (gap_grey, 2),
        "gap_train": (gap_train, 2),
    }
    return {name: "" if value is None else round(float(value), digits) for name, (value, digits) in numbers.items()}


def split(mean, log_variance):
    """Information and mismatch, as in section 5.7 of the notebook."""
    sd = np.exp(log_variance / 2)
    z = (mean + sd * np.random.default_rng(0).standard_normal(mean.shape))[:TOLD_BY]
    log_q = np.zeros((TOLD_BY, len(mean)))
    for latent in range(mean.shape[1]):
        log_q += norm.logpdf(z[:, None, latent], mean[:, latent], sd[:, latent])
    own, cloud = np.diag(log_q), logsumexp(log_q, axis=1) - np.log(len(mean))
    return np.mean(own - cloud), np.mean(cloud - norm.logpdf(z).sum(axis=1))


def loss_and_surprise(vae, images):
    """-ELBO and, by importance sampling, -ln p(x), as in section 5.12 of the notebook."""
    mean, log_variance = vae.encode(images)
    sd, random = np.exp(log_variance / 2), np.random.default_rng(0)
    reconstructions, log_weights = [], []
    for _ in range(DRAWS):
        noise = random.standard_normal(mean.shape)
        reconstructions.append(-log_likelihood(vae, mean + sd * noise, images))
        z = mean + WIDENED * sd * noise
        log_weights.append(
            log_likelihood(vae, z, images) + (norm.logpdf(z) - norm.logpdf(z, mean, WIDENED * sd)).sum(axis=1)
        )
    loss = np.mean(reconstructions) + kl_of_latents(mean, log_variance).sum(axis=1).mean()
    return loss, np.mean(np.log(DRAWS) - logsumexp(log_weights, axis=0))


def log_likelihood(vae, z, images):
    """ln p(x|z) of images, each with its own z; for grey ones it is what training sums, not a true probability."""
    ink = np.clip(vae.decode(z).astype(float), 1e-7, 1 - 1e-7)
    return (images * np.log(ink) + (1 - images) * np.log1p(-ink)).sum(axis=(1, 2))


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
