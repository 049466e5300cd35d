"""Which certificates a client trusts: those of the system on https, none where plain http needs none (this machine)."""

from __future__ import annotations

import ssl


def trust(base: str) -> ssl.SSLContext | bool:
    """What to give httpx as `verify` for calls to one address.

    Reading the system's certificates costs a tenth of a second, so plain http does without. Its context still checks
    every certificate, and trusts none.
    """
    return True if base.startswith("https://") else ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
