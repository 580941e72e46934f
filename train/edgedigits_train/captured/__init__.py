"""Digits, and what is none, as a photo's finder hands them to the model.

MNIST was scanned: its strokes are of one thickness and its edges clean. What the runtime cuts out of a photo was
written with a ball pen or a marker, is a few or a few hundred pixels high, blurred, grainy, half lost in a threshold;
and much of what it cuts out is no digit at all. Here both are made, by drawing on a large canvas and taking the
drawing through the same losses.
"""

from edgedigits_train.captured.digits import capture_digits, capture_plainly, soil_digits
from edgedigits_train.captured.outliers import KINDS, capture_outliers
from edgedigits_train.captured.severing import sever_digits

__all__ = ["KINDS", "capture_digits", "capture_outliers", "capture_plainly", "sever_digits", "soil_digits"]
