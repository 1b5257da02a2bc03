# SPDX-License-Identifier: Apache-2.0
"""Searches everything that a server wrote for every known secret: no secret, key or token may appear in a log, an event, an export or
a metric. Secrets are collected from the answers to the tests' clients; every deployment is searched after its tests."""
import pathlib
import re
import ssl
import urllib.request

# The known secrets and their origins, of all deployments together: a secret of one must not appear in another, either.
known = {}

TOKENS = re.compile(r'"(?:certificateOwnershipToken|csrfToken)"\s*:\s*"([^"]{16,})"')
ACCESS_KEYS = re.compile(r'(?:secretAccessKey"\s*:\s*"|aws_secret_access_key\s*=\s*|AWS_SECRET_ACCESS_KEY(?:"\s*:\s*"|=))([A-Za-z0-9/+=]{16,})')
PRIVATE_KEY = re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----(.*?)-----END", re.DOTALL)
MARKS = ("PRIVATE KEY-----",)


def note(secret, origin):
    if len(secret) >= 16:
        known.setdefault(secret, origin)


def harvest(text, origin):
    """Collects the secrets in an answer to a client: tokens, secret access keys, private keys."""
    for found in TOKENS.findall(text):
        note(found, f"ownership token in {origin}")
    for found in ACCESS_KEYS.findall(text):
        note(found, f"secret access key in {origin}")
    for body in PRIVATE_KEY.findall(text):
        lines = [line for line in re.split(r"\\n|\\r|\s", body) if len(line) >= 40]
        # A key's PEM also contains its public part, which certificates show: the first half of the lines for RSA, the last ones for EC.
        for line in lines[:2] if len(lines) <= 4 else lines[len(lines) // 2:-1]:
            note(line, f"private key in {origin}")


def harvest_files(data):
    """Collects the deployment's own secrets, and those that its imprint.toml names."""
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
    """The metrics that anybody can read from a running server."""
    context = ssl.create_default_context(cafile=str(data / "root-ca.pem"))
    with urllib.request.urlopen(f"{address}/metrics", context=context, timeout=30) as answer:
        return answer.read()


def written_files(scratch, data, secret_files):
    """Logs, store, archive and exports: everything in a test's folder except files that hold secrets on purpose."""
    for path in sorted(scratch.rglob("*")):
        on_purpose = path.resolve() in secret_files or path.suffix in (".key", ".tar") or "credentials" in path.name
        if path.is_file() and not path.is_symlink() and not on_purpose and (path.is_relative_to(data) or path.suffix in EXPORTED):
            yield path.relative_to(scratch), path.read_bytes()


EXPORTED = (".log", ".jsonl", ".ndjson", ".syslog", ".conf", ".txt", ".crl", ".json")


def search(written):
    """Names each secret found in (name, bytes), without showing it."""
    problems = []
    for name, content in written:
        problems += [f"{origin} is in {name}" for secret, origin in known.items() if secret.encode() in content]
        problems += [f"{mark!r} is in {name}" for mark in MARKS if mark.encode() in content]
    return problems
