"""S3: reading and writing single objects of a bucket, with AWS's Signature Version 4."""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import quote, urlsplit

from langflow_lite.components.fetching import Fetched, FetchFailed, fetch
from langflow_lite.context import RunContext
from langflow_lite.values import utc_now

__all__ = ["Bucket", "signature"]

_NAME = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]\Z")
_REGION = re.compile(r"[a-z0-9-]{2,30}\Z")
_REASON = re.compile(rb"<Message>([^<]{1,300})</Message>")


@dataclass(frozen=True, slots=True)
class Bucket:
    """A bucket and the key to it. `LANGFLOW_SERVICE_URLS` may name another server that speaks S3, as `s3`."""

    ctx: RunContext
    name: str
    region: str
    access_key: str
    secret_key: str

    async def get(self, key: str, *, limit: int) -> bytes:
        """An object of at most `limit` bytes; raises `FetchFailed` with S3's own words."""
        return (await self._call("GET", key, b"", limit)).content

    async def put(self, key: str, content: bytes) -> None:
        """Store an object, in place of one that is there; raises `FetchFailed` with S3's own words."""
        await self._call("PUT", key, content, 2**20)

    async def _call(self, method: str, key: str, content: bytes, limit: int) -> Fetched:
        region = self.region.strip() or "us-east-1"
        name = self.name.strip()
        if not _NAME.match(name) or not _REGION.match(region):
            raise ValueError(f"{name[:80]!r} in {region[:40]!r} is no bucket of S3: fill in its name and region")
        if not self.access_key.strip() or not self.secret_key.strip():
            raise ValueError("S3 needs the AWS Access Key ID and the AWS Secret Key: fill in both")
        if not key.strip("/"):
            raise ValueError("the object in the bucket has no name")
        path = quote(key.lstrip("/"), safe="/-_.~")
        address = self.ctx.settings.service_url("s3", "")
        # A server of one's own has buckets in the path, as it has no names of its own for them.
        url = f"{address}/{name}/{path}" if address else f"https://{name}.s3.{region}.amazonaws.com/{path}"
        moment = utc_now()
        headers = {
            "host": urlsplit(url).netloc,
            "x-amz-content-sha256": hashlib.sha256(content).hexdigest(),
            "x-amz-date": moment.strftime("%Y%m%dT%H%M%SZ"),
        }
        scope = f"{moment:%Y%m%d}/{region}/s3/aws4_request"
        signed = signature(method, urlsplit(url).path, headers, moment, region, self.secret_key.strip())
        headers["authorization"] = (
            f"AWS4-HMAC-SHA256 Credential={self.access_key.strip()}/{scope}, "
            f"SignedHeaders={';'.join(sorted(headers))}, Signature={signed}"
        )
        answer = await fetch(
            self.ctx,
            url,
            method=method,
            headers=headers,
            content=content if method == "PUT" else None,
            timeout=60.0,
            follow_redirects=False,
            trusted=True,
            limit=limit,
        )
        if answer.status >= 300:
            reason = _REASON.search(answer.content)
            words = reason[1].decode("utf-8", "replace") if reason else "no reason given"
            raise FetchFailed(f"S3 answered with status {answer.status}: {words}", answer.status)
        return answer


def signature(
    method: str, path: str, headers: Mapping[str, str], moment: datetime, region: str, secret_key: str
) -> str:
    """The signature of a request without a query (AWS, *Signature Version 4 signing process*).

    `headers` have lower-case names and hold all that is signed, `x-amz-content-sha256` among them.
    """
    names = sorted(headers)
    canonical = "\n".join(
        [
            *(method, path, ""),
            *(f"{name}:{headers[name].strip()}" for name in names),
            *("", ";".join(names), headers["x-amz-content-sha256"]),
        ]
    )
    day = f"{moment:%Y%m%d}"
    to_sign = "\n".join(
        [
            "AWS4-HMAC-SHA256",
            moment.strftime("%Y%m%dT%H%M%SZ"),
            f"{day}/{region}/s3/aws4_request",
            hashlib.sha256(canonical.encode()).hexdigest(),
        ]
    )
    key = f"AWS4{secret_key}".encode()
    for part in (day, region, "s3", "aws4_request"):
        key = hmac.digest(key, part.encode(), "sha256")
    return hmac.new(key, to_sign.encode(), "sha256").hexdigest()
