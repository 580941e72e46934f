"""A million photos: batches of them on a cluster of Dask, with the readings as Parquet. Needs the extra `dask`.

    from dask.distributed import Client
    from edgedigits.bulk import read_photos

    with Client("tcp://scheduler:8786") as client:
        read_photos(client, "/mnt/scans", "readings")

`ReadBatch` is what reads a batch, for whatever else calls a function with batches: Ray Data, or a loop.
"""

from edgedigits.bulk.batch import SCHEMA, ReadBatch
from edgedigits.bulk.cluster import Summary, read_photos

__all__ = ["SCHEMA", "ReadBatch", "Summary", "read_photos"]
