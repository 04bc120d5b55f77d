"""``python -m mltrain`` is ``mltrain``."""

from mltrain.cli import main

if __name__ == "__main__":
    main()
