"""Reads and writes the XML of Exchange Web Services: envelopes, messages, faults."""

import xml.etree.ElementTree as ET
from collections.abc import Iterable
from typing import Final

SOAP: Final = "http://schemas.xmlsoap.org/soap/envelope/"
TYPES: Final = "http://schemas.microsoft.com/exchange/services/2006/types"
MESSAGES: Final = "http://schemas.microsoft.com/exchange/services/2006/messages"
ERRORS: Final = "http://schemas.microsoft.com/exchange/services/2006/errors"
MEDIA_TYPE: Final = "text/xml; charset=utf-8"
VERSION: Final = {
    "MajorVersion": "15",
    "MinorVersion": "2",
    "MajorBuildNumber": "1544",
    "MinorBuildNumber": "4",
    "Version": "V2017_07_11",
}
"""The emulated server says that it is Exchange 2019."""

for _prefix, _namespace in {"s": SOAP, "t": TYPES, "m": MESSAGES, "e": ERRORS}.items():
    ET.register_namespace(_prefix, _namespace)

Element = ET.Element


class ExchangeError(Exception):
    """A refusal with Exchange's response code; `back_off_s` belongs to `ErrorServerBusy`."""

    def __init__(self, code: str, message: str = "", *, back_off_s: float | None = None) -> None:
        super().__init__(message or code)
        self.code = code
        self.back_off_s = back_off_s


def t(name: str, text: str | None = None, /, **attributes: str) -> Element:
    """An element of the types' namespace."""
    return _element(TYPES, name, text, attributes)


def m(name: str, text: str | None = None, /, **attributes: str) -> Element:
    """An element of the messages' namespace."""
    return _element(MESSAGES, name, text, attributes)


def holding(parent: Element, children: Iterable[Element]) -> Element:
    """The parent with these children at its end."""
    parent.extend(list(children))
    return parent


def local(element: Element) -> str:
    """The name of an element without its namespace."""
    return element.tag.rpartition("}")[2]


def child(element: Element, name: str) -> Element | None:
    """The first child of this name, whatever its namespace."""
    return next((one for one in element if local(one) == name), None)


def children(element: Element | None, name: str) -> list[Element]:
    """What the first child of this name holds; nothing without one."""
    found = None if element is None else child(element, name)
    return [] if found is None else list(found)


def descendants(element: Element, name: str) -> list[Element]:
    """Everything below of this name, whatever its namespace."""
    return [one for one in element.iter() if local(one) == name]


def text_of(element: Element, name: str, default: str = "") -> str:
    """The text of the first child of this name."""
    found = child(element, name)
    return default if found is None else (found.text or default)


def parse(content: bytes) -> Element:
    """The operation within an envelope.

    Raises:
        ExchangeError: the request is none.
    """
    try:
        envelope = ET.fromstring(content)  # noqa: S314 - expat refuses entity bombs
    except ET.ParseError as error:
        raise ExchangeError("ErrorSchemaValidation", "The request failed schema.") from error
    body = child(envelope, "Body")
    if body is None or len(body) == 0:
        raise ExchangeError("ErrorSchemaValidation", "The request failed schema validation.")
    return body[0]


def envelope(content: Element) -> bytes:
    """An answer as it goes out."""
    whole = ET.Element(f"{{{SOAP}}}Envelope")
    header = ET.SubElement(whole, f"{{{SOAP}}}Header")
    ET.SubElement(header, f"{{{TYPES}}}ServerVersionInfo", VERSION)
    body = ET.SubElement(whole, f"{{{SOAP}}}Body")
    body.append(content)
    written: bytes = ET.tostring(whole, encoding="utf-8", xml_declaration=True)
    return written


def fault(error: ExchangeError) -> bytes:
    """A refusal of the whole request."""
    whole = ET.Element(f"{{{SOAP}}}Fault")
    ET.SubElement(whole, "faultcode").text = f"a:{error.code}"
    ET.SubElement(whole, "faultstring").text = str(error)
    detail = ET.SubElement(whole, "detail")
    ET.SubElement(detail, f"{{{ERRORS}}}ResponseCode").text = error.code
    ET.SubElement(detail, f"{{{ERRORS}}}Message").text = str(error)
    if error.back_off_s is not None:
        value = t("Value", str(int(error.back_off_s * 1000)), Name="BackOffMilliseconds")
        detail.append(holding(t("MessageXml"), [value]))
    return envelope(whole)


def answered(operation: str, messages: Iterable[Element]) -> Element:
    """The answer of an operation: one message for each thing that it was asked."""
    wrapped = holding(m("ResponseMessages"), messages)
    return holding(m(f"{operation}Response"), [wrapped])


def success(operation: str, children: Iterable[Element] = ()) -> Element:
    """One thing went well."""
    message = m(f"{operation}ResponseMessage", ResponseClass="Success")
    return holding(message, [m("ResponseCode", "NoError"), *children])


def failure(operation: str, error: ExchangeError) -> Element:
    """One thing was refused."""
    message = m(f"{operation}ResponseMessage", ResponseClass="Error")
    return holding(
        message,
        [
            m("MessageText", str(error)),
            m("ResponseCode", error.code),
            m("DescriptiveLinkKey", "0"),
        ],
    )


def stored(element: Element) -> str:
    """An element as it is kept."""
    return ET.tostring(element, encoding="unicode")


def restored(text: str) -> Element:
    """An element that was kept."""
    return ET.fromstring(text)  # noqa: S314 - our own


def _element(namespace: str, name: str, text: str | None, attributes: dict[str, str]) -> Element:
    made = ET.Element(f"{{{namespace}}}{name}", attributes)
    made.text = text
    return made
