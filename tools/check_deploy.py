"""Checks what is deployed, without a cluster: `python tools/check_deploy.py`.

Every overlay is rendered. Each resource must satisfy the schema of Kubernetes, each pod the house's
policies, each service must be given every setting that it cannot start without, and come to Kafka
as a user who is declared. Somebody must read the figures that pods tell. Alerts are checked and
tested by promtool; each has a runbook, and each metric that a query names exists.
"""

import os
import re
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import yaml
from pydantic import ValidationError
from tools.check_connections import connection_problems
from tools.check_scraping import scraping_problems
from tools.generate_monitoring import DASHBOARDS, declared

import calendar_ingest.settings
import crm_ingest.settings
import reconciler.settings
import settings_api.settings
from tandem.runtime.settings import EnvironmentSettings

ROOT: Final = Path(__file__).parent.parent
OVERLAYS: Final = ("local", "production", "sandbox")
KUBERNETES: Final = "1.34"
COMPOSE_PROMETHEUS: Final = ROOT / "deploy/compose/prometheus.yml"
RULES: Final = ROOT / "deploy/prometheus/rules.yml"
SETTINGS: Final[dict[str, type[EnvironmentSettings]]] = {
    "crm-ingest": crm_ingest.settings.Settings,
    "calendar-ingest": calendar_ingest.settings.Settings,
    "reconciler": reconciler.settings.Settings,
    "settings-api": settings_api.settings.Settings,
}
STORED_OUTSIDE: Final = {
    "tandem-shared": {"INTERNAL_TOKEN"},
    "tandem-credentials": {
        "CREDENTIALS_DATABASE_URL",
        "CREDENTIALS_KEYS",
        "GOOGLE_CLIENT_ID",
        "GOOGLE_CLIENT_SECRET",
        "PIPEDRIVE_CLIENT_ID",
        "PIPEDRIVE_CLIENT_SECRET",
        "PIPEDRIVE_WEBHOOK_PASSWORD",
        "MICROSOFT_CLIENT_ID",
        "MICROSOFT_CLIENT_SECRET",
    },
    **{service: {"DATABASE_URL"} for service in SETTINGS},
}
"""What an overlay without secrets of its own expects in the store (docs/operations.md)."""

IN_THE_POD: Final = {"KAFKA_CA_FILE", "KAFKA_SECURITY_PROTOCOL", "KAFKA_SASL_MECHANISM"}
# Servers that pods wait for, and where they lie.
OTHERS: Final = {"Namespace", "StatefulSet", "Kafka", "KafkaNodePool", "Cluster"}

Resource = dict[str, Any]


def rendered(overlay: str) -> list[Resource]:
    """The resources of an overlay."""
    done = subprocess.run(
        ["kubectl", "kustomize", ROOT / "deploy/kustomize/overlays" / overlay],
        check=True,
        capture_output=True,
        text=True,
    )
    return list(yaml.safe_load_all(done.stdout))


def schema_problems(resources: Iterable[Resource]) -> Iterator[str]:
    """What Kubernetes' schema refuses; resources of other groups are left to the API server."""
    import kubernetes_validate  # noqa: PLC0415 - installed beside the project, see the Makefile

    for resource in resources:
        group = resource["apiVersion"].partition("/")[0]
        if ("." in group and not group.endswith(".k8s.io")) or group.startswith("gateway."):
            continue
        try:
            kubernetes_validate.validate(resource, KUBERNETES, strict=True)
        except kubernetes_validate.ValidationError as error:
            yield f"{name_of(resource)}: {error.message}"


def policy_problems(resources: Iterable[Resource]) -> Iterator[str]:
    """What breaks a rule of the house."""
    for resource in resources:
        pod = pod_of(resource)
        if pod is None:
            continue
        name = name_of(resource)
        if pod.get("automountServiceAccountToken") is not False:
            yield f"{name}: gets a token of the cluster's API"
        if pod.get("securityContext", {}).get("runAsNonRoot") is not True:
            yield f"{name}: may run as root"
        for container in [*pod["containers"], *pod.get("initContainers", [])]:
            yield from container_problems(
                f"{name}/{container['name']}",
                container,
                serving=resource["kind"] not in {"Job", "Pod"},
            )


def container_problems(name: str, container: Mapping[str, Any], *, serving: bool) -> Iterator[str]:
    """What is wrong with one container."""
    tag = container["image"].rpartition("/")[2].partition(":")[2]
    if tag in {"", "latest"}:
        yield f"{name}: image {container['image']} has no fixed tag"
    security = container.get("securityContext", {})
    if security.get("allowPrivilegeEscalation") is not False:
        yield f"{name}: may gain privileges"
    if security.get("capabilities", {}).get("drop") != ["ALL"]:
        yield f"{name}: keeps capabilities"
    if security.get("readOnlyRootFilesystem") is not True and "kafka" not in name:
        yield f"{name}: writes to its root file system"
    for kind in ("requests", "limits"):
        if not {"cpu", "memory"} <= container.get("resources", {}).get(kind, {}).keys():
            yield f"{name}: has no {kind} of cpu and memory"
    for probe in ("livenessProbe", "readinessProbe") if serving else ():
        if probe not in container:
            yield f"{name}: has no {probe}"


