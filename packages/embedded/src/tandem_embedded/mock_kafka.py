"""A broker in memory for machines without Java: librdkafka's mock cluster behind a TCP front.

It keeps nothing over its restart. The front gives it a fixed port, and holds back each group
leader's SyncGroup for a moment: the mock rejects members that join while it is being handled.

`python -m tandem_embedded.mock_kafka --port 19092` runs it.
"""

import argparse
import asyncio
import ctypes
import signal
import struct
import sys
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from tandem.contracts.topics import TOPICS
from tandem_embedded.processes import Child, port_answers

LEADER_HELD_S: Final = 0.06
_PRODUCER: Final = 0
_SYNC_GROUP: Final = 14
_FRAME_MAX: Final = 100 * 1024 * 1024


class MockKafka:
    """The mock cluster in a process of its own."""

    bootstrap_servers: str

    def __init__(self, *, log: Path, port: int, namespace: str = "", partitions_max: int) -> None:
        self.port = port
        self.bootstrap_servers = f"127.0.0.1:{port}"
        command = [sys.executable, "-m", "tandem_embedded.mock_kafka", "--port", str(port)]
        command += ["--namespace", namespace, "--partitions-max", str(partitions_max)]
        self.child = Child("Kafka (in memory)", command, log=log)

    def start(self) -> None:
        """Start with every declared topic."""
        self.child.start()
        self.child.wait_until(lambda: port_answers(self.port), seconds=30)

    def stop(self) -> None:
        """Stop; everything is forgotten."""
        self.child.stop()

    def forget(self) -> None:
        """There is nothing to delete."""


class _Cluster:
    """One mock broker, by the C interface of the wheel's shared library."""

    def __init__(self, *, front_port: int) -> None:
        self._library = ctypes.CDLL(str(_shared_library()))
        for name, answer in (
            ("rd_kafka_conf_new", ctypes.c_void_p),
            ("rd_kafka_new", ctypes.c_void_p),
            ("rd_kafka_mock_cluster_new", ctypes.c_void_p),
            ("rd_kafka_mock_cluster_bootstraps", ctypes.c_char_p),
        ):
            getattr(self._library, name).restype = answer
        error = ctypes.create_string_buffer(512)
        handle = self._library.rd_kafka_new(
            _PRODUCER, ctypes.c_void_p(self._library.rd_kafka_conf_new()), error, len(error)
        )
        self._handle = ctypes.c_void_p(handle)
        self._cluster = ctypes.c_void_p(self._library.rd_kafka_mock_cluster_new(self._handle, 1))
        self._library.rd_kafka_mock_group_initial_rebalance_delay_ms(self._cluster, 0)
        bootstraps = self._library.rd_kafka_mock_cluster_bootstraps(self._cluster).decode()
        self.port = int(bootstraps.rpartition(":")[2])
        self._library.rd_kafka_mock_broker_set_host_port(self._cluster, 1, b"127.0.0.1", front_port)

    def create_topic(self, name: str, partitions: int) -> None:
        """Make a topic with one replica."""
        code = self._library.rd_kafka_mock_topic_create(self._cluster, name.encode(), partitions, 1)
        if code != 0:
            raise RuntimeError(f"topic {name}: the mock cluster answers {code}")


def _shared_library() -> Path:
    spec = find_spec("confluent_kafka")
    if spec is None or spec.origin is None:
        raise RuntimeError("the wheel confluent-kafka is not installed")
    folder = Path(spec.origin).parent.parent / "confluent_kafka.libs"
    return next(folder.glob("librdkafka*.so*"))


def is_leaders_sync_group(frame: bytes) -> bool:
    """Whether a request (without its length) is a SyncGroup that brings assignments.

    Understands versions 0 to 3, which are what the clients here speak.
    """
    api_key, version = struct.unpack_from(">hh", frame, 0)
    if api_key != _SYNC_GROUP:
        return False
    offset = 8
    offset = _after_string(frame, offset)  # client id
    offset = _after_string(frame, offset)  # group id
    offset += 4  # generation
    offset = _after_string(frame, offset)  # member id
    if version >= 3:  # noqa: PLR2004 - static membership came with version 3
        offset = _after_string(frame, offset)
    (assignments,) = struct.unpack_from(">i", frame, offset)
    return bool(assignments > 0)


def _after_string(frame: bytes, offset: int) -> int:
    (length,) = struct.unpack_from(">h", frame, offset)
    return offset + 2 + max(int(length), 0)


async def _requests(client: asyncio.StreamReader, broker: asyncio.StreamWriter) -> None:
    while True:
        head = await client.readexactly(4)
        (length,) = struct.unpack(">i", head)
        if not 0 < length <= _FRAME_MAX:
            return
        frame = await client.readexactly(length)
        if is_leaders_sync_group(frame):
            await asyncio.sleep(LEADER_HELD_S)
        broker.write(head + frame)
        await broker.drain()


async def _answers(broker: asyncio.StreamReader, client: asyncio.StreamWriter) -> None:
    while data := await broker.read(65_536):
        client.write(data)
        await client.drain()


async def _serve(*, port: int, namespace: str, partitions_max: int) -> None:
    cluster = _Cluster(front_port=port)
    for topic in TOPICS:
        cluster.create_topic(namespace + topic.name, min(topic.partitions, partitions_max))

    async def forward(client: asyncio.StreamReader, to_client: asyncio.StreamWriter) -> None:
        broker, to_broker = await asyncio.open_connection("127.0.0.1", cluster.port)
        ways = [
            asyncio.create_task(_requests(client, to_broker)),
            asyncio.create_task(_answers(broker, to_client)),
        ]
        await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        for way in ways:
            way.cancel()
            with suppress(asyncio.CancelledError, asyncio.IncompleteReadError, OSError):
                await way
        to_broker.close()
        to_client.close()

    server = await asyncio.start_server(forward, "127.0.0.1", port, limit=2**20)
    ended = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, ended.set)
    await ended.wait()
    server.close()


def _main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tandem_embedded.mock_kafka")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--namespace", default="")
    parser.add_argument("--partitions-max", type=int, default=12)
    arguments = parser.parse_args()
    asyncio.run(_serve(**vars(arguments)))


if __name__ == "__main__":
    _main()
