"""A collector takes the deployed configuration as it is, and is of the release that is deployed."""

import re
import subprocess
from pathlib import Path

import pytest
import yaml
from tests.monitoring.collector import Collector, deployed, validated
from tests.monitoring.prometheus import DEPLOY

IMAGE = re.compile(r"image: otel/opentelemetry-collector-contrib:(\S+)")
DEPLOYED = ("compose.yaml", "kustomize/components/otel-collector/collector.yaml")


def test_the_deployed_configuration_is_valid(collector_program: Path, tmp_path: Path):
    said = validated(collector_program, deployed(), folder=tmp_path)
    assert said.returncode == 0, said.stderr


# Exporters are left out: those of this release say nothing of a key that they do not know.
@pytest.mark.parametrize("part", ["receivers", "processors", "connectors", "extensions"])
def test_a_key_that_no_part_knows_is_refused(collector_program: Path, tmp_path: Path, part: str):
    told = deployed()
    for one in told[part].values():
        one["no_such_key"] = 1
    said = validated(collector_program, told, folder=tmp_path)
    assert said.returncode != 0
    assert "no_such_key" in said.stderr


def test_it_starts_without_a_warning(collector: Collector):
    start, ready, _ = collector.log.read_text("utf-8").partition("Everything is ready")
    assert ready
    assert [line for line in start.splitlines() if "\tinfo\t" not in line] == []


@pytest.mark.parametrize("file", DEPLOYED)
def test_the_deployed_image_is_of_the_release_that_is_tested(collector_program: Path, file: str):
    said = subprocess.run(
        [collector_program, "--version"], check=True, capture_output=True, text=True
    )
    [tag] = IMAGE.findall((DEPLOY / file).read_text("utf-8"))
    assert said.stdout.split()[-1] == f"v{tag}"


def test_compose_and_kubernetes_run_the_same_configuration():
    compose = yaml.safe_load((DEPLOY / "compose.yaml").read_text("utf-8"))
    [mounted] = compose["services"]["otel-collector"]["volumes"]
    assert mounted.split(":")[0] == "./kustomize/components/otel-collector/config.yaml"
