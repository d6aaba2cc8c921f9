"""dlt loads a batch's Parquet file into the raw table of its stream.

Rows are appended: the batch holds only what raw does not have, and a load that was not booked is taken back. dlt's own
insert-only merge would write every row twice (to a staging table first) and keep the second copy in the file.
"""

import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from connectors.batch import Batch
from connectors.errors import LoadFailed
from connectors.raw_store import RAW_COLUMNS, RawStore
from connectors.redaction import redact, without_values

DLT_SETTINGS: Mapping[str, str] = {
    "RUNTIME__DLTHUB_TELEMETRY": "false",
    "RUNTIME__LOG_LEVEL": "ERROR",
    # A finished package is personal data that nobody would think of.
    "LOAD__DELETE_COMPLETED_JOBS": "true",
    "LOAD__WORKERS": "1",
}


class Loader:
    """dlt's pipeline of one source, with all of its state below `folder`."""

    def __init__(self, store: RawStore, folder: Path) -> None:
        self._store = store
        self._folder = folder
        self._pipeline: Any = None

    def load(self, stream: str, batch: Batch) -> None:
        """One dlt load of the batch's file. Raises LoadFailed."""
        dlt = import_dlt(self._folder.parent)
        if self._pipeline is None:
            self._pipeline = self._open(dlt)
        resource = dlt.resource(
            [dlt.mark.with_file_import(str(batch.file), "parquet", batch.new_count)],
            name=stream,
            write_disposition="append",
            columns=[
                {"name": name, "data_type": kind, "nullable": False}
                for name, (_, kind) in RAW_COLUMNS.items()
            ],
        )
        connection = self._store.connection
        try:
            # A second thread writes no faster here, and holds a second row group in memory.
            connection.execute("set threads = 1")
            self._pipeline.run(resource, loader_file_format="parquet")
        except dlt.pipeline.exceptions.PipelineStepFailed as error:
            cause = without_values(redact(str(error.exception)))
            raise LoadFailed(f"The load into raw failed: {cause[:300]}", stream=stream) from error
        finally:
            connection.execute("reset threads")

    def close(self) -> None:
        """Remove what dlt keeps of finished loads: the books of raw say it all."""
        if self._pipeline is not None:
            shutil.rmtree(Path(self._pipeline.working_dir) / "load" / "loaded", ignore_errors=True)

    def _open(self, dlt: Any) -> Any:
        """The pipeline, without what a stopped run has left in it.

        dlt would load a pending package instead of the new batch and call that success. Its window was not booked and
        is read again, so the package, or state that cannot be read, is of no use.
        """
        try:
            pipeline = self._make(dlt)
            if not pipeline.has_pending_data:
                return pipeline
        except (dlt.common.exceptions.DltException, ValueError, LookupError, OSError):
            pass
        shutil.rmtree(self._folder / self._store.source, ignore_errors=True)
        return self._make(dlt)

    def _make(self, dlt: Any) -> Any:
        return dlt.pipeline(
            pipeline_name=self._store.source,
            pipelines_dir=str(self._folder),
            destination=_resolved_once(dlt.destinations.duckdb(self._store.connection)),
            dataset_name=self._store.schema,
            progress=None,
        )


def _resolved_once(destination: Any) -> Any:
    """dlt asks a destination for its configuration some twenty times a load, and looks through the environment and files each
    time: a third of what a load costs, for what does not change while a source is read."""
    resolve = destination.configuration
    known: dict[tuple[str, bool], Any] = {}

    def configuration(initial_config: Any, accept_partial: bool = False) -> Any:
        key = (str(dict(initial_config or {})), accept_partial)
        if key not in known:
            known[key] = resolve(initial_config, accept_partial)
        return known[key].copy()

    destination.configuration = configuration
    return destination


def import_dlt(folder: Path) -> Any:
    """dlt with its settings, which it reads when it is imported; `folder` takes what it keeps."""
    # Otherwise it writes below the user's home, or below /var for root.
    os.environ.setdefault("DLT_DATA_DIR", str(folder))
    for name, value in DLT_SETTINGS.items():
        os.environ.setdefault(name, value)
    import dlt

    return dlt
