"""Models on a running device: a new one is put beside the old one, proved, and switched to by one rename.

from edgedigits.models import Store
from edgedigits.models.proving import prove_model

store = Store.default()
store.install("digits.tar.gz", prove_model)     # or a folder, or an address
store.current()                                  # the folder that is read with; None for the bundled model
store.roll_back()
"""

from edgedigits.models.store import Installed, Store

__all__ = ["Installed", "Store"]
