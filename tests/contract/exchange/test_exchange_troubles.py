"""Faults, refusals and autodiscovery, as exchangelib meets them."""

import pytest
from exchangelib import Account, Configuration, Credentials, FailFast
from exchangelib.autodiscover.protocol import AutodiscoverProtocol
from exchangelib.errors import (
    ErrorInvalidSyncStateData,
    ErrorNonExistentMailbox,
    ErrorServerBusy,
    TransportError,
    UnauthorizedError,
)
from tests.contract.exchange.conftest import ANNA
from tests.contract.exchange.test_exchange_items import made
from tests.contract.exchange.test_exchange_notices import synced

from tandem_sandbox.faults import FaultKind, FaultOrder
from tandem_sandbox.world import World


def armed(world: World, operation: str, kind: FaultKind, **order) -> None:
    fault = FaultOrder(provider="exchange", operation=operation, kind=kind, **order)
    world.faults.arm(fault)


def test_a_busy_server_says_how_long_to_stay_away(anna: Account, world: World):
    made(anna)
    armed(world, "CreateItem", FaultKind.STATUS, reason="ErrorServerBusy", retry_after=7)
    with pytest.raises(ErrorServerBusy) as busy:
        made(anna)
    assert busy.value.back_off == 7
    assert len(world.exchange.mailboxes[ANNA].items) == 1


def test_a_status_stops_a_request_and_a_lost_answer_does_not(anna: Account, world: World):
    made(anna)
    armed(world, "CreateItem", FaultKind.STATUS, status=503)
    with pytest.raises(ErrorServerBusy):
        made(anna)
    armed(world, "CreateItem", FaultKind.HTML_403)
    with pytest.raises(TransportError):
        made(anna)
    assert len(world.exchange.mailboxes[ANNA].items) == 1
    armed(world, "CreateItem", FaultKind.TIMEOUT_AFTER_WRITE)
    with pytest.raises(TransportError):
        made(anna)
    assert len(world.exchange.mailboxes[ANNA].items) == 2


def test_a_sync_state_can_be_let_expire_once(anna: Account, world: World):
    made(anna)
    synced(anna)
    armed(world, "SyncFolderItems", FaultKind.GONE)
    with pytest.raises(ErrorInvalidSyncStateData):
        synced(anna)
    assert synced(anna) == []


def test_a_wrong_or_revoked_password_is_refused(anna: Account, account, world: World):
    with pytest.raises(UnauthorizedError):
        account(ANNA, "wrong").calendar.refresh()
    made(anna)
    world.exchange.revoke(ANNA)
    with pytest.raises(UnauthorizedError):
        made(anna)
    world.exchange.restore(ANNA)
    made(anna)


def test_autodiscovery_tells_where_a_mailbox_is(world: World, base_url: str):
    password = world.exchange.mailboxes[ANNA].password
    protocol = AutodiscoverProtocol(
        config=Configuration(
            service_endpoint=f"{base_url}/exchange/autodiscover/autodiscover.svc",
            credentials=Credentials(ANNA, password),
            retry_policy=FailFast(),
        )
    )
    told = protocol.get_user_settings(user=ANNA)
    assert told.ews_url == "http://127.0.0.1:8090/exchange/EWS/Exchange.asmx"
    nobody = protocol.get_user_settings(user="nobody@onprem.example")
    with pytest.raises(ErrorNonExistentMailbox):
        nobody.raise_errors()
    protocol.close()


def test_calls_are_noted_with_their_account(anna: Account, world: World):
    made(anna)
    noted = {
        (row["operation"], row["account"]): row["calls"]
        for row in world.calls.counters()
        if row["provider"] == "exchange"
    }
    assert noted["CreateItem", ANNA] == 1
