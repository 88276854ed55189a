"""Helpers for the notebooks of the course on the Kullback-Leibler divergence.

Each floor imports only what lies below it:

1. `divergence` (discrete distributions), `mnist` (images of digits), `style` (one look), `live` (a picture that follows
   a slider)
2. `quadrature` (any two densities), `tsne` (affinities and the descent of their KL), `lessons` (what a
   lesson asks: answers checked, questions before the sliders)
3. `gaussian` (closed forms, fitting), `vae` (a variational autoencoder)
4. `mixture` (mixtures of Gaussians, EM)
5. `explorers` (one module a notebook)

Every formula is written out in a notebook before it is imported from here. Importing `klcourse` itself loads nothing.
"""

__version__ = "0.2.0"
