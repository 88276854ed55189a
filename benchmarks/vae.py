"""Time an epoch of the VAE on MNIST beside the same model in JAX, PyTorch and Keras, and its bare matrix products.

Run by hand: `uv run --with jax --with torch --with tensorflow python benchmarks/vae.py`. What is not installed is
skipped. Each rival is a process of its own with one thread; they take turns, so that a busy machine slows all alike.
All go through the 60,000 images in random order, in batches of 128, from uint8, with Adam at a rate of 0.001, and
report both losses of the epoch. The first epoch, in which a framework compiles, does not count.
"""

import resource
import subprocess
import sys
from importlib.util import find_spec
from statistics import median
from time import process_time

import numpy as np
from fair import plain_environment

from klcourse.mnist import load_mnist

ONE_THREAD = {
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "TF_NUM_INTRAOP_THREADS": "1",
    "TF_NUM_INTEROP_THREADS": "1",
    "XLA_FLAGS": "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1",
    "TF_CPP_MIN_LOG_LEVEL": "3",
    "CUDA_VISIBLE_DEVICES": "-1",
    "KERAS_BACKEND": "tensorflow",
}
TURNS = 7
BATCH = 128
LAYERS = [(784, 256), (256, 2), (256, 2), (2, 256), (256, 784)]


# --- the rivals: each a function that prepares, and returns a function that trains one epoch --------------------------


