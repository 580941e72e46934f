"""Training of the edgedigits model: MNIST, augmentation, recipes, the Keras model and its report.

    from pathlib import Path
    from edgedigits_train.recipes import RECIPES
    from edgedigits_train.training import train

    metrics = train(RECIPES["quick"], Path("build/train"))
    print(metrics.test.accuracy)

`data` is what training learns from, `fit` how a network learns it, `evaluation` how good it became; `handwriting`
writes digits, `captured` spoils them as photos do, `page_network` is the network that finds digits on a page.

Keras, and with it TensorFlow, which takes seconds, is imported by `edgedigits_train.backend` alone, and by the modules
that take it from there.
"""

import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")  # TensorFlow's C++ side logs fatal errors only; it reads this once
