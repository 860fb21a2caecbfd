"""A relay on loopback that holds each answer back for a while: a far-away chronyd without the distance.

    python3 bench/relay.py PORT SECONDS

passes on what it gets to the UDP port PORT of 127.0.0.1, prints the port it listens on, and ends when its input ends.
"""

from __future__ import annotations

import asyncio
import sys

Address = tuple[str, int]


class Upstream(asyncio.DatagramProtocol):
    """One client's way to the daemon and back."""

    def __init__(self, relay: Relay, client: Address) -> None:
        self.relay = relay
        self.client = client

    def datagram_received(self, data: bytes, address: Address) -> None:
        self.relay.hold(data, self.client)


class Relay(asyncio.DatagramProtocol):
    def __init__(self, port: int, delay: float) -> None:
        self.daemon = ("127.0.0.1", port)
        self.delay = delay
        self.ways: dict[Address, asyncio.DatagramTransport] = {}
        self.tasks: set[asyncio.Task[None]] = set()

    def connection_made(self, transport: asyncio.DatagramTransport) -> None:  # type: ignore[override]
        self.transport = transport

    def datagram_received(self, data: bytes, address: Address) -> None:
        task = asyncio.get_running_loop().create_task(self.pass_on(data, address))
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)

    async def pass_on(self, data: bytes, client: Address) -> None:
        if client not in self.ways:
            way, _ = await asyncio.get_running_loop().create_datagram_endpoint(
                lambda: Upstream(self, client), remote_addr=self.daemon
            )
            self.ways[client] = way
        self.ways[client].sendto(data)

    def hold(self, data: bytes, client: Address) -> None:
        asyncio.get_running_loop().call_later(self.delay, self.transport.sendto, data, client)

    def close(self) -> None:
        for way in self.ways.values():
            way.close()
        self.transport.close()


async def main(port: int, delay: float) -> None:
    loop = asyncio.get_running_loop()
    _, relay = await loop.create_datagram_endpoint(
        lambda: Relay(port, delay), local_addr=("127.0.0.1", 0)
    )
    print(relay.transport.get_extra_info("sockname")[1], flush=True)
    await loop.run_in_executor(None, sys.stdin.read)
    relay.close()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), float(sys.argv[2])))
