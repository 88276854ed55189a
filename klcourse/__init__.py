"""Helpers for the notebooks of the course on the Kullback-Leibler divergence.

Each floor imports only what lies below it:

1. `checks` (input rules), `style` (one look)
2. `divergence` (discrete distributions), `counts` (Poisson, rounded normal), `mnist` (images of digits), `live` (a
   picture that follows a slider)
3. `quadrature` (any two densities), `tsne` (affinities and the descent of their KL), `lessons` (what a
   lesson asks: answers checked, questions before the sliders)
4. `gaussian` (closed forms), `fitting` (descent on KL), `vae` (a variational autoencoder)
5. `mixture` (mixtures of Gaussians, EM)
6. `explorers` (one module a notebook)

A formula that a lesson imports from here is written out in a lesson first; the one exception is `VAE`, whose gradient
is too long for it. What only the explorers compute with is documented and tested here. Importing `klcourse` itself
loads nothing, and importing formulas loads neither pictures nor widgets.
"""

__version__ = "0.2.0"
