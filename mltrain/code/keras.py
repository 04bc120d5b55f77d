"""A config as a script for Keras 3. `CODE` has what writes each member of a family; `LACKING` has what Keras lacks."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from mltrain.code.loops import again_if, stopping_code, watched
from mltrain.code.plan import Plan, Written
from mltrain.code.text import Argument, Call, Expression, call, comment_lines, listed, literal, statement
from mltrain.config.option_types import options
from mltrain.engine.arrays import Shape
from mltrain.engine.graph import Node
from mltrain.engine.initializers.base import Initializer
from mltrain.engine.initializers.constant import Constant
from mltrain.engine.optimizers.base import Optimizer
from mltrain.engine.regularizers.base import Regularizer
from mltrain.engine.schedules.base import Schedule
from mltrain.spec import Spec

LACKING: dict[str, str] = {}
"""Members that Keras cannot express, each with the reason."""

HELPERS = {
    "PeriodicEmbedding": '''
class PeriodicEmbedding(keras.layers.Layer):
    """Each input, and sums of cosines of it with frequencies and phases of its own."""

    def __init__(self, output_dim=4, frequencies=16, stddev=0.5, **options):
        super().__init__(**options)
        self.shape, self.stddev = (frequencies, output_dim - 1), stddev

    def build(self, input_shape):
        inputs, (count, sums) = input_shape[-1], self.shape
        near = keras.initializers.RandomNormal(stddev=self.stddev)
        any_phase = keras.initializers.RandomUniform(-np.pi, np.pi)
        small = keras.initializers.RandomUniform(-(count**-0.5), count**-0.5)
        self.frequencies = self.add_weight((inputs, count), near, name="frequencies")
        self.phases = self.add_weight((inputs, count), any_phase, name="phases")
        self.kernel = self.add_weight((inputs, count, sums), small, name="kernel")
        self.bias = self.add_weight((inputs, sums), "zeros", name="bias")

    def call(self, x):
        x = x[:, :, None]
        cosines = keras.ops.cos(2 * np.pi * x * self.frequencies + self.phases)
        sums = keras.ops.einsum("rif,ifo->rio", cosines, self.kernel) + self.bias
        both = keras.ops.concatenate([x, sums], axis=2)
        return keras.ops.reshape(both, (-1, both.shape[1] * both.shape[2]))
''',
    "step": '''
def step(z):
    """1 where z is above 0, else 0."""
    return keras.ops.cast(z > 0, z.dtype) + 0 * z  # a gradient of 0, and not none
''',
    "perceptron": '''
def perceptron(target, z):
    """What a wrong answer costs; its gradient is Rosenblatt's rule."""
    return keras.ops.mean((step(z) - target) * z, axis=-1)
