//! Bytes handed to a decoder until a deadline.

use std::io::{self, BufRead, Read, Seek, SeekFrom};

use crate::limits::Deadline;

/// How many bytes are read between two looks at the clock.
const CHECK_EVERY_BYTES: u64 = 64 << 10;

/// Reads like a cursor, and fails once the deadline has passed.
pub(super) struct Guarded<'a> {
    inner: io::Cursor<&'a [u8]>,
    deadline: Deadline<'a>,
    until_check: u64,
}

impl<'a> Guarded<'a> {
    pub(super) fn new(bytes: &'a [u8], deadline: Deadline<'a>) -> Self {
        Self { inner: io::Cursor::new(bytes), deadline, until_check: 0 }
    }

    fn count(&mut self, len: usize) -> io::Result<()> {
        if let Some(left) = self.until_check.checked_sub(len as u64) {
            self.until_check = left;
            return Ok(());
        }
        self.until_check = CHECK_EVERY_BYTES;
        self.deadline.check().map_err(io::Error::other)
    }
}

impl Read for Guarded<'_> {
    fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        let len = self.inner.read(to)?;
        self.count(len)?;
        Ok(len)
    }
}

impl BufRead for Guarded<'_> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.count(1)?;
        // Handed out in pieces, so that the clock is looked at between them.
        let rest = self.inner.fill_buf()?;
        Ok(&rest[..rest.len().min(CHECK_EVERY_BYTES as usize)])
    }

    fn consume(&mut self, len: usize) {
        self.until_check = self.until_check.saturating_sub(len as u64);
        self.inner.consume(len);
    }
}

impl Seek for Guarded<'_> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.inner.seek(to)
    }
}