def bare_products(images):
    """Only the 11 matrix products of a step, on arrays that stay the same."""
    rng = np.random.default_rng(0)
    encoder, decoder, pixel = (rng.random(s, np.float32) for s in [(784, 256), (2, 256), (256, 784)])
    x, logits = rng.random((2, BATCH, 784), np.float32)
    hidden = np.empty((BATCH, 256), np.float32)
    z, code = rng.random((BATCH, 2), np.float32), rng.random((BATCH, 4), np.float32)
    heads = rng.random((256, 4), np.float32)
    d_encoder, d_pixel = np.empty_like(encoder), np.empty_like(pixel)

    def epoch():
        for _ in range(-(-len(images) // BATCH)):
            np.matmul(x, encoder, out=hidden)
            np.matmul(hidden, heads)
            np.matmul(z, decoder, out=hidden)
            np.matmul(hidden, pixel, out=logits)
            np.matmul(hidden.T, logits, out=d_pixel)
            np.matmul(logits, pixel.T, out=hidden)
            np.matmul(z.T, hidden)
            np.matmul(hidden, decoder.T)
            np.matmul(hidden.T, code)
            np.matmul(code, heads.T, out=hidden)
            np.matmul(x.T, hidden, out=d_encoder)

    return epoch


def klcourse(images):
    from klcourse.vae import VAE

    vae = VAE(seed=0)
    return lambda: next(vae.train(images, kl_coefficient=1, epochs=1))


def glorot():
    rng = np.random.default_rng(0)
    return [
        (rng.uniform(-1, 1, s).astype(np.float32) * (6 / sum(s)) ** 0.5, np.zeros(s[1], np.float32)) for s in LAYERS
    ]


def jax(images):
    import jax
    import jax.numpy as jnp

    images, rng = images.reshape(-1, 784), np.random.default_rng(0)

    def losses(parameters, pixels, noise):
        encoder, mean, log_variance, decoder, pixel = parameters
        x = pixels.astype(jnp.float32) / 255
        hidden = jax.nn.relu(x @ encoder[0] + encoder[1])
        mean, log_variance = (hidden @ w + b for w, b in (mean, log_variance))
        z = mean + jnp.exp(log_variance / 2) * noise
        logits = jax.nn.relu(z @ decoder[0] + decoder[1]) @ pixel[0] + pixel[1]
        reconstruction = jnp.sum(jax.nn.softplus(logits) - x * logits) / len(x)
        kl = jnp.sum(mean**2 + jnp.exp(log_variance) - 1 - log_variance) / 2 / len(x)
        return reconstruction + kl, (reconstruction, kl)

    def adam(p, g, m, v, k):
        m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g * g
        return p - 1e-3 * (m / (1 - 0.9**k)) / (jnp.sqrt(v / (1 - 0.999**k)) + 1e-8), m, v

    def step(state, pixels, noise):
        p, m, v, k, totals = state
        gradient, parts = jax.grad(losses, has_aux=True)(p, pixels, noise)
        moved = jax.tree.map(lambda *a: adam(*a, k), p, gradient, m, v)
        p, m, v = (jax.tree.map(lambda a, i=i: a[i], moved, is_leaf=_is_triple) for i in range(3))
        return p, m, v, k + 1, jax.tree.map(lambda t, a: t + a * len(pixels), totals, parts)

    def _is_triple(a):
        return isinstance(a, tuple) and len(a) == 3

    step = jax.jit(step, donate_argnums=0)
    parameters = jax.tree.map(jnp.asarray, glorot())
    state = parameters, *(jax.tree.map(jnp.zeros_like, parameters) for _ in range(2)), 1.0, (0.0, 0.0)

    def epoch():
        nonlocal state
        state = *state[:4], (0.0, 0.0)
        order = rng.permutation(len(images))
        for start in range(0, len(images), BATCH):
            pixels = images[order[start : start + BATCH]]
            state = step(state, pixels, rng.standard_normal((len(pixels), 2), np.float32))
        return [float(total) / len(images) for total in state[4]]

    return epoch


def torch_eager(images, *, fused=False, compiled=False):
    import torch
    from torch.nn import functional

    torch.set_num_threads(1)
    images = torch.from_numpy(images.reshape(-1, 784).copy())
    layers = torch.nn.ModuleList([torch.nn.Linear(*shape) for shape in LAYERS])
    with torch.no_grad():
        for layer, (weights, bias) in zip(layers, glorot(), strict=True):
            layer.weight.copy_(torch.from_numpy(weights.T.copy()))
            layer.bias.copy_(torch.from_numpy(bias))
    encoder, mean, log_variance, decoder, pixel = layers
    adam = torch.optim.Adam(layers.parameters(), lr=1e-3, fused=fused)

    def losses(pixels):
        x = pixels.float() / 255
        hidden = functional.relu(encoder(x))
        m, s = mean(hidden), log_variance(hidden)
        z = m + torch.exp(s / 2) * torch.randn_like(m)
        logits = pixel(functional.relu(decoder(z)))
        reconstruction = functional.binary_cross_entropy_with_logits(logits, x, reduction="sum") / len(x)
        return reconstruction, (m**2 + s.exp() - 1 - s).sum() / 2 / len(x)

    if compiled:
        losses = torch.compile(losses, dynamic=False)

    def epoch():
        totals = torch.zeros(2)
        for batch in torch.randperm(len(images)).split(BATCH):
            adam.zero_grad()
            reconstruction, kl = losses(images[batch])
            (reconstruction + kl).backward()
            adam.step()
            totals += torch.stack([reconstruction, kl]).detach() * len(batch)
        return (totals / len(images)).tolist()

    return epoch


def torch_fused(images):
    return torch_eager(images, fused=True)


def torch_compiled(images):
    return torch_eager(images, fused=True, compiled=True)


def keras(images):
    import keras
    import tensorflow as tf

    class Model(keras.Model):
        def __init__(self):
            super().__init__()
            self.encoder = keras.layers.Dense(256, activation="relu")
            self.mean, self.log_variance = keras.layers.Dense(2), keras.layers.Dense(2)
            self.decoder = keras.layers.Dense(256, activation="relu")
            self.pixel = keras.layers.Dense(784)
            self.seeds = keras.random.SeedGenerator(0)
            self.means = [keras.metrics.Mean(name) for name in ("reconstruction", "kl")]

        def call(self, x):
            hidden = self.encoder(x)
            mean, log_variance = self.mean(hidden), self.log_variance(hidden)
            noise = keras.random.normal(keras.ops.shape(mean), seed=self.seeds)
            logits = self.pixel(self.decoder(mean + keras.ops.exp(log_variance / 2) * noise))
            return mean, log_variance, logits

        def train_step(self, pixels):
            x = tf.cast(pixels, "float32") / 255
            with tf.GradientTape() as tape:
                mean, log_variance, logits = self(x)
                cross_entropy = tf.nn.sigmoid_cross_entropy_with_logits(labels=x, logits=logits)
                reconstruction = tf.reduce_mean(tf.reduce_sum(cross_entropy, axis=1))
                terms = mean**2 + tf.exp(log_variance) - 1 - log_variance
                kl = tf.reduce_mean(tf.reduce_sum(terms, axis=1)) / 2
                loss = reconstruction + kl
            self.optimizer.apply(tape.gradient(loss, self.trainable_weights), self.trainable_weights)
            for mean, value in zip(self.means, (reconstruction, kl), strict=True):
                mean.update_state(value, sample_weight=tf.shape(x)[0])
            return {mean.name: mean.result() for mean in self.means}

    model = Model()
    model.compile(optimizer=keras.optimizers.Adam(1e-3))
    images = images.reshape(-1, 784)

    def epoch():
        history = model.fit(images, batch_size=BATCH, epochs=1, shuffle=True, verbose=0).history
        return history["reconstruction"][0], history["kl"][0]

    return epoch


RIVALS = {
    "klcourse": (klcourse, "numpy"),
    "bare matrix products": (bare_products, "numpy"),
    "JAX, jit per step": (jax, "jax"),
    "PyTorch, eager": (torch_eager, "torch"),
    "PyTorch, eager, fused Adam": (torch_fused, "torch"),
    "PyTorch, compiled, fused Adam": (torch_compiled, "torch"),
    "Keras on TensorFlow": (keras, "tensorflow"),
}
TARGETS = {
    "bare matrix products": 1.5,
    "JAX, jit per step": 1.0,
    "PyTorch, eager": 0.5,
    "Keras on TensorFlow": 0.65,
}


# --- the race ---------------------------------------------------------------------------------------------------------


def work(name):
    """In a rival's process: train an epoch for every line that comes in, and answer with what it took."""
    epoch = RIVALS[name][0](load_mnist().train_images)
    for _ in sys.stdin:
        start = process_time()
        losses = epoch()
        seconds = process_time() - start
        print("took", seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, *losses or (), flush=True)


def ask(process):
    process.stdin.write("epoch\n")
    process.stdin.flush()
    for line in process.stdout:
        if line.startswith("took"):
            return [float(number) for number in line.split()[1:]]
    raise SystemExit(f"{process.args[-1]} failed")


def main():
    workers = {}
    for name, (_, package) in RIVALS.items():
        if not find_spec(package):
            print(f"skipped, not installed: {name}")
            continue
        command = [sys.executable, __file__, name]
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
        workers[name] = subprocess.Popen(command, env={**plain_environment(), **ONE_THREAD}, **pipes)
        ask(workers[name])
    turns = [{name: ask(process) for name, process in workers.items()} for _ in range(TURNS)]
    for process in workers.values():
        process.stdin.close()

    print(f"Median (and range) of {TURNS} turns, one thread; klcourse's CPU time as a multiple, turn by turn")
    print(f"{'':<31}{'CPU s an epoch':<21}{'multiple':<21}{'memory':<9}last epoch, nats an image")
    for name in workers:
        seconds = [turn[name][0] for turn in turns]
        multiple = median(turn["klcourse"][0] / turn[name][0] for turn in turns)
        _, memory, *losses = turns[-1][name]
        columns = [
            f"{name:<30}",
            f"{median(seconds):.2f} ({min(seconds):.2f} to {max(seconds):.2f})",
            f"{multiple:.2f}" + (f" (at most {TARGETS[name]:.2f})" if name in TARGETS else ""),
            f"{memory:.0f} MB",
            "reconstruction {:.1f}, KL {:.2f}".format(*losses) if losses else "",
        ]
        print("{:<31}{:<21}{:<21}{:<9}{}".format(*columns))


if __name__ == "__main__":
    work(sys.argv[1]) if len(sys.argv) > 1 else main()
