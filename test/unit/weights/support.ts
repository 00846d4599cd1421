import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';

/** A folder that is gone after the test file. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'batcoder-weights-'));
  afterAll(() => rmSync(folder, { recursive: true }));
  return folder;
}

/** The bits of floats, so that -0, NaN and infinities compare. */
export function bits(values: Float32Array): number[] {
  return [...new Uint32Array(values.buffer, values.byteOffset, values.length)];
}

/** A safetensors file of a header, given as JSON or as text, and data. */
export function fileBytes(header: unknown, data: Uint8Array, claimedLength?: bigint): Buffer {
  const text = Buffer.from(typeof header === 'string' ? header : JSON.stringify(header), 'utf8');
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(claimedLength ?? BigInt(text.length));
  return Buffer.concat([length, text, data]);
}
