"""Verifies the DKIM signatures of mails with dkimpy and fails on the first thing that is wrong.

    python check_dkim.py SELECTOR=PUBLIC.pem … -- FILE.eml …

Needs dkimpy and pynacl. Every selector has to have signed every mail, for the domain of From, and a mail that was
changed must not pass. What DNS would answer is made from the public keys. Exit code 1 and a list of errors, or 0 and a count.
"""

import base64
import email
import email.policy
import email.utils
import pathlib
import sys

import dkim

COVERED = {
    "from", "to", "subject", "date", "message-id", "list-id", "list-unsubscribe", "list-unsubscribe-post",
    "mime-version", "content-type", "auto-submitted", "feedback-id",
}


def record(pem):
    """What stands in DNS for a public key that openssl wrote."""
    lines = pathlib.Path(pem).read_text().split("\n")
    der = base64.b64decode("".join(line for line in lines if not line.startswith("-----")))
    if len(der) == 44:
        return "v=DKIM1; k=ed25519; p=" + base64.b64encode(der[12:]).decode()
    return "v=DKIM1; k=rsa; p=" + base64.b64encode(der).decode()


def verify(data, records, domain):
    """What is wrong with the signatures of a mail."""

    def dns(name, timeout=5):
        return records.get(name.decode().rstrip("."), "").encode() or None

    count = data.split(b"\r\n\r\n", 1)[0].lower().count(b"\r\ndkim-signature:") + data.lower().startswith(b"dkim-signature:")
    if count != len(records):
        yield f"{count} signatures for {len(records)} keys"
    for index in range(count):
        signed = dkim.DKIM(data, minkey=2048)
        try:
            if not signed.verify(idx=index, dnsfunc=dns):
                yield f"signature {index} does not hold"
        except dkim.DKIMException as error:
            yield f"signature {index}: {error}"
        if signed.domain.decode() != domain:
            yield f"signature {index} is for {signed.domain}, the mail from {domain}"


def check(path, keys):
    data = path.read_bytes()
    message = email.message_from_bytes(data, policy=email.policy.default)
    domain = email.utils.parseaddr(message["From"])[1].rpartition("@")[2]
    records = {f"{selector}._domainkey.{domain}": record(pem) for selector, pem in keys}
    yield from verify(data, records, domain)
    for signature in message.get_all("DKIM-Signature", []):
        tags = dict(tag.strip().split("=", 1) for tag in "".join(signature.split()).split(";") if tag.strip())
        names = tags["h"].lower().split(":")
        if missing := COVERED - set(names):
            yield f"not covered: {missing}"
        if names.count("from") != 2:
            yield "From is not oversigned"
    for what, changed in (
        ("another Subject", data.replace(b"\r\nSubject: ", b"\r\nSubject: X", 1)),
        ("a second From", data.replace(b"\r\nSubject: ", b"\r\nFrom: <evil@example.net>\r\nSubject: ", 1)),
        ("another way to leave", data.replace(b"/unsubscribe/", b"/unsubscribe/x", 1)),
        ("another body", data + b"more\r\n"),
    ):
        if changed == data or not list(verify(changed, records, domain)):
            yield f"{what} goes unnoticed"


def main(arguments):
    split = arguments.index("--")
    keys = [argument.split("=", 1) for argument in arguments[:split]]
    files = [pathlib.Path(name) for name in arguments[split + 1 :]]
    errors = [f"{path.name}: {error}" for path in files for error in check(path, keys)]
    print("\n".join(errors) or f"{len(files)} mails, each signed by {len(keys)} keys")
    return 1 if errors or not files else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
