//! Walks a canonical key from leaf to leaf.
//!
//! It keeps its place on a stack of its own, at most [`DEEPEST`] high, so no key can make it recurse.

use super::{
    preview,
    reader::{Malformed, Reader, Token},
};
use std::fmt::Write;
use xxhash_rust::xxh3::xxh3_64_with_seed;

/// Keys nest at most 1,000 levels, each of which takes up to three frames here.
const DEEPEST: usize = 4_096;

/// A leaf where the walk stands; its path is [`Walk::path`].
#[derive(Debug, Clone, Copy)]
pub(super) struct Found<'k> {
    pub(super) token: Token<'k>,
    /// Of the path and the encoding together.
    pub(super) digest: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// One value of any kind, in the place of the frame itself.
    Value,
    Array,
    Object,
    /// Properties beside other content: none of them is nothing to tell.
    Properties,
    Map,
    Set,
    /// A name, a message, properties.
    Error,
    /// Properties, then the content.
    Subclass,
}

#[derive(Debug, Clone, Copy)]
struct Frame {
    kind: Kind,
    /// Digest of the steps that lead here.
    place: u64,
    path_bytes: usize,
    read: u64,
}

pub(super) struct Walk<'k> {
    reader: Reader<'k>,
    frames: Vec<Frame>,
    path: String,
}

impl<'k> Walk<'k> {
    pub(super) fn new(key: &'k [u8]) -> Self {
        let root = Frame {
            kind: Kind::Value,
            place: 0,
            path_bytes: 0,
            read: 0,
        };
        Self {
            reader: Reader::new(key),
            frames: vec![root],
            path: String::new(),
        }
    }

    /// The path of the leaf that was found last, such as `input[2].content`; empty where the key is a leaf itself.
    pub(super) fn path(&self) -> &str {
        self.path.strip_prefix('.').unwrap_or(&self.path)
    }

