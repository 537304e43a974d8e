"""The envelope around the statement: DSSE, signed with a key of the user's (https://github.com/secure-systems-lab/dsse).

All cryptography is the library's. It is loaded only when there is something to sign or a signature to check.
"""

import json
from typing import TYPE_CHECKING, Any

from ifmatch.errors import ConfigurationError

if TYPE_CHECKING:
    from securesystemslib.signer import CryptoSigner, SSlibKey

PAYLOAD_TYPE = "application/vnd.in-toto+json"


class SignatureWrong(Exception):
    """A signature that does not hold; the message says why."""


def signer_of(pem: bytes, name: str = "") -> "CryptoSigner":
    """Whoever has this private key: PEM, unencrypted; `name` is what a person calls it.

    Raises ConfigurationError when it is none that signs, which a signature on trial shows.
    """
    _demand_library()
    from cryptography.hazmat.primitives.serialization import load_pem_private_key
    from securesystemslib.signer import CryptoSigner

    try:
        key: Any = load_pem_private_key(pem, password=None)
        signer = CryptoSigner(key)
        signer.sign(b"on trial")
    except Exception:  # each kind of key, and of no key, is refused in a way of its own
        raise ConfigurationError(
            f"The signing key {name or 'given'} cannot be used: {_flaw_of(pem)}. Nothing was sent. It must be a "
            "private key as unencrypted PEM, such as `openssl genpkey -algorithm ed25519` makes."
        ) from None
    return signer


def _flaw_of(pem: bytes) -> str:
    """Why a key does not sign."""
    if b"ENCRYPTED" in pem:
        return "it has a passphrase"
    if b"PRIVATE KEY-----" not in pem:
        return "it holds no private key in PEM"
    if b"-----END" not in pem:
        return "it is cut off"
    return "it is damaged, or of a kind or a length that cannot sign an attestation"


def public_key_of(signer: "CryptoSigner") -> bytes:
    """The key that checks what this signer signs, as PEM."""
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    key: Any = signer._private_key
    pem: bytes = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    return pem


def enveloped(statement: dict[str, Any], signer: "CryptoSigner | None") -> bytes:
    """A statement in its envelope; without a signer the list of signatures is empty."""
    if signer is None:
        return _as_bytes(_unsigned(_as_bytes(statement)))
    from securesystemslib.dsse import Envelope

    envelope = Envelope(_as_bytes(statement), PAYLOAD_TYPE, {})
    envelope.sign(signer)
    return _as_bytes(envelope.to_dict())


def statement_in(envelope: bytes) -> dict[str, Any]:
    """What an envelope holds, whether it is signed or not. Raises SignatureWrong when it is none."""
    import base64

    try:
        statement: dict[str, Any] = json.loads(base64.b64decode(json.loads(envelope)["payload"]))
    except (ValueError, KeyError, TypeError) as error:
        raise SignatureWrong(f"the attestation cannot be read: {_first_line(error)}") from None
    return statement


def is_signed(envelope: bytes) -> bool:
    """Whether an envelope has a signature, right or wrong."""
    return bool(json.loads(envelope).get("signatures"))


def demand_signed_by(envelope: bytes, pem: bytes) -> str:
    """See that an envelope is signed with the private half of a key, whose id is returned. Raises SignatureWrong."""
    _demand_library()
    from securesystemslib.dsse import Envelope
    from securesystemslib.exceptions import VerificationError

    key = _public_key(pem)
    try:
        Envelope.from_dict(json.loads(envelope)).verify([key], 1)
    except VerificationError:
        raise SignatureWrong(
            "the signature is not that of the key, or of what was signed"
        ) from None
    except (ValueError, KeyError, TypeError) as error:
        raise SignatureWrong(f"the attestation cannot be read: {_first_line(error)}") from None
    return str(key.keyid)


def _public_key(pem: bytes) -> "SSlibKey":
    from cryptography.hazmat.primitives.serialization import load_pem_public_key
    from securesystemslib.signer import SSlibKey

    try:
        key: Any = load_pem_public_key(pem)
        return SSlibKey.from_crypto(key)
    except ValueError as error:
        raise ConfigurationError(
            f"The public key cannot be used: {_first_line(error)}. It must be PEM."
        ) from None


def _unsigned(payload: bytes) -> dict[str, Any]:
    import base64

    encoded = base64.b64encode(payload).decode()
    return {"payload": encoded, "payloadType": PAYLOAD_TYPE, "signatures": []}


def _as_bytes(value: dict[str, Any]) -> bytes:
    return json.dumps(value, indent=1, ensure_ascii=False).encode("utf-8", "replace")


def _demand_library() -> None:
    try:
        import cryptography
        import securesystemslib
    except ImportError:
        raise ConfigurationError(
            'Signatures need one library more: in the clone of ifmatch, pip install ".[certify]".'
        ) from None
    assert cryptography and securesystemslib


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0].rstrip(".")
