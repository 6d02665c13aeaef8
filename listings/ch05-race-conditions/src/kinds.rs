//! What a file holds where it is not what a server can use, in words that help.

/// What a PEM label stands for, where a file of a chain, a key or trust anchors cannot hold it.
/// `None` for those that it can. Two of them carry no secret and no identity: `openssl ecparam
/// -genkey` writes EC PARAMETERS before the key, HAProxy reads DH PARAMETERS.
///
/// Labels are OpenSSL's (`pem.h`) and those of RFC 7468.
pub(crate) fn stranger(label: &[u8]) -> Option<&'static str> {
    Some(match label {
        b"CERTIFICATE" | b"PRIVATE KEY" | b"EC PRIVATE KEY" | b"RSA PRIVATE KEY" => return None,
        b"EC PARAMETERS" | b"DH PARAMETERS" => return None,
        b"ENCRYPTED PRIVATE KEY" => ENCRYPTED,
        b"TRUSTED CERTIFICATE" => {
            "a TRUSTED CERTIFICATE, which only OpenSSL reads: `openssl x509 -in OLD -out NEW` \
             writes a CERTIFICATE"
        }
        b"X509 CERTIFICATE" => {
            "an X509 CERTIFICATE, the label of old: `openssl x509 -in OLD -out NEW` writes a \
             CERTIFICATE"
        }
        b"X509 CRL" => {
            "a certificate revocation list (X509 CRL): this server reads none, and does not pass \
             over one, since it would revoke nothing"
        }
        b"CERTIFICATE REQUEST" | b"NEW CERTIFICATE REQUEST" => {
            "a request for a certificate (CSR), not the certificate that was issued for it"
        }
        b"PKCS7" | b"CMS" | b"PKCS #7 SIGNED DATA" => {
            "a PKCS #7 bundle: `openssl pkcs7 -print_certs -in OLD -out NEW` writes a chain"
        }
        b"PUBLIC KEY" | b"RSA PUBLIC KEY" => "a public key: a server signs with the private one",
        b"OPENSSH PRIVATE KEY" => {
            "a key in OpenSSH's format: `ssh-keygen -p -m PKCS8 -f KEY` rewrites it"
        }
        b"DSA PRIVATE KEY" | b"DSA PARAMETERS" => "a DSA key: TLS 1.3 has no such signature",
        b"PGP MESSAGE" | b"AGE ENCRYPTED FILE" => "a file that is still encrypted (PGP or age)",
        // Not repeated: it is unknown, and it may be anything.
        _ => "a PEM block of an unknown kind",
    })
}

/// Whether a text is one run of base64 that begins so, blanks and quotation marks around it aside.
fn packed(text: &[u8], with: &[u8]) -> bool {
    let digit = |byte: &u8| byte.is_ascii_alphanumeric() || b"+/=\r\n".contains(byte);
    let around = |byte: &u8| byte.is_ascii_whitespace() || b"\"'".contains(byte);
    let from = text.iter().position(|byte| !around(byte)).unwrap_or(0);
    let to = text
        .iter()
        .rposition(|byte| !around(byte))
        .map_or(0, |last| last + 1);
    text.get(from..to)
        .is_some_and(|text| text.starts_with(with) && text.iter().all(digit))
}

/// How the base64 of a certificate or a key begins: the first bytes of DER. A key of Ed25519, or in SEC 1, is
/// short.
const OF_DER: [&[u8]; 3] = [b"MI", b"MC4CAQ", b"MHcCAQEE"];

const OF_PKCS12: &str = "base64 of PKCS #12, as Azure Key Vault holds it: `base64 -d OLD | openssl pkcs12 -nodes -out \
                         NEW` writes PEM";

