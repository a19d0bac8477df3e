"""Reading a `curl` command line as an HTTP request."""

from __future__ import annotations

import base64
import shlex
from collections.abc import Iterator
from dataclasses import dataclass, field
from urllib.parse import quote

__all__ = ["CurlCommand", "parse_curl"]

_DATA = frozenset({"-d", "--data", "--data-raw", "--data-ascii", "--data-binary"})
_IGNORED_WITH_VALUE = frozenset(
    {"-o", "--output", "-w", "--write-out", "-m", "--max-time", "--connect-timeout", "--retry", "--max-redirs", "-c"}
    | {"--cookie-jar", "--cacert", "--limit-rate"}
)
_SHORT_WITH_VALUE = "XHdAebuowmcFTxrE"


@dataclass(slots=True)
class CurlCommand:
    """The request that a command describes. `follow` says whether it asks for redirects to be followed."""

    url: str = ""
    method: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    body: str | None = None
    follow: bool = False


def parse_curl(command: str) -> CurlCommand:
    """Read a command as a shell and `curl` would; raises `ValueError` for one that is not understood.

    Options that read files or send forms are refused: a flow cannot name files of this machine.
    """
    text = command.strip().replace("\\\r\n", " ").replace("\\\n", " ")
    try:
        words = shlex.split(text)
    except ValueError as error:
        raise ValueError(f"Error parsing curl: {error}") from error
    if not words or words[0] != "curl":
        raise ValueError("Error parsing curl: the command must start with `curl`")
    request = CurlCommand()
    data: list[str] = []
    in_query = False
    arguments = iter(_separated(words[1:]))
    for word in arguments:
        if not word.startswith("-"):
            request.url = request.url or word
        elif word in ("-X", "--request"):
            request.method = _value(arguments, word).upper()
        elif word in ("-H", "--header"):
            name, _, value = _value(arguments, word).partition(":")
            request.headers[name.strip()] = value.strip()
        elif word in _DATA:
            data.append(_inline(_value(arguments, word), word))
        elif word == "--data-urlencode":
            data.append(_encoded(_value(arguments, word)))
        elif word == "--json":
            data.append(_inline(_value(arguments, word), word))
            request.headers.setdefault("Content-Type", "application/json")
            request.headers.setdefault("Accept", "application/json")
        elif word == "--url":
            request.url = _value(arguments, word)
        elif word in ("-u", "--user"):
            token = base64.b64encode(_value(arguments, word).encode()).decode()
            request.headers["Authorization"] = f"Basic {token}"
        elif word in ("-A", "--user-agent"):
            request.headers["User-Agent"] = _value(arguments, word)
        elif word in ("-e", "--referer"):
            request.headers["Referer"] = _value(arguments, word)
        elif word in ("-b", "--cookie"):
            request.headers["Cookie"] = _value(arguments, word)
        elif word in ("-G", "--get"):
            in_query = True
        elif word in ("-I", "--head"):
            request.method = "HEAD"
        elif word in ("-L", "--location"):
            request.follow = True
        elif word in ("-F", "--form", "-T", "--upload-file", "-K", "--config"):
            raise ValueError(f"Error parsing curl: {word} is not supported; send the data with --data")
        elif word in _IGNORED_WITH_VALUE:
            _value(arguments, word)
    body = "&".join(data)
    if in_query and body:
        request.url += ("&" if "?" in request.url else "?") + body
    elif data:
        request.body = body
    request.method = request.method or ("POST" if data and not in_query else "GET")
    if not request.url:
        raise ValueError("Error parsing curl: the command names no URL")
    return request


def _separated(words: list[str]) -> list[str]:
    """`-XPOST` and `--request=POST` as two words."""
    found = []
    for word in words:
        if word.startswith("--") and "=" in word:
            found += word.split("=", 1)
        elif len(word) > 2 and word[0] == "-" and word[1] in _SHORT_WITH_VALUE:
            found += [word[:2], word[2:]]
        elif len(word) > 2 and word[0] == "-" and word[1] != "-":
            found += ["-" + letter for letter in word[1:]]
        else:
            found.append(word)
    return found


def _value(arguments: Iterator[str], option: str) -> str:
    try:
        return next(arguments)
    except StopIteration:
        raise ValueError(f"Error parsing curl: {option} lacks its value") from None


def _inline(value: str, option: str) -> str:
    if value.startswith("@") and option != "--data-raw":
        raise ValueError(f"Error parsing curl: {option} {value} reads a file of this machine, which is refused")
    return value


def _encoded(value: str) -> str:
    name, equals, content = value.partition("=")
    if not equals:
        return quote(value, safe="")
    return f"{name}={quote(content, safe='')}" if name else quote(content, safe="")
