"""The command line: ``python -m campaigns.fuzzing TARGET``."""

import argparse
import sys
import tempfile
from pathlib import Path

from campaigns.fuzzing.campaign import Campaign, Limits
from campaigns.fuzzing.targets import TARGETS

_MEMORY = Path("/dev/shm")
"""Where files are not written to a disk."""


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m campaigns.fuzzing", description="Change valid files at random and read them."
    )
    parser.add_argument("target", nargs="?", choices=sorted(TARGETS), help="what to attack; without it, all are listed")
    parser.add_argument("--mutations", type=int, default=10_000, metavar="N", help="how many (default %(default)s)")
    parser.add_argument("--first", type=int, default=0, metavar="N", help="the number of the first one")
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="another seed, other files")
    parser.add_argument("--only", type=int, metavar="N", help="the mutation with this number only")
    parser.add_argument("--keep", type=Path, metavar="DIR", help="put the files of each find, or of --only, there")
    parser.add_argument(
        "--seconds", type=float, default=1.0, metavar="S", help="deadline of a read (default %(default)s)"
    )
    parser.add_argument(
        "--megabytes", type=int, default=200, metavar="MB", help="memory of a read (default %(default)s)"
    )
    words = parser.parse_args()
    if words.target is None:
        for name, kind in sorted(TARGETS.items()):
            print(f"{name:8} {kind.__doc__}")
        return 0
    first, count = (words.first, words.mutations) if words.only is None else (words.only, 1)
    numbers = range(first, first + count)
    with tempfile.TemporaryDirectory(dir=_MEMORY if _MEMORY.is_dir() else None) as folder:
        target = TARGETS[words.target](Path(folder))
        campaign = Campaign(target, words.seed, Limits(words.seconds, words.megabytes), words.keep)
        campaign.run(numbers, keep_all=words.only is not None, progress=sys.stderr.isatty())
    print(campaign.report())
    return 1 if campaign.finds else 0


if __name__ == "__main__":
    sys.exit(main())
