"""The error for a loss that is NaN or infinite: position, and advice."""

from mltrain.backends.base import NotFinite
from mltrain.errors import TrainingDiverged, Worded, for_commands


def divergence(epoch: int, found: NotFinite, clip_norm: float | None, during: str = "") -> TrainingDiverged:
    """The error for a loss that is not finite; ``during`` says in which part of the training."""
    last = found.last
    before = f"the last finite loss was {last:.4g}" if last is not None else "it never was a finite number"
    where = f"training diverged: {during}in epoch {epoch}, step {found.step}, the loss became {found.loss}; {before}"
    advice = advise(found.rate, found.largest_input, clip_norm)
    python, commands = ("".join(f"\n  try {one}" for one in words) for words in (advice, map(for_commands, advice)))
    message = Worded(where, python=python, commands=commands)
    return TrainingDiverged(message, epoch=epoch, step=found.step, last_finite_loss=last)


def never_finite(found: NotFinite) -> TrainingDiverged:
    """The error for a first loss that is not finite, whatever the learning rate."""
    advice = advise(found.rate, found.largest_input, clip_norm=1)[1:]
    lines = "".join(f"\n  try {one}" for one in advice)
    return TrainingDiverged(
        f"the loss is {found.loss} before the first step, so it does not depend on the learning rate{lines}",
        epoch=1,
        step=1,
        last_finite_loss=None,
    )


def advise(rate: float, largest_input: float, clip_norm: float | None) -> list[str]:
    """The advice after training diverged, most likely remedy first."""
    smaller = f"optimizer.learning_rate={rate / 10:.3g} (it was {rate:.3g})"
    tries: list[str] = [Worded("a smaller learning rate: ", python=smaller, commands=f"--set {smaller}")]
    if largest_input > 10:
        tries.append(f"smaller inputs: they reach {largest_input:.4g}; networks learn best from numbers around -1 to 1")
    if clip_norm is None:
        bound = "optimizer.clip_norm=1"
        tries.append(Worded("a bound on each step: ", python=bound, commands=f"--set {bound}"))
    tries.append(
        "smaller first weights: a kernel_initializer such as glorot_uniform, the default, in place of a wide one"
    )
    return tries
