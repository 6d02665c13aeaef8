"""What a file holds where it is not what a server can use, in words that help."""

import re

# The base64 of `-----BEGIN`, of the base64 of that, and of the beginning of DER: a key of Ed25519, or in SEC 1,
# is short.
_PACKED = re.compile(rb"(LS0tLS1CRUdJTi|TFMwdExTMUNSVWRKVG|MI|MC4CAQ|MHcCAQEE)[A-Za-z0-9+/=\r\n]*")

# Characters that are not ASCII before BEGIN in a line that could be a marker: dashes of other kinds, or hyphens that are
# not seen.
_OTHER_DASHES = re.compile(rb"(?:^|[\r\n])(?=[^A-Za-z0-9\r\n]{0,29}BEGIN )[^A-Za-z0-9\r\n]*[\x80-\xff]")

CUT = ("the file ends in a dash without a line break: a line that marks a PEM block may have been "
       "cut. If it is text, end the line")
ENCRYPTED = ("the key is encrypted, and a server that starts by itself has no passphrase: "
             "`openssl pkey -in OLD -out NEW` decrypts it")

_OURS = {"CERTIFICATE", "PRIVATE KEY", "EC PRIVATE KEY", "RSA PRIVATE KEY",
         # Written before keys and behind chains; no secret is in them.
         "EC PARAMETERS", "DH PARAMETERS"}

_AGAIN = "`openssl x509 -in OLD -out NEW` writes a CERTIFICATE"
_REQUEST = "a request for a certificate (CSR), not the certificate that was issued for it"
_BUNDLE = "a PKCS #7 bundle: `openssl pkcs7 -print_certs -in OLD -out NEW` writes a chain"
_PUBLIC = "a public key: a server signs with the private one"
_STILL = "a file that is still encrypted (PGP or age)"
_DSA = "a DSA key: TLS 1.3 has no such signature"

# Labels are OpenSSL's (pem.h) and those of RFC 7468.
_STRANGERS = {
    "ENCRYPTED PRIVATE KEY": ENCRYPTED,
    "TRUSTED CERTIFICATE": f"a TRUSTED CERTIFICATE, which only OpenSSL reads: {_AGAIN}",
    "X509 CERTIFICATE": f"an X509 CERTIFICATE, the label of old: {_AGAIN}",
    "X509 CRL": "a certificate revocation list (X509 CRL): this server reads none, and does not "
                "pass over one, since it would revoke nothing",
    "CERTIFICATE REQUEST": _REQUEST, "NEW CERTIFICATE REQUEST": _REQUEST,
    "PKCS7": _BUNDLE, "CMS": _BUNDLE, "PKCS #7 SIGNED DATA": _BUNDLE,
    "PUBLIC KEY": _PUBLIC, "RSA PUBLIC KEY": _PUBLIC,
    "OPENSSH PRIVATE KEY": "a key in OpenSSH's format: `ssh-keygen -p -m PKCS8 -f KEY` rewrites it",
    "PGP MESSAGE": _STILL, "AGE ENCRYPTED FILE": _STILL,
    "DSA PRIVATE KEY": _DSA, "DSA PARAMETERS": _DSA,
}


def lacking(found):
    """What a file holds that has no block of the kind that it is for."""
    if not found:
        return ("it has no such PEM block, nor any other: it is empty, or holds the name of a file or of a "
                "variable, or its markers are not in capitals (`-----BEGIN CERTIFICATE-----`)")
    labels = ", ".join(label for label, _ in found)
    return f"it has no such PEM block, but {labels}: have two files been exchanged?"


def stranger(label):
    """What a label stands for, where a file of a chain, a key or anchors cannot hold it."""
    # An unknown one is not repeated: it may be anything.
    return None if label in _OURS else _STRANGERS.get(label, "a PEM block of an unknown kind")


def header(line):
    """What a header within a block means: RFC 7468 has none, RFC 1421 has."""
    if line.startswith(("Proc-Type:", "DEK-Info:")):
        return ENCRYPTED
    return "a header within a PEM block (RFC 7468 has none)"


