"""A Kubernetes node of its own: containerd, kubelet, kube-proxy, scheduler and controllers.

It is to be run in the namespaces that tools/own-machine.sh makes: what it changes there, its
network before all, goes with them.
"""

import json
import os
import secrets
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Final

from tools.kubernetes import ADMIN, KUBERNETES, SERVICE_ADDRESSES, TOOLS, Cluster, Server

from tandem_embedded.processes import Child

NAME: Final = "tandem-node"
ADDRESS: Final = "10.80.0.1"
POD_ADDRESSES: Final = "10.244.0.0/24"
DNS_ADDRESS: Final = "10.96.0.10"
PAUSE: Final = "localhost/pause:1"
POLICIES: Final = TOOLS / "node/policies"
READY_S: Final = 120.0
CONTROLLERS: Final = "system:kube-controller-manager"
SCHEDULER: Final = "system:kube-scheduler"
PROXY: Final = "system:kube-proxy"
KUBELET: Final = f"system:node:{NAME}"
ACCOUNTS: Final = {CONTROLLERS: "", SCHEDULER: "", PROXY: "", KUBELET: "system:nodes"}


class Node:
    """A node and its API server, with their data, sockets and logs below a folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._socket = folder / "containerd.sock"
        (folder / "api").mkdir()
        server = Server(6443, ADDRESS, accounts=ACCOUNTS, controllers=True)
        self.cluster = Cluster(folder / "api", server)

    @contextmanager
    def running(self) -> Iterator[None]:
        """Start everything, return once the node is ready, and end it."""
        with ExitStack() as ends:
            ends.enter_context(self.cluster.running())
            for child in (self._containerd(), *self._controllers(), self._proxy()):
                child.start()
                ends.callback(child.stop)
                if child.name == "containerd":
                    child.wait_until(self._socket.exists, seconds=READY_S)
            self._import(TOOLS / "node/images/pause.tar")
            kubelet = self._kubelet()
            kubelet.start()
            ends.callback(kubelet.stop)
            kubelet.wait_until(self._ready, seconds=READY_S)
            policies = self._policies()
            policies.start()
            ends.callback(policies.stop)
            yield

    def import_images(self) -> None:
        """Give the node all images that were made for it."""
        for archive in sorted((TOOLS / "node/images").glob("*.tar")):
            self._import(archive)

    def tag(self, image: str, tag: str) -> None:
        """Give an image that is there another tag besides."""
        self._ctr("images", "tag", image, f"{image.rpartition(':')[0]}:{tag}")

    def log_of(self, namespace: str, pod: str) -> str:
        """What the containers of the pods of that name have written."""
        files = sorted((self._folder / "pods").glob(f"{namespace}_{pod}*/*/*.log"))
        return "\n".join(f"{file}:\n{file.read_text(errors='replace')}" for file in files)

    def reaches(self, container: str, host: str, port: int) -> bool:
        """Whether a process of a container can connect to a port."""
        connect = f"exec 3<>/dev/tcp/{host}/{port}"
        command = self._ctr_command("tasks", "exec", "--exec-id", secrets.token_hex(8), container)
        told = subprocess.run(
            [*command, "timeout", "5", "bash", "-c", connect], check=False, capture_output=True
        )
        return told.returncode == 0

    def _import(self, archive: Path) -> None:
        self._ctr("images", "import", str(archive))

    def _ctr(self, *arguments: str) -> None:
        subprocess.run(self._ctr_command(*arguments), check=True, capture_output=True)

    def _ctr_command(self, *arguments: str) -> list[str]:
        return ["ctr", "--address", str(self._socket), "--namespace", "k8s.io", *arguments]

    def _ready(self) -> bool:
        told = self.cluster.kubectl("get", "node", NAME, "--output", "json", check=False)
        return told.returncode == 0 and is_ready(json.loads(told.stdout))

    def _child(self, name: str, command: list[str]) -> Child:
        return Child(name, command, log=self._folder / f"{name}.log", env=dict(os.environ))

    def _file(self, name: str, content: dict[str, Any]) -> str:
        file = self._folder / name
        file.parent.mkdir(exist_ok=True)
        file.write_text(json.dumps(content, indent=1))
        return str(file)

    def _containerd(self) -> Child:
        self._file("network/10-bridge.conflist", self._network())
        configuration = f"""\
