"""``mltrain summary``: the layers of a config or a model."""

import pytest
from command_runs import lesson, mltrain, succeed

MNIST = """\
layer (type)       output shape  parameters
───────────────────────────────────────────
flatten (flatten)  784                    0
dense (dense)      512              401,920
dropout (dropout)  512                    0
dense_1 (dense)    10                 5,130
───────────────────────────────────────────
total              1.6 MB           407,050
trainable                           407,050
"""

CONVNET = """\
layer (type)                     output shape  parameters  multiplications  activations
───────────────────────────────────────────────────────────────────────────────────────
conv2d (conv2d)                  26 x 26 x 32         320          194,688      86.5 kB
max_pooling2d (max_pooling2d)    13 x 13 x 32           0                0      21.6 kB
conv2d_1 (conv2d)                11 x 11 x 64      18,496        2,230,272      31.0 kB
max_pooling2d_1 (max_pooling2d)  5 x 5 x 64             0                0       6.4 kB
flatten (flatten)                1600                   0                0          0 B
dropout (dropout)                1600                   0                0       6.4 kB
dense (dense)                    10                16,010           16,000         40 B
───────────────────────────────────────────────────────────────────────────────────────
total                            139 kB            34,826        2,440,960       152 kB
trainable                                          34,826
"""


def test_config() -> None:
    assert mltrain("summary", lesson("mnist")) == (0, MNIST, "")


def test_layers_that_slide_over_images_show_what_they_cost() -> None:
    assert mltrain("summary", lesson("mnist_convnet")) == (0, CONVNET, "")


def test_config_as_json() -> None:
    changes = ("--set", "layers.1.units=3", "--set", "layers.1.trainable=false")
    assert succeed("summary", lesson("mnist"), "--json", *changes).document == {
        "layers": [
            {
                "name": "flatten",
                "type": "flatten",
                "output_shape": [784],
                "parameters": 0,
                "trainable": 0,
                "inputs": ["input"],
                "multiplications": 0,
                "activation_bytes": 0,
            },
            {
                "name": "dense",
                "type": "dense",
                "output_shape": [3],
                "parameters": 2355,
                "trainable": 0,
                "inputs": ["flatten"],
                "multiplications": 2352,
                "activation_bytes": 12,
            },
            {
                "name": "dropout",
                "type": "dropout",
                "output_shape": [3],
                "parameters": 0,
                "trainable": 0,
                "inputs": ["dense"],
                "multiplications": 0,
                "activation_bytes": 12,
            },
            {
                "name": "dense_1",
                "type": "dense",
                "output_shape": [10],
                "parameters": 40,
                "trainable": 40,
                "inputs": ["dropout"],
                "multiplications": 30,
                "activation_bytes": 40,
            },
        ],
        "parameters": 784 * 3 + 3 + 40,
        "trainable": 40,
        "memory": {
            "total": 8 * 2395 + 4 * 2395 + 8 * 2395 + 24 * 2395 + 4 * 32 * (784 + 10 + 3 + 10 + 10 + 1 + 3 + 1) + 128,
            "parameters": 8 * 2395,
            "gradients": 4 * 2395,
            "optimizer": 8 * 2395,
            "snapshots": 24 * 2395,
            "helpers": 0,
            "batch": 4 * 32 * (784 + 10 + 3 + 10 + 10 + 1 + 3 + 1) + 128,
            "rows": 0,
            "trainings": 0,
        },
    }


def test_what_takes_much_memory_to_train_says_so() -> None:
    done = succeed("summary", lesson("mnist"), "--set", "layers.1.units=10000")
    assert done.out.splitlines()[-1].split() == ["to", "train", "355", "MB"]


def test_frozen_layers_are_told_apart() -> None:
    lines = succeed("summary", lesson("circle"), "--set", "layers.1.trainable=false").out.splitlines()
    assert lines[3].split() == ["dense_1", "(dense,", "frozen)", "8", "72"]
    assert [line.split()[-1] for line in lines[-3:]] == ["105", "33", "72"]
    assert [line.split()[0] for line in lines[-3:]] == ["total", "trainable", "non-trainable"]


@pytest.mark.parametrize("model", ["run", "run/model.npz"])
def test_model_is_like_its_config(model: str) -> None:
    succeed("fit", lesson("line_2x_minus_1"), "--epochs", "0", "--out", "run")
    of_config = succeed("summary", lesson("line_2x_minus_1"))
    assert succeed("summary", model).out.startswith(of_config.out + "\nconfig ")
    document = succeed("summary", model, "--json").document
    assert document.pop("origin")["config"] == "line_2x_minus_1"
    assert document == succeed("summary", lesson("line_2x_minus_1"), "--json").document


def test_model_cannot_be_changed() -> None:
    succeed("fit", lesson("linear"), "--epochs", "0", "--out", "run")
    complaint = "--set changes a config, but a model is what it is; give --set with a config"
    assert mltrain("summary", "run", "--set", "seed=1") == (2, "", f"error: {complaint}\n")


def test_layers_that_do_not_fit_together() -> None:
    change = "layers.0={type: reshape, target_shape: [3, 3]}"
    complaint = "layers[0].target_shape: the input is 28 x 28 = 784 numbers, which cannot be laid out as 3 x 3"
    assert mltrain("summary", lesson("mnist"), "--set", change) == (2, "", f"error: --set {change}  {complaint}\n")


def test_nothing_is_there() -> None:
    assert mltrain("summary", "nowhere.npz") == (3, "", "error: nowhere.npz: there is no such file\n")
    complaint = "there is no such file; 'mltrain init' writes configs to start from"
    assert mltrain("summary", "nowhere.yaml") == (2, "", f"error: nowhere.yaml: {complaint}\n")
