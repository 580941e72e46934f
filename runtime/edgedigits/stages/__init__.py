"""The stages of reading a photo, in order.

`light` evens the light out at several sizes of the image, `strokes` finds connected strokes in each, `hypotheses` says
which strokes, or parts of them, may be one digit, `choice` keeps the hypotheses that together explain the image best,
and `lines` puts them in reading order.
"""
