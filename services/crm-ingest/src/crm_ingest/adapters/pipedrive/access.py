"""Puts together what talks to Pipedrive."""

import httpx

from crm_ingest.adapters.pipedrive.activities import PipedriveActivities
from crm_ingest.adapters.pipedrive.budget import Budget
from crm_ingest.adapters.pipedrive.client import PipedriveClient, Tokens
from crm_ingest.adapters.pipedrive.company import PipedriveCompany
from crm_ingest.adapters.pipedrive.contacts import PipedriveContacts
from crm_ingest.adapters.pipedrive.persons import Persons
from crm_ingest.adapters.pipedrive.subscriptions import PipedriveSubscriptions
from crm_ingest.crm import Crm
from crm_ingest.settings import PipedriveSettings
from tandem.runtime.clock import Clock


def pipedrive(
    http: httpx.AsyncClient, settings: PipedriveSettings, *, tokens: Tokens, clock: Clock
) -> Crm:
    """Pipedrive as the CRM."""
    client = PipedriveClient(
        http,
        tokens=tokens,
        budget=Budget(clock),
        clock=clock,
        allow_plain_http=settings.allow_plain_http,
    )
    return Crm(
        activities=PipedriveActivities(client, Persons(client, clock)),
        contacts=PipedriveContacts(client, clock),
        subscriptions=PipedriveSubscriptions(client, settings),
        company=PipedriveCompany(client),
    )
