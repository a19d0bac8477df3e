"""Cursor: a place among the tokens of a jq program, and what is expected there."""

from __future__ import annotations

from langflow_lite.components.jq.lexer import KEYWORDS, QuerySyntaxError, Token

__all__ = ["Cursor"]

_END = Token("end", "")


class Cursor:
    """Takes one token after the other. `program` is shown to whoever wrote what is not understood."""

    def __init__(self, tokens: tuple[Token, ...], program: str) -> None:
        self._tokens = list(tokens)
        self._program = program
        self._at = 0

    @property
    def at_end(self) -> bool:
        """Whether all tokens are taken."""
        return self._at >= len(self._tokens)

    def want_end(self) -> None:
        """Raise `QuerySyntaxError` unless all tokens are taken."""
        if not self.at_end:
            raise self._unknown()

    @property
    def _next(self) -> Token:
        return self._tokens[self._at] if self._at < len(self._tokens) else _END

    def _take(self) -> Token:
        token = self._next
        self._at += 1
        return token

    def _took(self, *texts: str) -> bool:
        """Take the next token if it is one of these words or operators."""
        if self._next.kind in ("op", "word") and self._next.text in texts:
            self._at += 1
            return True
        return False

    def _want(self, text: str) -> None:
        if not self._took(text):
            raise self._unknown()

    def _name(self) -> str:
        token = self._take()
        if token.kind != "word" or token.text in KEYWORDS:
            raise self._misplaced()
        return token.text

    def _variable(self) -> str:
        token = self._take()
        if token.kind != "variable":
            raise self._misplaced()
        return token.text[1:]

    def _unknown(self) -> QuerySyntaxError:
        """What to raise for the next token."""
        token = self._next
        shown = "the end" if token is _END else token.text or "a string"
        return QuerySyntaxError(f"{shown!r} is not understood in the query {self._program[:200]!r}")

    def _misplaced(self) -> QuerySyntaxError:
        """What to raise for the token that was taken last."""
        self._at -= 1
        return self._unknown()
