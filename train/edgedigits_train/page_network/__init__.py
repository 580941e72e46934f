"""The page network: learnt from rendered pages, of which it is known what stands where.

`sampling` renders pages and cuts tiles out of them, `truth` says of each tile what the network is to answer, `network`
builds it, `learning` fits it, and `training` does all of it and leaves the files that `edgedigits export` takes.
"""