    /// The next leaf in the order of the key; `None` at the end.
    pub(super) fn next(&mut self) -> Result<Option<Found<'k>>, Malformed> {
        loop {
            let Some(frame) = self.frames.last().copied() else {
                return if self.reader.is_at_end() {
                    Ok(None)
                } else {
                    Err(Malformed)
                };
            };
            self.path.truncate(frame.path_bytes);
            if let Some(found) = self.advance(frame)? {
                return Ok(Some(found));
            }
        }
    }

    fn advance(&mut self, frame: Frame) -> Result<Option<Found<'k>>, Malformed> {
        match frame.kind {
            Kind::Array if self.reader.takes(b']') => Ok(self.leave(frame, "[]", b"[]")),
            Kind::Array => {
                self.count(1);
                let _ = write!(self.path, "[{}]", frame.read);
                let place = step(frame.place, b'[', &frame.read.to_le_bytes());
                if self.reader.takes(b'h') {
                    Ok(Some(word("hole", b"h", place)))
                } else {
                    self.value(place)
                }
            }
            Kind::Object if self.reader.takes(b'}') => Ok(self.leave(frame, "{}", b"{}")),
            Kind::Properties if self.reader.takes(b'}') => {
                self.frames.pop();
                Ok(None)
            }
            Kind::Object | Kind::Properties => {
                self.count(1);
                let begin = self.reader.at();
                let name = self.reader.text()?;
                preview::push_name(&mut self.path, name);
                self.value(step(frame.place, b'.', self.reader.since(begin)))
            }
            Kind::Map if frame.read.is_multiple_of(2) && self.reader.takes(b'}') => {
                Ok(self.leave(frame, "Map {}", b"M{}"))
            }
            Kind::Set if self.reader.takes(b'}') => Ok(self.leave(frame, "Set {}", b"T{}")),
            Kind::Map => self.entry(frame),
            Kind::Set => self.member(frame),
            Kind::Error => self.error_part(frame),
            Kind::Subclass if frame.read == 0 => {
                self.count(1);
                self.open(Kind::Properties, frame.place, b"{")
            }
            Kind::Value | Kind::Subclass => {
                self.frames.pop();
                self.value(frame.place)
            }
        }
    }

    /// An entry whose key is a leaf has a path of its own; others are told apart by their number.
    fn entry(&mut self, frame: Frame) -> Result<Option<Found<'k>>, Malformed> {
        let number = frame.read / 2;
        if frame.read % 2 == 1 {
            self.count(1);
            let _ = write!(self.path, ".values()[{number}]");
            return self.value(step(frame.place, b'v', &number.to_le_bytes()));
        }
        let begin = self.reader.at();
        if let Some(token) = self.reader.token()? {
            self.count(2);
            let _ = write!(self.path, ".get({})", preview::in_path(&token));
            return self.value(step(frame.place, b'g', self.reader.since(begin)));
        }
        self.count(1);
        let _ = write!(self.path, ".keys()[{number}]");
        self.value(step(frame.place, b'k', &number.to_le_bytes()))
    }

    /// A member that is a leaf is its own path, so that others beside it do not move it.
    fn member(&mut self, frame: Frame) -> Result<Option<Found<'k>>, Malformed> {
        self.count(1);
        let begin = self.reader.at();
        if let Some(token) = self.reader.token()? {
            let _ = write!(self.path, ".has({})", preview::in_path(&token));
            let encoding = self.reader.since(begin);
            return Ok(Some(Found {
                token,
                digest: step(frame.place, b'h', encoding),
            }));
        }
        let _ = write!(self.path, ".values()[{}]", frame.read);
        self.value(step(frame.place, b'm', &frame.read.to_le_bytes()))
    }

    fn error_part(&mut self, frame: Frame) -> Result<Option<Found<'k>>, Malformed> {
        self.count(1);
        let (path, tag) = match frame.read {
            0 => (".name", b'n'),
            1 => (".message", b'e'),
            _ => {
                self.frames.pop();
                return self.open(Kind::Properties, frame.place, b"{");
            }
        };
        self.path.push_str(path);
        self.value(step(frame.place, tag, &[]))
    }

    /// Reads a leaf, or steps into what is none.
    fn value(&mut self, place: u64) -> Result<Option<Found<'k>>, Malformed> {
        let begin = self.reader.at();
        if let Some(token) = self.reader.token()? {
            return Ok(Some(Found {
                token,
                digest: xxh3_64_with_seed(self.reader.since(begin), place),
            }));
        }
        match self.reader.byte()? {
            b'[' => self.open(Kind::Array, place, b""),
            b'{' => self.open(Kind::Object, place, b""),
            b'M' => self.open(Kind::Map, place, b"{"),
            b'T' => self.open(Kind::Set, place, b"{"),
            b'E' => self.open(Kind::Error, place, b""),
            b'J' => self.class(Kind::Value, place, b""),
            b'C' => self.class(Kind::Properties, place, b"{"),
            b'K' => self.class(Kind::Subclass, place, b""),
            _ => Err(Malformed),
        }
    }

    fn class(&mut self, kind: Kind, place: u64, opening: &[u8]) -> Result<Option<Found<'k>>, Malformed> {
        let begin = self.reader.at();
        let token = Token::Text(self.reader.text()?);
        let digest = step(place, b'c', self.reader.since(begin));
        self.open(kind, place, opening)?;
        self.path.push_str(".constructor.name");
        Ok(Some(Found { token, digest }))
    }

    fn open(&mut self, kind: Kind, place: u64, opening: &[u8]) -> Result<Option<Found<'k>>, Malformed> {
        if self.frames.len() >= DEEPEST || !opening.iter().all(|byte| self.reader.takes(*byte)) {
            return Err(Malformed);
        }
        self.frames.push(Frame {
            kind,
            place,
            path_bytes: self.path.len(),
            read: 0,
        });
        Ok(None)
    }

    /// The end of a container, which is a leaf itself where it holds nothing.
    fn leave(&mut self, frame: Frame, shown: &'static str, encoding: &[u8]) -> Option<Found<'k>> {
        self.frames.pop();
        (frame.read == 0).then(|| word(shown, encoding, frame.place))
    }

    fn count(&mut self, read: u64) {
        if let Some(frame) = self.frames.last_mut() {
            frame.read += read;
        }
    }
}

fn word(shown: &'static str, encoding: &[u8], place: u64) -> Found<'static> {
    Found {
        token: Token::Word(shown),
        digest: xxh3_64_with_seed(encoding, place),
    }
}

/// The digest of a place one step below another.
fn step(above: u64, tag: u8, name: &[u8]) -> u64 {
    xxh3_64_with_seed(name, above ^ u64::from(tag).rotate_right(8))
}