''',
}

_ACTIVATIONS: dict[str, Callable[[Any], Expression]] = {
    # By name where the name means the same; by function or layer where Keras's default is another one.
    "elu": lambda own: '"elu"' if own.alpha == 1 else f"keras.layers.ELU({own.alpha!r})",
    "gelu": lambda _: '"gelu"',
    "leaky_relu": lambda own: f"keras.layers.LeakyReLU(negative_slope={own.negative_slope!r})",
    "linear": lambda _: '"linear"',
    "relu": lambda _: '"relu"',
    "sigmoid": lambda _: '"sigmoid"',
    "softmax": lambda _: '"softmax"',
    "softplus": lambda _: '"softplus"',
    "step": lambda _: "step",
    "tanh": lambda _: '"tanh"',
}

_LAYERS = {
    "add": "Add",
    "average": "Average",
    "average_pooling1d": "AveragePooling1D",
    "average_pooling2d": "AveragePooling2D",
    "batch_normalization": "BatchNormalization",
    "concatenate": "Concatenate",
    "conv1d": "Conv1D",
    "conv2d": "Conv2D",
    "dense": "Dense",
    "depthwise_conv2d": "DepthwiseConv2D",
    "dropout": "Dropout",
    "embedding": "Embedding",
    "flatten": "Flatten",
    "gaussian_noise": "GaussianNoise",
    "global_average_pooling1d": "GlobalAveragePooling1D",
    "global_average_pooling2d": "GlobalAveragePooling2D",
    "global_max_pooling1d": "GlobalMaxPooling1D",
    "global_max_pooling2d": "GlobalMaxPooling2D",
    "layer_normalization": "LayerNormalization",
    "max_pooling1d": "MaxPooling1D",
    "max_pooling2d": "MaxPooling2D",
    "multiply": "Multiply",
    "periodic_embedding": "PeriodicEmbedding",
    "random_flip": "RandomFlip",
    "random_rotation": "RandomRotation",
    "random_translation": "RandomTranslation",
    "random_zoom": "RandomZoom",
    "reshape": "Reshape",
    "residual": "Add",  # of its layers and its input
    "zero_padding2d": "ZeroPadding2D",
}
"""Keras's class of each layer, or one of `HELPERS`. Options have the same names."""

_IMAGES = {name for name in _LAYERS if name.endswith("2d") or name.startswith("random_")}
_SEQUENCES = {name for name in _LAYERS if name.endswith("1d")}

_LOSSES: dict[str, Callable[[Any], Expression]] = {
    "binary_crossentropy": lambda _: "keras.losses.BinaryCrossentropy(from_logits=True)",
    "categorical_crossentropy": lambda own: call(
        "keras.losses.CategoricalCrossentropy",
        from_logits="True",
        **{name: literal(value) for name, value in _given(own).items()},
    ),
    "hinge": lambda _: "keras.losses.Hinge()",
    "huber": lambda own: f"keras.losses.Huber(delta={own.delta!r})",
    "mean_absolute_error": lambda _: "keras.losses.MeanAbsoluteError()",
    "mean_squared_error": lambda _: "keras.losses.MeanSquaredError()",
    "perceptron": lambda _: "perceptron",
    "sparse_categorical_crossentropy": lambda _: "keras.losses.SparseCategoricalCrossentropy(from_logits=True)",
}

_RENAMED = {"clip_norm": "global_clipnorm"}
"""Options whose names differ in Keras."""


def _made(name: str) -> Callable[[Spec], Expression]:
    """Writes a member with the options that are not Keras's defaults."""

    def write(own: Spec) -> Expression:
        return call(name, **{_RENAMED.get(key, key): literal(value) for key, value in _given(own).items()})

    return write


def _named(name: str) -> Callable[[Spec], Expression]:
    """Writes a member by its name in quotes, if it has no options that differ from Keras's defaults."""

    def write(own: Spec) -> Expression:
        return _made(f"keras.{name}")(own) if _given(own) else literal(own.type_name())

    return write


def _constant(own: Constant) -> Expression:
    value = literal(own.value)
    return call("keras.initializers.Constant", call("np.array", value) if isinstance(own.value, list) else value)


_INITIALIZERS: dict[str, Callable[[Any], Expression]] = {
    "constant": _constant,
    "glorot_normal": _named("initializers.GlorotNormal"),
    "glorot_uniform": _named("initializers.GlorotUniform"),
    "he_normal": _named("initializers.HeNormal"),
    "he_uniform": _named("initializers.HeUniform"),
    "lecun_normal": _named("initializers.LecunNormal"),
    "lecun_uniform": _named("initializers.LecunUniform"),
    "ones": _named("initializers.Ones"),
    "orthogonal": _named("initializers.Orthogonal"),
    "random_normal": _named("initializers.RandomNormal"),
    "random_uniform": _named("initializers.RandomUniform"),
    "truncated_normal": _named("initializers.TruncatedNormal"),
    "zeros": _named("initializers.Zeros"),
}

_REGULARIZERS: dict[str, Callable[[Any], Expression]] = {
    "l1": lambda own: f"keras.regularizers.L1({own.l1!r})",
    "l1_l2": lambda own: f"keras.regularizers.L1L2(l1={own.l1!r}, l2={own.l2!r})",
    "l2": lambda own: f"keras.regularizers.L2({own.l2!r})",
}

_SCHEDULES: dict[str, Callable[[Any], Expression]] = {
    "cosine_decay": _made("keras.optimizers.schedules.CosineDecay"),
    "exponential_decay": _made("keras.optimizers.schedules.ExponentialDecay"),
    "piecewise": lambda own: call(
        "keras.optimizers.schedules.PiecewiseConstantDecay", literal(list(own.boundaries)), literal(list(own.values))
    ),
    "reduce_on_plateau": lambda own: repr(own.initial_learning_rate),  # and a callback
}


_OPTIMIZERS = {
    "adagrad": "Adagrad",
    "adam": "Adam",
    "adamw": "AdamW",
    "lion": "Lion",
    "nadam": "Nadam",
    "rmsprop": "RMSprop",
    "sgd": "SGD",
}
"""Keras's class of each optimizer. Options have the same names, but for `_RENAMED`."""


def _optimizer(own: Optimizer, rate: Expression) -> Call:
    """An optimizer with a learning rate, which is code, too."""
    given = {key: value for key, value in _given(own).items() if key != "learning_rate"}
    if not own.use_ema:
        given.pop("ema_momentum", None)
    named = {_RENAMED.get(key, key): literal(value) for key, value in given.items()}
    return call(f"keras.optimizers.{_OPTIMIZERS[own.type_name()]}", learning_rate=rate, **named)


CODE: Mapping[str, Mapping[str, Any]] = {
    "activations": _ACTIVATIONS,
    "initializers": _INITIALIZERS,
    "layers": _LAYERS,
    "losses": _LOSSES,
    "optimizers": _OPTIMIZERS,
    "regularizers": _REGULARIZERS,
    "schedules": _SCHEDULES,
}
"""By family and name: the code of a member; of a layer or an optimizer, the name of Keras's class."""


def _given(own: Spec) -> dict[str, Any]:
    """The options that are not those of mltrain's defaults, which are Keras's, by name."""
    found = {}
    for name, option in options(type(own)).items():
        value = getattr(own, name)
        if option.required or value != option.default:
            found[name] = value
    return found


def write(plan: Plan) -> Written:
    """The parts of a script for Keras."""
    return Written(
        "Keras",
        HELPERS,
        network=network_code(plan),
        weights=[*plan.loaded_weights, *COPY_WEIGHTS] if plan.weights is not None else [],
        loss_function=loss_code(plan),
        optimizer=optimizer_code(plan),
        training=_training(plan),
        output=[f"output = model.predict(x_{plan.evaluated}, verbose=0)"] if plan.config.metrics else [],
        loss=f"model.evaluate(x_{plan.evaluated}, y_{plan.evaluated}, verbose=0)",
        notes=_notes(plan),
    )


def _notes(plan: Plan) -> list[str]:
    notes = plan.notes("Keras")
    if plan.config.optimizer.use_ema and "val" in plan.parts:
        notes.append("With use_ema, Keras validates the weights themselves, mltrain their running mean.")
    return notes


def network_code(plan: Plan) -> list[str]:
    """The layers: a list where each reads the one before it, else calls of layers."""
    called = plan.weights is not None or plan.tracked  # by mltrain's names
    names = _keras_names(plan.nodes) if called else dict.fromkeys((node.name for node in plan.nodes), "")
    shapes = {name: shape for name, (shape, _) in plan.job.network.inputs.items()}
    chain = all(len(node.sources) == 1 for node in plan.nodes) and all(
        node.sources[0] == before.name for before, node in zip(plan.nodes[:-1], plan.nodes[1:], strict=True)
    )
    seed = [f"keras.utils.set_random_seed({plan.config.seed})"]
    if chain and len(plan.job.network.inputs) == 1:
        items: list[Expression | Argument] = [f"keras.Input({plan.job.network.input_shape})"]
        for node in plan.nodes:
            items += _steps(plan, node, names, shapes)
        return [*seed, *statement(call("keras.Sequential", listed(items)), "model = ")]
    return [*seed, *_graph(plan, names, shapes)]


def _graph(plan: Plan, names: Mapping[str, str], shapes: dict[str, Shape]) -> list[str]:
    lines = [f"inputs = keras.Input({plan.job.network.input_shape})"]
    values = dict.fromkeys(plan.job.network.inputs, "inputs")
    if len(plan.job.network.inputs) > 1:
        for name, (start, stop, shape) in plan.input_slices().items():
            reshaped = f"keras.layers.Reshape({shape})(inputs[:, {start}:{stop}])"
            values[name] = plan.variable(name)
            lines.append(f"{values[name]} = {reshaped if len(shape) > 1 else f'inputs[:, {start}:{stop}]'}")
    for index, node in enumerate(plan.execution_order):
        following = plan.execution_order[index + 1 : index + 2]
        only_next = bool(following) and plan.readers(node.name) == 1 and following[0].sources[0] == node.name
        variable = "x" if only_next or not following else plan.variable(node.name)
        values_read = [values[source] for source in node.sources]
        read = values_read[0] if len(values_read) == 1 else f"[{', '.join(values_read)}]"
        for step in _steps(plan, node, names, shapes):
            lines += _applied(step.value, read, variable, step.comment)
            read = variable
        values[node.name] = read
    return [*lines, f"model = keras.Model(inputs, {read})"]


def _applied(layer: Expression, read: str, variable: str, comment: str) -> list[str]:
    layer = layer if isinstance(layer, str) else layer._replace(method=f"{layer.method}({read})")
    return statement(f"{layer}({read})" if isinstance(layer, str) else layer, f"{variable} = ", comment)


def _steps(plan: Plan, node: Node, names: Mapping[str, str], shapes: dict[str, Shape]) -> list[Argument]:
    """The layers of Keras that a layer becomes: often one; none where the loss has it.

    ``shapes`` has the shape of each value in Keras, where grey images have a channel.
    """
    kind, layer, shape = node.layer.type_name(), node.layer, shapes[node.sources[0]]
    keeps_channel = kind.startswith("random_") and len(node.output_shape) == 2
    shapes[node.name] = (*node.output_shape, 1) if keeps_channel else node.output_shape
    if plan.is_in_loss(node):
        return []
    steps = []
    if (kind in _IMAGES and len(shape) == 2) or (kind in _SEQUENCES and len(shape) == 1):
        steps.append(Argument(f"keras.layers.Reshape({(*shape, 1)})", comment="one channel"))
    elif kind not in _IMAGES and shape != node.input_shape and not layer.reshapes:
        steps.append(Argument(f"keras.layers.Reshape({literal(node.input_shape)})"))
    if kind in _ACTIVATIONS:
        written = _ACTIVATIONS[kind](layer)
        is_layer = isinstance(written, str) and written.startswith("keras.layers.")
        steps.append(Argument(written if is_layer else call("keras.layers.Activation", written)))
    else:
        named = _options(plan, node)
        if names[node.name]:
            named["name"] = literal(names[node.name])
        comment = ""
        if node is plan.nodes[-1] and plan.fused and hasattr(layer, "activation"):
            comment = f"{plan.fused} is in the loss"
        kept = _LAYERS[kind] if _LAYERS[kind] in HELPERS else f"keras.layers.{_LAYERS[kind]}"
        steps.append(Argument(call(kept, *_positional(node, named), **named), comment=comment))
    return steps


_FIRST = {
    "conv1d": ("filters", "kernel_size"),
    "conv2d": ("filters", "kernel_size"),
    "dense": ("units",),
    "depthwise_conv2d": ("kernel_size",),
    "dropout": ("rate",),
    "embedding": ("input_dim", "output_dim"),
    "gaussian_noise": ("stddev",),
    "random_flip": ("mode",),
    "random_rotation": ("factor",),
    "reshape": ("target_shape",),
}
"""Options that are written without their names."""


def _positional(node: Node, named: dict[str, Expression]) -> list[Expression]:
    return [named.pop(name) for name in _FIRST.get(node.layer.type_name(), ()) if name in named]


def _options(plan: Plan, node: Node) -> dict[str, Expression]:
    """The options of a layer that Keras does not have by default, as code."""
    layer, found = node.layer, dict[str, Expression]()
    own: Any = layer
    for name, value in _given(layer).items():
        match value:
            case _ if name in ("name", "inputs", "layers"):
                continue
            case _ if name == "activation":
                activation = plan.activation(node)
                if activation is not None:
                    found[name] = _ACTIVATIONS[activation.type_name()](activation)
            case Initializer():
                if plan.weights is None:
                    found[name] = _INITIALIZERS[value.type_name()](value)
            case Regularizer():
                found[name] = _REGULARIZERS[value.type_name()](value)
            case _ if layer.type_name() == "zero_padding2d":
                top, bottom, left, right = _paddings(value)
                found[name] = literal(((top, bottom), (left, right)))
            case _:
                found[name] = literal(tuple(value) if isinstance(value, list) else value)
    if layer.type_name().startswith("average_pooling"):  # Keras has no default for these
        found["pool_size"] = literal(own.pool_size)
    if layer.type_name() == "reshape":
        found["target_shape"] = literal(node.output_shape)
    return found


def _paddings(value: Any) -> tuple[int, int, int, int]:
    if isinstance(value, int):
        return value, value, value, value
    down, across, *more = value
    return (down, across, *more) if more else (down, down, across, across)


def _keras_names(nodes: Sequence[Node]) -> dict[str, str]:
    """The name that each layer with weights must be given so that it is called as in mltrain; empty if Keras does."""
    counts: Counter[str] = Counter()
    names = {}
    for node in nodes:
        kind = node.layer.type_name()
        own = f"{kind}_{counts[kind]}" if counts[kind] else kind
        names[node.name] = node.name if node.parameters and node.name != own else ""
        counts[kind] += names[node.name] == ""
    return names


COPY_WEIGHTS = (
    "for layer in model.layers:  # they are called as in mltrain",
    '    names = [f"{layer.name}.{weight.name}" for weight in layer.weights]',
    "    layer.set_weights([weights[name] for name in names])",
)
"""Lines that give the layers the arrays of a model, ``weights``."""


def loss_code(plan: Plan) -> list[str]:
    """The loss, ``loss_function``."""
    return statement(_LOSSES[plan.config.loss.type_name()](plan.config.loss), "loss_function = ")


def optimizer_code(plan: Plan) -> list[str]:
    """The schedule, if there is one, and the optimizer."""
    groups = plan.config.training.gradient_accumulation
    schedule = _schedule(plan)
    lines = statement(schedule, "learning_rate = ") if isinstance(schedule, Call) else []
    if groups > 1 and any(rows % (plan.batch_size * groups) for rows in plan.rows_trained_on):
        lines += comment_lines(
            "Keras carries batches that are left over at the end of an epoch into the next one; mltrain applies "
            "them at once."
        )
    return [*lines, *_new_optimizer(plan)]


def _schedule(plan: Plan) -> Expression:
    rate = plan.config.optimizer.learning_rate
    written: Expression = CODE["schedules"][rate.type_name()](rate) if isinstance(rate, Schedule) else repr(rate)
    return written


def _new_optimizer(plan: Plan, indent: int = 0) -> list[str]:
    groups, rate = plan.config.training.gradient_accumulation, _schedule(plan)
    written = _optimizer(plan.config.optimizer, "learning_rate" if isinstance(rate, Call) else rate)
    if groups > 1:
        steps = Argument(str(groups), "gradient_accumulation_steps")
        written = written._replace(arguments=(*written.arguments, steps))
    return [line[indent:] for line in statement(written, "optimizer = ", indent=indent)]


def _training(plan: Plan) -> list[str]:
    training = plan.config.training
    lines = ["model.compile(optimizer, loss_function)"]
    if not training.epochs:
        return lines
    if plan.folds:
        return ["first = model.get_weights()", *_batches(plan), *_tracked(plan), *_folds(plan)]
    plateau, stopping = _plateau(plan), _early_stopping(plan)
    if plan.refits:
        lines.insert(0, "first = model.get_weights()")
    lines += [*_batches(plan), *_tracked(plan)]
    if plan.refits:  # a second fit reads the callbacks
        lines += [*(statement(plateau, "plateau = ") if plateau else []), *statement(stopping, "stopping = ")]
        plateau, stopping = plateau and "plateau", "stopping"
    steps = [str(-(-rows // plan.batch_size)) for rows in plan.rows_trained_on]
    validation = "(x_val, y_val)" if "val" in plan.parts else ""
    callbacks = [_shown(plan), plateau, stopping]
    lines += statement(_fit(plan, "batches()", str(training.epochs), steps[0], validation, callbacks), "history = ")
    if plan.refits:
        again = _fit(plan, "batches()", "stopping.best_epoch + 1", steps[1], callbacks=[plateau])
        second = [*_again(plan, 4), *(line[4:] for line in statement(again, indent=4))]
        lines += [*plan.with_validation_rows, *again_if("np.isfinite(stopping.best)", second)]
    return lines


def _folds(plan: Plan) -> list[str]:
    """The trainings of the folds, one behind the other, and that on all rows for the epochs that were best."""
    training, name = plan.config.training, watched(plan)
    seed = f", {plan.seed_of_fold}" if plan.shuffled else ""
    steps, validation = f"-(-len(rest) // {plan.batch_size})", "(x_train[fold], y_train[fold])"
    rows = f"batches(x_train[rest], y_train[rest]{seed})"
    share = plan.shares_of_fold.get(name, "1")
    fit = _fit(plan, rows, str(training.epochs), steps, validation, [_shown(plan)])
    each = [
        f"fold = order[number::{plan.folds}]",
        "rest = np.setdiff1d(order, fold)",
        *_again(plan, 4),
        *(line[4:] for line in statement(fit, "history = ", indent=4)),
        f"mean += np.multiply(history.history[{literal(name)}], {share})",
    ]
    last = _fit(plan, "batches(x_train, y_train)", "best_epoch", str(plan.steps))
    return [
        "# folds: each row validates the one of these trainings that leaves it out",
        *plan.dealt,
        f"mean = np.zeros({training.epochs})  # {name} of each epoch",
        f"for number in range({plan.folds}):",
        *(f"    {line}" for line in each),
        "best, best_epoch, patience = np.inf, 0, 0",
        f"for epoch, {name} in enumerate(mean, 1):",
        *(f"    {line}" for line in stopping_code(plan, "")),
        plan.best_of_folds(name),
        *plan.with_validation_rows,
        *_again(plan),
        *statement(last),
    ]


def _again(plan: Plan, indent: int = 0) -> list[str]:
    """Lines that begin a training anew, with the first weights; ``indent`` is how far they will be moved."""
    return [*_new_optimizer(plan, indent), "model.set_weights(first)", "model.compile(optimizer, loss_function)"]


def _shown(plan: Plan) -> Expression:
    """The callback that shows tracked parameters; empty where there are none."""
    return call("keras.callbacks.LambdaCallback", on_epoch_end="show") if plan.tracked else ""


def _fit(
    plan: Plan, rows: str, epochs: str, steps: str, validation: str = "", callbacks: Sequence[Expression] = ()
) -> Call:
    """A training on ``rows``."""
    arguments: dict[str, Expression] = {"epochs": epochs, "steps_per_epoch": steps}
    if validation:
        arguments["validation_data"] = validation
        arguments["validation_batch_size"] = str(plan.batch_size)
    if given := [one for one in callbacks if one]:
        arguments["callbacks"] = listed(given)
    return call("model.fit", rows, **arguments, verbose="2")


def _batches(plan: Plan) -> list[str]:
    count = "len(x_train)" if plan.refits else plan.parts["train"]
    seed = f", seed={plan.config.seed}" if plan.folds and plan.shuffled else ""
    shuffle = [f'shuffle = random("shuffle"{", seed" if seed else ""})'] if plan.shuffled else []
    lines = list[str]()
    if not plan.refits:  # each of two trainings begins with the order of the first epoch
        lines, shuffle = shuffle, []
    if (weights := plan.class_weights) is not None:
        lines += statement(call("np.array", weights, "np.float32"), "class_weight = ")
    order = "shuffle.permutation(len(x_train))" if plan.shuffled else "np.arange(len(x_train))"
    yields, chosen = "x_train[rows], y_train[rows]", list[str]()
    if weights is not None:
        chosen, yields = [f"classes = {plan.class_numbers('y_train[rows]')}"], f"{yields}, class_weight[classes]"
    return [
        *lines,
        "",
        "",
        f"def batches({'x_train, y_train' if plan.folds else ''}{seed}):",
        '    """The rows in the order in which mltrain takes them."""',
        *(f"    {line}" for line in shuffle),
        "    while True:",
        f"        order = {order}",
        f"        for start in range(0, {count}, {plan.batch_size}):",
        f"            rows = order[start : start + {plan.batch_size}]",
        *(f"            {line}" for line in chosen),
        f"            yield {yields}",
        "",
        "",
    ]


def _tracked(plan: Plan) -> list[str]:
    """A function that prints the tracked parameters, for a callback."""
    if not plan.tracked:
        return []
    arrays = {}
    for name in plan.tracked.values():
        layer, _, parameter = name.rpartition(".")
        arrays[name] = f"model.get_layer({literal(layer)}).{parameter}.numpy()"
    body = (f"    {line}" for line in plan.tracked_code(arrays))
    return ["def show(epoch, logs):", '    """The tracked parameters."""', *body, "", ""]


def _plateau(plan: Plan) -> Expression:
    """The callback of a learning rate that reacts to epochs; empty where there is none."""
    rate = plan.config.optimizer.learning_rate
    if not isinstance(rate, Schedule) or rate.monitored is None:
        return ""
    own: Any = rate
    return call(
        "keras.callbacks.ReduceLROnPlateau",
        monitor=literal(plan.monitored(own.monitor, ("optimizer", "learning_rate", "monitor"))),
        factor=repr(own.factor),
        patience=str(own.patience),
        min_delta=repr(own.min_delta),
        cooldown=str(own.cooldown),
        min_lr=repr(own.min_learning_rate),
    )


def _early_stopping(plan: Plan) -> Expression:
    """The callback of early stopping; empty where there is none. A second training needs no weights of the best."""
    stopping = plan.config.training.early_stopping
    if stopping is None:
        return ""
    restored = {} if plan.refits else {"restore_best_weights": str(stopping.restore_best)}
    return call(
        "keras.callbacks.EarlyStopping",
        monitor=literal(watched(plan)),
        patience=str(stopping.patience),
        min_delta=repr(stopping.min_delta),
        **restored,
    )
