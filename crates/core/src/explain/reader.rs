//! Reads the parts of a canonical key that hold no others.
//!
//! Texts announce their length in UTF-16 code units, which are counted in the WTF-8 bytes that stand for them. Nothing is
//! copied.

/// The key does not follow the grammar.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Malformed;

/// A text as a key holds it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Text<'k> {
    /// WTF-8.
    Whole(&'k [u8]),
    Digested {
        units: u64,
        digest: &'k [u8],
    },
}

/// What stands at the end of a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Token<'k> {
    /// A value that has one encoding only, or an empty container: shown as this.
    Word(&'static str),
    Number(&'k str),
    BigInt(&'k str),
    Text(Text<'k>),
    Date(&'k str),
    RegExp(Text<'k>, Text<'k>),
    Binary {
        kind: &'k str,
        bytes: u64,
        hexadecimal: Option<&'k str>,
    },
}

pub(super) struct Reader<'k> {
    key: &'k [u8],
    at: usize,
}

impl<'k> Reader<'k> {
    pub(super) fn new(key: &'k [u8]) -> Self {
        Self { key, at: 0 }
    }

    pub(super) fn at(&self) -> usize {
        self.at
    }

    pub(super) fn is_at_end(&self) -> bool {
        self.at == self.key.len()
    }

    /// What was read since the reader stood at `begin`.
    pub(super) fn since(&self, begin: usize) -> &'k [u8] {
        &self.key[begin..self.at]
    }

    /// Reads a value that holds no others; `None`, with nothing read, where one begins that may.
    pub(super) fn token(&mut self) -> Result<Option<Token<'k>>, Malformed> {
        let kind = *self.key.get(self.at).ok_or(Malformed)?;
        if matches!(kind, b'[' | b'{' | b'M' | b'T' | b'E' | b'J' | b'C' | b'K') {
            return Ok(None);
        }
        if matches!(kind, b's' | b'S') {
            return Ok(Some(Token::Text(self.text()?)));
        }
        self.at += 1;
        Ok(Some(match kind {
            b'u' => Token::Word("undefined"),
            b'n' => Token::Word("null"),
            b't' => Token::Word("true"),
            b'f' => Token::Word("false"),
            b'd' => Token::Number(self.until(b';')?),
            b'i' => Token::BigInt(self.until(b';')?),
            b'D' => Token::Date(self.until(b';')?),
            b'R' => Token::RegExp(self.text()?, self.text()?),
            b'b' | b'B' => self.binary(kind == b'B')?,
            _ => return Err(Malformed),
        }))
    }

    pub(super) fn text(&mut self) -> Result<Text<'k>, Malformed> {
        match self.byte()? {
            b's' => {
                let units = self.length()?;
                let rest = &self.key[self.at..];
                let bytes = bytes_of_units(rest, units).ok_or(Malformed)?;
                self.at += bytes;
                Ok(Text::Whole(&rest[..bytes]))
            }
            b'S' => {
                let units = self.length()?;
                Ok(Text::Digested {
                    units,
                    digest: self.hexadecimal(64)?.as_bytes(),
                })
            }
            _ => Err(Malformed),
        }
    }

    fn binary(&mut self, is_digested: bool) -> Result<Token<'k>, Malformed> {
        let kind = self.until(b':')?;
        let bytes = self.length()?;
        let digits = if is_digested {
            64
        } else {
            bytes.checked_mul(2).ok_or(Malformed)?
        };
        let hexadecimal = self.hexadecimal(digits)?;
        Ok(Token::Binary {
            kind,
            bytes,
            hexadecimal: (!is_digested).then_some(hexadecimal),
        })
    }

    /// A decimal number and the colon behind it.
    fn length(&mut self) -> Result<u64, Malformed> {
        self.until(b':')?.parse().map_err(|_| Malformed)
    }

    /// ASCII letters, digits and signs up to `end`, which is read too.
    fn until(&mut self, end: u8) -> Result<&'k str, Malformed> {
        let rest = &self.key[self.at..];
        let bytes = rest.iter().position(|byte| !is_plain(*byte)).ok_or(Malformed)?;
        if bytes == 0 || rest[bytes] != end {
            return Err(Malformed);
        }
        self.at += bytes + 1;
        str::from_utf8(&rest[..bytes]).map_err(|_| Malformed)
    }

    fn hexadecimal(&mut self, digits: u64) -> Result<&'k str, Malformed> {
        let digits = usize::try_from(digits).map_err(|_| Malformed)?;
        let found = self.key[self.at..].get(..digits).ok_or(Malformed)?;
        if !found.iter().all(u8::is_ascii_hexdigit) {
            return Err(Malformed);
        }
        self.at += digits;
        str::from_utf8(found).map_err(|_| Malformed)
    }

    pub(super) fn byte(&mut self) -> Result<u8, Malformed> {
        let byte = *self.key.get(self.at).ok_or(Malformed)?;
        self.at += 1;
        Ok(byte)
    }

    pub(super) fn takes(&mut self, byte: u8) -> bool {
        let is_next = self.key.get(self.at) == Some(&byte);
        self.at += usize::from(is_next);
        is_next
    }
}

fn is_plain(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.')
}

/// How many bytes hold the first `units` UTF-16 code units; `None` where they end early or split a character.
fn bytes_of_units(bytes: &[u8], units: u64) -> Option<usize> {
    let mut at = 0;
    let mut left = units;
    while left > 0 {
        let (length, taken) = match bytes.get(at)? {
            0x00..0x80 => (1, 1),
            0xc0..0xe0 => (2, 1),
            0xe0..0xf0 => (3, 1),
            0xf0..0xf8 => (4, 2),
            _ => return None,
        };
        left = left.checked_sub(taken)?;
        at += length;
    }
    (at <= bytes.len()).then_some(at)
}