/// Whether this base64 begins as PKCS #12 does (RFC 7292, section 4): a sequence with the number 3, and another sequence.
fn holds_pkcs12(text: &[u8]) -> bool {
    let from = text.iter().position(u8::is_ascii_alphanumeric).unwrap_or(0);
    let begins =
        |at: usize, with: &[u8]| text.get(from + at..).is_some_and(|it| it.starts_with(with));
    // Two bytes of length, or none (BER).
    begins(6, b"IBAzC") || begins(0, b"MIACAQMw")
}

const ENCRYPTED: &str = "the key is encrypted, and a server that starts by itself has no passphrase: \
                         `openssl pkey -in OLD -out NEW` decrypts it";

/// What a header within a block means. RFC 7468 has none; RFC 1421 has, and OpenSSL writes its
/// `Proc-Type: 4,ENCRYPTED` before a key that it has encrypted.
pub(crate) fn header(line: &[u8]) -> &'static str {
    if line.starts_with(b"Proc-Type:") || line.starts_with(b"DEK-Info:") {
        return ENCRYPTED;
    }
    "a header within a PEM block (RFC 7468 has none)"
}

/// What a file holds that has no block of the kind that it is for.
pub(crate) fn lacking(labels: &[&[u8]]) -> String {
    if labels.is_empty() {
        return "it has no such PEM block, nor any other: it is empty, or holds the name of a file or of a \
                variable, or its markers are not in capitals (`-----BEGIN CERTIFICATE-----`)"
            .into();
    }
    let labels: Vec<_> = labels
        .iter()
        .map(|it| String::from_utf8_lossy(it))
        .collect();
    format!(
        "it has no such PEM block, but {}: have two files been exchanged?",
        labels.join(", ")
    )
}

/// A SEQUENCE with one or two bytes of length begins every certificate, key and PKCS #12 file, and a list
/// of ten thousand revoked certificates has three. In text it would be a `0` before bytes that no text has.
const DER: [&[u8]; 3] = [&[0x30, 0x81], &[0x30, 0x82], &[0x30, 0x83]];
/// JKS and JCEKS.
const JAVA: [&[u8]; 2] = [&[0xfe, 0xed, 0xfe, 0xed], &[0xce, 0xce, 0xce, 0xce]];
const UTF_16: [&[u8]; 2] = [&[0xff, 0xfe], &[0xfe, 0xff]];

/// What a text seems to be that cannot be PEM.
pub(crate) fn no_pem(text: &[u8]) -> Option<&'static str> {
    let begins = |with: &[u8]| text.starts_with(with);
    // A key of Ed25519 or in SEC 1 is shorter: one byte of length, and so many that follow.
    let short =
        matches!(text, [0x30, length @ ..0x80, rest @ ..] if rest.len() == usize::from(*length));
    let holds = |what: &[u8]| memchr::memmem::find(text, what).is_some();
    Some(match () {
        () if short || DER.into_iter().any(begins) => {
            "DER or PKCS #12, not PEM: `openssl x509 -inform DER`, `openssl pkey -inform DER` or \
             `openssl pkcs12 -nodes` writes PEM"
        }
        () if JAVA.into_iter().any(begins) => {
            "a Java keystore, not PEM: `keytool -exportcert -rfc` writes PEM"
        }
        // Base64 may have these letters there. An archive has zero bytes.
        () if text.get(257..262) == Some(b"ustar") && text.contains(&0) => {
            "a tar archive, not PEM: unpack it"
        }
        () if text.contains(&0) && holds(b"-----BEGIN") => {
            "PEM with zero bytes in it: it was not written to its end, as when a disk is full or a machine stops"
        }
        () if UTF_16.into_iter().any(begins) || text.contains(&0) => {
            "UTF-16 or binary, not PEM: save it as UTF-8 or ASCII"
        }
        () if begins(b"<<<<<<<") => {
            "two versions of a file, between which a merge (git) has not chosen: keep one of them"
        }
        // As a variable of a shell or of CI holds it.
        () if holds(br"-----\n") || holds(br"-----\r\n") => {
            r"`\n` in the place of line breaks: `printf '%b'` writes the breaks"
        }
        () if holds(b"CERTIFICATE----- MI") || holds(b"KEY----- MI") => {
            "spaces in the place of line breaks, as a shell writes a variable without quotation marks: add them"
        }
        // Text before a block is passed over, be it Terraform's `<<EOT` or OpenVPN's `<cert>`.
        () if holds(b"-----BEGIN") => return None,
        () if text.trim_ascii().starts_with(b"<no value>") => {
            "a template without its value (`<no value>`), as consul-template and Helm write it"
        }
        () if text.trim_ascii_start().starts_with(b"<") => "HTML or XML, not PEM",
        () if text.trim_ascii_start().starts_with(b"{{") => "a template that nobody has filled in",
        () if text.trim_ascii_start().starts_with(b"{") => {
            "JSON, not PEM: a key as a JWK, or a secret that nobody has unpacked"
        }
        // `-----BEGIN`, and the beginning of DER.
        () if packed(text, b"LS0tLS1CRUdJTi") => {
            "base64 of PEM, as a Kubernetes Secret holds it: `base64 -d` unpacks it"
        }
        // The base64 of that.
        () if packed(text, b"TFMwdExTMUNSVWRKVG") => {
            "base64 of base64 of PEM, as in a Kubernetes Secret that was encoded before (`stringData` encodes \
             once): `base64 -d` twice unpacks it"
        }
        () if packed(text, b"MI") && holds_pkcs12(text) => OF_PKCS12,
        () if OF_DER.into_iter().any(|with| packed(text, with)) => {
            "base64 without the lines that begin and end a PEM block (`-----BEGIN CERTIFICATE-----`)"
        }
        () => return by_another_tool(text),
    })
}

