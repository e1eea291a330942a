//! Decompression by the first bytes of the blob, because media types are often wrong.

use std::io::{BufRead, Read};

use bzip2::bufread::MultiBzDecoder;
use flate2::bufread::GzDecoder;
use lzma_rust2::XzReader;
use zstd::stream::read::Decoder as ZstdDecoder;

use super::error::BlobError;
use super::source::Source;

/// A decompressor for one of the supported formats.
pub enum Decoder<'a> {
    Plain(Source<'a>),
    /// `None` after the last member and its trailer.
    Gzip(Option<Box<GzDecoder<Source<'a>>>>),
    Zstd(Box<ZstdDecoder<'static, Source<'a>>>),
    Xz(Box<XzReader<Source<'a>>>),
    Bzip2(Box<MultiBzDecoder<Source<'a>>>),
}

impl<'a> Decoder<'a> {
    /// Chooses the format. A blob without a known signature is treated as uncompressed.
    pub fn detect(mut source: Source<'a>) -> Result<Self, BlobError> {
        match source.peek(6)? {
            [0x1f, 0x8b, ..] => Ok(Self::Gzip(Some(Box::new(GzDecoder::new(source))))),
            // The second signature is a skippable frame: parallel compressors begin with one.
            [0x28, 0xb5, 0x2f, 0xfd, ..] | [0x50..=0x5f, 0x2a, 0x4d, 0x18, ..] => {
                let decoder = ZstdDecoder::with_buffer(source).map_err(zstd_error)?;
                Ok(Self::Zstd(Box::new(decoder)))
            }
            [0xfd, b'7', b'z', b'X', b'Z', 0] => {
                Ok(Self::Xz(Box::new(XzReader::new(source, true))))
            }
            [b'B', b'Z', b'h', b'1'..=b'9', 0x31, 0x41] => {
                Ok(Self::Bzip2(Box::new(MultiBzDecoder::new(source))))
            }
            _ => Ok(Self::Plain(source)),
        }
    }

    /// Fills `into` and returns the count, which is smaller than the buffer only at the end of the stream.
    pub fn fill(&mut self, into: &mut [u8]) -> Result<usize, BlobError> {
        let mut filled = 0;
        while filled < into.len() {
            let got = self.read_some(&mut into[filled..])?;
            if got == 0 {
                break;
            }
            filled += got;
        }
        Ok(filled)
    }

    fn read_some(&mut self, into: &mut [u8]) -> Result<usize, BlobError> {
        match self {
            Self::Plain(source) => source
                .read(into)
                .map_err(|error| BlobError::unwrap(error, |_| BlobError::Cancelled)),
            Self::Zstd(decoder) => decoder.read(into).map_err(zstd_error),
            Self::Gzip(member) => gzip(member, into),
            Self::Xz(decoder) => {
                let read = decoder.read(into);
                read.map_err(|error| BlobError::unwrap(error, BlobError::Xz))
            }
            Self::Bzip2(decoder) => {
                let read = decoder.read(into);
                read.map_err(|error| BlobError::unwrap(error, BlobError::Bzip2))
            }
        }
    }
}

fn gzip(
    member: &mut Option<Box<GzDecoder<Source<'_>>>>,
    into: &mut [u8],
) -> Result<usize, BlobError> {
    while let Some(mut decoder) = member.take() {
        let got = decoder.read(into).map_err(gzip_error)?;
        if got > 0 {
            *member = Some(decoder);
            return Ok(got);
        }
        let mut source = decoder.into_inner();
        if source.peek(2)? == [0x1f, 0x8b] {
            *member = Some(Box::new(GzDecoder::new(source)));
        } else {
            check_padding(source)?;
        }
    }
    Ok(0)
}

/// Accepts zero bytes after the last member: some tools write them, and GNU gzip accepts them. Refuses any other byte.
fn check_padding(mut source: Source<'_>) -> Result<(), BlobError> {
    loop {
        let rest = source.fill_buf().map_err(gzip_error)?;
        if rest.is_empty() {
            return Ok(());
        }
        if rest.iter().any(|byte| *byte != 0) {
            return Err(BlobError::GzipTrailer);
        }
        let count = rest.len();
        source.consume(count);
    }
}

fn gzip_error(error: std::io::Error) -> BlobError {
    BlobError::unwrap(error, BlobError::Gzip)
}

fn zstd_error(error: std::io::Error) -> BlobError {
    BlobError::unwrap(error, BlobError::Zstd)
}
