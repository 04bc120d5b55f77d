"""The command line: ``python -m campaigns.mutation --mutations 200 --seed 0``."""

import argparse
import sys
import tempfile
from pathlib import Path

from campaigns.mutation.campaign import Checkout, run_all
from campaigns.mutation.mutants import draw

ROOT = Path(__file__).parents[2]
EQUIVALENT = Path(__file__).with_name("equivalent.txt")
"""Mutants that change nothing that a test could see, a line each, as `Mutant.key` writes them."""


def main(words: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m campaigns.mutation", description="Change mltrain's code at random and run its tests."
    )
    parser.add_argument("--mutations", type=int, default=200, metavar="N", help="how many (default %(default)s)")
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="another seed, other mutations")
    parser.add_argument("--only", type=int, metavar="N", help="the mutation with this number only")
    parser.add_argument("--files", default="mltrain/**/*.py", metavar="GLOB", help="where (default %(default)s)")
    parser.add_argument(
        "--seconds", type=float, default=300, metavar="S", help="what a stage of tests may take (default %(default)s)"
    )
    parser.add_argument("--workers", type=int, default=2, metavar="N", help="processes of pytest (default %(default)s)")
    parser.add_argument(
        "--stages",
        type=int,
        default=3,
        metavar="N",
        help="1: tests that import the file; 2: those of its room, too; 3 (default): all that are left",
    )
    parser.add_argument("--list", action="store_true", help="show the mutations and run nothing")
    options = parser.parse_args(words)
    files = [path.relative_to(ROOT) for path in ROOT.glob(options.files)]
    mutants = draw(files, options.mutations, options.seed, ROOT)
    if options.only is not None:
        mutants = mutants[options.only : options.only + 1]
    if options.list:
        print("\n".join(f"{number:4} {mutant}" for number, mutant in enumerate(mutants)))
        return 0
    known = EQUIVALENT.read_text("utf-8").splitlines()
    with tempfile.TemporaryDirectory() as folder:
        checkout = Checkout(ROOT, Path(folder))
        tally = run_all(
            mutants,
            lambda mutant: checkout.verdict(mutant, options.seconds, options.workers, options.stages),
            lambda line: print(line, file=sys.stderr, flush=True),
        )
    print(tally.report(known))
    return int(any(mutant.key not in known for mutant in tally.survivors))


if __name__ == "__main__":
    sys.exit(main())
