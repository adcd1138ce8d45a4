"""One trace runs from the webhook to the provider's answer, through every service."""

from tests.e2e.person import in_days
from tests.e2e.waiting import eventually


def test_a_change_is_one_trace_from_the_webhook_to_the_providers_answer(company, spans):
    person = company.first
    person.connect()
    activity = person.create_activity("Traced", in_days(2))
    person.event_named("Traced")
    trace_id = person.told(activity["id"], "created")["trace_id"]
    services = {"crm-ingest", "reconciler", "calendar-ingest"}
    eventually(lambda: services <= {span.service for span in spans.trace(trace_id)})
    trace = spans.trace(trace_id)
    names = {(span.service, span.name) for span in trace}
    assert any("webhook" in name for service, name in names if service == "crm-ingest"), names
    assert any("google" in name for service, name in names if service == "calendar-ingest"), names
    ids = {span.span_id for span in trace}
    assert len([span for span in trace if span.parent_id not in ids]) == 1


def test_no_span_holds_a_title_an_address_or_a_token(company, spans):
    person = company.first
    person.connect()
    person.create_activity("Very private title", in_days(2))
    person.event_named("Very private title")
    company.settled()
    secrets = ("Very private", "@", "Bearer", person.crm.headers["x-api-token"])
    eventually(spans.all)
    for span in spans.all():
        assert not any(secret in span.attributes + span.name for secret in secrets), span
