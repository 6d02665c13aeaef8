//! Files as people and programs hand them on: pasted, exported, merged, packed for another tool, or too large.

use std::fs::{self, File};
use std::os::unix::fs::symlink;

use openssl::symm::Cipher;

use super::kinds::Made;
use super::kit::{Kit, block, der};

/// The chain, or what became of it on its way.
pub fn chains(kind: &str, made: &mut Made<'_>) -> bool {
    let chain = made.kit.chain();
    let with = |from: &str, to: &str| chain.replace(from, to);
    match kind {
        "in-one-line" => made.chain(with("\n", " ")),
        "url-encoded" => made.chain(with(" ", "%20").replace('\n', "%0A").replace('+', "%2B")),
        "quoted-printable" => made.chain(with("=", "=3D").replace("\nMII", "\nM=\nII")),
        "merge-unfinished" => {
            let other = Kit::new().chain();
            made.chain(format!(
                "<<<<<<< HEAD\n{chain}=======\n{other}>>>>>>> renewed\n"
            ));
        }
        "form-feed-between" => made.chain(with("-----\n-----", "-----\n\u{c}\n-----")),
        "line-separators" => made.chain(with("\n", "\u{2028}")),
        "prompt-before-lines" => made.chain(with("\n", "\n> ")),
        "numbered-lines" => {
            let lines = chain.lines().zip(1..);
            made.chain(
                lines
                    .map(|(line, at)| format!("{at}\t{line}\n"))
                    .collect::<String>(),
            );
        }
        "openssl-text-alone" => {
            made.chain(
                "Certificate:\n    Data:\n        Version: 3 (0x2)\n        Serial Number: 4097\n",
            );
        }
        "columns-65" => made.chain(block("CERTIFICATE", &der(&chain), 65) + &made.kit.intermediate),
        "columns-7" => made.chain(block("CERTIFICATE", &der(&chain), 7) + &made.kit.intermediate),
        "json-list" => made.chain(format!("[{{\"certificate\": {chain:?}}}]")),
        "json-list-without-text" => made.chain("[{\"kty\": \"EC\"}]\n"),
        "key-of-putty" => {
            made.key("PuTTY-User-Key-File-3: ecdsa-sha2-nistp256\nEncryption: none\n")
        }
        "public-of-ssh2" => {
            made.key("---- BEGIN SSH2 PUBLIC KEY ----\nAAAAC3Nz\n---- END SSH2 PUBLIC KEY ----\n");
        }
        "sops" => made.key("ENC[AES256_GCM,data:p673w==,iv:YY=,tag:UQ=,type:str]\n"),
        "vault-ciphertext" => made.key("vault:v1:8SDd3WHDOjf7mq69CyCqYjBXAiQQAVZRkFM13ok481zo\n"),
        "zip" => made.chain([&b"PK\x03\x04\x14\0"[..], &[0; 60]].concat()),
        "error-of-kubectl" => {
            made.chain("Error from server (NotFound): secrets \"tls\" not found\n");
        }
        "null" => made.chain("null\n"),
        "attribute-certificate" => {
            made.chain(chain.clone() + &block("ATTRIBUTE CERTIFICATE", &der(&chain), 64));
        }
        "pkcs12-label" => made.chain(block("PKCS12", &der(&chain), 64)),
        _ => return false,
    }
    true
}

/// The chain or the key as other tools wrap them: Terraform, OpenVPN, and who unpacks a Kubernetes Secret by hand.
pub fn wrapped(kind: &str, made: &mut Made<'_>) -> bool {
    let (chain, key, root) = (
        made.kit.chain(),
        made.kit.key.clone(),
        made.kit.root.clone(),
    );
    let encoded = |text: &str| openssl::base64::encode_block(text.as_bytes());
    match kind {
        "heredoc" => made.chain(format!("<<EOT\n{chain}EOT\n")),
        "in-elements" => {
            made.chain(format!("<cert>\n{chain}</cert>\n"));
            made.key(format!("<key>\n{key}</key>\n"));
            made.roots(format!("<ca>\n{root}</ca>\n"));
        }
        "quoted-crlf" => made.chain(chain.replace('\n', "\\r\\n")),
        "base64-twice" => made.chain(encoded(&encoded(&chain))),
        "base64-in-quotes" => made.chain(format!("\"{}\" \n", encoded(&chain))),
        "base64-of-ed25519" => {
            made.kit.with_key(&rcgen::PKCS_ED25519);
            let short = made.kit.openssl_key().private_key_to_pkcs8().unwrap();
            made.as_the_kit_has_it(false);
            made.key(openssl::base64::encode_block(&short));
        }
        "manifest" => made.chain(format!(
            "apiVersion: v1\nkind: Secret\ndata:\n  tls.crt: {}\n",
            encoded(&chain)
        )),
        _ => return false,
    }
    true
}

