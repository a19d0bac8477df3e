"""Whole servers, as in the tests of the HTTP layer."""

from tests.http.conftest import make_settings, settings

__all__ = ["make_settings", "settings"]
