"""The stages of reading a photo, in order.

`strokes` finds connected strokes in the ink at each size of the image, `hypotheses` says
which strokes, or parts of them, may be one digit, and `choice` keeps those that together explain the image best.
"""
