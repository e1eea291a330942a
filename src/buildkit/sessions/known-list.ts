/** Packets with the entries of a list of files, each after its length. */
export type FileList = Uint8Array;

/** Compares the list of a transfer with the list of an earlier one, so that equal lists need not be read. */
export interface ListComparison {
  /** Tests whether a packet continues the earlier list, with which all packets before it agreed. */
  matches(packet: Uint8Array): boolean;
  /** Adds a packet that differs. */
  add(packet: Uint8Array): void;
  /** Tests whether the list equals the earlier one. */
  isKnown(): boolean;
  /** Yields the packets that matched, once; no later packet matches. */
  release(): Generator<Uint8Array>;
  /** Returns the list; undefined if it is too long to be kept. */
  list(): FileList | undefined;
}

/** Maximum size of a list that is kept, in bytes. */
const mostBytes = 8 * 1024 * 1024;
const lengthBytes = 4;

export function compareList(earlier: FileList | undefined): ListComparison {
  const known = Buffer.from(earlier?.buffer ?? new ArrayBuffer(0), earlier?.byteOffset, earlier?.byteLength);
  let matching = earlier !== undefined;
  let cursor = 0;
  let more = openBytes();
  return {
    matches(packet) {
      const begin = cursor + lengthBytes;
      const end = begin + packet.length;
      if (!matching || end > known.length || known.readUInt32LE(cursor) !== packet.length) return false;
      if (known.compare(packet, 0, packet.length, begin, end) !== 0) return false;
      cursor = end;
      return true;
    },
    add: (packet) => more.add(packet),
    isKnown: () => matching && cursor === known.length,
    *release() {
      if (!matching) return;
      matching = false;
      more = openBytes(known.subarray(0, cursor));
      for (let at = 0; at < cursor; ) {
        const begin = at + lengthBytes;
        at = begin + known.readUInt32LE(at);
        yield known.subarray(begin, at);
      }
    },
    list: () => (matching ? earlier : more.all()),
  };
}

/** Opens a buffer that grows up to the limit, and then keeps nothing. */
function openBytes(start: Uint8Array = new Uint8Array(0)) {
  let bytes = Buffer.alloc(Math.max(4096, start.length));
  bytes.set(start);
  let size = start.length;
  return {
    add(packet: Uint8Array) {
      const end = size + lengthBytes + packet.length;
      if (end > mostBytes) bytes = Buffer.alloc(0);
      else if (end > bytes.length && bytes.length > 0) {
        const grown = Buffer.alloc(Math.max(end, bytes.length * 2));
        grown.set(bytes.subarray(0, size));
        bytes = grown;
      }
      if (bytes.length === 0) return;
      bytes.writeUInt32LE(packet.length, size);
      bytes.set(packet, size + lengthBytes);
      size = end;
    },
    all: () => (bytes.length === 0 ? undefined : bytes.subarray(0, size)),
  };
}
