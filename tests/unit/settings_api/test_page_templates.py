"""Pages whose fields are not always there."""

from types import SimpleNamespace

import pytest
from starlette.requests import Request

from settings_api.api.decisions import Preview
from settings_api.pages.rendering import page
from tandem.contracts.connections import Provider


def _page(template: str, **context) -> str:
    scope = {"type": "http", "method": "GET", "path": "/here", "headers": [], "query_string": b""}
    return bytes(page(Request(scope), template, None, **context).body).decode()


@pytest.mark.parametrize("more", [{}, {"provider": "exchange"}, {"server": "mail.onprem.example"}])
def test_a_password_is_asked_for_whatever_else_was_given(more):
    shown = _page("password.html", given={"email": "anna@onprem.example", **more}, error="")
    assert 'type="password"' in shown
    for value in ("anna@onprem.example", *more.values()):
        assert f'value="{value}"' in shown


@pytest.mark.parametrize("unread", [True, False])
def test_a_preview_looks_again_by_itself_only_until_both_sides_were_read(unread):
    connection = SimpleNamespace(id="1", email="anna@north.example", provider=Provider.GOOGLE)
    effect = None if unread else Preview(counts={"create_event": 0}, items=[], truncated=False)
    shown = _page("preview.html", connection=connection, effect=effect, fields=None, unread=unread)
    assert ('hx-get="/here"' in shown) is unread
    assert ("Both sides are being read" in shown) is unread
