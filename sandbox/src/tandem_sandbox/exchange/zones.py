"""Names that Windows gives to time zones, and the zones that the server lists."""

from typing import Final

from tandem_sandbox.exchange.soap import Element, answered, holding, m, success, t

_WINDOWS: Final = {
    "Europe/Stockholm": "W. Europe Standard Time",
    "Europe/Berlin": "W. Europe Standard Time",
    "America/New_York": "Eastern Standard Time",
    "Asia/Kolkata": "India Standard Time",
    "UTC": "UTC",
}
_BIAS: Final = {
    "W. Europe Standard Time": "-PT60M",
    "Eastern Standard Time": "PT300M",
    "India Standard Time": "-PT330M",
    "UTC": "PT0S",
}


def windows_zone(name: str) -> str:
    """What Windows calls an IANA zone; the server's own zone where it knows it by none."""
    return _WINDOWS.get(name, "UTC")


def zone_of(windows: str, owner: str) -> str:
    """The IANA zone of a name of Windows' for an owner who lives in one, which it may mean."""
    if windows_zone(owner) == windows:
        return owner
    return next((name for name, known in _WINDOWS.items() if known == windows), owner)


def server_time_zones(_request: Element) -> Element:
    """Answer GetServerTimeZones: every zone with its standard bias."""
    zones = [_definition(name, bias) for name, bias in _BIAS.items()]
    definitions = holding(m("TimeZoneDefinitions"), zones)
    return answered("GetServerTimeZones", [success("GetServerTimeZones", [definitions])])


def _definition(name: str, bias: str) -> Element:
    zone = t("TimeZoneDefinition", Id=name, Name=name)
    period = t("Period", Bias=bias, Name="Standard", Id="trule:Standard")
    to = t("To", "trule:Standard", Kind="Period")
    group = holding(t("TransitionsGroup", Id="0"), [holding(t("Transition"), [to])])
    whole = holding(t("Transition"), [t("To", "0", Kind="Group")])
    return holding(
        zone,
        [
            holding(t("Periods"), [period]),
            holding(t("TransitionsGroups"), [group]),
            holding(t("Transitions"), [whole]),
        ],
    )
