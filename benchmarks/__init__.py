"""How fast mltrain is, beside the libraries that a user would otherwise pick.

    python -m benchmarks                        everything that has a limit; an hour and a quarter
    python -m benchmarks --quick                the same, hastily: does it run at all?
    python -m benchmarks --only mnist-batch-32

    works/          one file a work: what mltrain does and what each peer does, and how much longer mltrain may take
    stall.py        whether later epochs are slower than the first, for every optimizer
    scaling.py      how time and memory grow with the network and the data
    harness.py      measures the sides of a work in turn, each in a process of its own, and compares the medians

The peers live in an environment of their own, made from requirements-peers.txt; see `benchmarks.peers`. Nothing in it
has to import mltrain, and mltrain's has to import none of them. docs/performance.md says how to read the results.
"""
