//! Private keys that must not be in a log: their bytes, in whatever encoding, and not the words around
//! them. A log may say "PRIVATE KEY" as often as it likes (OpenSSL's errors do).

use std::borrow::Cow;
use std::collections::HashSet;
use std::fmt;

use x509_parser::der_parser::ber::BerObject;
use x509_parser::der_parser::der::parse_der;

/// So many consecutive bytes of a key are no chance: one in 2^64.
const TELLING: usize = 8;
/// A secret may be encoded twice: a Kubernetes Secret is base64 of PEM.
const DEPTH: usize = 3;

/// What must not be in a log: the secret parts of private keys.
#[derive(Clone, Default)]
pub struct Secrets(HashSet<[u8; TELLING]>);

/// Shows nothing: it is made of secrets.
impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secrets")
    }
}

impl Secrets {
    /// Adds each private key in a PEM. Whatever else is in it, a chain say, is public, and so is the
    /// public half of a key. Returns whether there was a key.
    pub fn add(&mut self, pem: &str) -> bool {
        let (mut block, mut any) = (None, false);
        for line in pem.lines().map(str::trim) {
            if line.starts_with("-----BEGIN") {
                block = line.contains("PRIVATE KEY").then(String::new);
            } else if line.starts_with("-----END") {
                let der = block.take().map(|text| base64(text.as_bytes()));
                any |= der.is_some_and(|der| self.add_der(&der));
            } else if let Some(block) = block.as_mut().filter(|_| !line.contains(':')) {
                block.push_str(line);
            }
        }
        any
    }

    fn add_der(&mut self, der: &[u8]) -> bool {
        let parts = secret_parts(der).unwrap_or_else(|| vec![der.to_vec()]);
        let windows = parts.iter().flat_map(|part| part.windows(TELLING));
        // Zeros are in any dump.
        let windows = windows.filter(|window| window.iter().any(|byte| *byte != window[0]));
        self.0
            .extend(windows.filter_map(|window| <[u8; TELLING]>::try_from(window).ok()));
        !der.is_empty()
    }

    /// Whether a line of a log holds bytes of one: as base64 of any alphabet and line length, as hex or
    /// decimal numbers with or without anything between them, as one decimal number, or escaped.
    pub fn leak_in(&self, line: &str) -> bool {
        self.leaks(line, DEPTH)
    }

    fn leaks(&self, line: &str, depth: usize) -> bool {
        if depth == 0 || self.0.is_empty() {
            return false;
        }
        readings(line).iter().any(|bytes| {
            let mut windows = bytes.windows(TELLING);
            windows.any(|window| self.0.contains(window))
                || text_of(bytes).is_some_and(|text| {
                    // What was not encoded has been looked at.
                    text != line && self.leaks(text, depth - 1)
                })
        })
    }
}

/// The secret parts of a key: all of it but its public half. `None` where its form is not known.
fn secret_parts(der: &[u8]) -> Option<Vec<Vec<u8>>> {
    let (_, whole) = parse_der(der).ok()?;
    let fields = whole.as_sequence().ok()?;
    let [version, second, third, ..] = fields.as_slice() else {
        // SEC 1 without anything optional (RFC 5915): a version and the secret number.
        return Some(vec![fields.get(1)?.as_slice().ok()?.to_vec()]);
    };
    version.as_slice().ok()?;
    if second.as_sequence().is_ok() {
        // PKCS#8 (RFC 5958): version, algorithm, and the key in its own form.
        let key = third.as_slice().ok()?;
        return Some(match parse_der(key) {
            Ok((_, inner)) if inner.as_sequence().is_ok() => secret_parts(key)?,
            // Ed25519 (RFC 8410): an octet string.
            Ok((_, inner)) => vec![inner.as_slice().ok()?.to_vec()],
            Err(_) => vec![key.to_vec()],
        });
    }
    let is_rsa = fields.len() >= 9;
    let secret: Vec<&BerObject<'_>> = match is_rsa {
        // RFC 8017, appendix A.1.2: version, modulus and public exponent come first.
        true => fields.iter().skip(3).collect(),
        false => vec![second],
    };
    let parts = secret.into_iter().filter_map(|part| part.as_slice().ok());
    Some(parts.map(<[u8]>::to_vec).collect())
}

