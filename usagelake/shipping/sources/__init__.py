"""Where `usagelake ship` takes lines from: a stream, files that grow, a socket."""

from __future__ import annotations

from usagelake.shipping.sources.follow import FileSource
from usagelake.shipping.sources.socket import SocketSource
from usagelake.shipping.sources.stdin import StreamSource

__all__ = ["FileSource", "SocketSource", "StreamSource"]
