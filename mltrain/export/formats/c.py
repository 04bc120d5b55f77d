"""One C99 header, for microcontrollers and everything else."""

from typing import Annotated, ClassVar, Literal

from msgspec import Meta

from mltrain.export.base import Exported, Format, Subject

STACK = 512
"""Bytes of the stack that the functions take at most; the tests measure it."""


class C(Format):
    """One C99 header without allocation: a struct of the columns in, probabilities or numbers out.

    It needs `expf` and the like of the math library, and nothing else. Names are enums, texts in words are UTF-8, a
    missing number is NAN. What it takes of flash and RAM is printed. `--quantize int8` stores each weight in one byte,
    with a scale for each output channel; activations stay floats, and the loss of accuracy is measured on the test rows
    and printed.
    """

    suffix: ClassVar[str] = ".h"

    quantize: Annotated[Literal["int8"] | None, Meta(description="store weights in one byte each; by default four")] = (
        None
    )

    def write(self, subject: Subject) -> Exported:
        from mltrain.export.c_header import HeaderWriter  # to list the formats takes none of it
        from mltrain.export.lowering import folded
        from mltrain.export.measure import loss_of_accuracy
        from mltrain.export.quantization import with_rounded_weights

        is_small = self.quantize is not None
        steps = folded(subject.steps)
        writer = HeaderWriter(subject, with_rounded_weights(steps) if is_small else steps, is_small=is_small)
        header = writer.header()
        sizes = {"flash": writer.constants.bytes, "ram": writer.ram, "stack": STACK}
        notes = [
            f"flash  {writer.constants.bytes:,} bytes of constants, besides the code",
            f"RAM    {writer.ram:,} bytes",
            f"stack  less than {STACK} bytes",
        ]
        loss = None
        if is_small:
            loss = loss_of_accuracy(subject, writer.exact)
            notes.append(
                loss.sentence if loss else f"the loss of accuracy is not known, because {subject.why_no_dataset}"
            )
        test = "gcc -std=c99 -DMLTRAIN_SELF_TEST -x c {file} -lm -o {stem}_test && {program}_test"
        facts = {**sizes, **({"accuracy": loss.facts} if loss else {})}
        return Exported({".h": header.encode()}, test, notes, facts)
