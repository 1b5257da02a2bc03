# SPDX-License-Identifier: Apache-2.0
"""Searches everything that a server wrote for every secret that is known: no secret, key or token may be in a log, an event, an export or
a metric. What the tests' clients are handed is harvested as it comes; every deployment is searched when its tests are over."""
import pathlib
import re
import ssl
import urllib.request

# What is known, and where it is from. Of all deployments together: what one hands out may not turn up at another either.
known = {}

TOKENS = re.compile(r'"(?:certificateOwnershipToken|csrfToken)"\s*:\s*"([^"]{16,})"')
ACCESS_KEYS = re.compile(r'(?:secretAccessKey"\s*:\s*"|aws_secret_access_key\s*=\s*|AWS_SECRET_ACCESS_KEY(?:"\s*:\s*"|=))([A-Za-z0-9/+=]{16,})')
PRIVATE_KEY = re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----(.*?)-----END", re.DOTALL)
MARKS = ("PRIVATE KEY-----",)


def note(secret, origin):
    if len(secret) >= 16:
        known.setdefault(secret, origin)


def harvest(text, origin):
    """Remembers the secrets in what a client was given: tokens, secret access keys, private keys."""
    for found in TOKENS.findall(text):
        note(found, f"ownership token in {origin}")
    for found in ACCESS_KEYS.findall(text):
        note(found, f"secret access key in {origin}")
    for body in PRIVATE_KEY.findall(text):
        lines = [line for line in re.split(r"\\n|\\r|\s", body) if len(line) >= 40]
        # A key's PEM holds its public half too, which certificates show: of RSA the first half of the lines, of EC the last.
        for line in lines[:2] if len(lines) <= 4 else lines[len(lines) // 2:-1]:
            note(line, f"private key in {origin}")


def harvest_files(data):
    """The deployment's own secrets, and those that its imprint.toml names."""
    secret_files = [data / "admin.credentials", *data.glob("ca/*.key"), *data.glob("server/*.key")]
    config = (data / "imprint.toml").read_text()
    secret_files += [data / name for name in re.findall(r'^(?:bearer-file|hmac-key-file|password-file)\s*=\s*"([^"]+)"', config, re.MULTILINE)]
    for path in secret_files:
        if not path.is_file():
            continue
        text = path.read_text(errors="replace")
        harvest(text, path.name)
        if "-----BEGIN" not in text and path.name != "admin.credentials":
            note(text.strip(), path.name)
    return {path.resolve() for path in secret_files}


def metrics_of(address, data):
    """What anybody can read of a running server."""
    context = ssl.create_default_context(cafile=str(data / "root-ca.pem"))
    with urllib.request.urlopen(f"{address}/metrics", context=context, timeout=30) as answer:
        return answer.read()


def written_files(scratch, data, secret_files):
    """Logs, store, archive and exports: all of a test's folder but what holds secrets on purpose."""
    for path in sorted(scratch.rglob("*")):
        on_purpose = path.resolve() in secret_files or path.suffix in (".key", ".tar") or "credentials" in path.name
        if path.is_file() and not path.is_symlink() and not on_purpose and (path.is_relative_to(data) or path.suffix in EXPORTED):
            yield path.relative_to(scratch), path.read_bytes()


EXPORTED = (".log", ".jsonl", ".ndjson", ".syslog", ".conf", ".txt", ".crl", ".json")


def search(written):
    """Names each secret that turned up in (name, bytes), and never shows one."""
    problems = []
    for name, content in written:
        problems += [f"{origin} is in {name}" for secret, origin in known.items() if secret.encode() in content]
        problems += [f"{mark!r} is in {name}" for mark in MARKS if mark.encode() in content]
    return problems
