"""A real Prometheus that scrapes a stack and its collector, by the rules of `deploy/`."""

import time
from pathlib import Path
from typing import Any, Final, Self

import httpx
import yaml

from tandem_embedded.processes import Child, free_port
from tandem_embedded.stack import Stack

DEPLOY: Final = Path(__file__).parents[2] / "deploy"
SCRAPE_S: Final = 2
SERVICES_JOB: Final = "tandem"
SPANS_JOB: Final = "spans"

Series = dict[str, Any]


class Prometheus:
    """Started with compose's own configuration, to which only addresses and pace are new."""

    def __init__(self, program: Path, *, folder: Path, stack: Stack, spans_url: str) -> None:
        folder.mkdir()
        rules = yaml.safe_load((DEPLOY / "prometheus/rules.yml").read_text("utf-8"))
        for group in rules["groups"]:
            group["interval"] = f"{SCRAPE_S}s"
        (folder / "rules.yml").write_text(yaml.safe_dump(rules), "utf-8")
        file = folder / "prometheus.yml"
        file.write_text(yaml.safe_dump(_configuration(stack, spans_url)), "utf-8")
        port = free_port()
        self._http = httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=30)
        self._child = Child(
            "prometheus",
            [
                str(program),
                f"--config.file={file}",
                f"--storage.tsdb.path={folder / 'data'}",
                f"--web.listen-address=127.0.0.1:{port}",
            ],
            log=folder / "prometheus.log",
        )

    def __enter__(self) -> Self:
        """Start, and return once it answers."""
        self._child.start()
        self._child.wait_until(self._answers, seconds=30)
        return self

    def __exit__(self, *_: object) -> None:
        """Stop."""
        self._http.close()
        self._child.stop()

    def query(self, query: str) -> list[Series]:
        """The series that a query gives at this moment."""
        answer = self._http.get("/api/v1/query", params={"query": query})
        body = answer.json()
        assert body["status"] == "success", f"{query}: {body}"
        series: list[Series] = body["data"]["result"]
        return series

    def rules(self) -> list[Series]:
        """Every rule as Prometheus has taken it, with its health."""
        groups = self._http.get("/api/v1/rules").json()["data"]["groups"]
        return [rule for group in groups for rule in group["rules"]]

    def wait_for_scrapes(self, number: int) -> None:
        """Return once every target has been read so many times more, and the rules after it."""
        since = time.time()
        while True:
            lowest = f"min(count_over_time(up[{int(time.time() - since) + 1}s]))"
            counted = self.query(lowest)
            if counted and float(counted[0]["value"][1]) > number:
                return
            assert time.time() - since < number * SCRAPE_S + 60, "targets are not read"
            time.sleep(SCRAPE_S / 2)

    def _answers(self) -> bool:
        try:
            return self._http.get("/-/ready").is_success
        except httpx.HTTPError:
            return False


def _configuration(stack: Stack, spans_url: str) -> dict[str, Any]:
    told: dict[str, Any] = yaml.safe_load((DEPLOY / "compose/prometheus.yml").read_text("utf-8"))
    told["global"] = {"scrape_interval": f"{SCRAPE_S}s", "evaluation_interval": f"{SCRAPE_S}s"}
    jobs = {one["job_name"]: one["static_configs"] for one in told["scrape_configs"]}
    assert jobs.keys() == {SERVICES_JOB, SPANS_JOB}
    for one in jobs[SERVICES_JOB]:
        one["targets"] = [_place(stack.urls[one["labels"]["service"].replace("-", "_")])]
    [spans] = jobs[SPANS_JOB]
    spans["targets"] = [_place(spans_url)]
    return told


def _place(url: str) -> str:
    return url.removeprefix("http://")
