"""Models that `edgedigits train` did not make: opened, understood, and brought into the form that export takes.

from edgedigits_export.foreign import adopt

adopted = adopt(Path("my.keras"))              # what it takes was found out on MNIST
export_bundle(adopted.model, Path("build/bundle-my"))
"""

from edgedigits_export.foreign.adopting import Adopted, adopt

__all__ = ["Adopted", "adopt"]
