package main

import (
	"bytes"
	"slices"
	"strings"
)

const encrypted = "the key is encrypted, and a server that starts by itself has no passphrase: " +
	"`openssl pkey -in OLD -out NEW` decrypts it"

// What a PEM label stands for where a server cannot use it. Labels are OpenSSL's (pem.h) and those of
// RFC 7468.
var strangers = map[string]string{
	"ENCRYPTED PRIVATE KEY": encrypted,
	"TRUSTED CERTIFICATE": "a TRUSTED CERTIFICATE, which only OpenSSL reads: " +
		"`openssl x509 -in OLD -out NEW` writes a CERTIFICATE",
	"X509 CERTIFICATE": "an X509 CERTIFICATE, the label of old: " +
		"`openssl x509 -in OLD -out NEW` writes a CERTIFICATE",
	"X509 CRL": "a certificate revocation list (X509 CRL): this server reads none, and does not " +
		"pass over one, since it would revoke nothing",
	"CERTIFICATE REQUEST":     request,
	"NEW CERTIFICATE REQUEST": request,
	"PKCS7":                   bundle,
	"CMS":                     bundle,
	"PKCS #7 SIGNED DATA":     bundle,
	"PUBLIC KEY":              public,
	"RSA PUBLIC KEY":          public,
	"OPENSSH PRIVATE KEY": "a key in OpenSSH's format: " +
		"`ssh-keygen -p -m PKCS8 -f KEY` rewrites it",
	"DSA PRIVATE KEY":    dsa,
	"DSA PARAMETERS":     dsa,
	"PGP MESSAGE":        still,
	"AGE ENCRYPTED FILE": still,
}

const (
	request = "a request for a certificate (CSR), not the certificate that was issued for it"
	bundle  = "a PKCS #7 bundle: `openssl pkcs7 -print_certs -in OLD -out NEW` writes a chain"
	public  = "a public key: a server signs with the private one"
	still   = "a file that is still encrypted (PGP or age)"
	dsa     = "a DSA key: TLS 1.3 has no such signature"
)

// lacking says what a file holds that has no block of the kind that it is for.
func lacking(found []Block) string {
	if len(found) == 0 {
		return "it has no such PEM block, nor any other: it is empty, or holds the name of a file or of a " +
			"variable, or its markers are not in capitals (`-----BEGIN CERTIFICATE-----`)"
	}
	var labels []string
	for _, block := range found {
		labels = append(labels, block.Kind)
	}
	return "it has no such PEM block, but " + strings.Join(labels, ", ") + ": have two files been exchanged?"
}

// stranger says what a label stands for, where a file of a chain, a key or anchors cannot hold it.
func stranger(label string) string {
	switch label {
	case "CERTIFICATE", "PRIVATE KEY", "EC PRIVATE KEY", "RSA PRIVATE KEY":
		return ""
	case "EC PARAMETERS", "DH PARAMETERS": // Written before keys and behind chains; no secret.
		return ""
	}
	if what, known := strangers[label]; known {
		return what
	}
	// Not repeated: it is unknown, and it may be anything.
	return "a PEM block of an unknown kind"
}

// header says what a header within a block means: RFC 7468 has none, RFC 1421 has.
func header(line string) string {
	if strings.HasPrefix(line, "Proc-Type:") || strings.HasPrefix(line, "DEK-Info:") {
		return encrypted
	}
	return "a header within a PEM block (RFC 7468 has none)"
}

