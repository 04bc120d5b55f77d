"""The tasks, trained by PyTorch: the peers' interpreter runs ``-m campaigns.differential.torch_peer TASKS RESULTS``.

Network, loss, schedule and each step are the code that `mltrain code` prints. Where PyTorch's own definition is not
Keras's and the scripts leave it so, a class here stands in its place; the gradients are PyTorch's.
"""

import math
import sys
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from campaigns.differential.exchange import Result, Task, read_tasks, write_results


class Dropout(nn.Module):  # type: ignore[misc]
    """Dropout of what is given before each step, in place of what PyTorch would draw."""

    def __init__(self, rate: float):
        super().__init__()
        self.rate, self.stays = rate, 1.0

    def forward(self, x: Any) -> Any:
        return x * self.stays / (1 - self.rate)


class BatchNorm(nn.Module):  # type: ignore[misc]
    """Keras's, whose moving variance follows the variance of the batch itself; channels come first."""

    def __init__(self, features: int, eps: float, momentum: float, affine: bool = True):
        super().__init__()
        self.eps, self.momentum = eps, momentum
        self.affine = affine
        if affine:
            self.weight, self.bias = nn.Parameter(torch.ones(features)), nn.Parameter(torch.zeros(features))
        self.register_buffer("running_mean", torch.zeros(features))
        self.register_buffer("running_var", torch.ones(features))

    def forward(self, x: Any) -> Any:
        mean, variance = self.running_mean, self.running_var
        if self.training:
            others = (0, *range(2, x.ndim))
            mean, variance = x.mean(others), x.var(others, unbiased=False)
            with torch.no_grad():
                for moving, value in ((self.running_mean, mean), (self.running_var, variance)):
                    moving.mul_(1 - self.momentum).add_(value, alpha=self.momentum)
        shape = (-1, *[1] * (x.ndim - 2))
        x = (x - mean.reshape(shape)) / torch.sqrt(variance.reshape(shape) + self.eps)
        return x * self.weight.reshape(shape) + self.bias.reshape(shape) if self.affine else x


class Script:
    """The code of a task, executed up to the first step."""

    def __init__(self, task: Task):
        self._code = task.description
        self.names: dict[str, Any] = {"torch": torch, "nn": nn, "functional": functional, "np": np, "math": math}
        self._run("helpers")
        # PyTorch has no gradient in float64 of images that lie in memory as if channels came last.
        self.names["ChannelsFirst"].forward = lambda _, x: x.movedim(-1, 1).contiguous()
        self._run("network")
        # Numbers in the places of the weights say which of mltrain's arrays each of PyTorch's has.
        self._shapes = {name: array.shape for name, array in task.weights.items()}
        self.names["weights"] = {
            name: np.arange(array.size).reshape(array.shape) for name, array in task.weights.items()
        }
        self._run("weights")
        self._places = {name: array.astype(int) for name, array in self._arrays().items()}
        self.names |= {"weights": task.weights, "step": 0}
        self._run("weights")
        self.names["model"].train()
        self._run("training")
        self._step = compile(self._code["step"], "<step>", "exec")
        self.dropouts = {name: eval(code, self.names) for name, code in self._code["dropouts"].items()}

    def _run(self, part: str) -> None:
        exec(self._code[part], self.names)  # written by mltrain

    def _arrays(self) -> dict[str, Any]:
        return {name: eval(code, self.names) for name, code in self._code["arrays"].items()}

    def step(self) -> None:
        exec(self._step, self.names)

    def weights(self) -> dict[str, Any]:
        """mltrain's arrays, with running means in the place of those that have one."""
        if "ema" in self.names:
            with torch.no_grad():
                for own, mean in zip(
                    self.names["model"].parameters(), self.names["ema"].module.parameters(), strict=True
                ):
                    own.copy_(mean)
        found = {}
        for name, array in self._arrays().items():
            found[name] = np.empty(self._shapes[name], array.dtype)
            found[name].flat[self._places[name].ravel()] = array.ravel()
        return found


def train(task: Task, dtype: Any) -> Result:
    """Take all the task's steps in one precision."""
    torch.set_default_dtype(dtype)
    script = Script(task)
    model, loss, penalty = script.names["model"], script.names["loss_function"], script.names.get("penalty")
    x, target = torch.tensor(task.x, dtype=dtype), torch.tensor(task.target)
    target = target.to(dtype) if target.is_floating_point() else target.long()
    importance = torch.tensor(task.importance, dtype=dtype)
    masks = {name: torch.tensor(mask, dtype=dtype) for name, mask in task.masks.items()}
    losses = []
    for place, share, last in task.batches():
        rows = torch.tensor(task.order[place])
        for name, dropout in script.dropouts.items():
            dropout.stays = masks[name][place]
        elements = loss(model(x[rows]), target[rows])
        value = (elements.reshape(len(rows), -1) * importance[rows, None]).mean()
        if penalty is not None:
            value = value + penalty()
        losses.append(value.item())
        (value * share).backward()
        if last:
            script.step()
    return Result(np.array(losses), script.weights())


def main(tasks: str, results: str) -> None:
    torch.set_num_threads(1)
    nn.Dropout, nn.BatchNorm1d, nn.BatchNorm2d = Dropout, BatchNorm, BatchNorm
    # Above its threshold PyTorch leaves the exponential out; 20, the default, would show in float64.
    nn.Softplus = partial(nn.Softplus, threshold=40)
    found = {}
    for number, task in read_tasks(Path(tasks)).items():
        for precision in ("float32", "float64"):
            found[number, precision] = train(task, getattr(torch, precision))
    write_results(Path(results), found)


if __name__ == "__main__":
    main(*sys.argv[1:])
