"""Data: MNIST and its like, a user's own, what is added to them, and the batches that are made of it."""