// noPEM says what a file seems to be that cannot be PEM.
func noPEM(data []byte) string {
	begins := func(with string) bool { return bytes.HasPrefix(data, []byte(with)) }
	// A key of Ed25519 or in SEC 1 is shorter: one byte of length, and so many that follow.
	short := len(data) > 2 && data[0] == 0x30 && data[1] < 0x80 && len(data) == 2+int(data[1])
	switch {
	case short, begins("\x30\x81"), begins("\x30\x82"), begins("\x30\x83"):
		return "DER or PKCS #12, not PEM: `openssl x509 -inform DER`, `openssl pkey -inform DER` or " +
			"`openssl pkcs12 -nodes` writes PEM"
	case begins("\xfe\xed\xfe\xed"), begins("\xce\xce\xce\xce"): // JKS and JCEKS.
		return "a Java keystore, not PEM: `keytool -exportcert -rfc` writes PEM"
	// Base64 may have these letters there. An archive has zero bytes.
	case len(data) > 262 && string(data[257:262]) == "ustar" && bytes.IndexByte(data, 0) >= 0:
		return "a tar archive, not PEM: unpack it"
	case bytes.IndexByte(data, 0) >= 0 && bytes.Contains(data, []byte("-----BEGIN")):
		return "PEM with zero bytes in it: it was not written to its end, as when a disk is full or a machine stops"
	case begins("\xff\xfe"), begins("\xfe\xff"), bytes.IndexByte(data, 0) >= 0:
		return "UTF-16 or binary, not PEM: save it as UTF-8 or ASCII"
	case begins("<<<<<<<"):
		return "two versions of a file, between which a merge (git) has not chosen: keep one of them"
	// As a variable of a shell or of CI holds it.
	case bytes.Contains(data, []byte(`-----\n`)), bytes.Contains(data, []byte(`-----\r\n`)):
		return "`\\n` in the place of line breaks: `printf '%b'` writes the breaks"
	case bytes.Contains(data, []byte("CERTIFICATE----- MI")), bytes.Contains(data, []byte("KEY----- MI")):
		return "spaces in the place of line breaks, as a shell writes a variable without quotation marks: add them"
	// Text before a block is passed over, be it Terraform's `<<EOT` or OpenVPN's `<cert>`.
	case bytes.Contains(data, []byte("-----BEGIN")):
		return ""
	case bytes.HasPrefix(bytes.TrimSpace(data), []byte("<no value>")):
		return "a template without its value (`<no value>`), as consul-template and Helm write it"
	case bytes.HasPrefix(bytes.TrimSpace(data), []byte("<")):
		return "HTML or XML, not PEM"
	case bytes.HasPrefix(bytes.TrimSpace(data), []byte("{{")):
		return "a template that nobody has filled in"
	case bytes.HasPrefix(bytes.TrimSpace(data), []byte("{")):
		return "JSON, not PEM: a key as a JWK, or a secret that nobody has unpacked"
	case packed(data, "LS0tLS1CRUdJTi"): // `-----BEGIN`.
		return "base64 of PEM, as a Kubernetes Secret holds it: `base64 -d` unpacks it"
	case packed(data, "TFMwdExTMUNSVWRKVG"): // The base64 of that.
		return "base64 of base64 of PEM, as in a Kubernetes Secret that was encoded before (`stringData` encodes " +
			"once): `base64 -d` twice unpacks it"
	case packed(data, "MI") && holdsPKCS12(data):
		return "base64 of PKCS #12, as Azure Key Vault holds it: `base64 -d OLD | openssl pkcs12 -nodes -out NEW` writes PEM"
	// The beginning of DER. A key of Ed25519, or in SEC 1, is short.
	case packed(data, "MI"), packed(data, "MC4CAQ"), packed(data, "MHcCAQEE"):
		return "base64 without the lines that begin and end a PEM block (`-----BEGIN CERTIFICATE-----`)"
	case begins("version https://git-lfs"):
		return "a pointer of Git LFS, not the file: `git lfs pull` fetches it"
	case hasOtherDashes(data):
		return "dashes of a word processor in the place of `-----`"
	case begins("ssh-"), begins("ecdsa-sha2-"), begins("---- BEGIN SSH2"):
		return "a public key for SSH, not PEM"
	case begins("apiVersion:"), bytes.Contains(data, []byte("\napiVersion:")):
		return "a manifest of Kubernetes, not what its Secret holds: mount the Secret, or unpack it by `kubectl get " +
			"secret NAME -o go-template='{{index .data \"tls.crt\" | base64decode}}'`"
	case begins("PuTTY-User-Key-File"):
		return "a key of PuTTY, not PEM: `puttygen OLD -O private-openssh -o NEW` rewrites it"
	case begins("Salted__"), begins("U2FsdGVkX1"):
		return "a file that is still encrypted (`openssl enc`), not PEM"
	case begins("ENC["), begins("vault:v"):
		return "a file that is still encrypted (sops or Vault), not PEM"
	case begins("$ANSIBLE_VAULT"), begins("age-encryption.org/"):
		return "a file that is still encrypted (Ansible Vault or age), not PEM"
	}
	return ""
}

// hasOtherDashes says whether characters that are not ASCII stand before BEGIN in a line that could be a marker: dashes of
// other kinds, or hyphens that are not seen.
func hasOtherDashes(data []byte) bool {
	for _, line := range bytes.FieldsFunc(data, func(r rune) bool { return r == '\n' || r == '\r' }) {
		before := line[:max(0, bytes.Index(line, []byte("BEGIN ")))]
		letter := func(it byte) bool { return it >= '0' && it <= '9' || it|0x20 >= 'a' && it|0x20 <= 'z' }
		if len(before) < 30 && !ascii(before) && !slices.ContainsFunc(before, letter) {
			return true
		}
	}
	return false
}

// packed says whether data is one run of base64 that begins so, blanks and quotation marks around it aside.
func packed(data []byte, with string) bool {
	data = bytes.Trim(data, " \t\r\n\"'")
	other := func(r rune) bool {
		return !strings.ContainsRune("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=\r\n", r)
	}
	return bytes.HasPrefix(data, []byte(with)) && bytes.IndexFunc(data, other) < 0
}

// holdsPKCS12 says whether base64 begins as PKCS #12 does (RFC 7292, section 4): a sequence with the number 3, and another
// sequence.
func holdsPKCS12(data []byte) bool {
	data = bytes.Trim(data, " \t\r\n\"'")
	// Two bytes of length, or none (BER).
	return len(data) > 6 && bytes.HasPrefix(data[6:], []byte("IBAzC")) || bytes.HasPrefix(data, []byte("MIACAQMw"))
}
