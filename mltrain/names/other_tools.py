"""Names of Keras, PyTorch and scikit-learn that have another name in mltrain, another form, or no equivalent.

One table: a name, and the name here, or a sentence. Case, hyphens, underscores and spaces do not count, so that
``CrossEntropyLoss`` and ``cross_entropy_loss`` are one entry.
"""

import re
from collections.abc import Collection, Iterable

from mltrain.names.nearest import LONGEST, question

_CROSSENTROPY = (
    "under softmax it is called 'sparse_categorical_crossentropy', or 'categorical_crossentropy' where the targets "
    "are one-hot rows; under sigmoid, 'binary_crossentropy'"
)
_SOFTMAX_FIRST = "write 'activation: softmax' in the last layer, and 'loss: sparse_categorical_crossentropy'"
_SIGMOID_FIRST = "write 'activation: sigmoid' in the last layer, and 'loss: binary_crossentropy'"
_KNOWN_SHAPE = "leave it out: the size of the input follows from the dataset and the layer before"
_MEASURED = "it is no loss but a metric: write it below metrics"
_ACTIVATION = "an activation has no weights; the layer that has some is {type: dense, units: 64, activation: relu}"
_LAYERS = "'layers' lists the network from input to output, as in [{type: dense, units: 64, activation: relu}, ...]"
_SCHEDULE = "'learning_rate' takes a schedule, as in {type: cosine_decay, ...}; list them with: mltrain explain"
_FROM_DATASET = "the rows held back are an option of the dataset: dataset.validation_split"
_CPU = "leave it out: mltrain computes on the processor, and chooses the number of processes itself"
_BETAS = "'beta_1' and 'beta_2' are two options"
_MOMENTUM = "'beta_1' is its momentum: the share of the gradient's running mean that is kept"
_SEPARABLE = "write depthwise_conv2d, and behind it {type: conv2d, filters: 64, kernel_size: 1}"
_PLAYGROUND = "write {{type: playground, shape: {shape}}}"
_AS_CSV = "save it as CSV, and write {type: csv, path: ..., target: ...}"
_AS_NPZ = "save it with numpy.savez, and write {type: npz, path: ...}"

