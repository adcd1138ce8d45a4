"""Who is who: ResolveNames, and the ids of other formats that ConvertId is asked for."""

from tandem_sandbox.exchange.model import Mailbox
from tandem_sandbox.exchange.soap import (
    Element,
    ExchangeError,
    answered,
    holding,
    m,
    success,
    t,
    text_of,
)
from tandem_sandbox.world import World


class People:
    """The address book of the server."""

    def __init__(self, world: World) -> None:
        self._world = world

    def resolve_names(self, _mailbox: Mailbox, request: Element) -> Element:
        """Answer ResolveNames.

        Raises:
            ExchangeError: nobody has such a name.
        """
        wanted = text_of(request, "UnresolvedEntry").lower().removeprefix("smtp:")
        known = [
            one
            for one in self._world.exchange.mailboxes.values()
            if wanted and (wanted in one.email or wanted in one.name.lower())
        ]
        if not known:
            raise ExchangeError("ErrorNameResolutionNoResults", "No results were found.")
        resolutions = [holding(t("Resolution"), [_shown(one)]) for one in known]
        count = str(len(known))
        found = m("ResolutionSet", TotalItemsInView=count, IncludesLastItemInRange="true")
        return answered("ResolveNames", [success("ResolveNames", [holding(found, resolutions)])])


def _shown(mailbox: Mailbox) -> Element:
    return holding(
        t("Mailbox"),
        [
            t("Name", mailbox.name),
            t("EmailAddress", mailbox.email),
            t("RoutingType", "SMTP"),
            t("MailboxType", "Mailbox"),
        ],
    )
