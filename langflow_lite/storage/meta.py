"""Meta: the few facts about a database as a whole."""

from __future__ import annotations

from langflow_lite.errors import StorageError
from langflow_lite.storage.database import Database

__all__ = ["Meta"]


class Meta:
    """What was settled when the database was made. `load` reads it once, before anything else is asked."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._user_id = ""

    @property
    def user_id(self) -> str:
        """The id of the one user there is: a UUID made with the database. Raises `StorageError` before `load`."""
        if not self._user_id:
            raise StorageError("Meta is used before it is loaded.")
        return self._user_id

    async def load(self) -> None:
        """Read the facts. Raises `StorageError` when the database lacks them."""
        row = await self._database.fetch_one("SELECT value FROM meta WHERE key = 'user_id'")
        if row is None:
            raise StorageError(f"The database {self._database.path} has lost its user id. Restore it from a backup.")
        self._user_id = row[0]

    async def examples_loaded(self) -> bool:
        """Whether `FlowStore.create_examples` has been done: false at the first start only."""
        return await self._database.fetch_one("SELECT 1 FROM meta WHERE key = 'examples_loaded'") is not None
