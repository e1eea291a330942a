/**
 * Names of files as text. Linux allows any bytes in a name. Each byte that is not part of valid UTF-8 becomes a
 * character of the last private range of Unicode. The text is valid in JSON and can be converted back to the same bytes.
 * If a name contains such characters, their bytes are converted, too. `protocol::file_name` is the counterpart in Rust.
 */

/** Character for the byte 0. */
const firstCharacter = 0x10ff00;

const hasBytes = /[\u{10ff00}-\u{10ffff}]/u;
const isDoubtful = /[\ufffd\u{10ff00}-\u{10ffff}]/u;

/** Reports whether a decoded text contains replacement characters or characters that represent bytes. */
export function isDoubtfulName(text: string): boolean {
  return isDoubtful.test(text);
}

/** Returns the text for the bytes of a name or path. */
export function nameToText(bytes: Uint8Array): string {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString();
  return isDoubtfulName(text) ? readBytes(bytes) : text;
}

/** Returns the name or path for a text, in the form that functions of `node:fs` accept. */
export function textToName(text: string): string | Buffer {
  if (!hasBytes.test(text)) return text;
  const parts = [...text].map((character) => {
    const code = character.codePointAt(0) ?? 0;
    return code >= firstCharacter ? Buffer.of(code - firstCharacter) : Buffer.from(character);
  });
  return Buffer.concat(parts);
}

function readBytes(bytes: Uint8Array): string {
  let text = "";
  for (let at = 0; at < bytes.length; ) {
    const length = lengthOfCharacter(bytes[at] ?? 0);
    const character = decode(bytes.subarray(at, at + length));
    const end = character === undefined ? at + 1 : at + length;
    if (character !== undefined && !hasBytes.test(character)) text += character;
    else for (const byte of bytes.subarray(at, end)) text += String.fromCodePoint(firstCharacter + byte);
    at = end;
  }
  return text;
}

function lengthOfCharacter(byte: number): number {
  if (byte < 0x80) return 1;
  if (byte < 0xe0) return 2;
  return byte < 0xf0 ? 3 : 4;
}

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

function decode(bytes: Uint8Array): string | undefined {
  try {
    const text = decoder.decode(bytes);
    return [...text].length === 1 ? text : undefined;
  } catch {
    return undefined;
  }
}
