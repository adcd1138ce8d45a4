"""A real Kubernetes API server with etcd on this machine, as long as it is needed.

Both listen on 127.0.0.1 and keep their data in a folder that goes with them.
"""

import json
import os
import secrets
import ssl
import subprocess
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from tandem_embedded.processes import Child, free_port

TOOLS: Final = Path(__file__).parent.parent / ".tools"
KUBERNETES: Final = TOOLS / "kubernetes/kubernetes"
ETCD: Final = TOOLS / "etcd/usr/bin/etcd"
READY_S: Final = 120.0


class Cluster:
    """A running API server; `kubectl` talks to it as its administrator."""

    def __init__(self, folder: Path, port: int) -> None:
        self.url = f"https://127.0.0.1:{port}"
        self._folder = folder
        self._port = port
        self._token = secrets.token_hex(16)

    def kubectl(self, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Run kubectl; both its outputs are kept."""
        return subprocess.run(
            ["kubectl", "--kubeconfig", self._folder / "kubeconfig", *arguments],
            check=check,
            capture_output=True,
            text=True,
            env=os.environ | {"KUBECTL_APPLYSET": "false"},
        )

    @contextmanager
    def running(self) -> Iterator[None]:
        """Start both processes, and end them."""
        self._write_files()
        etcd, server = self._etcd(client_port := free_port()), self._server(client_port)
        try:
            etcd.start()
            server.start()
            server.wait_until(self._ready, seconds=READY_S)
            yield
        finally:
            server.stop()
            etcd.stop()

    def _write_files(self) -> None:
        key = self._folder / "account.key"
        subprocess.run(["openssl", "genrsa", "-out", key, "2048"], check=True, capture_output=True)
        (self._folder / "tokens.csv").write_text(f"{self._token},admin,1,system:masters\n")
        configuration = {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [
                {"name": "c", "cluster": {"server": self.url, "insecure-skip-tls-verify": True}}
            ],
            "users": [{"name": "u", "user": {"token": self._token}}],
            "contexts": [{"name": "x", "context": {"cluster": "c", "user": "u"}}],
            "current-context": "x",
        }
        (self._folder / "kubeconfig").write_text(json.dumps(configuration))

    def _etcd(self, port: int) -> Child:
        client, peer = f"http://127.0.0.1:{port}", f"http://127.0.0.1:{free_port()}"
        command = [str(ETCD), "--data-dir", str(self._folder / "etcd"), "--unsafe-no-fsync"]
        command += ["--listen-client-urls", client, "--advertise-client-urls", client]
        command += ["--listen-peer-urls", peer, "--initial-advertise-peer-urls", peer]
        command += ["--initial-cluster", f"default={peer}"]
        return Child("etcd", command, log=self._folder / "etcd.log", env=dict(os.environ))

    def _server(self, etcd_port: int) -> Child:
        key = str(self._folder / "account.key")
        command = [str(KUBERNETES), "kube-apiserver"]
        command += ["--etcd-servers", f"http://127.0.0.1:{etcd_port}"]
        command += ["--bind-address", "127.0.0.1", "--secure-port", str(self._port)]
        command += [
            "--advertise-address",
            "127.0.0.1",
            "--service-cluster-ip-range",
            "10.96.0.0/16",
        ]
        command += ["--cert-dir", str(self._folder / "certificates")]
        command += ["--token-auth-file", str(self._folder / "tokens.csv")]
        command += ["--authorization-mode", "RBAC", "--allow-privileged=false"]
        command += ["--service-account-issuer", "https://kubernetes.default.svc"]
        command += ["--service-account-key-file", key, "--service-account-signing-key-file", key]
        command += ["--disable-admission-plugins", "ServiceAccount"]
        return Child(
            "kube-apiserver", command, log=self._folder / "server.log", env=dict(os.environ)
        )

    def _ready(self) -> bool:
        context = ssl._create_unverified_context()  # noqa: S323, SLF001 - a server of our own, here
        request = urllib.request.Request(  # noqa: S310 - https only
            self.url + "/readyz", headers={"authorization": f"Bearer {self._token}"}
        )
        try:
            with urllib.request.urlopen(request, timeout=2, context=context) as answer:  # noqa: S310
                return int(answer.status) == 200  # noqa: PLR2004
        except (urllib.error.URLError, OSError):
            return False
