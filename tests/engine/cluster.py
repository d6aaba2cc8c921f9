"""A Spark cluster on this machine: a standalone master, two workers and a Thrift server, each a process of its own."""

import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pyspark

from tests.nights import PSEUDONYM_KEY, port_that_nobody_is_given

_HOST = "127.0.0.1"
_UP_SECONDS = 180.0
_SHORT_LIVED = "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC"


@dataclass
class Cluster:
    """`folder` holds its logs, its metastore and the lake; what the nights of a home need to use it is `environment`."""

    folder: Path
    port: int = field(default_factory=port_that_nobody_is_given)
    _master: int = field(default_factory=port_that_nobody_is_given)
    _processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    @property
    def lake(self) -> Path:
        return self.folder / "lake"

    def environment(self) -> Mapping[str, str]:
        return {
            "POPS_TARGET": "spark",
            "POPS_LAKE_URL": f"file://{self.lake}",
            "POPS_SPARK_HOST": _HOST,
            "POPS_SPARK_PORT": str(self.port),
        }

    def start(self) -> None:
        """Start what does not run, and wait until statements are taken."""
        self._run(
            "master",
            "deploy.master.Master",
            "--host",
            _HOST,
            "--port",
            str(self._master),
            "--webui-port",
            "0",
        )
        _wait_for(self._master)
        for name in ("worker-1", "worker-2"):
            self._run(
                name, "deploy.worker.Worker", "--host", _HOST, "--cores", "1", "--memory", "2g", "--webui-port", "0",
                "--work-dir", str(self.folder / name), f"spark://{_HOST}:{self._master}",
            )  # fmt: skip
        metastore = f"jdbc:derby:;databaseName={self.folder / 'metastore'};create=true"
        settings = {
            "spark.master": f"spark://{_HOST}:{self._master}",
            "spark.driver.host": _HOST,
            "spark.driver.bindAddress": _HOST,
            "spark.driver.memory": "3g",
            "spark.executor.memory": "1500m",
            "spark.executor.cores": "1",
            "spark.scheduler.mode": "FAIR",
            # Thousands of small queries: to compile each, twice, takes longer than to run it.
            "spark.driver.extraJavaOptions": _SHORT_LIVED,
            "spark.executor.extraJavaOptions": _SHORT_LIVED,
            "spark.sql.codegen.wholeStage": "false",
            "spark.sql.shuffle.partitions": "2",
            # Folders of days are listed by the driver, not by a task for each.
            "spark.sql.sources.parallelPartitionDiscovery.threshold": "1000",
            "spark.sql.warehouse.dir": str(self.folder / "tables"),
            "spark.ui.enabled": "false",
            "spark.eventLog.enabled": "true",
            "spark.eventLog.dir": str(self._events),
            # To be read by the tests as they are.
            "spark.eventLog.compress": "false",
            "spark.hadoop.javax.jdo.option.ConnectionURL": metastore,
        }
        self._events.mkdir(exist_ok=True)
        given = [part for name, value in settings.items() for part in ("--conf", f"{name}={value}")]
        self._run(
            "thrift", "deploy.SparkSubmit", *given, "--class",
            "org.apache.spark.sql.hive.thriftserver.HiveThriftServer2", "spark-internal",
            "--hiveconf", f"hive.server2.thrift.bind.host={_HOST}", "--hiveconf", f"hive.server2.thrift.port={self.port}",
            # Each new thread opens the metastore for itself.
            "--hiveconf", "hive.server2.async.exec.threads=8",
        )  # fmt: skip
        _wait_for(self.port)

    @property
    def _events(self) -> Path:
        return self.folder / "events"

    def kill(self, name: str) -> None:
        """As a machine that goes off, with all that it runs."""
        process = self._processes.pop(name)
        os.killpg(process.pid, signal.SIGKILL)
        process.wait(timeout=30)

    def stop(self) -> None:
        for name in list(self._processes):
            self.kill(name)

    def written(self) -> bytes:
        """All that the cluster has written of what it was asked: logs and events."""
        files = [
            path
            for folder in (self.folder / "logs", self._events)
            for path in folder.rglob("*")
            if path.is_file()
        ]
        return b"".join(path.read_bytes() for path in files)

    def _run(self, name: str, of: str, *arguments: str) -> None:
        if name in self._processes:
            return
        logs = self.folder / "logs"
        logs.mkdir(parents=True, exist_ok=True)
        home = Path(pyspark.__file__).parent
        with (logs / f"{name}.log").open("ab") as log:
            self._processes[name] = subprocess.Popen(
                [str(home / "bin" / "spark-class"), f"org.apache.spark.{of}", *arguments],
                env={
                    **os.environ, "SPARK_HOME": str(home), "SPARK_LOCAL_IP": _HOST, "TZ": "UTC",
                    "POPS_PSEUDONYM_KEY": PSEUDONYM_KEY,
                },
                stdout=log, stderr=log, cwd=self.folder, start_new_session=True,
            )  # fmt: skip


def _wait_for(port: int) -> None:
    end = time.monotonic() + _UP_SECONDS
    while time.monotonic() < end:
        with socket.socket() as probe:
            if probe.connect_ex((_HOST, port)) == 0:
                return
        time.sleep(0.2)
    raise TimeoutError(f"nothing listens on port {port} after {_UP_SECONDS:.0f} seconds")


@contextmanager
def running_cluster(folder: Path) -> Iterator[Cluster]:
    cluster = Cluster(folder)
    try:
        cluster.start()
        yield cluster
    finally:
        cluster.stop()
