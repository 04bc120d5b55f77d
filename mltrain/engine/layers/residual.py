from typing import Annotated, Any, ClassVar

from msgspec import Meta

from mltrain.engine.arrays import Shape
from mltrain.engine.layers._windows import Pair, Sliding
from mltrain.engine.layers.base import Layer, ShapeError, shape_text


class Residual(Layer):
    """Adds the output of a list of layers to its own input, so that the layers need to learn only what is to change.

    Where the two shapes differ, the input goes through a projection: a convolution of 1 x 1, strided as the layers are,
    or a dense layer. In summaries and model files the layers are called ``<name>_<layer>``, and the sum ``<name>``. An
    activation behind the sum is a layer of its own. He et al. 2015, https://arxiv.org/abs/1512.03385
    """

    examples: ClassVar[tuple[dict[str, Any], ...]] = ({"layers": ["tanh"]}, {"layers": ["gelu", "sigmoid"]})

    layers: Annotated[
        tuple[Layer, ...],
        Meta(min_length=1, description="the layers whose output is added to the input, each reading the one before it"),
    ]

    @property
    def inner_layers(self) -> tuple[Layer, ...]:
        return self.layers

    def output_shape(self, input_shape: Shape) -> Shape:
        for layer in self.layers:
            input_shape = layer.output_shape(input_shape)
        return input_shape

    def projection(self, input_shape: Shape) -> Layer | None:
        """A convolution or a dense layer. Raises `ShapeError` where neither fits."""
        from mltrain.engine.layers.conv1d import Conv1d
        from mltrain.engine.layers.conv2d import Conv2d
        from mltrain.engine.layers.dense import Dense

        output, (down, across) = self.output_shape(input_shape), self._strides(input_shape)
        if output == input_shape:
            return None
        layer: Layer
        match input_shape, output:
            case (_,), (units,):
                layer = Dense(units=units)
            case (_,) | (_, _), (_, channels):
                layer = Conv1d(filters=channels, kernel_size=1, strides=across)
            case (_, _) | (_, _, _), (_, _, channels):
                layer = Conv2d(filters=channels, kernel_size=1, strides=(down, across))
            case _:
                raise self._misfit(input_shape, output)
        if layer.output_shape(input_shape) != output:
            raise self._misfit(input_shape, output)
        return layer

    def _strides(self, input_shape: Shape) -> Pair:
        """How far the layers move over the input from one of their outputs to the next: down, and across."""
        down = across = 1
        for layer in self.layers:
            one = (1, 1)
            if isinstance(layer, Residual):
                one = layer._strides(input_shape)
            elif isinstance(layer, Sliding):
                one = layer.windows(input_shape).strides
            down, across = down * one[0], across * one[1]
            input_shape = layer.output_shape(input_shape)
        return down, across

    def _misfit(self, input_shape: Shape, output: Shape) -> ShapeError:
        return ShapeError(
            f"the layers make {shape_text(output)} of {shape_text(input_shape)}, and no projection of the input has "
            "that shape, too; 'padding: same' keeps the size of images",
            "layers",
        )