/// What bytes a line may stand for.
fn readings(line: &str) -> Vec<Vec<u8>> {
    let mut found = Vec::new();
    of_base64(line, &mut found);
    of_hex(line, &mut found);
    of_numbers(line, &mut found);
    of_decimal(line, &mut found);
    if line.contains('\\') {
        found.push(unescaped(line));
    }
    found
}

/// Where a line begins in a text that was wrapped, nobody knows: one of four places is right.
fn of_base64(line: &str, found: &mut Vec<Vec<u8>>) {
    let words = line.split(|c: char| sextet(c as u32).is_none());
    for word in words.filter(|word| word.len() >= WORD && is_mixed(word)) {
        found.extend((0..4).map(|skip| base64(&word.as_bytes()[skip..])));
    }
}

/// A word of fewer letters is passed over, and one without letters of both cases: it is a name, a date or
/// hex. Each line of a log is looked at, so this has to be quick.
const WORD: usize = 16;

fn is_mixed(word: &str) -> bool {
    let has = |case: fn(&u8) -> bool| word.as_bytes().iter().any(case);
    has(u8::is_ascii_uppercase) && has(u8::is_ascii_lowercase)
}

fn sextet(c: u32) -> Option<u8> {
    let c = u8::try_from(c).ok()?;
    match c {
        b'A'..=b'Z' => Some(c - b'A'),
        b'a'..=b'z' => Some(c - b'a' + 26),
        b'0'..=b'9' => Some(c - b'0' + 52),
        b'+' | b'-' => Some(62),
        b'/' | b'_' => Some(63),
        _ => None,
    }
}

/// Base64 of either alphabet (RFC 4648), up to the first byte that is none.
pub fn base64(text: &[u8]) -> Vec<u8> {
    let digits: Vec<u8> = text.iter().map_while(|c| sextet((*c).into())).collect();
    let mut bytes = Vec::with_capacity(digits.len() * 3 / 4);
    for four in digits.chunks(4) {
        let bits = four
            .iter()
            .fold(0_u32, |bits, digit| bits << 6 | u32::from(*digit));
        let bits = bits << (6 * (4 - four.len()));
        bytes.extend(&bits.to_be_bytes()[1..][..four.len() * 3 / 4]);
    }
    bytes
}

/// Digits of hex in pairs, with at most this much between two numbers.
const BETWEEN: usize = 3;

fn of_hex(line: &str, found: &mut Vec<Vec<u8>>) {
    let plain = match line.contains("0x") || line.contains("\\x") {
        true => Cow::Owned(line.replace("0x", " ").replace("\\x", " ")),
        false => Cow::Borrowed(line),
    };
    let mut run = Vec::new();
    let mut gap = 0;
    let mut flush = |run: &mut Vec<u8>| match run.len() >= TELLING {
        true => found.push(std::mem::take(run)),
        false => run.clear(),
    };
    for word in plain.split_inclusive(|c: char| !c.is_ascii_hexdigit()) {
        let digits = word.trim_end_matches(|c: char| !c.is_ascii_hexdigit());
        if digits.is_empty() || digits.len() % 2 == 1 || gap > BETWEEN {
            if !digits.is_empty() || gap > BETWEEN {
                flush(&mut run);
            }
            // Cut between the two digits of a number.
            if digits.len() > 2 * TELLING {
                run.extend(pairs(&digits[1..]));
                flush(&mut run);
                run.extend(pairs(digits));
                flush(&mut run);
            }
        }
        if digits.len() % 2 == 0 && !digits.is_empty() {
            run.extend(pairs(digits));
            gap = 0;
        }
        gap += word.len() - digits.len();
    }
    flush(&mut run);
}

