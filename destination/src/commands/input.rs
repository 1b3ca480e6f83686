//! Reads stdin in a thread of its own, into a bounded buffer: the platform gives up on a destination that takes
//! nothing for two hours, and memory must not grow while limits are waited for.

use std::io::{BufRead, BufReader, Read};

use tokio::sync::mpsc::{Receiver, channel};

/// Chunks on their way.
const CHUNKS: usize = 16;

/// A chunk is handed over when it is as large as this, or when no further line is there yet.
const CHUNK_BYTES: usize = 64 << 10;

/// A longer line is no row that Zendesk could take.
const LONGEST_LINE_BYTES: u64 = 64 << 20;

/// Lines, or why there are no more.
pub type Chunk = Result<Vec<Vec<u8>>, String>;

/// Starts to read.
pub fn lines(input: impl Read + Send + 'static) -> Receiver<Chunk> {
    let (sender, receiver) = channel(CHUNKS);
    std::thread::spawn(move || {
        let mut input = BufReader::with_capacity(CHUNK_BYTES, input);
        loop {
            let (chunk, is_end) = next_chunk(&mut input);
            let is_error = chunk.is_err();
            let is_empty = chunk.as_ref().is_ok_and(Vec::is_empty);
            // Whoever takes no more has given up.
            if (!is_empty && sender.blocking_send(chunk).is_err()) || is_end || is_error {
                return;
            }
        }
    });
    receiver
}

/// The lines that are there, at least one, and whether they are the last.
fn next_chunk(input: &mut BufReader<impl Read>) -> (Chunk, bool) {
    let (mut lines, mut bytes) = (Vec::new(), 0);
    loop {
        let mut line = Vec::new();
        match input.by_ref().take(LONGEST_LINE_BYTES).read_until(b'\n', &mut line) {
            Err(error) => return (Err(error.to_string()), true),
            Ok(0) => return (Ok(lines), true),
            Ok(read) if read as u64 == LONGEST_LINE_BYTES && !line.ends_with(b"\n") => {
                let why = format!("a line is longer than {} MB", LONGEST_LINE_BYTES >> 20);
                return (Err(why), true);
            }
            Ok(read) => {
                bytes += read;
                if !line.iter().all(u8::is_ascii_whitespace) {
                    lines.push(line);
                }
            }
        }
        let has_more = input.buffer().contains(&b'\n');
        if bytes >= CHUNK_BYTES || !has_more {
            return (Ok(lines), false);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_come_in_order_and_blank_ones_do_not() {
        let text = b"a\n\n  \nb\nc";
        let mut receiver = lines(&text[..]);
        let mut found = Vec::new();
        while let Some(chunk) = receiver.blocking_recv() {
            found.extend(chunk.unwrap());
        }
        assert_eq!(found, [b"a\n".to_vec(), b"b\n".to_vec(), b"c".to_vec()]);
    }
}
