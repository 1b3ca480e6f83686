"""Put on the path of the published connector, which is itself left as it was installed: every name
below zendesk.com is the simulator's, and its certificate is trusted."""

import os
import socket

import certifi

_really = socket.getaddrinfo


def _to_simulator(host, port, *rest, **named):
    if isinstance(host, str) and host.endswith(".zendesk.com"):
        host, port = "127.0.0.1", int(os.environ["SIMULATOR_PORT"])
    return _really(host, port, *rest, **named)


socket.getaddrinfo = _to_simulator
certifi.where = lambda: os.environ["SIMULATOR_AUTHORITY"]
