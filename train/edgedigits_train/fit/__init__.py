"""Fitting: the networks, what they learn from, and how a training goes on where it was interrupted."""
