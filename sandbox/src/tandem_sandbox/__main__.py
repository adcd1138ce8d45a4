"""Runs the sandbox: ``python -m tandem_sandbox --port 8090``, and over TLS where asked to."""

import argparse
import asyncio
from pathlib import Path

import uvicorn

from tandem_sandbox.app import create_app
from tandem_sandbox.settings import ExchangeScheme, SandboxSettings


def main() -> None:
    """Serve until told to stop."""
    parser = argparse.ArgumentParser(prog="python -m tandem_sandbox")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8090)
    parser.add_argument("--public-url", help="base under which clients reach the sandbox")
    parser.add_argument("--data", type=Path, help="file that keeps the state over a restart")
    parser.add_argument("--tls-port", type=int, help="port that answers over TLS")
    parser.add_argument("--tls-certificate", type=Path, help="PEM file of its certificate")
    parser.add_argument("--tls-key", type=Path, help="PEM file of the certificate's key")
    parser.add_argument(
        "--exchange-scheme",
        action="append",
        choices=list(ExchangeScheme),
        help="what Exchange offers; may be given twice",
    )
    arguments = parser.parse_args()
    if arguments.tls_port and not (arguments.tls_certificate and arguments.tls_key):
        parser.error("--tls-port needs --tls-certificate and --tls-key")
    settings = SandboxSettings(
        public_url=arguments.public_url or f"http://{arguments.host}:{arguments.port}",
        data=arguments.data,
        exchange_schemes=frozenset(arguments.exchange_scheme or {ExchangeScheme.BASIC}),
    )
    app = create_app(settings)
    servers = [
        uvicorn.Server(
            uvicorn.Config(
                app,
                host=arguments.host,
                port=arguments.port,
                log_level="warning",
                timeout_graceful_shutdown=5,
            )
        )
    ]
    if arguments.tls_port:
        servers.append(
            uvicorn.Server(
                uvicorn.Config(
                    app,
                    host=arguments.host,
                    port=arguments.tls_port,
                    ssl_certfile=arguments.tls_certificate,
                    ssl_keyfile=arguments.tls_key,
                    # The first server keeps the one state of both.
                    lifespan="off",
                    log_level="warning",
                    timeout_graceful_shutdown=5,
                )
            )
        )
    app.state.world.is_stopping = lambda: any(server.should_exit for server in servers)
    asyncio.run(_serve(servers))


async def _serve(servers: list[uvicorn.Server]) -> None:
    await asyncio.gather(*(server.serve() for server in servers))


if __name__ == "__main__":
    main()