def no_pem(data):
    """What a file seems to be that cannot be PEM."""
    # A key of Ed25519 or in SEC 1 is shorter: one byte of length, and so many that follow.
    short = data[:1] == b"\x30" and 2 < len(data) < 130 and len(data) == 2 + data[1]
    if short or data.startswith((b"\x30\x81", b"\x30\x82", b"\x30\x83")):
        return ("DER or PKCS #12, not PEM: `openssl x509 -inform DER`, `openssl pkey -inform DER` "
                "or `openssl pkcs12 -nodes` writes PEM")
    if data.startswith((b"\xfe\xed\xfe\xed", b"\xce\xce\xce\xce")):  # JKS and JCEKS.
        return "a Java keystore, not PEM: `keytool -exportcert -rfc` writes PEM"
    if data[257:262] == b"ustar" and b"\0" in data:  # Base64 may have these letters there. An archive has zero bytes.
        return "a tar archive, not PEM: unpack it"
    if b"\0" in data and b"-----BEGIN" in data:
        return "PEM with zero bytes in it: it was not written to its end, as when a disk is full or a machine stops"
    if data.startswith((b"\xff\xfe", b"\xfe\xff")) or b"\0" in data:
        return "UTF-16 or binary, not PEM: save it as UTF-8 or ASCII"
    if data.startswith(b"<<<<<<<"):
        return "two versions of a file, between which a merge (git) has not chosen: keep one of them"
    if rb"-----\n" in data or rb"-----\r\n" in data:  # As a variable of a shell or of CI holds it.
        return r"`\n` in the place of line breaks: `printf '%b'` writes the breaks"
    if b"CERTIFICATE----- MI" in data or b"KEY----- MI" in data:
        return "spaces in the place of line breaks, as a shell writes a variable without quotation marks: add them"
    if b"-----BEGIN" in data:  # Text before it is passed over, be it Terraform's `<<EOT` or OpenVPN's `<cert>`.
        return None
    if data.strip().startswith(b"<no value>"):
        return "a template without its value (`<no value>`), as consul-template and Helm write it"
    if data.lstrip().startswith(b"<"):
        return "HTML or XML, not PEM"
    if data.lstrip().startswith(b"{{"):
        return "a template that nobody has filled in"
    if data.lstrip().startswith(b"{"):
        return "JSON, not PEM: a key as a JWK, or a secret that nobody has unpacked"
    if packed := _PACKED.fullmatch(data.strip(b" \t\r\n\"'")):
        if packed[1] == b"LS0tLS1CRUdJTi":
            return "base64 of PEM, as a Kubernetes Secret holds it: `base64 -d` unpacks it"
        if packed[1] == b"TFMwdExTMUNSVWRKVG":
            return ("base64 of base64 of PEM, as in a Kubernetes Secret that was encoded before (`stringData` "
                    "encodes once): `base64 -d` twice unpacks it")
        if packed[0][6:11] == b"IBAzC" or packed[0].startswith(b"MIACAQMw"):  # RFC 7292, section 4.
            return ("base64 of PKCS #12, as Azure Key Vault holds it: `base64 -d OLD | openssl pkcs12 -nodes -out NEW` "
                    "writes PEM")
        return "base64 without the lines that begin and end a PEM block (`-----BEGIN CERTIFICATE-----`)"
    if data.startswith(b"version https://git-lfs"):
        return "a pointer of Git LFS, not the file: `git lfs pull` fetches it"
    if _OTHER_DASHES.search(data):
        return "dashes of a word processor in the place of `-----`"
    if data.startswith((b"ssh-", b"ecdsa-sha2-", b"---- BEGIN SSH2")):
        return "a public key for SSH, not PEM"
    if data.startswith(b"apiVersion:") or b"\napiVersion:" in data:
        return ("a manifest of Kubernetes, not what its Secret holds: mount the Secret, or unpack it by `kubectl get "
                "secret NAME -o go-template='{{index .data \"tls.crt\" | base64decode}}'`")
    if data.startswith(b"PuTTY-User-Key-File"):
        return "a key of PuTTY, not PEM: `puttygen OLD -O private-openssh -o NEW` rewrites it"
    if data.startswith((b"Salted__", b"U2FsdGVkX1")):
        return "a file that is still encrypted (`openssl enc`), not PEM"
    if data.startswith((b"ENC[", b"vault:v")):
        return "a file that is still encrypted (sops or Vault), not PEM"
    if data.startswith((b"$ANSIBLE_VAULT", b"age-encryption.org/")):
        return "a file that is still encrypted (Ansible Vault or age), not PEM"
    return None
