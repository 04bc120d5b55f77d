import io
from pathlib import Path
from random import Random

import pyarrow

from campaigns.fuzzing.mutations import change_bytes
from campaigns.fuzzing.targets import Target
from campaigns.fuzzing.targets.parquet import read, table


class ArrowTarget(Target):
    """an Arrow file or stream, changed in its bytes"""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        rows, self._files = table(), []
        for kind in (pyarrow.ipc.new_file, pyarrow.ipc.new_stream):
            for compression in (None, "zstd"):
                content = io.BytesIO()
                with kind(content, rows.schema, options=pyarrow.ipc.IpcWriteOptions(compression=compression)) as file:
                    file.write_table(rows, max_chunksize=50)
                self._files.append(content.getvalue())

    def mutated(self, rng: Random) -> dict[str, bytes]:
        return {"rows.arrow": change_bytes(rng, rng.choice(self._files), self._files)}

    def read(self) -> None:
        read(self.folder / "rows.arrow")
