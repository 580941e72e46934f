"""Finding: from grey levels to what is written where, behind one protocol.

`light` evens the light out at several sizes of the image, `strokes` tells digits by their strokes, `tiles` cuts out
what lies round them, the page network answers with maps, `peaks` tells from them what lies where, `joining` weighs
both, and `finder` does it all. `hands` tells ones from sevens by how a page's sevens are written. `page` holds the
values that the others exchange; `lines` puts them in reading order.
"""