/// Whether characters that are not ASCII stand before `BEGIN` in a line that could be a marker: dashes of other kinds, or
/// hyphens that are not seen.
fn has_other_dashes(text: &[u8]) -> bool {
    let mut lines = text.split(|byte| matches!(byte, b'\n' | b'\r'));
    lines.any(|line| {
        let at = memchr::memmem::find(line, b"BEGIN ").unwrap_or(0);
        let before = &line[..at];
        before.len() < 30 && !before.is_ascii() && !before.iter().any(u8::is_ascii_alphanumeric)
    })
}

/// The same of what has no marker of PEM in it: what other programs write.
fn by_another_tool(text: &[u8]) -> Option<&'static str> {
    const SSH: [&[u8]; 3] = [b"ssh-", b"ecdsa-sha2-", b"---- BEGIN SSH2"];
    let begins = |with: &[u8]| text.starts_with(with);
    let holds = |what: &[u8]| memchr::memmem::find(text, what).is_some();
    Some(match () {
        () if begins(b"version https://git-lfs") => {
            "a pointer of Git LFS, not the file: `git lfs pull` fetches it"
        }
        () if has_other_dashes(text) => "dashes of a word processor in the place of `-----`",
        () if SSH.into_iter().any(begins) => "a public key for SSH, not PEM",
        () if begins(b"apiVersion:") || holds(b"\napiVersion:") => {
            "a manifest of Kubernetes, not what its Secret holds: mount the Secret, or unpack it by `kubectl get \
             secret NAME -o go-template='{{index .data \"tls.crt\" | base64decode}}'`"
        }
        () if begins(b"PuTTY-User-Key-File") => {
            "a key of PuTTY, not PEM: `puttygen OLD -O private-openssh -o NEW` rewrites it"
        }
        () if begins(b"Salted__") || begins(b"U2FsdGVkX1") => {
            "a file that is still encrypted (`openssl enc`), not PEM"
        }
        () if begins(b"ENC[") || begins(b"vault:v") => {
            "a file that is still encrypted (sops or Vault), not PEM"
        }
        () if begins(b"$ANSIBLE_VAULT") || begins(b"age-encryption.org/") => {
            "a file that is still encrypted (Ansible Vault or age), not PEM"
        }
        () => return None,
    })
}
