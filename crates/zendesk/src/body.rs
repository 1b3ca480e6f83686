//! Collects the body of an answer, decompresses it piece by piece, and enforces a size limit. A
//! stream of decompressed pieces would cost one more copy.

use std::error::Error;
use std::fmt;

use flate2::{Decompress, FlushDecompress, Status};

/// The encodings that every request accepts, besides plain bytes.
pub const ENCODINGS: &str = "gzip";

/// The largest window that gzip may use, as a power of two.
const WINDOW_BITS: u8 = 15;

/// A body beyond this size grows by pieces of this size. Doubling would use up to twice its bytes.
const LARGE_PIECE_BYTES: usize = 4 << 20;

/// Makes room for this many more bytes.
fn make_room(bytes: &mut Vec<u8>, more: usize) {
    if bytes.capacity() - bytes.len() >= more {
        return;
    }
    if bytes.len() < LARGE_PIECE_BYTES {
        bytes.reserve(more);
    } else {
        bytes.reserve_exact(more.max(LARGE_PIECE_BYTES));
    }
}

/// The least room that is added when a body outgrows what it has.
const LEAST_ROOM_BYTES: usize = 64 << 10;

/// A body that is being collected.
#[derive(Debug)]
pub struct Body {
    bytes: Vec<u8>,
    limit: usize,
    packed: Option<Packed>,
}

/// The state of decompression.
#[derive(Debug)]
struct Packed {
    inflater: Decompress,
    /// Bytes have come since the end of the last gzip member.
    is_inside: bool,
}

/// Why a body cannot be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BodyError {
    /// It has an encoding other than gzip, or more than one.
    Unknown(String),
    /// It is larger than the limit.
    TooLarge,
    /// Its bytes are not valid gzip.
    NotGzip,
    /// It ends too early.
    CutShort,
}

impl fmt::Display for BodyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Unknown(encoding) => {
                return write!(
                    f,
                    "the Content-Encoding is `{encoding}`, and only gzip was requested"
                );
            }
            Self::TooLarge => "it is too large",
            Self::NotGzip => "the body is not gzip, although its header says so",
            Self::CutShort => "the gzip data is cut off",
        })
    }
}

impl Error for BodyError {}

/// The longest name of an encoding that is shown, in characters.
const LONGEST_NAME: usize = 40;

/// Whether a body is compressed, by the encodings in its headers. Upper and lower case are equal,
/// and `identity` means none.
fn is_packed<'h>(encodings: impl IntoIterator<Item = &'h [u8]>) -> Result<bool, BodyError> {
    let named: Vec<String> = encodings
        .into_iter()
        .map(|header| String::from_utf8_lossy(header).to_lowercase())
        .collect();
    let named = named.iter().flat_map(|header| header.split(',')).map(str::trim);
    let packed: Vec<&str> = named.filter(|name| !name.is_empty() && *name != "identity").collect();
    match packed[..] {
        [] => Ok(false),
        ["gzip" | "x-gzip"] => Ok(true),
        _ => {
            let named = packed.join(", ");
            let shown = named.chars().filter(|character| !character.is_control());
            Err(BodyError::Unknown(shown.take(LONGEST_NAME).collect()))
        }
    }
}

impl Body {
    /// A body of at most `limit` bytes. `encodings` are the values of the answer's
    /// `Content-Encoding` headers.
    ///
    /// # Errors
    /// [`BodyError::Unknown`] when the encoding is anything but gzip.
    pub fn new<'h>(
        encodings: impl IntoIterator<Item = &'h [u8]>,
        limit: usize,
    ) -> Result<Self, BodyError> {
        let packed = is_packed(encodings)?.then(Packed::new);
        Ok(Self { bytes: Vec::new(), limit, packed })
    }

    /// How many decompressed bytes have come.
    #[must_use]
    pub fn len(&self) -> usize {
        self.bytes.len()
    }

    /// Whether no byte has come.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// Reserves room for a body of the announced length. Does nothing if the body is compressed, or
    /// if `announced` is larger than `most`.
    pub fn expect(&mut self, announced: u64, most: usize) {
        let whole = usize::try_from(announced).ok().filter(|whole| *whole <= most);
        if let (None, Some(whole)) = (&self.packed, whole) {
            self.bytes.reserve_exact(whole.saturating_sub(self.bytes.len()));
        }
    }

    /// Raises the limit.
    pub fn raise(&mut self, limit: usize) {
        self.limit = self.limit.max(limit);
    }

    /// Adds the next piece.
    ///
    /// # Errors
    /// [`BodyError`] when the limit is exceeded or the piece cannot be decompressed.
    pub fn take(&mut self, piece: &[u8]) -> Result<(), BodyError> {
        match &mut self.packed {
            Some(packed) => packed.take(piece, &mut self.bytes, self.limit),
            None if piece.len() > self.limit.saturating_sub(self.bytes.len()) => {
                Err(BodyError::TooLarge)
            }
            None => {
                make_room(&mut self.bytes, piece.len());
                self.bytes.extend_from_slice(piece);
                Ok(())
            }
        }
    }

    /// The whole body.
    ///
    /// # Errors
    /// [`BodyError::CutShort`] when the compressed data has no end.
    pub fn finish(self) -> Result<Vec<u8>, BodyError> {
        match self.packed {
            Some(packed) if packed.is_inside => Err(BodyError::CutShort),
            _ => Ok(self.bytes),
        }
    }
}

