"""Autodiscovery: where the mailbox of an address is, as SOAP's GetUserSettings tells it."""

import xml.etree.ElementTree as ET
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from tandem_sandbox.exchange.gate import Gate
from tandem_sandbox.exchange.soap import (
    MEDIA_TYPE,
    ExchangeError,
    descendants,
    envelope,
    fault,
    parse,
)
from tandem_sandbox.world import World

_NAMESPACE: Final = "http://schemas.microsoft.com/exchange/2010/Autodiscover"
_INSTANCE: Final = "http://www.w3.org/2001/XMLSchema-instance"


class Autodiscover:
    """The endpoint."""

    def __init__(self, world: World, gate: Gate) -> None:
        self._world = world
        self._gate = gate

    async def serve(self, request: Request) -> Response:
        """Answer GetUserSettings for the mailboxes of this server."""
        content = await request.body()
        mailbox = self._gate.logins.admit(request)
        if isinstance(mailbox, Response):
            self._gate.record("GetUserSettings", request, None, 401)
            return mailbox
        try:
            asked = parse(content)
        except ExchangeError as error:
            return Response(fault(error), 500, media_type=MEDIA_TYPE)
        users = [one.text or "" for one in descendants(asked, "Mailbox")]
        whole = _a("GetUserSettingsResponseMessage")
        response = _under(whole, "Response")
        _under(response, "ErrorCode", "NoError")
        _under(response, "ErrorMessage")
        answers = _under(response, "UserResponses")
        for user in users:
            self._tell(_under(answers, "UserResponse"), user.lower())
        self._gate.record("GetUserSettings", request, mailbox, 200)
        return Response(envelope(whole), media_type=MEDIA_TYPE)

    def _tell(self, answer: ET.Element, user: str) -> None:
        mailbox = self._world.exchange.mailboxes.get(user)
        if mailbox is None:
            _under(answer, "ErrorCode", "InvalidUser")
            _under(answer, "ErrorMessage", "The user is not known here.")
            return
        _under(answer, "ErrorCode", "NoError")
        _under(answer, "ErrorMessage", "No error.")
        settings = _under(answer, "UserSettings")
        for name, value in {
            "AutoDiscoverSMTPAddress": mailbox.email,
            "UserDisplayName": mailbox.name,
            "ExternalEwsUrl": f"{self._world.public_url}/exchange/EWS/Exchange.asmx",
            "InternalEwsUrl": f"{self._world.public_url}/exchange/EWS/Exchange.asmx",
            "EwsSupportedSchemas": "Exchange2007, Exchange2010, Exchange2013, Exchange2016",
        }.items():
            setting = _under(settings, "UserSetting")
            setting.set(f"{{{_INSTANCE}}}type", "StringSetting")
            _under(setting, "Name", name)
            _under(setting, "Value", value)


def _a(name: str) -> ET.Element:
    return ET.Element(f"{{{_NAMESPACE}}}{name}")


def _under(parent: ET.Element, name: str, text: str | None = None) -> ET.Element:
    made = ET.SubElement(parent, f"{{{_NAMESPACE}}}{name}")
    made.text = text
    return made
