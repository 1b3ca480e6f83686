//! Reads stdin in a separate thread, into a bounded buffer. The platform gives up if a destination reads
//! nothing for two hours, and memory must not grow while the program waits for a limit.

use std::io::{BufRead, BufReader, Read};

use tokio::sync::mpsc::{Receiver, channel};

/// The number of chunks in the buffer.
const CHUNKS: usize = 16;

/// A chunk ends at this size, or when no complete line is buffered.
const CHUNK_BYTES: usize = 64 << 10;

/// A longer line cannot be a row that Zendesk accepts.
const LONGEST_LINE_BYTES: u64 = 64 << 20;

/// Some lines, or the reason why reading failed.
pub type Chunk = Result<Vec<Vec<u8>>, String>;

/// Starts the thread. The channel closes at the end of input, or after an error.
pub fn lines(input: impl Read + Send + 'static) -> Receiver<Chunk> {
    let (sender, receiver) = channel(CHUNKS);
    std::thread::spawn(move || {
        let mut input = BufReader::with_capacity(CHUNK_BYTES, input);
        loop {
            let (chunk, is_end) = next_chunk(&mut input);
            let is_error = chunk.is_err();
            let is_empty = chunk.as_ref().is_ok_and(Vec::is_empty);
            // If the receiver is gone, the program has given up.
            if (!is_empty && sender.blocking_send(chunk).is_err()) || is_end || is_error {
                return;
            }
        }
    });
    receiver
}

/// Returns at least one line, and whether the input has ended.
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
