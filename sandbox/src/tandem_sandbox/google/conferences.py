"""Conferences: a request for one is carried out at once."""

from hashlib import sha256
from typing import Any

from tandem_sandbox.google import errors

LETTERS = "abcdefghijklmnopqrstuvwxyz"
ICON = "https://fonts.gstatic.com/s/i/productlogos/meet_2020q4/v6/web-512dp/logo_meet_2020q4_color_2x_web_512dp.png"


def arrange(before: dict[str, Any], fields: dict[str, Any]) -> dict[str, Any]:
    """``fields`` with the conference that they ask for.

    Args:
        before: The event as it was; its conference stays if the request for it is repeated.
        fields: The event as the client wants it.

    Raises:
        GoogleError: the request has no id.
    """
    wanted = fields.get("conferenceData")
    result = {name: value for name, value in fields.items() if name != "hangoutLink"}
    if not wanted:
        result.pop("conferenceData", None)
        return result
    old = before.get("conferenceData") or {}
    request = wanted.get("createRequest") or {}
    old_request = old.get("createRequest") or {}
    if request and request.get("requestId") != old_request.get("requestId"):
        result["conferenceData"] = wanted = _meeting(request)
    elif request:
        result["conferenceData"] = wanted = old
    if wanted.get("conferenceSolution", {}).get("key", {}).get("type") == "hangoutsMeet":
        video = [
            one for one in wanted.get("entryPoints", []) if one.get("entryPointType") == "video"
        ]
        result |= {"hangoutLink": video[0]["uri"]} if video else {}
    return result


def _meeting(request: dict[str, Any]) -> dict[str, Any]:
    request_id = request.get("requestId")
    if not isinstance(request_id, str) or not request_id:
        raise errors.required("conferenceData.createRequest.requestId")
    digest = sha256(request_id.encode()).digest()
    letters = "".join(LETTERS[byte % len(LETTERS)] for byte in digest[:10])
    code = f"{letters[:3]}-{letters[3:7]}-{letters[7:]}"
    return {
        "createRequest": {
            "requestId": request_id,
            "conferenceSolutionKey": {"type": "hangoutsMeet"},
            "status": {"statusCode": "success"},
        },
        "entryPoints": [
            {
                "entryPointType": "video",
                "uri": f"https://meet.google.com/{code}",
                "label": f"meet.google.com/{code}",
            }
        ],
        "conferenceSolution": {
            "key": {"type": "hangoutsMeet"},
            "name": "Google Meet",
            "iconUri": ICON,
        },
        "conferenceId": code,
    }
