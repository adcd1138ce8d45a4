"""The troubles that a page arms, each as the control API takes it."""

from dataclasses import dataclass
from typing import Any, Final

from tandem_sandbox.faults import Fault, FaultKind, FaultOrder

VENDORS: Final = {
    "pipedrive": "Pipedrive",
    "google": "Google",
    "microsoft": "Outlook",
    "exchange": "Exchange",
}
TIMES_MAX: Final = 100


@dataclass(frozen=True, slots=True)
class Trouble:
    """One way of going wrong, in words, with its details."""

    sentence: str
    kind: FaultKind
    details: dict[str, Any]

    def order(self, provider: str, times: int) -> FaultOrder:
        """The order for a vendor."""
        values = {"provider": provider, "kind": self.kind, "times": times, **self.details}
        return FaultOrder.model_validate(values)


TROUBLES: Final = {
    "slow": Trouble("answers 2 seconds late", FaultKind.LATENCY, {"ms": 2000}),
    "down": Trouble("is unavailable (503)", FaultKind.STATUS, {"status": 503}),
    "busy": Trouble("asks for patience (429)", FaultKind.STATUS, {"status": 429, "retry_after": 2}),
    "lost_answer": Trouble(
        "does the work and loses the answer", FaultKind.TIMEOUT_AFTER_WRITE, {"ms": 200}
    ),
    "gone": Trouble("forgets where a reader had come to", FaultKind.GONE, {}),
    "gateway": Trouble("hides behind a gateway's page (403)", FaultKind.HTML_403, {}),
    "dropped": Trouble("loses a notification", FaultKind.DROP_WEBHOOK, {}),
    "doubled": Trouble("sends a notification twice", FaultKind.DOUBLE_WEBHOOK, {}),
    "late": Trouble("sends a notification 5 seconds late", FaultKind.DELAY_WEBHOOK, {"ms": 5000}),
}


def sentence_of(fault: Fault) -> str:
    """What an armed fault does, whoever armed it."""
    known = next(
        (
            one.sentence
            for one in TROUBLES.values()
            if one.kind is fault.kind
            and all(getattr(fault, k) == v for k, v in one.details.items())
        ),
        f"{fault.kind.value} for {fault.operation}",
    )
    return f"{VENDORS[fault.provider]} {known}"
