"""An empty JSON answer by the framework alone: `python -m bench.empty PORT`, under the server that the service uses."""

import sys

from granian.constants import Interfaces
from granian.server import Server
from litestar import Litestar, get


@get("/empty", sync_to_thread=False)
def empty() -> dict[str, str]:
    """Nothing."""
    return {}


def load() -> Litestar:
    """The application."""
    return Litestar([empty], openapi_config=None, logging_config=None)


if __name__ == "__main__":
    server = Server("empty", address="127.0.0.1", port=int(sys.argv[1]), interface=Interfaces.ASGI, log_enabled=False)
    server.serve(target_loader=load, wrap_loader=False)