version = 2
root = "{self._folder}/containerd"
state = "{self._folder}/containerd-state"
[grpc]
address = "{self._socket}"
[plugins."io.containerd.grpc.v1.cri"]
sandbox_image = "{PAUSE}"
enable_unprivileged_ports = true
restrict_oom_score_adj = true
[plugins."io.containerd.grpc.v1.cri".cni]
bin_dir = "/usr/lib/cni"
conf_dir = "{self._folder}/network"
"""
        file = self._folder / "containerd.toml"
        file.write_text(configuration)
        return self._child("containerd", ["containerd", "--config", str(file)])

    def _network(self) -> dict[str, Any]:
        addresses = {
            "type": "host-local",
            "ranges": [[{"subnet": POD_ADDRESSES}]],
            "routes": [{"dst": "0.0.0.0/0"}],
            "dataDir": str(self._folder / "addresses"),
        }
        bridge = {"type": "bridge", "bridge": "pods", "isGateway": True, "hairpinMode": True}
        return {"cniVersion": "0.4.0", "name": "pods", "plugins": [bridge | {"ipam": addresses}]}

    def _controllers(self) -> list[Child]:
        manager = [str(KUBERNETES), "kube-controller-manager", "--leader-elect=false"]
        manager += ["--kubeconfig", str(self.cluster.access_of(CONTROLLERS))]
        manager += ["--use-service-account-credentials"]
        manager += ["--service-account-private-key-file", str(self.cluster.key)]
        manager += ["--root-ca-file", str(self.cluster.certificate)]
        scheduler = [str(KUBERNETES), "kube-scheduler", "--leader-elect=false"]
        scheduler += ["--kubeconfig", str(self.cluster.access_of(SCHEDULER))]
        return [
            self._child("kube-controller-manager", manager),
            self._child("kube-scheduler", scheduler),
        ]

    def _proxy(self) -> Child:
        configuration = {
            "apiVersion": "kubeproxy.config.k8s.io/v1alpha1",
            "kind": "KubeProxyConfiguration",
            "mode": "nftables",
            "hostnameOverride": NAME,
            "clusterCIDR": POD_ADDRESSES,
            "clientConnection": {"kubeconfig": str(self.cluster.access_of(PROXY))},
            # These would be the machine's, not the node's.
            "conntrack": {"maxPerCore": 0, "tcpEstablishedTimeout": "0s"}
            | {"tcpCloseWaitTimeout": "0s"},
        }
        command = [str(KUBERNETES), "kube-proxy", "--config"]
        return self._child("kube-proxy", [*command, self._file("proxy.json", configuration)])

    def _policies(self) -> Child:
        access = str(self.cluster.access_of(ADMIN))
        return self._child("policies", [str(POLICIES), access, SERVICE_ADDRESSES])

    def _kubelet(self) -> Child:
        configuration = {
            "apiVersion": "kubelet.config.k8s.io/v1beta1",
            "kind": "KubeletConfiguration",
            "address": ADDRESS,
            "authentication": {"anonymous": {"enabled": False}, "webhook": {"enabled": False}},
            "authorization": {"mode": "AlwaysAllow"},
            "cgroupDriver": "cgroupfs",
            "cgroupRoot": f"/{self._folder.name}",
            "containerRuntimeEndpoint": f"unix://{self._socket}",
            "clusterDNS": [DNS_ADDRESS],
            "clusterDomain": "cluster.local",
            "resolvConf": "",
            "volumePluginDir": str(self._folder / "volume-plugins"),
            "podLogsDir": str(self._folder / "pods"),
            # The machine's settings stay as they are: own-machine.sh shows those that are wanted.
            "protectKernelDefaults": True,
            "evictionHard": {"memory.available": "200Mi", "nodefs.available": "1Gi"},
        }
        command = [str(KUBERNETES), "kubelet", "--hostname-override", NAME, "--node-ip", ADDRESS]
        command += ["--kubeconfig", str(self.cluster.access_of(KUBELET))]
        command += ["--root-dir", str(self._folder / "kubelet")]
        command += ["--cert-dir", str(self._folder / "kubelet-certificates")]
        command += ["--config", self._file("kubelet.json", configuration)]
        return self._child("kubelet", command)


def is_ready(resource: Mapping[str, Any]) -> bool:
    """Whether a node or a pod says of itself that it is ready."""
    conditions = resource["status"].get("conditions", ())
    return any(one["type"] == "Ready" and one["status"] == "True" for one in conditions)
