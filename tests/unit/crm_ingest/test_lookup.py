"""What counts as a deletion, and what only says that an account may not see."""

from uuid import uuid4

import pytest
from tests.unit.crm_ingest.moments import StillClock

from crm_ingest.adapters.memory import MemoryCrm
from crm_ingest.crm import Account, ForbiddenError
from crm_ingest.lookup import ASKED_MAX, Look, Lookup, Sight
from tandem.contracts.message import SyncUser
from tandem.runtime.credential_store import GrantLostError
from tandem.runtime.failures import Retryable

ANNA, BORIS, CHANDRA = 1, 2, 3


def _account(user_id: int) -> Account:
    user = SyncUser(company_id=7, user_id=user_id)
    return Account(user, uuid4(), "https://north.example")


class Question:
    """A company, one activity of Anna's in it, and whoever can be asked about it."""

    def __init__(self, *users: int) -> None:
        self.company = MemoryCrm(StillClock())
        self.accounts = [_account(user) for user in users]
        self.activity_id = self.company.put(ANNA).activity.activity_id

    def hide_from(self, *users: int) -> None:
        self.company.hidden |= {(user, self.activity_id) for user in users}

    async def look(self, *, owner: int | None = ANNA, hinted: int | None = None) -> Look:
        lookup = Lookup(self.company, side_by_side=2, now=self.company.clock.now)
        return await lookup.look(
            self.activity_id, accounts=self.accounts, owner_id=owner, hinted_owner_id=hinted
        )


async def test_the_likely_owner_is_asked_first_and_nobody_after_an_answer():
    question = Question(BORIS, CHANDRA, ANNA)
    look = await question.look()
    assert look.sight is Sight.SEEN
    assert look.seen_by is not None
    assert look.seen_by.user_id == ANNA
    assert question.company.calls == ["get"]


async def test_a_hinted_owner_is_asked_before_the_last_known_one():
    question = Question(ANNA, BORIS)
    question.company.put(BORIS, activity_id=question.activity_id)
    look = await question.look(hinted=BORIS)
    assert look.seen_by is not None
    assert look.seen_by.user_id == BORIS


async def test_not_there_for_its_owner_and_all_others_is_missing():
    question = Question(ANNA, BORIS)
    question.hide_from(ANNA, BORIS)
    assert (await question.look()).sight is Sight.MISSING


async def test_not_there_for_the_owner_but_for_somebody_is_seen():
    question = Question(ANNA, BORIS)
    question.hide_from(ANNA)
    assert (await question.look()).sight is Sight.SEEN


async def test_not_there_for_everybody_but_its_owner_is_hidden():
    question = Question(BORIS, CHANDRA)
    question.hide_from(BORIS, CHANDRA)
    assert (await question.look()).sight is Sight.HIDDEN


async def test_not_there_for_the_old_owner_of_a_moved_one_is_hidden():
    question = Question(ANNA)
    question.hide_from(ANNA)
    assert (await question.look(hinted=BORIS)).sight is Sight.HIDDEN


async def test_a_refused_answer_keeps_it_from_counting_as_missing():
    question = Question(ANNA, BORIS)
    question.hide_from(ANNA)
    question.company.refusing[BORIS] = ForbiddenError("not yours")
    assert (await question.look()).sight is Sight.HIDDEN


async def test_an_unknown_one_that_its_hinted_owner_has_not_is_missing():
    question = Question(ANNA)
    question.hide_from(ANNA)
    assert (await question.look(owner=None, hinted=ANNA)).sight is Sight.MISSING


async def test_a_lost_grant_is_told_and_another_account_is_asked():
    question = Question(ANNA, BORIS)
    question.company.refusing[ANNA] = GrantLostError("revoked")
    look = await question.look()
    assert look.sight is Sight.SEEN
    assert {user.user_id for user in look.lost} == {ANNA}


async def test_bad_weather_decides_nothing():
    question = Question(ANNA)
    question.company.refusing[ANNA] = Retryable("weather")
    with pytest.raises(Retryable):
        await question.look()


async def test_a_large_company_is_not_asked_one_by_one():
    question = Question(*range(1, 40))
    question.hide_from(*range(1, 40))
    assert (await question.look()).sight is Sight.MISSING
    assert len(question.company.calls) == ASKED_MAX
