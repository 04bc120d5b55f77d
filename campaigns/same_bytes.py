"""Do two checkouts of mltrain train every lesson to the same bytes?

    python -m campaigns.same_bytes OLD NEW [--configs circle,mnist] [--mnist-epochs 1] [--workers 1]

OLD and NEW are checkouts (folders that hold ``mltrain/`` and ``configs/``). Each lesson of OLD is trained by both, in
processes of this Python: `mnist` for one epoch, once with as many processes as there are cores and once with
``--threads 1``; the others as they are. All arrays of the two ``model.npz`` are compared byte for byte, and so is the
list of their names. Exit code 1 if anything differs. All lessons take about five minutes on two cores.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path


def trials(configs: list[str], epochs: int) -> list[tuple[str, list[str]]]:
    """Each lesson, with the options that it is trained with."""
    found: list[tuple[str, list[str]]] = []
    for name in configs:
        if name == "mnist":
            found += [(name, ["--epochs", str(epochs)]), (name, ["--epochs", str(epochs), "--threads", "1"])]
        else:
            found.append((name, []))
    return found


def train(checkout: Path, config: str, options: list[str], out: Path) -> str:
    """Train one lesson; what went wrong, or nothing."""
    command = [sys.executable, "-m", "mltrain", "fit", f"configs/{config}.yaml", "--out", str(out), "--quiet", *options]
    done = subprocess.run(
        command,
        cwd=checkout,
        env=os.environ | {"PYTHONPATH": str(checkout)},
        capture_output=True,
        text=True,
        check=False,
    )
    return "" if done.returncode == 0 else f"exit code {done.returncode}: {done.stderr.strip()[-300:]}"


def arrays(model: Path) -> dict[str, bytes]:
    """The bytes of each array of a model file, header included; the description of the model is no array."""
    with zipfile.ZipFile(model) as file:
        return {name: file.read(name) for name in file.namelist() if name not in ("meta.npy", "meta")}


def compare(old: Path, new: Path, config: str, options: list[str]) -> str:
    """What differs, or nothing."""
    with tempfile.TemporaryDirectory() as folder:
        models = []
        for title, checkout in (("old", old), ("new", new)):
            if wrong := train(checkout, config, options, Path(folder, title)):
                return f"{title} checkout: {wrong}"
            models.append(arrays(Path(folder, title, "model.npz")))
    before, after = models
    if before.keys() != after.keys():
        return f"arrays {sorted(before)} became {sorted(after)}"
    different = [name for name in before if before[name] != after[name]]
    return f"other bytes in {', '.join(different)}" if different else ""


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("old", type=Path)
    parser.add_argument("new", type=Path)
    parser.add_argument("--configs", help="names of lessons, with commas between them (default: all)")
    parser.add_argument("--mnist-epochs", type=int, default=1)
    parser.add_argument("--workers", type=int, default=1, help="lessons that are trained at once (default %(default)s)")
    asked = parser.parse_args()
    old, new = asked.old.resolve(), asked.new.resolve()
    names = (
        asked.configs.split(",") if asked.configs else sorted(path.stem for path in (old / "configs").glob("*.yaml"))
    )
    to_try = trials(names, asked.mnist_epochs)
    with ThreadPoolExecutor(asked.workers) as pool:
        found = pool.map(lambda trial: compare(old, new, *trial), to_try)
        differences = 0
        for (name, options), difference in zip(to_try, found, strict=True):
            print(f"{' '.join([name, *options]):32} {difference or 'same bytes'}", flush=True)
            differences += bool(difference)
    print(f"{len(to_try)} trainings, {differences} with other bytes")
    return 1 if differences else 0


if __name__ == "__main__":
    sys.exit(main())