_MEMBERS: dict[str, dict[str, str]] = {
    "layer": {
        **dict.fromkeys(("fully_connected", "fc", "full", "inner_product", "linear_layer", "nn_linear"), "=dense"),
        **dict.fromkeys(("batchnorm", "batch_norm", "batchnorm1d", "batchnorm2d", "bn"), "=batch_normalization"),
        **dict.fromkeys(("layernorm", "layer_norm"), "=layer_normalization"),
        **dict.fromkeys(("concat", "cat", "merge"), "=concatenate"),
        **dict.fromkeys(("skip", "shortcut", "residual_block"), "=residual"),
        **dict.fromkeys(("view", "unflatten"), "=reshape"),
        **dict.fromkeys(("conv", "convolution", "convolution2d", "convolutional"), "=conv2d"),
        **dict.fromkeys(("convolution1d",), "=conv1d"),
        **dict.fromkeys(("depthwise_conv", "depthwise_convolution"), "=depthwise_conv2d"),
        **dict.fromkeys(("separable_conv2d", "separable_convolution"), f"!{_SEPARABLE}"),
        **dict.fromkeys(("conv3d", "conv2d_transpose", "conv_transpose2d", "deconvolution"), "?conv3d"),
        **dict.fromkeys(("maxpool", "maxpool2d", "max_pool", "max_pool2d", "max_pooling", "pooling"), "=max_pooling2d"),
        **dict.fromkeys(("maxpool1d", "max_pool1d"), "=max_pooling1d"),
        **dict.fromkeys(("avgpool", "avgpool2d", "avg_pool2d", "average_pooling", "meanpool"), "=average_pooling2d"),
        **dict.fromkeys(("avgpool1d", "avg_pool1d"), "=average_pooling1d"),
        **dict.fromkeys(("global_average_pooling", "gap", "adaptive_avg_pool2d"), "=global_average_pooling2d"),
        **dict.fromkeys(("global_max_pooling", "adaptive_max_pool2d"), "=global_max_pooling2d"),
        **dict.fromkeys(("zero_pad2d", "padding", "pad"), "=zero_padding2d"),
        **dict.fromkeys(("random_horizontal_flip", "random_vertical_flip", "flip"), "=random_flip"),
        **dict.fromkeys(("random_shift", "shift"), "=random_translation"),
        **dict.fromkeys(("random_affine", "rotation"), "=random_rotation"),
        **dict.fromkeys(("random_resized_crop", "zoom"), "=random_zoom"),
        **dict.fromkeys(("lstm", "gru", "rnn", "simple_rnn", "recurrent", "bidirectional"), "?lstm"),
        **dict.fromkeys(("attention", "multi_head_attention", "multihead_attention", "transformer"), "?attention"),
        **dict.fromkeys(("embed",), "=embedding"),
        **dict.fromkeys(("periodic", "plr", "pbld", "fourier_features"), "=periodic_embedding"),
        **dict.fromkeys(("group_normalization", "groupnorm", "instancenorm", "rmsnorm"), "?group_normalization"),
        **dict.fromkeys(("gaussian_dropout", "spatial_dropout2d", "random_crop", "random_contrast"), "?random_crop"),
        **dict.fromkeys(("up_sampling2d", "upsample", "cropping2d", "lambda", "permute"), "?other"),
        **dict.fromkeys(
            ("input", "input_layer", "inputs"), "!leave it out: the dataset says what the network is given"
        ),
        "activation": "!write its name alone, as in '- relu', or 'activation: relu' in the layer before",
        "output": "!the last layer is the output: a dense layer with as many units as there are classes or targets",
        "hidden": "!a hidden layer is {type: dense, units: 64, activation: relu}",
    },
    "activation": {
        **dict.fromkeys(("identity", "none", "null"), "=linear"),
        **dict.fromkeys(("logistic", "sigmoidal", "expit"), "=sigmoid"),
        **dict.fromkeys(("hyperbolic_tangent",), "=tanh"),
        **dict.fromkeys(("heaviside", "sign", "threshold", "hardlim"), "=step"),
        **dict.fromkeys(("rectifier", "rectified_linear"), "=relu"),
        **dict.fromkeys(("lrelu",), "=leaky_relu"),
        **dict.fromkeys(("swish", "silu"), "?silu"),
        **dict.fromkeys(
            ("selu", "celu", "prelu", "rrelu", "relu6", "mish", "hard_sigmoid", "hard_tanh", "hard_swish"), "?"
        ),
        **dict.fromkeys(("log_softmax", "softmin", "softsign", "exponential", "tanhshrink", "softshrink", "glu"), "?"),
    },
    "loss": {
        **dict.fromkeys(("crossentropy", "cross_entropy", "ce", "softmax_cross_entropy", "xent"), f"!{_CROSSENTROPY}"),
        **dict.fromkeys(("cross_entropy_loss", "nll", "nll_loss", "negative_log_likelihood"), f"!{_SOFTMAX_FIRST}"),
        **dict.fromkeys(("log_loss", "logistic", "logistic_loss", "deviance"), f"!{_CROSSENTROPY}"),
        **dict.fromkeys(
            ("bce", "bce_loss", "binary_cross_entropy", "binary_cross_entropy_loss"), "=binary_crossentropy"
        ),
        **dict.fromkeys(("bce_with_logits", "bce_with_logits_loss", "sigmoid_cross_entropy"), f"!{_SIGMOID_FIRST}"),
        **dict.fromkeys(
            ("sparse_cross_entropy", "sparse_categorical_cross_entropy"), "=sparse_categorical_crossentropy"
        ),
        **dict.fromkeys(("categorical_cross_entropy",), "=categorical_crossentropy"),
        **dict.fromkeys(("l1", "l1_loss", "absolute_error", "mean_absolute", "mad"), "=mean_absolute_error"),
        **dict.fromkeys(
            ("l2", "l2_loss", "squared_error", "squared_loss", "mean_squared", "quadratic"), "=mean_squared_error"
        ),
        **dict.fromkeys(
            ("rmse", "root_mean_squared_error"), "!learn 'mean_squared_error', and write 'metrics: [rmse]'"
        ),
        **dict.fromkeys(("smooth_l1", "smooth_l1_loss", "huber_loss"), "=huber"),
        **dict.fromkeys(("hinge_loss", "svm", "hinge_embedding_loss"), "=hinge"),
        **dict.fromkeys(("accuracy", "acc", "f1", "precision", "recall", "r2", "top_k_accuracy"), f"!{_MEASURED}"),
        **dict.fromkeys(("kl_divergence", "kld", "kldivloss", "kl_div", "poisson", "cosine_similarity", "ctc"), "?"),
        **dict.fromkeys(("focal", "focal_loss", "dice", "triplet", "contrastive", "log_cosh", "squared_hinge"), "?"),
        **dict.fromkeys(("categorical_hinge", "mape", "msle", "mean_absolute_percentage_error", "tversky"), "?"),
        **dict.fromkeys(("mean_squared_logarithmic_error", "quantile", "pinball", "gaussian_nll_loss"), "?"),
    },
    "optimizer": {
        **dict.fromkeys(("gradient_descent", "gd", "stochastic_gradient_descent", "vanilla"), "=sgd"),
        **dict.fromkeys(("momentum", "sgd_momentum"), "!write {type: sgd, momentum: 0.9}"),
        **dict.fromkeys(("nesterov", "nag"), "!write {type: sgd, momentum: 0.9, nesterov: true}"),
        **dict.fromkeys(("adamax", "radam", "adadelta", "ftrl", "lbfgs", "l_bfgs", "bfgs", "adafactor", "rprop"), "?"),
        **dict.fromkeys(("lamb", "muon", "sparse_adam", "adabelief", "asgd", "loss_scale_optimizer"), "?"),
    },
    "schedule": {
        **dict.fromkeys(
            ("cosine", "cosine_annealing", "cosine_annealing_lr", "warmup", "linear_warmup"), "=cosine_decay"
        ),
        **dict.fromkeys(("exponential", "exponential_lr"), "=exponential_decay"),
        **dict.fromkeys(
            ("step", "step_lr", "step_decay", "multi_step", "multi_step_lr", "piecewise_constant"), "=piecewise"
        ),
        **dict.fromkeys(("piecewise_constant_decay", "constant"), "=piecewise"),
        **dict.fromkeys(("plateau", "reduce_lr_on_plateau", "adaptive"), "=reduce_on_plateau"),
        **dict.fromkeys(("one_cycle", "one_cycle_lr", "cyclic", "cyclic_lr", "polynomial_decay"), "?"),
        **dict.fromkeys(("inverse_time_decay", "cosine_decay_restarts", "invscaling"), "?"),
    },
    "metric": {
        **dict.fromkeys(("acc", "binary_accuracy", "categorical_accuracy", "accuracy_score"), "=accuracy"),
        **dict.fromkeys(("sparse_categorical_accuracy",), "=accuracy"),
        **dict.fromkeys(("f1_score", "f_score", "fbeta", "f1score"), "=f1"),
        **dict.fromkeys(("r2_score", "r_squared", "r_2"), "=r2"),
        **dict.fromkeys(("top_k", "top5", "top_5_accuracy", "sparse_top_k_categorical_accuracy"), "=top_k_accuracy"),
        **dict.fromkeys(("top_k_categorical_accuracy",), "=top_k_accuracy"),
        **dict.fromkeys(("sensitivity", "true_positive_rate"), "=recall"),
        **dict.fromkeys(("l1",), "=mean_absolute_error"),
        **dict.fromkeys(("l2",), "=mean_squared_error"),
        **dict.fromkeys(("loss", "val_loss"), "!leave it out: the loss is always reported"),
        **dict.fromkeys(("confusion_matrix", "confusion"), "!leave it out: 'mltrain evaluate' shows it"),
        **dict.fromkeys(("auc", "roc_auc", "mape", "mcc", "kappa", "iou", "perplexity", "specificity", "bleu"), "?"),
        **dict.fromkeys(("crossentropy", "log_loss", "mean_absolute_percentage_error", "average_precision"), "?"),
    },
    "initializer": {
        **dict.fromkeys(("xavier", "glorot", "xavier_uniform"), "=glorot_uniform"),
        **dict.fromkeys(("xavier_normal",), "=glorot_normal"),
        **dict.fromkeys(("kaiming", "he", "kaiming_normal"), "=he_normal"),
        **dict.fromkeys(("kaiming_uniform",), "=he_uniform"),
        **dict.fromkeys(("lecun",), "=lecun_normal"),
        **dict.fromkeys(("normal", "gaussian"), "=random_normal"),
        **dict.fromkeys(("uniform", "random"), "=random_uniform"),
        **dict.fromkeys(("zero",), "=zeros"),
        **dict.fromkeys(("one",), "=ones"),
        **dict.fromkeys(("identity", "eye", "variance_scaling", "dirac", "sparse"), "?"),
    },
    "regularizer": {
        **dict.fromkeys(("lasso",), "=l1"),
        **dict.fromkeys(("ridge", "weight_decay", "tikhonov"), "=l2"),
        **dict.fromkeys(("elastic_net", "elasticnet", "l1l2"), "=l1_l2"),
        **dict.fromkeys(("orthogonal_regularizer", "max_norm"), "?"),
    },
    "dataset": {
        **dict.fromkeys(("tsv", "text", "table", "dataframe", "pandas", "delimited"), "=csv"),
        **dict.fromkeys(("jsonl", "json", "ndjson"), f"!{_AS_CSV}"),
        **dict.fromkeys(("excel", "xlsx", "xls", "sql", "sqlite", "database"), f"!{_AS_CSV}"),
        **dict.fromkeys(("numpy", "npy", "array", "arrays"), "=npz"),
        **dict.fromkeys(("arrow", "feather", "ipc"), "=parquet"),
        **dict.fromkeys(("image_folder", "folder", "directory", "image", "pictures"), "=images"),
        **dict.fromkeys(("emnist", "ubyte"), "=idx"),
        **dict.fromkeys(("fashion", "fmnist"), "=fashion_mnist"),
        **dict.fromkeys(("kuzushiji", "kuzushiji_mnist"), "=kmnist"),
        **dict.fromkeys(("cifar",), "=cifar10"),
        **dict.fromkeys(("cifar100", "imagenet", "svhn", "hdf5", "h5", "tfrecord"), f"!{_AS_NPZ}"),
        **dict.fromkeys(("iris", "wine", "titanic", "housing", "boston", "diabetes", "penguins"), f"!{_AS_CSV}"),
        **{name: f"!{_PLAYGROUND.format(shape=name)}" for name in ("circle", "xor", "spiral", "gaussian")},
        **{
            name: f"!{_PLAYGROUND.format(shape='circle')}"
            for name in ("circles", "moons", "make_circles", "make_moons")
        },
    },
    "column kind": {
        **dict.fromkeys(("string_lookup", "integer_lookup", "label_encoder", "ordinal_encoder", "ordinal"), "=index"),
        **dict.fromkeys(("embedding", "embed", "ids"), "=index"),
        **dict.fromkeys(("one_hot", "one_hot_encoder", "onehot", "categorical", "nominal", "string"), "=category"),
        **dict.fromkeys(("numeric", "numerical", "float", "int", "integer", "continuous"), "=number"),
        **dict.fromkeys(("datetime", "timestamp", "time"), "=date"),
        **dict.fromkeys(("bool", "binary", "flag"), "=boolean"),
        **dict.fromkeys(("tfidf", "tfidf_vectorizer", "count_vectorizer", "text_vectorization", "words"), "=text"),
        **dict.fromkeys(("ignore", "drop", "skip", "key"), "=identifier"),
    },
    "points": {
        **dict.fromkeys(("range", "grid", "even", "arange"), "=linspace"),
        **dict.fromkeys(("gaussian", "randn", "random_normal"), "=normal"),
        **dict.fromkeys(("random", "rand", "random_uniform"), "=uniform"),
    },
    "command": {
        **dict.fromkeys(("train", "learn", "run", "start"), "=fit"),
        **dict.fromkeys(("continue", "resume", "restart"), "!go on with a run with: mltrain fit --resume RUN"),
        **dict.fromkeys(("test", "eval", "score", "measure", "validate_model", "benchmark"), "=evaluate"),
        **dict.fromkeys(("infer", "inference", "classify", "apply"), "=predict"),
        **dict.fromkeys(("validate", "lint", "verify"), "=check"),
        **dict.fromkeys(("new", "create", "template", "start_project", "example", "examples", "starters"), "=init"),
        **dict.fromkeys(("dataset", "describe", "head", "inspect", "profile"), "=data"),
        **dict.fromkeys(("draw", "show", "visualize", "visualise", "plots", "animate"), "=plot"),
        **dict.fromkeys(("html", "page"), "=report"),
        **dict.fromkeys(("model", "layers", "info"), "=summary"),
        **dict.fromkeys(("ls", "list", "history"), "=runs"),
        "diff": "!compare the configs of two runs with: mltrain runs diff RUN RUN; their answers with: mltrain compare",
        **dict.fromkeys(
            ("cross_validate", "crossvalidate", "cross_validation", "cross_val_score", "cv", "kfold", "folds"),
            "!cross-validate with: mltrain fit CONFIG --folds 5",
        ),
        **dict.fromkeys(("ensemble", "bagging", "members"), "!train an ensemble with: mltrain fit CONFIG --members 5"),
        **dict.fromkeys(("rm", "delete", "remove", "clean"), "!delete runs with: mltrain runs rm RUN"),
        **dict.fromkeys(("doc", "docs", "man", "what", "options"), "=explain"),
        "help": "!list the commands with: mltrain --help",
        "version": "!show it with: mltrain --version",
    },
}
"""By noun: ``=name`` is the name in mltrain, ``!`` begins a sentence, ``?`` marks a feature that mltrain may lack.

A name after ``?`` is its probable name in mltrain: if a member of that name exists, it is proposed.
"""

