"""The page on which a person chooses an account and agrees, or does not.

All that the page posts back is the choice; what is agreed to stays in the address.
"""

from collections.abc import Iterable
from html import escape
from string import Template
from typing import Protocol

PAGE = Template("""<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>Sign in - $vendor sandbox</title></head>
<body>
<main>
<h1>Choose an account</h1>
<p>The application <strong>$client</strong> wants access to: $scopes</p>
<form method="post">
<fieldset><legend>Account</legend>
$accounts
</fieldset>
<button name="decision" value="allow">Allow</button>
<button name="decision" value="deny">Deny</button>
</form>
</main>
</body>
</html>
""")
ACCOUNT = Template(
    '<p><label><input type="radio" name="account" value="$email" required$checked> '
    "$name ($email)</label></p>"
)


class Person(Protocol):
    """An account that can be chosen."""

    email: str
    name: str


def consent_page(
    mailboxes: Iterable[Person],
    *,
    client_id: str,
    scope: str,
    login_hint: str | None,
    vendor: str = "Google",
) -> str:
    """The page as HTML; the account of the ``login_hint`` is chosen already."""
    accounts = "\n".join(
        ACCOUNT.substitute(
            email=escape(one.email),
            name=escape(one.name),
            checked=" checked" if one.email == login_hint else "",
        )
        for one in mailboxes
    )
    return PAGE.substitute(
        client=escape(client_id), scopes=escape(scope), accounts=accounts, vendor=vendor
    )


def refusal_page(message: str) -> str:
    """What a person sees when the application asked in a wrong way."""
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Error 400</title></head>'
        f"<body><h1>Error 400</h1><p>{escape(message)}</p></body></html>"
    )
