"""Whether mltrain computes what Keras and PyTorch compute: random configs, trained by all three for twenty steps.

    python -m campaigns.differential --configs 1000 --seed 0
    python -m campaigns.differential --seed 0 --only 17        that one again, and its config as YAML

    members.py      every member of every family, and how its options are drawn
    coverage.py     what there is in mltrain that members.py does not know
    draw.py         a whole config, by seed and number
    case.py         a config with its rows, first weights, batches and dropout masks: all that a peer needs
    ours.py         mltrain's results: float32 by its training loop, float64 by its engine
    scripts.py      network, loss, optimizer and step of a case, as `mltrain code` writes them for a peer
    peers.py        the same from Keras and PyTorch, each in a process of the peers' interpreter
    exchange.py     the files between them
    keras_peer.py   what runs there: it executes the code of scripts.py, and imports nothing of mltrain
    torch_peer.py
    verdict.py      how far is too far, and why; views/report.py shows it
    machines.py     another question: what processors, threads and versions of NumPy change (a command of its own)

The peers live in the environment of the benchmarks; see `benchmarks.peers`. docs/reliability.md says what was found.
"""
