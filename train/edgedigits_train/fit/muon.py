"""The optimizer: whole directions of a convolution's kernel take equal steps, all other weights follow Adam."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from edgedigits_train.backend import keras

_QUINTIC = (3.4445, -4.7750, 2.0315)
_ITERATIONS = 5
_NORM_OF_ADAM = 0.2
"""Root mean square of an update of Adam's, which makes one learning rate do for both (Liu et al. 2025)."""
_BETA_1, _BETA_2, _EPSILON = 0.9, 0.99, 1e-7


class Muon(keras.optimizers.Optimizer):  # type: ignore[misc]
    """Muon for kernels of convolutions, Adam for every other weight.

    The momentum of a kernel, as a matrix with a column for each output channel, is replaced by the orthogonal matrix
    next to it, found by Newton and Schulz's iteration: rare directions are learnt as fast as common ones. Jordan et
    al. (2024), "Muon: an optimizer for hidden layers in neural networks"; scaled as in Liu et al. (2025), "Muon is
    scalable for LLM training". Keras has a Muon of its own, which leaves convolutions to Adam.

    Args:
        learning_rate: of both, a number or a schedule.
        momentum: of Muon's Nesterov momentum.
        options: of every Keras optimizer.

    Example:
        >>> from edgedigits_train.fit.model import build_model
        >>> from edgedigits_train.recipes import RECIPES
        >>> model = build_model(RECIPES["quick"])
        >>> model.compile(Muon(0.03, weight_decay=0.02), "mse")
    """

    def __init__(self, learning_rate: Any = 0.03, momentum: float = 0.9, **options: Any) -> None:
        super().__init__(learning_rate=learning_rate, **options)
        self._momentum = momentum

    def build(self, variables: Sequence[keras.Variable]) -> None:
        """Make the state for these weights."""
        if self.built:
            return
        super().build(variables)
        self._first = self.add_optimizer_variables(variables, "momentum")
        self._second = [
            None if is_convolution(variable) else self.add_variable_from_reference(variable, "velocity")
            for variable in variables
        ]

    def update_step(self, gradient: Any, variable: keras.Variable, learning_rate: Any) -> None:
        """Change one weight by its gradient."""
        index = self._get_variable_index(variable)
        first, second = self._first[index], self._second[index]
        rate = keras.ops.cast(learning_rate, variable.dtype)
        if second is None:
            self._step_along_directions(gradient, variable, rate, first)
        else:
            self._step_as_adam(gradient, variable, rate, first, second)

    def _step_along_directions(
        self, gradient: Any, variable: keras.Variable, rate: Any, momentum: keras.Variable
    ) -> None:
        self.assign(momentum, self._momentum * momentum + gradient)
        shape = (math.prod(variable.shape[:-1]), variable.shape[-1])
        ahead = keras.ops.reshape(gradient + self._momentum * momentum, shape)
        update = keras.ops.reshape(orthogonalise(ahead), variable.shape)
        self.assign_sub(variable, rate * _NORM_OF_ADAM * math.sqrt(max(shape)) * update)

    def _step_as_adam(
        self, gradient: Any, variable: keras.Variable, rate: Any, first: keras.Variable, second: keras.Variable
    ) -> None:
        steps = keras.ops.cast(self.iterations + 1, variable.dtype)
        self.assign(first, _BETA_1 * first + (1 - _BETA_1) * gradient)
        self.assign(second, _BETA_2 * second + (1 - _BETA_2) * keras.ops.square(gradient))
        mean = first / (1 - keras.ops.power(_BETA_1, steps))
        spread = keras.ops.sqrt(second / (1 - keras.ops.power(_BETA_2, steps)))
        self.assign_sub(variable, rate * mean / (spread + _EPSILON))


def is_convolution(variable: keras.Variable) -> bool:
    """Tell whether the kernel joins channels to channels, which a depthwise one does not."""
    return len(variable.shape) == 4 and variable.shape[-1] > 1


def orthogonalise(matrix: Any) -> Any:
    """Return about the orthogonal matrix next to one: its singular values, where not 0, become 0.7 to 1.2.

    Args:
        matrix: float32 (M, N).

    Returns:
        float32 (M, N).
    """
    rows, columns = matrix.shape
    wide = keras.ops.transpose(matrix) if rows > columns else matrix
    wide = wide / (keras.ops.norm(wide) + _EPSILON)
    a, b, c = _QUINTIC
    for _ in range(_ITERATIONS):
        square = wide @ keras.ops.transpose(wide)
        wide = a * wide + (b * square + c * square @ square) @ wide
    return keras.ops.transpose(wide) if rows > columns else wide
