"""HTTP/1.1 for outbound calls: the transport underneath the server's httpx2 clients.

From top to bottom: `Http1Transport` carries a request to a `Connection` that a `Dialer` made or a `Pool` kept;
`encode_head` and `ResponseParser` know the protocol and do no I/O.
"""

from langflow_lite.models.transport.dialer import Dialer
from langflow_lite.models.transport.transport import Http1Transport

__all__ = ["Dialer", "Http1Transport"]
