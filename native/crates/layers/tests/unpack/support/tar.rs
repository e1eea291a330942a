//! Writing archives byte by byte, so that tests can write malformed ones.

/// A header. Its fields are written unchecked.
#[derive(Clone)]
pub struct Header {
    pub name: Vec<u8>,
    pub prefix: Vec<u8>,
    pub link: Vec<u8>,
    pub flag: u8,
    pub mode: u32,
    pub uid: i64,
    pub gid: i64,
    pub size: u64,
    pub modified: i64,
    pub magic: [u8; 8],
    pub device: (u32, u32),
}

pub const USTAR: [u8; 8] = *b"ustar\x0000";
pub const GNU: [u8; 8] = *b"ustar  \0";

impl Header {
    pub fn new(flag: u8, name: impl AsRef<[u8]>) -> Self {
        Self {
            name: name.as_ref().to_vec(),
            prefix: Vec::new(),
            link: Vec::new(),
            flag,
            mode: if flag == b'5' { 0o755 } else { 0o644 },
            uid: 0,
            gid: 0,
            size: 0,
            modified: 1_700_000_000,
            magic: USTAR,
            device: (0, 0),
        }
    }

    pub fn link(mut self, target: impl AsRef<[u8]>) -> Self {
        self.link = target.as_ref().to_vec();
        self
    }

    pub fn mode(mut self, mode: u32) -> Self {
        self.mode = mode;
        self
    }

    pub fn owner(mut self, uid: i64, gid: i64) -> Self {
        self.uid = uid;
        self.gid = gid;
        self
    }

    pub fn modified(mut self, seconds: i64) -> Self {
        self.modified = seconds;
        self
    }

    pub fn size(mut self, size: u64) -> Self {
        self.size = size;
        self
    }

    pub fn magic(mut self, magic: [u8; 8]) -> Self {
        self.magic = magic;
        self
    }

    pub fn prefix(mut self, prefix: impl AsRef<[u8]>) -> Self {
        self.prefix = prefix.as_ref().to_vec();
        self
    }

    pub fn device(mut self, major: u32, minor: u32) -> Self {
        self.device = (major, minor);
        self
    }

    pub fn block(&self) -> [u8; 512] {
        let mut block = [0; 512];
        put(&mut block[..100], &self.name);
        number(&mut block[100..108], self.mode.into());
        number(&mut block[108..116], self.uid);
        number(&mut block[116..124], self.gid);
        number(&mut block[124..136], self.size.cast_signed());
        number(&mut block[136..148], self.modified);
        block[156] = self.flag;
        put(&mut block[157..257], &self.link);
        block[257..265].copy_from_slice(&self.magic);
        number(&mut block[329..337], self.device.0.into());
        number(&mut block[337..345], self.device.1.into());
        put(&mut block[345..500], &self.prefix);
        seal(&mut block);
        block
    }
}

/// Writes a number as octal text with a NUL if it fits, and as base-256 if not.
fn number(field: &mut [u8], value: i64) {
    let digits = field.len() - 1;
    let text = format!("{value:0digits$o}");
    if value >= 0 && text.len() == digits {
        field[..digits].copy_from_slice(text.as_bytes());
        return;
    }
    let wide = i128::from(value).to_be_bytes();
    field.copy_from_slice(&wide[wide.len() - field.len()..]);
    field[0] |= 0x80;
}

fn put(field: &mut [u8], value: &[u8]) {
    let count = value.len().min(field.len());
    field[..count].copy_from_slice(&value[..count]);
}

/// Sets the checksum.
pub fn seal(block: &mut [u8; 512]) {
    block[148..156].fill(b' ');
    let sum: u32 = block.iter().map(|byte| u32::from(*byte)).sum();
    block[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
}

#[derive(Default, Clone)]
pub struct Tar {
    bytes: Vec<u8>,
}

impl Tar {
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds an entry with the size of its data.
    pub fn add(self, header: Header, data: impl AsRef<[u8]>) -> Self {
        let data = data.as_ref();
        let size = data.len() as u64;
        self.raw(header.size(size).block()).raw(data).pad()
    }

    /// Adds a header without data; the size in the header stays.
    pub fn bare(self, header: &Header) -> Self {
        self.raw(header.block())
    }

    pub fn raw(mut self, bytes: impl AsRef<[u8]>) -> Self {
        self.bytes.extend_from_slice(bytes.as_ref());
        self
    }

    pub fn pad(mut self) -> Self {
        self.bytes.resize(self.bytes.len().next_multiple_of(512), 0);
        self
    }

    pub fn file(self, name: impl AsRef<[u8]>, content: impl AsRef<[u8]>) -> Self {
        self.add(Header::new(b'0', name), content)
    }

    pub fn directory(self, name: impl AsRef<[u8]>) -> Self {
        self.bare(&Header::new(b'5', name))
    }

    pub fn symlink(self, name: impl AsRef<[u8]>, target: impl AsRef<[u8]>) -> Self {
        self.bare(&Header::new(b'2', name).link(target).mode(0o777))
    }

    pub fn hard_link(self, name: impl AsRef<[u8]>, target: impl AsRef<[u8]>) -> Self {
        self.bare(&Header::new(b'1', name).link(target))
    }

    /// Adds an extended header for the next entry.
    pub fn pax<K: AsRef<[u8]>, V: AsRef<[u8]>>(self, records: &[(K, V)]) -> Self {
        let text = pax_records(records);
        self.add(Header::new(b'x', "PaxHeaders/x"), text)
    }

    pub fn global<K: AsRef<[u8]>, V: AsRef<[u8]>>(self, records: &[(K, V)]) -> Self {
        let text = pax_records(records);
        self.add(Header::new(b'g', "pax_global_header"), text)
    }

    /// Adds GNU's long name (`L`) or long link target (`K`) for the next entry.
    pub fn gnu_long(self, flag: u8, name: impl AsRef<[u8]>) -> Self {
        let data = [name.as_ref(), b"\0"].concat();
        self.add(Header::new(flag, "././@LongLink").magic(GNU), data)
    }

    pub fn finish(self) -> Vec<u8> {
        self.raw([0; 1024]).bytes
    }

    /// Returns the archive without the blocks at its end.
    pub fn unfinished(self) -> Vec<u8> {
        self.bytes
    }
}

fn pax_records<K: AsRef<[u8]>, V: AsRef<[u8]>>(records: &[(K, V)]) -> Vec<u8> {
    let mut text = Vec::new();
    for (key, value) in records {
        let body = [b" ", key.as_ref(), b"=", value.as_ref(), b"\n"].concat();
        let mut length = body.len();
        while length != body.len() + length.to_string().len() {
            length = body.len() + length.to_string().len();
        }
        text.extend_from_slice(length.to_string().as_bytes());
        text.extend_from_slice(&body);
    }
    text
}
