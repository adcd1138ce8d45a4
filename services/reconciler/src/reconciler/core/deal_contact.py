"""The deal/contact block: what a salesperson wants to see of the deal while in the calendar."""

from tandem.contracts.activities import DealContact


def block_of(context: DealContact | None) -> str:
    """The block's lines; absent parts leave no empty lines."""
    if context is None:
        return ""
    deal = " · ".join(
        part for part in (context.deal_title, context.deal_value, context.deal_stage) if part
    )
    contact = " · ".join(
        part
        for part in (context.person_name, *context.person_phones, *context.person_emails)
        if part
    )
    organization = " · ".join(
        part for part in (context.organization_name, context.organization_address) if part
    )
    lines = (
        ("Activity", context.activity_url),
        ("Deal", deal),
        ("", context.deal_url),
        ("Contact", contact),
        ("Organization", organization),
    )
    return "\n".join(f"{label}: {value}" if label else value for label, value in lines if value)
