"""A real OpenTelemetry Collector that runs the configuration of `deploy/`."""

import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, Self

import httpx
import yaml
from prometheus_client.parser import text_string_to_metric_families
from tests.monitoring.prometheus import DEPLOY

from tandem_embedded.processes import Child, free_port

CONFIGURATION: Final = DEPLOY / "kustomize/components/otel-collector/config.yaml"
NOT_BUILT: Final = "service_graph"
"""The one part that the collector here is built without: its module is not at hand."""
FLUSH_S: Final = 1
DECISION_S: Final = 3

Configuration = dict[str, Any]


def deployed() -> Configuration:
    """The configuration as it is deployed, less the service graph."""
    told: Configuration = yaml.safe_load(CONFIGURATION.read_text("utf-8"))
    del told["connectors"][NOT_BUILT]
    for pipeline in told["service"]["pipelines"].values():
        for end in ("receivers", "exporters"):
            pipeline[end] = [one for one in pipeline[end] if one != NOT_BUILT]
    return told


def validated(
    program: Path, told: Configuration, *, folder: Path
) -> subprocess.CompletedProcess[str]:
    """What the collector says of a configuration; it starts nothing."""
    file = _written(told, folder)
    return subprocess.run(
        [program, "validate", f"--config={file}"],
        check=False,
        capture_output=True,
        text=True,
        env={"TRACE_STORE_URL": "http://tempo:4318"},
        timeout=60,
    )


class Collector:
    """Started with the deployed configuration, to which only addresses and pace are new."""

    def __init__(self, program: Path, *, folder: Path, trace_store_url: str) -> None:
        self.url = _free_url()
        self.metrics_url = _free_url()
        self._health_url = _free_url()
        file = _written(self._here(deployed()), folder)
        self.log = folder / "collector.log"
        self._child = Child(
            "collector",
            [str(program), f"--config={file}"],
            log=self.log,
            env={"TRACE_STORE_URL": trace_store_url},
        )

    def __enter__(self) -> Self:
        """Start, and return once it says that it is healthy."""
        self._child.start()
        self._child.wait_until(self._is_healthy, seconds=30)
        return self

    def __exit__(self, *_: object) -> None:
        """Stop."""
        self._child.stop()

    def samples(self, name: str) -> list[tuple[Mapping[str, str], float]]:
        """What it tells of a metric at this moment, with the labels of each sample."""
        text = httpx.get(self.metrics_url + "/metrics", timeout=30).text
        return [
            (sample.labels, sample.value)
            for family in text_string_to_metric_families(text)
            for sample in family.samples
            if sample.name == name
        ]

    def _here(self, told: Configuration) -> Configuration:
        told["receivers"]["otlp"]["protocols"]["http"]["endpoint"] = _place(self.url)
        told["exporters"]["prometheus"]["endpoint"] = _place(self.metrics_url)
        told["extensions"]["health_check"]["endpoint"] = _place(self._health_url)
        told["connectors"]["span_metrics"]["metrics_flush_interval"] = f"{FLUSH_S}s"
        told["processors"]["tail_sampling"]["decision_wait"] = f"{DECISION_S}s"
        # Its figures of itself lie at one and the same port, which another may have.
        told["service"]["telemetry"] = {"metrics": {"level": "none"}}
        return told

    def _is_healthy(self) -> bool:
        try:
            return httpx.get(self._health_url, timeout=2).is_success
        except httpx.HTTPError:
            return False


def _written(told: Configuration, folder: Path) -> Path:
    folder.mkdir(exist_ok=True)
    file = folder / "config.yaml"
    file.write_text(yaml.safe_dump(told), "utf-8")
    return file


def _free_url() -> str:
    return f"http://127.0.0.1:{free_port()}"


def _place(url: str) -> str:
    return url.removeprefix("http://")
