"""The AWS emulator with a second door.

What arrives on the gateway port is a request of the deployed REST API, so its path gets the long prefix under which
the emulator serves that API. On the emulator's own port nothing changes.
"""

import os
from pathlib import Path

from ministack.app import app as emulator

_PORT = int(os.environ["DANGOL_GATEWAY_PORT"])
_API_FILE = Path(os.environ["DANGOL_API_FILE"])


async def app(scope, receive, send):
    """Answer one ASGI connection."""
    if scope["type"] == "http" and scope["server"][1] == _PORT:
        try:
            prefix = _API_FILE.read_text().strip()
        except FileNotFoundError:
            prefix = "/_aws/execute-api/not-deployed/live"
        scope = {**scope, "path": prefix + scope["path"], "raw_path": prefix.encode() + scope["raw_path"]}
    await emulator(scope, receive, send)
