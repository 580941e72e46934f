"""Training of the edgedigits model: MNIST, augmentation, recipes, the Keras model and its report.

    from pathlib import Path
    from edgedigits_train.recipes import RECIPES
    from edgedigits_train.training import train

    metrics = train(RECIPES["quick"], Path("build/train"))
    print(metrics.test.accuracy)

Only `edgedigits_train.model`, `edgedigits_train.fitting` and `edgedigits_train.training` import Keras, and with it
TensorFlow, which takes seconds.
"""

from edgedigits_train.quiet import silence_tensorflow

silence_tensorflow()
