"""A certificate authority for tests, made with the openssl program."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import NamedTuple


class Identity(NamedTuple):
    """A certificate and its private key, PEM files."""

    certificate: str
    key: str


class Authority:
    """Makes certificates in ``folder``; ``certificate`` is its own."""

    def __init__(self, folder: Path, name: str) -> None:
        self._folder = folder
        self._name = name
        self._own = Identity(str(folder / f"{name}.pem"), str(folder / f"{name}.key"))
        self.certificate = self._own.certificate
        self._openssl(
            "req", "-x509", *self._new_key(self._own), "-subj", f"/CN={name}", "-days", "2",
            "-addext", "basicConstraints=critical,CA:TRUE", "-out", self.certificate,
        )  # fmt: skip

    def issue(self, name: str) -> Identity:
        """A certificate for localhost and 127.0.0.1, of a server or a client."""
        path = self._folder / f"{self._name}-{name}"
        identity = Identity(f"{path}.pem", f"{path}.key")
        extensions = Path(f"{path}.ext")
        extensions.write_text("subjectAltName=DNS:localhost,IP:127.0.0.1\n")
        request = f"{path}.csr"
        self._openssl("req", *self._new_key(identity), "-subj", f"/CN={name}", "-out", request)
        self._openssl(
            "x509", "-req", "-in", request, "-CA", self.certificate, "-CAkey", self._own.key,
            "-CAcreateserial", "-days", "2", "-extfile", str(extensions),
            "-out", identity.certificate,
        )  # fmt: skip
        return identity

    def _new_key(self, identity: Identity) -> tuple[str, ...]:
        curve = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1")
        return (*curve, "-nodes", "-keyout", identity.key)

    def _openssl(self, *words: str) -> None:
        subprocess.run(["openssl", *words], check=True, capture_output=True)
