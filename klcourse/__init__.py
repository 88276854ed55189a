"""Helpers for the notebooks of the course on the Kullback-Leibler divergence.

Floor 1: `divergence` (discrete distributions), `mnist` (images of digits), `style` (one look), `live` (a picture that
follows a slider).
Floor 2: `gaussian` (closed forms, fitting), `quadrature` (any two densities), `vae` (a variational autoencoder),
`exercises` (checked answers, questions asked first).
Floor 3: `explorers` (one module a notebook).

Every formula is written out in a notebook before it is imported from here. Importing `klcourse` itself loads nothing.
"""

__version__ = "0.1.0"