fn pairs(digits: &str) -> impl Iterator<Item = u8> + '_ {
    let pairs = (0..digits.len() / 2).map(|at| &digits[2 * at..2 * at + 2]);
    pairs.filter_map(|pair| u8::from_str_radix(pair, 16).ok())
}

/// Decimal numbers below 256, as a `Debug` of bytes writes them, or from -128 to 127, as Java does.
fn of_numbers(line: &str, found: &mut Vec<Vec<u8>>) {
    let mut run = Vec::new();
    for word in line.split([',', ' ', ';', '[', ']', '(', ')']) {
        let signed = || word.parse::<i8>().map(i8::cast_unsigned);
        match word.parse::<u8>().or_else(|_| signed()) {
            Ok(number) => run.push(number),
            Err(_) if word.is_empty() => {}
            Err(_) => found.push(std::mem::take(&mut run)),
        }
    }
    found.push(run);
    found.retain(|run| run.len() >= TELLING);
}

/// One decimal number has so many digits at least: what is shorter may be a time or a count.
const DIGITS: usize = 24;
/// And so many at most: reading one takes the square of its length.
const MOST_DIGITS: usize = 4096;

/// One long decimal number, as Go's `%v` and Python write the numbers that a key is made of.
fn of_decimal(line: &str, found: &mut Vec<Vec<u8>>) {
    let words = line.split(|c: char| !c.is_ascii_digit());
    let words = words.filter(|word| (DIGITS..=MOST_DIGITS).contains(&word.len()));
    found.extend(words.map(big_endian));
}

/// The bytes of a decimal number.
fn big_endian(digits: &str) -> Vec<u8> {
    // The lowest first, so that what is carried comes behind.
    let mut bytes: Vec<u8> = Vec::with_capacity(digits.len() / 2);
    for digit in digits.bytes() {
        let mut carried = u16::from(digit - b'0');
        for byte in &mut bytes {
            carried += u16::from(*byte) * 10;
            *byte = carried as u8;
            carried >>= 8;
        }
        bytes.extend((carried > 0).then_some(carried as u8));
    }
    bytes.reverse();
    bytes
}

/// As a string literal of Rust, Python, Go or JSON would be read.
fn unescaped(line: &str) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(line.len());
    let mut rest = line.as_bytes();
    let octal = |digits: &[u8]| {
        let digits = std::str::from_utf8(digits.get(..3)?).ok()?;
        u8::from_str_radix(digits, 8).ok()
    };
    let number = |digits: &[u8]| {
        let digits = std::str::from_utf8(digits).ok()?;
        u8::from_str_radix(digits, 16).ok()
    };
    while let [first, after @ ..] = rest {
        let (byte, taken) = match (*first, after) {
            (b'\\', [b'x', digits @ ..]) => {
                let byte = digits.get(..2).and_then(number);
                byte.map_or((b'x', 2), |byte| (byte, 4))
            }
            (b'\\', [b'u', b'0', b'0', digits @ ..]) => {
                let byte = digits.get(..2).and_then(number);
                byte.map_or((b'u', 2), |byte| (byte, 6))
            }
            (b'\\', [b'n', ..]) => (b'\n', 2),
            (b'\\', [b'r', ..]) => (b'\r', 2),
            (b'\\', [b't', ..]) => (b'\t', 2),
            (b'\\', [b'0'..=b'3', ..]) => match octal(after) {
                Some(byte) => (byte, 4),
                None => (after[0] - b'0', 2),
            },
            (b'\\', [other, ..]) => (*other, 2),
            (plain, _) => (plain, 1),
        };
        bytes.push(byte);
        rest = &rest[taken..];
    }
    bytes
}

/// The bytes as text, where they are some.
fn text_of(bytes: &[u8]) -> Option<&str> {
    let printable = |byte: &u8| byte.is_ascii_graphic() || byte.is_ascii_whitespace();
    let text = bytes.iter().take_while(|byte| printable(byte)).count();
    std::str::from_utf8(&bytes[..text])
        .ok()
        .filter(|text| text.len() >= WORD)
}
