"""Child processes are watched until ready, and end when told."""

import sys

import pytest

from tandem_embedded.processes import Child, StartFailedError

FOREVER = "import time\nprint('up', flush=True)\nwhile True: time.sleep(0.05)"


def child(tmp_path, code):
    return Child("part", [sys.executable, "-c", code], log=tmp_path / "part.log")


def test_a_child_is_ready_when_asked_and_gone_when_stopped(tmp_path):
    part = child(tmp_path, FOREVER)
    part.start()
    part.wait_until(lambda: "up" in part.log_tail(), seconds=10)
    assert part.running
    part.stop()
    assert not part.running


def test_a_killed_child_can_start_again(tmp_path):
    part = child(tmp_path, FOREVER)
    part.start()
    first = part.pid
    part.kill()
    part.start()
    assert part.pid != first
    part.stop()


def test_a_child_that_ends_at_its_start_is_told_with_its_last_words(tmp_path):
    part = child(tmp_path, "raise SystemExit('no such setting')")
    part.start()
    with pytest.raises(StartFailedError, match="no such setting"):
        part.wait_until(lambda: False, seconds=10)
    part.stop()


def test_a_child_that_never_becomes_ready_is_told(tmp_path):
    part = child(tmp_path, FOREVER)
    part.start()
    with pytest.raises(StartFailedError, match="not ready"):
        part.wait_until(lambda: False, seconds=0.2)
    part.stop()
