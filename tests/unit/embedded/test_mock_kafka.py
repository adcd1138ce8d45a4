"""The front of the in-memory broker tells a leader's SyncGroup from every other request."""

import struct

import pytest

from tandem_embedded.mock_kafka import is_leaders_sync_group


def _string(text):
    return struct.pack(">h", len(text)) + text.encode()


def _sync_group(version, assignments):
    frame = struct.pack(">hhi", 14, version, 1) + _string("client") + _string("group")
    frame += struct.pack(">i", 3) + _string("member")
    if version >= 3:
        frame += struct.pack(">h", -1)
    return frame + struct.pack(">i", assignments)


@pytest.mark.parametrize("version", [0, 1, 2, 3])
def test_only_a_sync_group_with_assignments_is_the_leaders(version):
    assert is_leaders_sync_group(_sync_group(version, 2))
    assert not is_leaders_sync_group(_sync_group(version, 0))


def test_other_requests_pass():
    assert not is_leaders_sync_group(struct.pack(">hhi", 3, 1, 1) + _string("client"))
