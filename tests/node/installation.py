"""The overlay `local` as somebody installs it on a node: with deploy/roll-out.sh, by its tag."""

import json
import os
import re
import shutil
import subprocess
from collections import Counter
from pathlib import Path
from typing import Any, Final

from tools.node import Node, is_ready

from tandem_embedded.addresses import Ports
from tandem_embedded.stack import Stack, StackOptions

DEPLOY: Final = Path(__file__).parents[2] / "deploy"
NAMESPACE: Final = "tandem-local"
DATABASE: Final = "postgresql://tandem:local@postgresql:5432/tandem"
SERVING: Final = {"web", "reader", "writer", "engine"}
PORTS: Final = {
    "settings_api": ("settings-api", 8080),
    "crm_ingest": ("crm-ingest", 8080),
    "calendar_ingest": ("calendar-ingest", 8080),
    "reconciler": ("reconciler", 8080),
    "sandbox": ("sandbox", 8090),
}


class Installation(Stack):
    """What runs in the pods of `local`, under the names that its services have in the cluster."""

    def __init__(self, node: Node, folder: Path) -> None:
        options = StackOptions(
            folder=folder, ports=Ports(), kafka="kafka:9092", database_url=DATABASE
        )
        super().__init__(options)
        self._node = node
        self._deploy = folder / "deploy"
        shutil.copytree(DEPLOY, self._deploy)

    @property
    def urls(self) -> dict[str, str]:
        """Address of every service."""
        return {part: f"http://{name}:{port}" for part, (name, port) in PORTS.items()} | {
            "kafka": self.kafka_address,
            "postgres": self.database_url,
        }

    def set(self, **settings: str) -> None:
        """Write settings that differ from the overlay's into it."""
        with self._overlay.open("a") as file:
            literals = json.dumps([f"{name}={value}" for name, value in settings.items()])
            file.write(
                "configMapGenerator:\n"
                f"  - {{name: tandem-settings, behavior: merge, literals: {literals}}}\n"
            )

    def take_release(self, tag: str) -> None:
        """Write the tag of the services' image into the overlay."""
        text = self._overlay.read_text("utf-8")
        text, count = re.subn(r"name: tandem, newTag: \S+}", f"name: tandem, newTag: {tag}}}", text)
        assert count == 1
        self._overlay.write_text(text, "utf-8")

    def roll_out(self) -> "subprocess.Popen[str]":
        """Begin to roll out what the overlay says."""
        return subprocess.Popen(
            [self._deploy / "roll-out.sh", "local"],
            env=os.environ | {"KUBECONFIG": str(self._node.cluster.access_of("admin"))},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def rolled_out(self) -> None:
        """Roll out, and return once it is done."""
        self.wait_for(self.roll_out())

    def wait_for(self, rolling: "subprocess.Popen[str]") -> None:
        """Return once a roll-out is done; an AssertionError tells where it stands if it fails."""
        told, _ = rolling.communicate(timeout=1200)
        assert rolling.returncode == 0, f"{told}\n{self.state()}"

    def pods(self) -> list[dict[str, Any]]:
        """The pods of the services, without those that are ending."""
        return self._pods("app.kubernetes.io/part-of=tandem")

    def container_of(self, name: str) -> str:
        """The container, by its id, of some pod that is named so by its label."""
        pod = next(filter(is_ready, self._pods(f"app.kubernetes.io/name={name}")))
        container: str = pod["status"]["containerStatuses"][0]["containerID"]
        return container.removeprefix("containerd://")

    def images(self) -> Counter[str]:
        """How many ready pods of the services run each image."""
        return Counter(
            pod["spec"]["containers"][0]["image"]
            for pod in self.pods()
            if _component_of(pod) in SERVING and is_ready(pod)
        )

    def restarts(self) -> dict[str, int]:
        """How often each container of the services was started again, as far as one was."""
        return {
            pod["metadata"]["name"]: status["restartCount"]
            for pod in self.pods()
            for status in pod["status"].get("containerStatuses", ())
            if _component_of(pod) in SERVING and status["restartCount"]
        }

    def state(self) -> str:
        """Pods and latest events, and what pods have written that are not ready."""
        kubectl = self._node.cluster.kubectl
        pods = kubectl("get", "pods", "--all-namespaces", "--output", "wide").stdout
        events = kubectl("get", "events", "--all-namespaces").stdout
        unready = [
            self._node.log_of(NAMESPACE, pod["metadata"]["name"])
            for pod in self.pods()
            if not is_ready(pod)
        ]
        return "\n".join([pods, *events.splitlines()[-40:], *unready])

    def _pods(self, selector: str) -> list[dict[str, Any]]:
        told = self._node.cluster.kubectl(
            *("get", "pods", "--namespace", NAMESPACE, "--output", "json", "--selector", selector)
        )
        pods: list[dict[str, Any]] = json.loads(told.stdout)["items"]
        return [one for one in pods if "deletionTimestamp" not in one["metadata"]]

    @property
    def _overlay(self) -> Path:
        return self._deploy / "kustomize/overlays/local/kustomization.yaml"


def _component_of(pod: dict[str, Any]) -> str:
    component: str = pod["metadata"]["labels"]["app.kubernetes.io/component"]
    return component