impl Packed {
    fn new() -> Self {
        Self { inflater: Decompress::new_gzip(WINDOW_BITS), is_inside: false }
    }

    fn take(
        &mut self,
        mut piece: &[u8],
        bytes: &mut Vec<u8>,
        limit: usize,
    ) -> Result<(), BodyError> {
        // What is left of a full buffer comes out without more going in.
        let mut may_hold_more = false;
        while !piece.is_empty() || may_hold_more {
            if bytes.len() == bytes.capacity() {
                make_room(bytes, LEAST_ROOM_BYTES);
            }
            self.is_inside = true;
            let before = self.inflater.total_in();
            let status = self
                .inflater
                .decompress_vec(piece, bytes, FlushDecompress::None)
                .map_err(|_| BodyError::NotGzip)?;
            let taken = usize::try_from(self.inflater.total_in() - before).unwrap_or_default();
            piece = piece.get(taken..).unwrap_or_default();
            if bytes.len() > limit {
                return Err(BodyError::TooLarge);
            }
            may_hold_more = bytes.len() == bytes.capacity();
            if status == Status::StreamEnd {
                // A body may have several members, one behind another.
                *self = Self::new();
                may_hold_more = false;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::Compression;
    use flate2::write::GzEncoder;
    use proptest::prelude::*;

    use super::*;

    const LIMIT: usize = 1 << 20;

    fn packed(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    /// The body that comes in pieces of this size.
    fn collected(sent: &[u8], piece: usize, limit: usize) -> Result<Vec<u8>, BodyError> {
        let mut body = Body::new([&b"gzip"[..]], limit)?;
        body.expect(sent.len() as u64, limit);
        sent.chunks(piece).try_for_each(|piece| body.take(piece))?;
        body.finish()
    }

    #[test]
    fn a_plain_body_is_what_came_up_to_the_limit() {
        let mut body = Body::new([], 5).unwrap();
        body.expect(u64::MAX, 5);
        assert_eq!(body.take(b"abc"), Ok(()));
        assert_eq!(body.take(b"de"), Ok(()));
        assert_eq!(body.take(b"f"), Err(BodyError::TooLarge));
        assert_eq!(body.finish(), Ok(b"abcde".to_vec()));
    }

    #[test]
    fn members_follow_each_other_and_nothing_is_an_empty_body() {
        let twice = [packed(b"one "), packed(b"two")].concat();
        assert_eq!(collected(&twice, 7, LIMIT), Ok(b"one two".to_vec()));
        assert_eq!(collected(b"", 1, LIMIT), Ok(Vec::new()));
    }

    #[test]
    fn what_is_cut_garbled_or_swells_is_an_error() {
        let sent = packed(&[b'x'; 10_000]);
        for end in 1..sent.len() {
            assert_eq!(collected(&sent[..end], 4096, LIMIT), Err(BodyError::CutShort), "{end}");
        }
        assert_eq!(collected(b"{\"tickets\":[]}", 4096, LIMIT), Err(BodyError::NotGzip));
        let mut garbled = sent.clone();
        *garbled.last_mut().unwrap() ^= 1;
        assert_eq!(collected(&garbled, 4096, LIMIT), Err(BodyError::NotGzip));
        let followed = [sent, b"more".to_vec()].concat();
        assert_eq!(collected(&followed, 4096, LIMIT), Err(BodyError::NotGzip));
        let bomb = packed(&vec![0; 64 << 20]);
        let mut body = Body::new([&b"gzip"[..]], LIMIT).unwrap();
        assert_eq!(body.take(&bomb), Err(BodyError::TooLarge));
        assert!(body.bytes.capacity() <= 4 * LIMIT, "{}", body.bytes.capacity());
    }

    #[test]
    fn encodings_are_known_in_any_spelling_and_others_are_named() {
        for header in ["gzip", "GZIP", " GZip ", "x-gzip", "X-GZIP", "gzip, identity", ",gzip,,"] {
            assert_eq!(is_packed([header.as_bytes()]), Ok(true), "{header}");
        }
        assert_eq!(is_packed([&b"identity"[..], b"gzip"]), Ok(true));
        for headers in [&[][..], &[&b""[..]], &[b"identity"], &[b"Identity , ", b" "]] {
            assert_eq!(is_packed(headers.iter().copied()), Ok(false));
        }
        for (headers, named) in [
            (&[&b"BR"[..]][..], "br"),
            (&[b"gzip, br"], "gzip, br"),
            (&[b"gzip", b"gzip"], "gzip, gzip"),
            (&[b"deflate"], "deflate"),
            (&[b"gz\xE9"], "gz\u{fffd}"),
        ] {
            let unknown = Err(BodyError::Unknown(named.to_owned()));
            assert_eq!(is_packed(headers.iter().copied()), unknown);
        }
        let message = is_packed([&b"zstd"[..]]).unwrap_err().to_string();
        assert_eq!(message, "the Content-Encoding is `zstd`, and only gzip was requested");
    }

    proptest! {
        #[test]
        fn packed_bodies_are_unpacked_in_pieces_of_any_size(
            bytes in proptest::collection::vec(0_u8..4, 0..5_000),
            times in 1..40_usize,
            piece in 1..5_000_usize,
        ) {
            let bytes = bytes.repeat(times);
            prop_assert_eq!(collected(&packed(&bytes), piece, LIMIT), Ok(bytes));
        }
    }
}
