"""The model grows with the users, finds where each limit is reached, and repeats what is so."""

from itertools import pairwise
from pathlib import Path

import pytest
import yaml
from tools.check_connections import POOLS
from tools.scale_model import SERVICES, USERS, Inputs, first_to_give_way, plan
from tools.scale_page import BEGIN, END, REMEDIES, ROWS, tables, with_figures

from tandem.contracts.topics import CRM_ACTIVITIES

KUSTOMIZE = Path(__file__).parents[3] / "deploy/kustomize"
INPUTS = Inputs.read()


def test_more_users_need_no_less_of_anything():
    plans = [plan(users, INPUTS) for users in USERS]
    for fewer, more in pairwise(plans):
        assert more.changes_per_s > fewer.changes_per_s
        assert more.connections >= fewer.connections
        assert more.partitions >= fewer.partitions
        assert more.postgres_gb > fewer.postgres_gb
        assert more.euro_per_month >= fewer.euro_per_month
        assert more.euro_per_user < fewer.euro_per_user


def test_a_limit_is_reached_by_one_user_and_not_before():
    reached = {name: users for users, name in first_to_give_way(INPUTS)}
    assert reached.keys() == REMEDIES.keys()
    most = INPUTS.limits["google_calls_per_day"]
    users = reached["google_day"]
    assert plan(users, INPUTS).google_calls_per_day > most
    assert plan(users - 1, INPUTS).google_calls_per_day <= most
    users = reached["connections"]
    assert plan(users, INPUTS).connections > INPUTS.limits["postgres_connections"]
    assert plan(users - 1, INPUTS).connections <= INPUTS.limits["postgres_connections"]


def test_what_gives_way_first_is_told_first():
    users = [users for users, _ in first_to_give_way(INPUTS)]
    assert users == sorted(users)


def test_the_page_shows_every_figure_and_keeps_its_words():
    page = with_figures(f"before\n{BEGIN}\nold\n{END}\nafter\n", INPUTS)
    assert page.startswith("before\n")
    assert page.endswith("after\n")
    assert "old" not in page
    assert all(f"| {name} |" in page for name in ROWS)
    assert tables(INPUTS) in page


@pytest.mark.parametrize("service", SERVICES)
def test_no_fewer_pods_than_the_manifests_start(service):
    name = service.replace("_", "-")
    manifests = yaml.safe_load_all((KUSTOMIZE / f"base/{name}.yaml").read_text("utf-8"))
    started = [one["spec"]["replicas"] for one in manifests if one["kind"] == "Deployment"]
    assert INPUTS.limits["pods_least"][service] == sum(started)


def test_limits_are_those_of_the_manifests_and_of_the_code():
    cluster = yaml.safe_load((KUSTOMIZE / "components/cloudnative-pg/cluster.yaml").read_text())
    most = cluster["spec"]["postgresql"]["parameters"]["max_connections"]
    assert INPUTS.limits["postgres_connections"] == int(most)
    assert INPUTS.limits["partitions"] == CRM_ACTIVITIES.partitions
    base = yaml.safe_load((KUSTOMIZE / "base/kustomization.yaml").read_text())
    [settings] = [one["literals"] for one in base["configMapGenerator"]]
    each = INPUTS.limits["connections_per_pool"]
    assert f"DATABASE_CONNECTIONS_MAX={each}" in settings
    pools = INPUTS.limits["pools_per_pod"]
    assert {name.replace("_", "-"): many for name, many in pools.items()} == POOLS