def settings_problems(resources: Iterable[Resource]) -> Iterator[str]:
    """Which service would not start for want of a setting, or because of a wrong one."""
    kept = list(resources)
    given = {
        (one["kind"], one["metadata"]["name"]): one.get("data", {})
        for one in kept
        if one["kind"] in {"ConfigMap", "Secret"}
    }
    for resource in kept:
        service = resource["metadata"].get("labels", {}).get("app.kubernetes.io/name")
        pod = pod_of(resource)
        if resource["kind"] != "Deployment" or pod is None or service not in SETTINGS:
            continue
        variables = {"HTTP_PORT": "8080"}
        for source in pod["containers"][0]["envFrom"]:
            if "configMapRef" in source:
                variables |= given["ConfigMap", source["configMapRef"]["name"]]
            else:
                secret = source["secretRef"]["name"]
                names = given.get(("Secret", secret)) or STORED_OUTSIDE.get(secret, set())
                variables |= dict.fromkeys(names, "kept-elsewhere")
        # Files are there in the pod only; `kafka_problems` looks after these.
        told = {name.lower(): one for name, one in variables.items() if name not in IN_THE_POD}
        try:
            SETTINGS[service].model_validate(told)
        except ValidationError as error:
            for problem in error.errors():
                place = ".".join(map(str, problem["loc"])).upper()
                yield f"{name_of(resource)}: {place} {problem['msg']}".replace("  ", " ")


def kafka_problems(resources: Iterable[Resource]) -> Iterator[str]:
    """Which pod could not tell Kafka who it is, where Kafka asks."""
    kept = list(resources)
    [told] = [one["data"] for one in kept if _is_settings(one)]
    if not told.get("KAFKA_SECURITY_PROTOCOL", "").startswith("SASL_"):
        return
    users = {one["metadata"]["name"] for one in kept if one["kind"] == "KafkaUser"}
    for resource in kept:
        pod = pod_of(resource)
        if pod is None or not _takes_settings(pod):
            continue
        name, container = name_of(resource), pod["containers"][0]
        given = {variable["name"]: variable for variable in container.get("env", [])}
        user = given.get("KAFKA_USERNAME", {}).get("value")
        if user not in users:
            yield f"{name}: comes to Kafka as {user}, whom nobody declares"
        secret = given.get("KAFKA_PASSWORD", {}).get("valueFrom", {}).get("secretKeyRef", {})
        if secret != {"name": user, "key": "password"}:
            yield f"{name}: has not the password of {user}"
        mounts = {mount["mountPath"] for mount in container["volumeMounts"]}
        if str(Path(told["KAFKA_CA_FILE"]).parent) not in mounts:
            yield f"{name}: does not have {told['KAFKA_CA_FILE']}"


def label_problems(resources: Iterable[Resource]) -> Iterator[str]:
    """What is not Tandem's own but labelled so: it would come too late, and be closed off."""
    for resource in resources:
        ours = "app.kubernetes.io/part-of" in resource["metadata"].get("labels", {})
        if ours and resource["kind"] in OTHERS:
            yield f"{name_of(resource)} is labelled as a part of Tandem"


def _is_settings(resource: Resource) -> bool:
    name = resource["metadata"]["name"]
    return resource["kind"] == "ConfigMap" and name.startswith("tandem-settings")


def _takes_settings(pod: Mapping[str, Any]) -> bool:
    sources = [source.get("configMapRef", {}) for source in pod["containers"][0].get("envFrom", [])]
    return any(source.get("name", "").startswith("tandem-settings") for source in sources)


def query_problems() -> Iterator[str]:
    """Alerts without a runbook, queries of metrics that nobody makes."""
    made = {described.name for metric in declared() for described in metric.describe()}
    rules = yaml.safe_load(RULES.read_text("utf-8"))
    queries = [query for _, panels in DASHBOARDS.values() for _, _, query, _ in panels]
    for rule in (rule for group in rules["groups"] for rule in group["rules"]):
        queries.append(rule["expr"])
        if "alert" in rule and not (ROOT / rule["annotations"]["runbook"]).exists():
            yield f"{rule['alert']}: has no page {rule['annotations']['runbook']}"
    for name in sorted(set(re.findall(r"\btandem_[a-z_]+", " ".join(queries)))):
        if not {name, re.sub(r"_(bucket|count|sum|total)$", "", name)} & made:
            yield f"{name}: is queried, but nobody makes it"


def pod_of(resource: Resource) -> dict[str, Any] | None:
    """The pod that a workload makes."""
    if resource["kind"] == "Pod":
        alone: dict[str, Any] = resource["spec"]
        return alone
    if resource["kind"] not in {"Deployment", "StatefulSet", "Job"}:
        return None
    pod: dict[str, Any] = resource["spec"]["template"]["spec"]
    return pod


def name_of(resource: Resource) -> str:
    """What a message calls a resource."""
    return f"{resource['kind']} {resource['metadata']['name']}"


def promtool(*arguments: str) -> Iterator[str]:
    """What promtool complains about."""
    tool = os.environ.get("PROMTOOL", "promtool")
    done = subprocess.run([tool, *arguments], check=False, capture_output=True, text=True)
    if done.returncode:
        yield f"promtool {' '.join(arguments)}\n{done.stdout}{done.stderr}"


CHECKS: Final = (
    schema_problems,
    policy_problems,
    settings_problems,
    kafka_problems,
    connection_problems,
    label_problems,
    scraping_problems,
)


def main() -> int:
    """Check everything; 0 where nothing is wrong."""
    problems = [*query_problems()]
    problems += promtool("check", "rules", str(RULES))
    problems += promtool("check", "config", "--syntax-only", str(COMPOSE_PROMETHEUS))
    problems += promtool("test", "rules", str(RULES.with_name("tests.yml")))
    operator = yaml.safe_load((ROOT / "deploy/operator.yaml").read_text("utf-8"))
    problems += [*schema_problems([operator]), *policy_problems([operator])]
    for overlay in OVERLAYS:
        resources = rendered(overlay)
        for check in CHECKS:
            problems += [f"{overlay}: {problem}" for problem in check(resources)]
        print(f"{overlay:<11} {len(resources)} resources")
    for problem in problems:
        print(problem, file=sys.stderr)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
