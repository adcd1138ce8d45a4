"""What the reconciler tells of an item: a row of its history, and why it is synced."""

ROW = {
    "row": 9,
    "at": "2026-01-02T00:00:00+00:00",
    "side": "calendar",
    "item_id": "event-1",
    "activity_id": 5,
    "event_id": "event-1",
    "link_id": "00000000-0000-4000-8000-000000000000",
    "title": "Lunch",
    "action": "created",
    "reason": "created",
    "sentence": "It was created.",
    "remedy": "",
    "detail": "",
    "before": None,
    "after": {"title": "Lunch"},
    "trace_id": None,
}
SYNCED = {
    "synced": True,
    "reason": "no_change",
    "sentence": "It is synced.",
    "remedy": "",
    "activity_id": 5,
    "event_id": "event-1",
}
