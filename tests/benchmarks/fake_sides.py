"""Works that take no time: what they measure is what they are told."""

import sys


def told(number, quick):
    return number


def was_it_quick(quick):
    return float(quick)


def broken(quick):
    print("about to fail", file=sys.stderr)
    raise RuntimeError("the side is broken")


def chatty():
    print("a library says something")
    return {"numbers": [1, 2.5]}
