"""Looks for known secrets in what a program left behind: as they are, in other clothes, and in pieces, since texts get
cut."""

import base64
import contextlib
import json
import os
import urllib.parse

PIECE = 16  # characters in a row that nothing shares with a secret by accident
PREFIX = 10  # of the beginning, which is what a text that was cut ends with


def pieces(secret):
    """Whoever shows 2 * PIECE characters in a row, or the beginning, shows one of these."""
    found = {secret[:PREFIX], secret} if len(secret) >= PREFIX else {secret}
    found |= {secret[i:i + PIECE] for i in range(0, len(secret) - PIECE + 1, PIECE)}
    return found | {secret[-PIECE:]}


def base64_forms(raw):
    """As part of a longer text: wherever in a group of three bytes it starts, without what its neighbours decide."""
    for before in range(3):
        encoded = base64.b64encode(b"\0" * before + raw).rstrip(b"=")
        inner = encoded[(before * 8 + 5) // 6:len(encoded) - 1]
        yield inner
        yield inner.replace(b"+", b"-").replace(b"/", b"_")


def forms(piece):
    raw = piece.encode()
    yield raw
    yield from base64_forms(raw)
    yield raw.hex().encode()
    yield raw.hex().upper().encode()
    yield urllib.parse.quote(piece, safe="").encode()
    yield urllib.parse.quote(piece, safe="").replace("%2F", "%2f").replace("%2B", "%2b").replace("%3D", "%3d").encode()
    yield json.dumps(piece)[1:-1].replace("/", "\\/").encode()
    yield raw.decode().encode("utf-16-le")
    yield raw[::-1]


class Search:
    """secrets: {what it is: text}."""

    def __init__(self, secrets):
        self.needles = {}
        for kind, secret in secrets.items():
            for piece in pieces(secret):
                for needle in forms(piece):
                    self.needles.setdefault(needle, "%s, as %r" % (kind, needle.decode(errors="replace")))

    def look(self, place, data):
        """What is found there, as lines for people; only the tests' own secrets are ever shown."""
        return ["%s: %s" % (place, what) for needle, what in self.needles.items() if needle in data]

    def look_at_files(self, *directories):
        """(findings, number of bytes that were looked at)."""
        findings, size = [], 0
        for directory in directories:
            for folder, _, names in os.walk(directory):
                for name in names:
                    path = os.path.join(folder, name)
                    # Sockets cannot be read, and files come and go.
                    with contextlib.suppress(OSError), open(path, "rb") as f:
                        data = f.read()
                        size += len(data)
                        findings += self.look(os.path.relpath(path, directory), data + b"\n" + name.encode())
        return findings, size
