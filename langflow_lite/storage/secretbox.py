"""SecretBox: encrypts what is stored of global variables, with a key that is not in the database."""

from __future__ import annotations

import hashlib
import logging
import os
import secrets
import stat
from pathlib import Path
from typing import TYPE_CHECKING

from langflow_lite.errors import StorageError
from langflow_lite.storage.disk import NO_FOLLOW, move_into_place
from langflow_lite.storage.failures import file_error

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

__all__ = ["KeyLost", "SecretBox"]

logger = logging.getLogger(__name__)

_KEY_BYTES = 32
_NONCE_BYTES = 12
_FORMAT = b"\x01"


class KeyLost(StorageError):
    """500: the key that something was encrypted with is not there any more."""

    code = "KEY_LOST"


class SecretBox:
    """AES-256-GCM (NIST SP 800-38D) under `passphrase`, or else under a key in `key_file`, made when first needed.

    The methods block: for the file, for the key derivation, and for importing the cryptography library at the first
    use, which costs memory that a server without variables need not spend.
    """

    def __init__(self, passphrase: str, key_file: Path) -> None:
        self._passphrase = passphrase
        self._key_file = key_file
        self._cipher: AESGCM | None = None
        self._key = b""

    @property
    def key(self) -> bytes:
        """The key itself, for deriving others from it; empty until `open`."""
        return self._key

    @property
    def is_open(self) -> bool:
        """Whether the key is loaded, so that the methods no longer block."""
        return self._cipher is not None

    def open(self, *, may_create: bool) -> None:
        """Load the key, making the file if it is missing and `may_create`.

        Raises `KeyLost` naming the file, and another `StorageError` when it cannot be read or made for now.
        """
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        if self._passphrase:
            # A passphrase may be short: scrypt (RFC 7914) makes guessing it from a stolen database expensive.
            key = hashlib.scrypt(
                self._passphrase.encode("utf-8", "surrogateescape"),
                salt=b"langflow_lite variables",
                n=2**14,
                r=8,
                p=1,
                dklen=_KEY_BYTES,
            )
        else:
            key = self._read_key(may_create)
        self._key = key
        self._cipher = AESGCM(key)

    def seal(self, text: str, label: str) -> bytes:
        """The text, encrypted. `label` is not hidden, but what is sealed under one cannot be read under another."""
        assert self._cipher is not None
        nonce = secrets.token_bytes(_NONCE_BYTES)
        return _FORMAT + nonce + self._cipher.encrypt(nonce, text.encode("utf-8", "surrogatepass"), label.encode())

    def unseal(self, sealed: bytes, label: str) -> str:
        """What was sealed. Raises `KeyLost` when the key is another one or the bytes were changed."""
        from cryptography.exceptions import InvalidTag

        assert self._cipher is not None
        nonce, ciphertext = sealed[1 : 1 + _NONCE_BYTES], sealed[1 + _NONCE_BYTES :]
        try:
            return self._cipher.decrypt(nonce, ciphertext, label.encode()).decode("utf-8", "surrogatepass")
        except InvalidTag:
            source = "LANGFLOW_SECRET_KEY" if self._passphrase else str(self._key_file)
            raise KeyLost(
                f"A stored variable cannot be decrypted: it was stored under another key than the one in {source}. "
                "Restore that key, or set the variable again."
            ) from None

    def _read_key(self, may_create: bool) -> bytes:
        try:
            fd = os.open(self._key_file, os.O_RDONLY | NO_FOLLOW)
        except FileNotFoundError:
            if not may_create:
                raise KeyLost(
                    f"The key file {self._key_file} is missing, and stored variables are encrypted with it. Restore it "
                    "from a backup, or delete these variables."
                ) from None
            return self._make_key()
        except OSError as error:
            raise self._trouble("read", error) from error
        try:
            with open(fd, "rb") as file:
                if stat.S_IMODE(os.fstat(fd).st_mode) & 0o077:
                    logger.warning("Others may read the key file %s; make it private: chmod 600", self._key_file)
                text = file.read()
        except OSError as error:
            raise self._trouble("read", error) from error
        try:
            key = bytes.fromhex(text.decode("ascii"))
        except ValueError:
            key = b""
        if len(key) != _KEY_BYTES:
            raise KeyLost(
                f"The key file {self._key_file} is damaged: it should hold {_KEY_BYTES} bytes in hex. Restore it from a "
                "backup, or delete it together with the stored variables."
            )
        return key

    def _make_key(self) -> bytes:
        key = secrets.token_bytes(_KEY_BYTES)
        unfinished = self._key_file.with_name(self._key_file.name + ".part")
        try:
            fd = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | NO_FOLLOW, 0o600)
            with open(fd, "w", encoding="ascii") as file:
                file.write(key.hex() + "\n")
                file.flush()
                os.fsync(fd)
            move_into_place(unfinished, self._key_file)
        except OSError as error:
            raise self._trouble("made", error) from error
        return key

    def _trouble(self, done: str, error: OSError) -> Exception:
        return file_error(f"The key file {self._key_file} cannot be {done}", error)