_OPTIONS: dict[str, dict[str, str]] = {
    "config": {
        **dict.fromkeys(("hidden_layer_sizes", "hidden_layers", "hidden", "hidden_units"), f"!{_LAYERS}"),
        **dict.fromkeys(("model", "network", "architecture", "net", "sequential"), f"!{_LAYERS}"),
        **dict.fromkeys(("data", "datasets", "data_loader", "dataloader", "input", "inputs", "train_data"), "=dataset"),
        **dict.fromkeys(("criterion", "objective", "loss_fn", "loss_function", "cost"), "=loss"),
        **dict.fromkeys(("solver", "optim", "optimiser", "algorithm"), "=optimizer"),
        **dict.fromkeys(("random_state", "random_seed", "rng", "manual_seed"), "=seed"),
        **dict.fromkeys(("measure", "scoring"), "=metrics"),
        **dict.fromkeys(("max_iter", "n_epochs", "num_epochs", "max_epochs", "iterations"), "=training.epochs"),
        **dict.fromkeys(("lr", "learning_rate_init", "eta0"), "=optimizer.learning_rate"),
        **dict.fromkeys(("scheduler", "lr_scheduler", "schedule"), f"!{_SCHEDULE}"),
        **dict.fromkeys(("train", "trainer", "fit", "params"), "=training"),
        **dict.fromkeys(("callbacks",), "=training.early_stopping"),
        **dict.fromkeys(("alpha", "regularization", "l2"), "!'kernel_regularizer' is an option of each dense layer"),
        **dict.fromkeys(("activation",), "!'activation' is an option of each dense layer"),
        **dict.fromkeys(("title", "experiment", "project"), "=name"),
    },
    "training": {
        **dict.fromkeys(("max_iter", "n_epochs", "num_epochs", "max_epochs", "nb_epoch", "iterations"), "=epochs"),
        **dict.fromkeys(("batch", "minibatch_size", "bs", "minibatch"), "=batch_size"),
        **dict.fromkeys(("accumulate_grad_batches", "accumulation_steps", "iter_size"), "=gradient_accumulation"),
        **dict.fromkeys(("class_weights", "weights", "weight", "pos_weight"), "=class_weight"),
        **dict.fromkeys(("callbacks", "n_iter_no_change", "tol"), "=early_stopping"),
        **dict.fromkeys(("learning_rate", "lr"), "!it is an option of the optimizer: optimizer.learning_rate"),
        **dict.fromkeys(("scheduler", "lr_scheduler"), f"!{_SCHEDULE}"),
        **dict.fromkeys(
            ("validation_split", "validation_data", "validation_fraction", "val_split"), f"!{_FROM_DATASET}"
        ),
        **dict.fromkeys(("metrics", "metric"), "!'metrics' stands beside training, not in it"),
        **dict.fromkeys(("optimizer", "optimiser", "solver"), "!'optimizer' stands beside training, not in it"),
        **dict.fromkeys(("loss",), "!'loss' stands beside training, not in it"),
        **dict.fromkeys(("seed", "random_state"), "!'seed' stands beside training, not in it"),
        **dict.fromkeys(
            ("verbose", "progress", "silent"), "!leave it out: what a training shows is not said in its config"
        ),
        **dict.fromkeys(("device", "gpu", "cuda", "accelerator", "devices", "workers", "num_workers"), f"!{_CPU}"),
        **dict.fromkeys(
            ("steps", "steps_per_epoch", "max_steps"), "!an epoch takes all rows: set epochs and batch_size"
        ),
    },
    "early_stopping": {
        **dict.fromkeys(("restore_best_weights",), "=restore_best"),
        **dict.fromkeys(("n_iter_no_change", "wait"), "=patience"),
        **dict.fromkeys(("tol", "threshold", "delta"), "=min_delta"),
        **dict.fromkeys(("metric", "watch"), "=monitor"),
        **dict.fromkeys(("mode",), "!leave it out: each metric knows whether more or less is better"),
    },
    "dense": {
        **dict.fromkeys(
            ("out_features", "output_dim", "neurons", "size", "nodes", "n_units", "width", "dim"), "=units"
        ),
        **dict.fromkeys(("in_features", "input_dim", "input_shape", "input_size", "inputs_dim"), f"!{_KNOWN_SHAPE}"),
        **dict.fromkeys(("bias",), "=use_bias"),
        **dict.fromkeys(("dropout",), "!it is a layer of its own: put {type: dropout, rate: ...} after this one"),
        **dict.fromkeys(("init", "initializer", "weight_initializer", "kernel_init"), "=kernel_initializer"),
        **dict.fromkeys(("regularizer", "weight_regularizer", "l2", "l1", "weight_decay"), "=kernel_regularizer"),
        **dict.fromkeys(("batch_norm", "batch_normalization"), "!it is a layer of its own, after this one"),
    },
    **{
        name: {
            **dict.fromkeys(("out_channels", "channels", "units", "n_filters"), f"={width}"),
            **dict.fromkeys(("in_channels", "input_shape", "input_dim"), f"!{_KNOWN_SHAPE}"),
            **dict.fromkeys(("kernel", "size", "window"), "=kernel_size"),
            **dict.fromkeys(("stride", "step"), "=strides"),
            **dict.fromkeys(("pad",), "=padding"),
            **dict.fromkeys(("bias",), "=use_bias"),
        }
        for name, width in (("conv1d", "filters"), ("conv2d", "filters"), ("depthwise_conv2d", "depth_multiplier"))
    },
    **{
        f"{kind}_pooling{dimensions}d": {
            **dict.fromkeys(("kernel_size", "size", "window", "kernel"), "=pool_size"),
            **dict.fromkeys(("stride", "step"), "=strides"),
            **dict.fromkeys(("pad",), "=padding"),
        }
        for kind in ("max", "average")
        for dimensions in (1, 2)
    },
    "layer": {
        **dict.fromkeys(("out_channels", "n_filters", "num_filters"), "=filters"),
        **dict.fromkeys(("stride",), "=strides"),
        **dict.fromkeys(("dilation", "dilation_rate", "groups"), "?"),
        **dict.fromkeys(("kernel_size", "window", "size"), "=pool_size"),
        **dict.fromkeys(("pad",), "=padding"),
        **dict.fromkeys(("in_channels",), f"!{_KNOWN_SHAPE}"),
    },
    "dropout": dict.fromkeys(("p", "prob", "probability", "drop", "keep_prob", "dropout_rate"), "=rate"),
    "reshape": dict.fromkeys(("shape", "size", "new_shape", "dims"), "=target_shape"),
    "activation": {
        **dict.fromkeys(("units", "out_features", "in_features", "kernel_initializer", "use_bias"), f"!{_ACTIVATION}"),
        **dict.fromkeys(("alpha", "slope"), "=negative_slope"),
        **dict.fromkeys(("negative_slope",), "=alpha"),
    },
    "optimizer": {
        **dict.fromkeys(("lr", "eta", "eta0", "learning_rate_init", "step_size", "alpha"), "=learning_rate"),
        **dict.fromkeys(("eps",), "=epsilon"),
        **dict.fromkeys(("l2", "wd", "decoupled_weight_decay", "l2_penalty"), "=weight_decay"),
        **dict.fromkeys(
            ("clipnorm", "global_clipnorm", "max_grad_norm", "gradient_clip_val", "max_norm"), "=clip_norm"
        ),
        **dict.fromkeys(("clipvalue", "clip_value", "amsgrad", "centered", "maximize", "fused", "foreach"), "?"),
        **dict.fromkeys(("decay", "lr_decay", "schedule", "lr_schedule", "scheduler"), f"!{_SCHEDULE}"),
        **dict.fromkeys(("betas",), f"!{_BETAS}"),
    },
    "adam": {"momentum": f"!{_MOMENTUM}", "nesterov": "!the optimizer 'nadam' is adam with it"},
    "adamw": {"momentum": f"!{_MOMENTUM}", "nesterov": "!the optimizer 'nadam' is adam with it"},
    "nadam": {"momentum": f"!{_MOMENTUM}", "nesterov": "!leave it out: nadam always looks ahead"},
    "lion": {"momentum": f"!{_MOMENTUM}", "epsilon": "!leave it out: lion divides by nothing"},
    "rmsprop": {
        "momentum": "!rmsprop has none here; adam is rmsprop with momentum, which it calls beta_1",
        **dict.fromkeys(("alpha", "decay_rate", "beta_2"), "=rho"),
    },
    "adagrad": {"momentum": "!adagrad has none; sgd has momentum, and adam has beta_1"},
    "sgd": dict.fromkeys(("beta", "beta_1"), "=momentum"),
    "dataset": {
        **dict.fromkeys(
            ("file", "filename", "filepath", "file_path", "csv_path", "folder", "directory", "url"), "=path"
        ),
        **dict.fromkeys(("label", "labels", "label_column", "target_column", "y_column", "y"), "=target"),
        **dict.fromkeys(("columns", "inputs", "x_columns", "feature_columns", "x"), "=features"),
        **dict.fromkeys(("drop", "drop_columns", "exclude", "skip"), "=ignore"),
        **dict.fromkeys(("sep", "separator"), "=delimiter"),
        **dict.fromkeys(("normalize", "normalise", "scale", "standardise"), "=standardize"),
        **dict.fromkeys(("categorical", "categorical_columns", "one_hot"), "=categories"),
        **dict.fromkeys(("na_values", "null_values"), "=missing_values"),
        **dict.fromkeys(("test_size", "test_ratio", "test_fraction"), "=test_split"),
        **dict.fromkeys(("val_split", "val_size", "validation_fraction", "validation_size"), "=validation_split"),
        **dict.fromkeys(("n_samples", "n", "count", "num_samples", "size"), "=samples"),
        **dict.fromkeys(("noise", "sigma", "std"), "=noise_stddev"),
        **dict.fromkeys(("color", "rgb"), "=colour"),
        **dict.fromkeys(("groups", "group_column", "group_by", "subject"), "=group"),
        **dict.fromkeys(("time_series", "timeseries", "temporal", "chronological"), "!write 'split: chronological'"),
        **dict.fromkeys(("stratify", "stratified"), "!leave it out: held-back rows have their share of every class"),
        **dict.fromkeys(("cv", "folds", "n_splits", "kfold"), "!cross-validate with: mltrain fit CONFIG --folds 5"),
        **dict.fromkeys(("channels", "color_mode", "num_channels"), "!'colour: true' keeps red, green and blue"),
        **dict.fromkeys(("image_size", "target_size", "img_size", "resize"), "!'height' and 'width' are two options"),
        **dict.fromkeys(("letterbox", "pad"), "=pad_to_aspect_ratio"),
        **dict.fromkeys(("crop", "center_crop"), "=crop_to_aspect_ratio"),
        **dict.fromkeys(("batch_size", "shuffle"), "!it is an option of training"),
    },
}
"""By the name of a section, a member or its family's noun: names of options, in the same form."""

LACKING = "mltrain has none in this version"


def member_here(noun: str, name: str, there: Collection[str]) -> str | None:
    """The hint on an unknown member: the end of a message, or None if no other tool has the name."""
    return _answer(_MEMBERS.get(noun, {}), name, there, otherwise=f"; {LACKING}")


def option_here(owners: Iterable[str], name: str, there: Collection[str]) -> str | None:
    """The hint on an option that none of ``owners`` (a member and its family, or a section) has."""
    found = (_answer(_OPTIONS.get(owner, {}), name, there, otherwise=None) for owner in owners)
    return next((words for words in found if words is not None), None)


def _answer(table: dict[str, str], name: str, there: Collection[str], otherwise: str | None) -> str | None:
    entry = {_letters(other): entry for other, entry in table.items()}.get(_letters(name[:LONGEST]))
    if entry is None:
        return None
    kind, words = entry[0], entry[1:]
    if kind == "!":
        return f"; {words}"
    if words.partition(".")[0] in there:
        return f"; {question([words])}"
    return f"; {LACKING}" if kind == "?" else otherwise


def _letters(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())
