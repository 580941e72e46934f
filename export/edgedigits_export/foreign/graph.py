"""A model as a frozen TensorFlow graph: whatever wrote it, its weights are constants and its end can be cut off."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from edgedigits.errors import InputError

_PASSING = {"Identity", "StopGradient", "EnsureShape", "PlaceholderWithDefault"}
_WEIGHING = {"MatMul", "Conv2D", "DepthwiseConv2dNative", "BatchMatMulV2"}
_ACTIVATIONS = {"Softmax": "softmax", "LogSoftmax": "log-softmax", "Sigmoid": "sigmoid"}
_AT_ONCE = 500


@dataclass(frozen=True, eq=False)
class FrozenGraph:
    """A graph from one input to one output.

    Attributes:
        definition: TensorFlow's GraphDef, weights as constants.
        input: name of the placeholder.
        output: name of the tensor that is answered.
        shape: of the input without the batch; None for a side that is free.
        dtype: of the input, as numpy calls it.
        classes: how many numbers are answered.
    """

    definition: Any
    input: str
    output: str
    shape: tuple[int | None, ...]
    dtype: str
    classes: int

    @property
    def activation(self) -> str | None:
        """What stands at the end: "softmax", "log-softmax", "sigmoid", or None for anything else."""
        return _ACTIVATIONS.get(self._end.op)

    @property
    def parameters(self) -> int:
        """How many numbers its weights have."""
        return sum(weights.size for _, weights in self._weights)

    @property
    def layers(self) -> tuple[tuple[str, str, int], ...]:
        """Names, kinds and numbers of weights of the operations that multiply with weights, in the graph's order."""
        sizes = {name: weights.size for name, weights in self._weights}
        found = [node for node in self._reachable() if node.op in _WEIGHING]
        return tuple(
            (node.name.rpartition("/")[0].rpartition("/")[2] or node.name, node.op, self._size(node.input[1], sizes))
            for node in found
        )

    def _size(self, tensor: str, sizes: Mapping[str, int]) -> int:
        """Return how many weights a tensor has that is made of constants; 0 of any other."""
        node = self._nodes[_node(tensor)]
        while node.op in (*_PASSING, "Reshape", "Cast"):
            node = self._nodes[_node(node.input[0])]
        return sizes.get(node.name, 0)

    def check(self) -> None:
        """Refuse weights that are not numbers, and answers that hang on chance.

        Keras exports augmentation layers into a SavedModel as they are in training.

        Raises:
            InputError: the first of them.
        """
        for node in self._reachable():
            if "Random" in node.op or node.op in ("Multinomial", "StatelessMultinomial"):
                layer = node.name.removeprefix("StatefulPartitionedCall/").split("/")[-3:][0]
                raise InputError(
                    f"it changes its images at random whenever it is used (in {layer}), because augmentation was"
                    " written with it: save it as .keras instead, or export it without that layer"
                )
        for name, weights in self._weights:
            if not np.isfinite(weights).all():
                raise InputError(f"the weights {name} are not numbers (NaN or infinite): its training went astray")

    def without_activation(self) -> FrozenGraph:
        """Return the graph that answers what goes into the softmax or sigmoid at its end; itself where there is none.

        A log-softmax stays: its answers are logits.
        """
        if self.activation not in ("softmax", "sigmoid"):
            return self
        return FrozenGraph(
            self.definition, self.input, _tensor(self._end.input[0]), self.shape, self.dtype, self.classes
        )

    def for_floats(self) -> FrozenGraph:
        """Return the graph for an input of float32 whose values are the same, where it only casts it to that.

        Else a converter would leave an integer input in front of the cast, and quantize what comes after by itself.
        """
        import tensorflow as tf

        if self.dtype == "float32":
            return self
        definition = tf.compat.v1.GraphDef()
        definition.CopyFrom(self.definition)
        same = {self.input}
        for node in definition.node:
            comes = [_node(name) for name in node.input if not name.startswith("^")]
            if node.name == self.input:
                node.attr["dtype"].type = tf.float32.as_datatype_enum
            elif node.op in _PASSING and comes and comes[0] in same:
                node.attr["T"].type = tf.float32.as_datatype_enum
                same.add(node.name)
            elif node.op == "Cast" and comes[0] in same:
                if node.attr["DstT"].type != tf.float32.as_datatype_enum:
                    return self
                node.attr["SrcT"].type = tf.float32.as_datatype_enum
            elif same & set(comes):
                return self
        return FrozenGraph(definition, self.input, self.output, self.shape, "float32", self.classes)

    def apply(self, images: Any) -> Any:
        """Return what is answered to a tensor of images, (N, C); to be called while a graph is built."""
        import tensorflow as tf

        (answers,) = tf.graph_util.import_graph_def(
            self._pruned, input_map={f"{self.input}:0": images}, return_elements=[self.output], name=""
        )
        return tf.reshape(answers, (-1, self.classes))

    def answer(self, images: npt.NDArray[Any]) -> npt.NDArray[np.float32]:
        """Return what is answered to images of the shape that it takes, float32 (N, C)."""
        function = self._function
        parts = [function(images[start : start + _AT_ONCE]) for start in range(0, len(images), _AT_ONCE)]
        return np.concatenate([np.asarray(part, np.float32) for part in parts])

    @cached_property
    def _function(self) -> Any:
        import tensorflow as tf

        signature = [tf.TensorSpec((None, *self.shape), self.dtype)]
        return tf.function(self.apply, input_signature=signature, autograph=False)

    @cached_property
    def _pruned(self) -> Any:
        import tensorflow as tf

        return tf.compat.v1.graph_util.extract_sub_graph(self.definition, [_node(self.output)])

    @cached_property
    def _nodes(self) -> dict[str, Any]:
        return {node.name: node for node in self.definition.node}

    @property
    def _end(self) -> Any:
        """The last operation that does something."""
        node = self._nodes[_node(self.output)]
        while node.op in _PASSING or (node.op == "Reshape" and self._nodes[_node(node.input[0])].op in _ACTIVATIONS):
            node = self._nodes[_node(node.input[0])]
        return node

    @cached_property
    def _weights(self) -> tuple[tuple[str, npt.NDArray[Any]], ...]:
        import tensorflow as tf

        arrays = [(node.name, tf.make_ndarray(node.attr["value"].tensor)) for node in self._reachable("Const")]
        return tuple((name, array) for name, array in arrays if array.dtype.kind == "f")

    def _reachable(self, kind: str | None = None) -> Iterator[Any]:
        """Yield the nodes that the answer hangs on, each after those that it needs, or only those of a kind."""
        done: set[str] = set()
        pending = [(_node(self.output), False)]
        while pending:
            name, ready = pending.pop()
            if name in done:
                continue
            node = self._nodes[name]
            if ready:
                done.add(name)
                if kind in (None, node.op):
                    yield node
                continue
            pending.append((name, True))
            pending.extend((_node(need), False) for need in reversed(node.input) if not need.startswith("^"))