/// The key, or the authorities.
pub fn others(kind: &str, made: &mut Made<'_>) -> bool {
    let (key, root) = (made.kit.key.clone(), made.kit.root.clone());
    let openssl = made.kit.openssl_key();
    let encrypted = |cipher| {
        openssl
            .private_key_to_pem_pkcs8_passphrase(cipher, b"passphrase")
            .unwrap()
    };
    match kind {
        "key-in-one-line" => made.key(key.replace('\n', " ")),
        "key-indented" => made.key(format!("  {}", key.replace('\n', "\n  "))),
        "key-spaces-after-lines" => made.key(key.replace('\n', " \n")),
        "key-utf16" => {
            let text = format!("\u{feff}{key}");
            let units = text.encode_utf16().flat_map(u16::to_be_bytes);
            made.key(units.collect::<Vec<_>>());
        }
        "key-aes-192" => made.key(encrypted(Cipher::aes_192_cbc())),
        "key-aes-128" => made.key(encrypted(Cipher::aes_128_cbc())),
        "key-encrypted-behind" => {
            let behind = encrypted(Cipher::aes_256_cbc());
            made.key([key.into_bytes(), behind].concat());
        }
        "key-checked-not-encrypted" => {
            made.key(key.replacen("-----\n", "-----\nProc-Type: 4,MIC-CLEAR\n\n", 1));
        }
        "key-of-any" => made.key(key.replace("PRIVATE KEY", "ANY PRIVATE KEY")),
        "key-and-list" => made.key(key + &made.kit.revoked()),
        "key-and-request" => made.key(key + &made.kit.request()),
        "roots-in-one-line" => made.roots(root.replace('\n', " ")),
        "roots-indented" => made.roots(format!("  {}", root.replace('\n', "\n  "))),
        "roots-lower-case" => made.roots(root.to_lowercase()),
        "roots-web-page" => made.roots("<!doctype html>\n<title>404</title>\n"),
        "roots-utf16" => {
            let units = root.encode_utf16().flat_map(u16::to_le_bytes);
            made.roots(units.collect::<Vec<_>>());
        }
        "roots-nul-at-end" => made.roots(format!("{root}\0\0\0\0")),
        "roots-latin-1" => made.roots([&b"# T\xfcrk\n"[..], root.as_bytes()].concat()),
        "roots-word" => made.roots("changeme\n"),
        "roots-and-request" => made.roots(root + &made.kit.request()),
        "roots-of-key-alone" => made.roots(block("PUBLIC KEY", &[0x30, 0], 64)),
        "roots-cut" => made.roots(root[..root.len() / 2].to_owned()),
        _ => return false,
    }
    true
}

/// What stands where a file should. The right files are there already.
pub fn places(kind: &str, made: &mut Made<'_>) -> bool {
    let files = made.files();
    let (chain, key, roots) = (&files.certificate, &files.key, &files.roots);
    // A file of a gigabyte that takes no room.
    let sparse = |path: &_| File::create(path).unwrap().set_len(1 << 30).unwrap();
    let link = |to: &str, path: &_| {
        fs::remove_file(path).unwrap();
        symlink(to, path).unwrap();
    };
    match kind {
        "chain-sparse" => sparse(chain),
        "key-sparse" => sparse(key),
        "roots-sparse" => sparse(roots),
        "key-endless" => link("/dev/zero", key),
        "roots-endless" => link("/dev/zero", roots),
        "key-of-the-kernel" => link("/proc/self/environ", key),
        "chain-below-a-file" => link("ca.crt/tls.crt", chain),
        "roots-circle" => link("ca.crt", roots),
        "key-link-to-nothing" => link("nothing", key),
        "chain-links-in-a-row" => {
            // As Kubernetes lays a secret.
            let folder = chain.with_file_name("..2026_11_28");
            fs::create_dir(&folder).unwrap();
            fs::rename(chain, folder.join("tls.crt")).unwrap();
            symlink("..2026_11_28", chain.with_file_name("..data")).unwrap();
            symlink("..data/tls.crt", chain).unwrap();
        }
        _ => return false,
    }
    true
}
