/**
 * Byte-level BPE spells each byte as one printable character (Radford et al., GPT-2, 2019):
 * printable Latin-1 bytes stand for themselves, the other 68 take the characters from U+0100 on, in order.
 */
function byteCharacters(): string[] {
  const characters: string[] = [];
  let next = 0x100;
  for (let byte = 0; byte < 256; byte++) {
    const printable =
      (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte <= 0xff && byte !== 0xad);
    characters.push(String.fromCharCode(printable ? byte : next++));
  }
  return characters;
}

/** The character of each byte, by byte. */
export const BYTE_TO_CHARACTER: readonly string[] = byteCharacters();

const CHARACTER_TO_BYTE: ReadonlyMap<string, number> = new Map(
  BYTE_TO_CHARACTER.map((character, byte) => [character, byte]),
);

/** The bytes of a token in its spelling, or null where a character is not of the alphabet. */
export function tokenToBytes(token: string): Uint8Array | null {
  const bytes = new Uint8Array(token.length);
  for (let i = 0; i < token.length; i++) {
    const byte = CHARACTER_TO_BYTE.get(token[i]);
    if (byte === undefined) {
      return null;
    }
    bytes[i] = byte;
  }
  return bytes;
}
