//! Files as pipelines, editors and disks leave them: nearly PEM, packed once too often, or in an odd place.

use std::fs;
use std::os::unix::fs::symlink;
use std::os::unix::net::UnixListener;

use openssl::ec::{Asn1Flag, EcGroup, EcKey};
use openssl::nid::Nid;
use openssl::pkey::PKey;
use rustix::fs::{CWD, FileType, Mode, mknodat};

use super::kinds::Made;
use super::kit::{Kit, block, der};
use super::raw::{sequence, tlv};

/// What is nearly PEM.
pub fn nearly(kind: &str, made: &mut Made<'_>) -> bool {
    let (chain, key) = (made.kit.chain(), made.kit.key.clone());
    let with = |from: &str, to: &str| chain.replace(from, to);
    match kind {
        "nul-at-end" => made.chain(format!("{chain}\0\0\0\0")),
        "nul-at-end-of-key" => made.key(format!("{key}\0\0\0\0")),
        "end-of-file-mark" => made.chain(format!("{chain}\x1a")),
        "end-of-file-mark-of-key" => made.key(format!("{key}\x1a")),
        "lower-case" => made.chain(chain.to_lowercase()),
        "four-dashes" => made.chain(with("-----", "----")),
        "six-dashes" => made.chain(with("-----", "------")),
        "long-dashes" => made.chain(with("-----", "–––––")),
        "space-in-marker" => made.chain(with("-----BEGIN", "----- BEGIN")),
        "two-spaces-in-label" => made.chain(with("BEGIN CERT", "BEGIN  CERT")),
        "labels-differ" => made.chain(with("END CERTIFICATE", "END X509 CERTIFICATE")),
        "blank-lines-within" => made.chain(with("\nMII", "\n\nMII")),
        "blank-lines-between-lines" => {
            made.chain(
                chain
                    .lines()
                    .map(|line| format!("{line}\n\n"))
                    .collect::<String>(),
            );
        }
        "indented-within" => {
            let indent = |line: &str| match line.starts_with('-') {
                true => format!("{line}\n"),
                false => format!("    {line}\n"),
            };
            made.chain(chain.lines().map(indent).collect::<String>());
        }
        "tabs-after-lines" => made.chain(with("\n", "\t\n")),
        "no-break-space" => made.chain(with("\n", "\u{a0}\n")),
        "columns-1" => made.chain(block("CERTIFICATE", &der(&chain), 1) + &made.kit.intermediate),
        // One whose base64 has padding: a key of PKCS #8 on this curve has none.
        "without-padding" => {
            let sec1 = made.kit.openssl_key().ec_key().unwrap();
            let sec1 = String::from_utf8(sec1.private_key_to_pem().unwrap()).unwrap();
            assert!(sec1.contains('='));
            made.key(sec1.replace('=', ""));
        }
        "without-padding-chain" => {
            // Its length depends on the lengths of two numbers in its signature.
            while !made.kit.leaf.contains('=') {
                made.kit.with_rsa(2048);
            }
            made.key(made.kit.key.clone());
            made.chain(made.kit.chain().replace('=', ""));
        }
        "of-the-web" => made.chain(chain.replace('+', "-").replace('/', "_")),
        "padding-within" => made.chain(made.kit.leaf.replacen("\nMII", "\nMI=I", 1)),
        "comment-within" => made.chain(with("\nMII", "\n# mine\nMII")),
        "comment-with-marker" => {
            made.chain(format!("# behind -----BEGIN CERTIFICATE-----\n{chain}"))
        }
        "comment-alone" => made.chain("# to be written\n"),
        "block-of-nothing" => made.chain(format!("{chain}{}", block("CERTIFICATE", &[], 64))),
        "line-between" => made.chain(with(
            "-----\n-----",
            "-----\n\nsubject=/CN=x\nissuer=/CN=y\n-----",
        )),
        _ => return false,
    }
    true
}

/// As Azure Key Vault holds a certificate and its key.
fn base64_of_pkcs12() -> String {
    let safe = tlv(0x30, &[7; 600]);
    openssl::base64::encode_block(&sequence(&[&[2, 1, 3], &safe]))
}

/// What was packed once more, or never unpacked.
pub fn packed(kind: &str, made: &mut Made<'_>) -> bool {
    let (chain, key) = (made.kit.chain(), made.kit.key.clone());
    let base64 = |text: &str| openssl::base64::encode_block(text.as_bytes());
    match kind {
        "base64-of-chain" => made.chain(base64(&chain)),
        "base64-of-key" => made.key(base64(&key)),
        "base64-of-roots" => made.roots(base64(&made.kit.root)),
        "base64-of-pkcs12" => made.chain(base64_of_pkcs12()),
        "base64-of-pkcs12-for-key" => made.key(base64_of_pkcs12()),
        "base64-of-der" => made.chain(openssl::base64::encode_block(&der(&chain))),
        "json-of-chain" => made.chain(format!("{{\"tls.crt\": {chain:?}}}")),
        "yaml-of-chain" => made.chain(format!("tls.crt: |\n  {}", chain.replace('\n', "\n  "))),
        "in-quotes" => made.chain(format!("\"{chain}\"")),
        "lfs-pointer" => {
            made.chain("version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n")
        }
        "pgp-message" => {
            made.key("-----BEGIN PGP MESSAGE-----\n\nhQEMA\n-----END PGP MESSAGE-----\n")
        }
        "age-message" => {
            let label = "AGE ENCRYPTED FILE";
            made.key(block(label, b"age-encryption.org/v1", 64));
        }
        "gzip" => made.chain([&[0x1f, 0x8b, 8, 0][..], &[1; 60]].concat()),
        "utf16-with-mark" => {
            let text = format!("\u{feff}{chain}");
            made.chain(
                text.encode_utf16()
                    .flat_map(u16::to_le_bytes)
                    .collect::<Vec<_>>(),
            );
        }
        "pkcs12-for-chain" | "pkcs12-for-key" => {
            let mut packed = openssl::pkcs12::Pkcs12::builder();
            let leaf = openssl::x509::X509::from_pem(chain.as_bytes()).unwrap();
            packed.pkey(&made.kit.openssl_key()).cert(&leaf);
            let packed = packed.build2("").unwrap().to_der().unwrap();
            match kind {
                "pkcs12-for-key" => made.key(packed),
                _ => made.chain(packed),
            }
        }
        "java-keystore-of-key" => made.key([0xce, 0xce, 0xce, 0xce, 0, 0, 0, 2]),
        "java-keystore" => made.chain([0xfe, 0xed, 0xfe, 0xed, 0, 0, 0, 2]),
        "template" => made.chain("{{ tls_certificate }}\n"),
        "variable" => made.chain("$TLS_CERTIFICATE\n"),
        "word" => made.chain("changeme\n"),
        "path" => made.chain("/etc/ssl/certs/server.crt\n"),
        _ => return false,
    }
    true
}