def freeze(function: Any) -> FrozenGraph:
    """Return a concrete TensorFlow function with one input and one output as a frozen graph.

    Raises:
        InputError: it has several inputs or outputs, or answers no list of numbers for an image.
    """
    inputs = [tensor for tensor in function.inputs if tensor.dtype.name != "resource"]
    if len(inputs) != 1 or len(function.outputs) != 1:
        raise InputError(
            f"it has {len(inputs)} inputs and {len(function.outputs)} outputs; export takes models from one image to"
            " one list of logits"
        )
    images, answers = inputs[0], function.outputs[0]
    shape = tuple(images.shape[1:]) if images.shape.rank else ()
    sizes = [size for size in (answers.shape[1:] if answers.shape.rank else ()) if size != 1]
    if answers.shape.rank is None or answers.shape.rank < 2 or any(size is None for size in sizes):
        raise InputError(f"it answers with the shape {answers.shape}, not with one number for each label")
    if len(sizes) > 1 or not answers.dtype.is_floating:
        raise InputError(
            f"it answers with {answers.dtype.name} of shape {tuple(answers.shape)}, not with one number for each label"
        )
    classes = int(np.prod(sizes)) if sizes else int(np.prod(answers.shape[1:]))
    if images.dtype.name not in ("float32", "float16", "float64", "uint8", "int32"):
        raise InputError(f"it takes {images.dtype.name}, not an image")
    definition = _with_constants(function)
    return FrozenGraph(definition, images.op.name, answers.name, shape, images.dtype.name, classes)


def _with_constants(function: Any) -> Any:
    """Return the graph of a function, calls inlined, with its variables as constants and no order but that of data.

    TensorFlow's `convert_variables_to_constants_v2` does the same, and then builds a function again, which fails where
    a variable is assigned to: augmentation layers do that with their seeds, though nothing hangs on it.
    """
    from tensorflow.python.framework import convert_to_constants

    data = convert_to_constants._FunctionConverterDataInEager(
        func=function, lower_control_flow=True, aggressive_inlining=True
    )
    definition, _ = convert_to_constants._replace_variables_by_constants(data)
    for node in definition.node:
        needed = [name for name in node.input if not name.startswith("^")]
        del node.input[:]
        node.input.extend(needed)
    return definition


def _node(tensor: str) -> str:
    return tensor.lstrip("^").split(":")[0]


def _tensor(name: str) -> str:
    return name if ":" in name else f"{name}:0"
