"""Runs the sandbox: ``python -m tandem_sandbox --port 8090``."""

import argparse
from pathlib import Path

import uvicorn

from tandem_sandbox.app import create_app
from tandem_sandbox.settings import SandboxSettings


def main() -> None:
    """Serve until told to stop."""
    parser = argparse.ArgumentParser(prog="python -m tandem_sandbox")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8090)
    parser.add_argument("--public-url", help="base under which clients reach the sandbox")
    parser.add_argument("--data", type=Path, help="file that keeps the state over a restart")
    arguments = parser.parse_args()
    settings = SandboxSettings(
        public_url=arguments.public_url or f"http://{arguments.host}:{arguments.port}",
        data=arguments.data,
    )
    uvicorn.run(
        create_app(settings),
        host=arguments.host,
        port=arguments.port,
        log_level="warning",
        timeout_graceful_shutdown=5,
    )


if __name__ == "__main__":
    main()
