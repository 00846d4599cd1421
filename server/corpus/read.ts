/** The text of a source file: UTF-8, without a byte order mark; bytes that are no UTF-8 become U+FFFD. */
export function decodeSource(bytes: Uint8Array): string {
  return new TextDecoder('utf-8').decode(bytes);
}
