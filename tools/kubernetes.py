"""A real Kubernetes API server with etcd on this machine, as long as it is needed.

Both keep their data in a folder that goes with them. Whoever talks to the server has an account of
its own there, with a token.
"""

import json
import os
import secrets
import ssl
import subprocess
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tandem_embedded.processes import Child, free_port

TOOLS: Final = Path(__file__).parent.parent / ".tools"
KUBERNETES: Final = TOOLS / "kubernetes/kubernetes"
ETCD: Final = TOOLS / "etcd/usr/bin/etcd"
READY_S: Final = 120.0
ADMIN: Final = "admin"
SERVICE_ADDRESSES: Final = "10.96.0.0/16"


@dataclass(frozen=True)
class Server:
    """What an API server is told. `accounts` are names with their groups.

    Without `controllers` nobody makes the service accounts that pods would have to have.
    """

    port: int
    address: str = "127.0.0.1"
    accounts: Mapping[str, str] | None = None
    controllers: bool = False


class Cluster:
    """A running API server; `kubectl` talks to it as its administrator."""

    def __init__(self, folder: Path, server: Server) -> None:
        self.url = f"https://{server.address}:{server.port}"
        self.key = folder / "account.key"
        self.certificate = folder / "certificates/apiserver.crt"
        self._folder = folder
        self._told = server
        groups = {ADMIN: "system:masters"} | dict(server.accounts or {})
        self._accounts = {name: (secrets.token_hex(16), of) for name, of in groups.items()}

    def kubectl(self, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Run kubectl; both its outputs are kept."""
        return subprocess.run(
            ["kubectl", "--kubeconfig", self.access_of(ADMIN), *arguments],
            check=check,
            capture_output=True,
            text=True,
            env=os.environ | {"KUBECTL_APPLYSET": "false"},
        )

    def access_of(self, account: str) -> Path:
        """The file by which an account finds its way to the server."""
        return self._folder / f"{account.replace(':', '-')}.kubeconfig"

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
        subprocess.run(
            ["openssl", "genrsa", "-out", self.key, "2048"], check=True, capture_output=True
        )
        rows = [f'{token},{name},{name},"{of}"' for name, (token, of) in self._accounts.items()]
        (self._folder / "tokens.csv").write_text("\n".join(rows) + "\n")
        for name, (token, _) in self._accounts.items():
            self.access_of(name).write_text(json.dumps(self._access(token)))

    def _access(self, token: str) -> dict[str, object]:
        return {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [
                {"name": "c", "cluster": {"server": self.url, "insecure-skip-tls-verify": True}}
            ],
            "users": [{"name": "u", "user": {"token": token}}],
            "contexts": [{"name": "x", "context": {"cluster": "c", "user": "u"}}],
            "current-context": "x",
        }

    def _etcd(self, port: int) -> Child:
        client, peer = f"http://127.0.0.1:{port}", f"http://127.0.0.1:{free_port()}"
        command = [str(ETCD), "--data-dir", str(self._folder / "etcd"), "--unsafe-no-fsync"]
        command += ["--listen-client-urls", client, "--advertise-client-urls", client]
        command += ["--listen-peer-urls", peer, "--initial-advertise-peer-urls", peer]
        command += ["--initial-cluster", f"default={peer}"]
        return Child("etcd", command, log=self._folder / "etcd.log", env=dict(os.environ))

    def _server(self, etcd_port: int) -> Child:
        key, address = str(self.key), self._told.address
        command = [str(KUBERNETES), "kube-apiserver"]
        command += ["--etcd-servers", f"http://127.0.0.1:{etcd_port}"]
        command += ["--bind-address", address, "--secure-port", str(self._told.port)]
        command += ["--advertise-address", address]
        command += ["--service-cluster-ip-range", SERVICE_ADDRESSES]
        command += ["--cert-dir", str(self.certificate.parent)]
        command += ["--token-auth-file", str(self._folder / "tokens.csv")]
        command += ["--authorization-mode", "Node,RBAC", "--allow-privileged=false"]
        command += ["--service-account-issuer", "https://kubernetes.default.svc"]
        command += ["--service-account-key-file", key, "--service-account-signing-key-file", key]
        if self._told.controllers:
            command += ["--enable-admission-plugins", "NodeRestriction"]
        else:
            command += ["--disable-admission-plugins", "ServiceAccount"]
        return Child(
            "kube-apiserver", command, log=self._folder / "server.log", env=dict(os.environ)
        )

    def _ready(self) -> bool:
        context = ssl._create_unverified_context()  # noqa: S323, SLF001 - a server of our own, here
        token, _ = self._accounts[ADMIN]
        request = urllib.request.Request(  # noqa: S310 - https only
            self.url + "/readyz", headers={"authorization": f"Bearer {token}"}
        )
        try:
            with urllib.request.urlopen(request, timeout=2, context=context) as answer:  # noqa: S310
                return int(answer.status) == 200  # noqa: PLR2004
        except (urllib.error.URLError, OSError):
            return False