/// Keys in forms that are allowed and rare.
pub fn keys(kind: &str, made: &mut Made<'_>) -> bool {
    let openssl = made.kit.openssl_key();
    let ec = openssl.ec_key().unwrap();
    let secret = ec.private_key().to_vec_padded(32).unwrap();
    let curve: &[u8] = &[6, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7];
    let algorithm = sequence(&[&[6, 7, 0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1], curve]);
    let bare = [&[2, 1, 1][..], &tlv(4, &secret)].concat();
    let pkcs8 = |inner: &[u8], behind: &[u8]| {
        let inner = tlv(4, &sequence(&[inner]));
        block(
            "PRIVATE KEY",
            &sequence(&[&[2, 1, 0], &algorithm, &inner, behind]),
            64,
        )
    };
    match kind {
        "sec1-without-public" => {
            let named = tlv(0xa0, curve);
            made.key(block("EC PRIVATE KEY", &sequence(&[&bare, &named]), 64));
        }
        "sec1-without-curve" => made.key(block("EC PRIVATE KEY", &sequence(&[&bare]), 64)),
        "pkcs8-without-public" => made.key(pkcs8(&bare, &[])),
        "pkcs8-with-attributes" => {
            // The attribute "key usage" as Windows exports it.
            let usage = sequence(&[&[6, 3, 0x55, 0x1d, 15], &tlv(0x31, &[3, 2, 7, 0x80])]);
            made.key(pkcs8(&bare, &tlv(0xa0, &usage)));
        }
        "explicit-curve" => {
            let mut group = EcGroup::from_curve_name(Nid::X9_62_PRIME256V1).unwrap();
            group.set_asn1_flag(Asn1Flag::EXPLICIT_CURVE);
            let explicit =
                EcKey::from_private_components(&group, ec.private_key(), ec.public_key());
            let explicit = PKey::from_ec_key(explicit.unwrap()).unwrap();
            made.key(explicit.private_key_to_pem_pkcs8().unwrap());
        }
        "key-twice" => made.key(made.kit.key.repeat(2)),
        "key-before-parameters" => {
            let named = block("EC PARAMETERS", curve, 64);
            made.key(String::from_utf8(ec.private_key_to_pem().unwrap()).unwrap() + &named);
        }
        "key-and-chain" => made.key(made.kit.key.clone() + &made.kit.chain()),
        "chain-and-key-of-another" => made.chain(made.kit.chain() + &Kit::new().key),
        "key-cut" => made.key(made.kit.key.lines().take(2).collect::<Vec<_>>().join("\n")),
        "key-of-zeros" => made.key(block("PRIVATE KEY", &[0; 138], 64)),
        "key-of-nothing" => made.key(block("PRIVATE KEY", &[], 64)),
        "key-with-bytes-behind" => {
            made.key(block(
                "PRIVATE KEY",
                &[der(&made.kit.key), vec![0; 3]].concat(),
                64,
            ));
        }
        "label-of-sec1" => made.key(made.kit.key.replace(" PRIVATE", " EC PRIVATE")),
        "label-of-pkcs8" => {
            let sec1 = String::from_utf8(ec.private_key_to_pem().unwrap()).unwrap();
            made.key(sec1.replace("EC PRIVATE", "PRIVATE"));
        }
        _ => return false,
    }
    true
}

/// What stands where a file should. The right files are there already.
pub fn places(kind: &str, made: &mut Made<'_>) -> bool {
    let files = made.files();
    let (chain, key, roots) = (&files.certificate, &files.key, &files.roots);
    let remove = |path: &_| fs::remove_file(path).unwrap();
    let pipe = |path: &_| {
        remove(path);
        mknodat(CWD, path, FileType::Fifo, Mode::from_raw_mode(0o600), 0).unwrap();
    };
    match kind {
        "chain-pipe" => pipe(chain),
        "key-pipe" => pipe(key),
        "roots-pipe" => pipe(roots),
        "key-directory" => {
            remove(key);
            fs::create_dir(key).unwrap();
        }
        "roots-directory" => {
            remove(roots);
            fs::create_dir(roots).unwrap();
        }
        "chain-socket" => {
            remove(chain);
            UnixListener::bind(chain).unwrap();
        }
        "chain-circle" => {
            remove(chain);
            symlink("tls.crt", chain).unwrap();
        }
        "key-link" => {
            fs::rename(key, key.with_file_name("elsewhere")).unwrap();
            symlink("elsewhere", key).unwrap();
        }
        _ => return false,
    }
    true
}
