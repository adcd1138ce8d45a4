"""What the API's description promises holds for whatever is sent: no other answer, no failure."""

import asyncio
import os
from collections.abc import Callable, Iterator
from typing import Any, Final

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from tests.integration.settings_api.history import ROW
from tests.integration.settings_api.house import House

EXAMPLES: Final = int(os.environ.get("EXAMPLES", "6"))
"""Of each operation, half of them against its description; more find more."""
CHECKS: Final = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
UNLIMITED: Final = {"reads_per_minute": 1_000_000, "writes_per_minute": 1_000_000}
HISTORY: Final = {"items": [ROW], "next_cursor": "8"}
LAST: Final = "delete"


def operations(description: dict[str, Any]) -> Iterator[Any]:
    """Every operation, those that end something last."""
    schema = schemathesis.openapi.from_dict(description)
    found: list[Any] = [result.ok() for result in schema.get_all_operations()]  # type: ignore[union-attr]
    yield from sorted(found, key=lambda one: (one.method == LAST, one.label))


def probe(operation: Any, base_url: str, token: str, known: dict[str, str]) -> Callable[[], None]:
    """Sends cases of an operation, some of them about what there is, and checks each answer."""
    own = {
        name: value
        for name, value in known.items()
        if name in {one.name for one in operation.path_parameters}
    }
    modes = schemathesis.GenerationMode.POSITIVE, schemathesis.GenerationMode.NEGATIVE
    cases = [
        operation.as_strategy(generation_mode=mode, path_parameters=given_path)
        for mode in modes
        for given_path in ((own, None) if own else (None,))
    ]
    session = requests.Session()

    @settings(
        max_examples=EXAMPLES * (2 if own else 1),
        deadline=None,
        derandomize="EXAMPLES" not in os.environ,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=st.one_of(cases))
    def checked(case: Any) -> None:
        answer = case.call(
            base_url=base_url, session=session, headers={"authorization": f"Bearer {token}"}
        )
        case.validate_response(answer, checks=CHECKS)

    return checked


# The service runs beside, in this very process, and draws random numbers of its own.
@pytest.mark.filterwarnings("ignore:Do not use the `random` module")
async def test_every_answer_is_a_described_one(lone_house: House, subtests: pytest.Subtests):
    async with lone_house.service(**UNLIMITED), lone_house.served() as base_url:
        anna = await lone_house.signed_in(admin=True)
        path = await anna.started("anna@gmail.com")
        lone_house.town.history = HISTORY
        made = (await anna.post("/api/v1/tokens", json={"name": "x"})).json()
        known = {"connection_id": path.rpartition("/")[2], "token_id": made["id"]}
        token = await anna.api_token(scope="admin")
        assert lone_house.app is not None
        for operation in operations(lone_house.app.openapi()):
            with subtests.test(operation=operation.label):
                await asyncio.to_thread(probe(operation, base_url, token, known))
