"""Training of the edgedigits model: MNIST, augmentation, recipes, the Keras model and its report.

    from pathlib import Path
    from edgedigits_train.recipes import RECIPES
    from edgedigits_train.training import train

    metrics = train(RECIPES["quick"], Path("build/train"))
    print(metrics.test.accuracy)

Keras, and with it TensorFlow, which takes seconds, is imported by `edgedigits_train.backend` alone, and by the modules
that take it from there.
"""

from edgedigits_train.quiet import silence_tensorflow

silence_tensorflow()
