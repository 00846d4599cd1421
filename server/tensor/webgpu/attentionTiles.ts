import type { WebgpuBackend } from './backend.js';

/** What the shaders read of one segment, in the order of `packSegments`. */
const FIELDS = 4;

/** Queries and keys that a workgroup holds at a time: as many as its memory allows. */
export function tileOf(backend: WebgpuBackend, headSize: number): number {
  const most = backend.device.limits.maxComputeWorkgroupStorageSize;
  const stride = headSize | 1;
  const fits = [16, 8, 4, 2].find((tile) => 4 * (4 * tile * stride + 2 * tile * tile) <= most);
  if (fits === undefined) {
    throw new Error(`Heads of ${headSize} do not fit the ${most} bytes of a workgroup.`);
  }
  return fits;
}

/** WGSL that all the attention shaders begin with. Rows of a tile lie an odd number of floats apart. */
export function tileConstants(tile: number, headSize: number): string {
  return `
    const T = ${tile}u;
    const D = ${headSize}u;
    const S = ${headSize | 1}u;
    const PER = ${Math.ceil(headSize / tile)}u;
    struct Params { heads: u32, kvHeads: u32, blocks: u32, scale: f32 }`;
}

/** The begin of a shader whose workgroup (x, y) has a block, and whose thread is (j, i). */
export const BLOCK_ENTRY = `@compute @workgroup_size(T, T)
  fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
          @builtin(local_invocation_id) local: vec3u) {
    let block = group.x + group.y * groups.x;
    if (block >= p.blocks) { return; }
    let i = local.y;
    let j = local.x;`;

/** The same where the blocks are those of {@link queryBlocks}, and z is the head. */
export const QUERY_ENTRY = `${BLOCK_ENTRY}
    let start = u32(blocks[block * 5u]);
    let end = u32(blocks[block * 5u + 1u]);
    let segment = u32(blocks[block * 5u + 2u]);
    let prefixStart = u32(blocks[block * 5u + 3u]);
    let prefix = u32(blocks[block * 5u + 4u]) - prefixStart;
    let seen = prefix + end - segment;
    let head = group.z;
    let kvHead = head * p.kvHeads / p.heads;`;

/** Blocks of up to a tile of queries of one segment, five numbers each: start, end, segment, prefix, its end. */
export function queryBlocks(segments: Int32Array, tile: number): Int32Array {
  const blocks: number[] = [];
  for (let s = 0; s < segments.length; s += FIELDS) {
    const [start, end, prefixStart, prefixEnd] = segments.subarray(s, s + FIELDS);
    for (let first = start; first < end; first += tile) {
      blocks.push(first, Math.min(end, first + tile), start, prefixStart, prefixEnd);
    }
  }
  return Int32Array.from(blocks);
}

/**
 * Blocks of up to a tile of keys, four numbers each: start, end, and from where to where their entries lie in the
 * same array. An entry, five numbers: the queries from, to, which see the keys from, to, and whether only those up to
 * themselves.
 */
export function keyBlocks(
  segments: Int32Array,
  tile: number,
): { count: number; blocks: Int32Array } {
  const blocks: number[][] = [];
  const entries: number[] = [];
  const ends: number[] = [];
  for (let s = 0; s < segments.length; s += FIELDS) {
    const [start, end] = segments.subarray(s, s + 2);
    for (let first = start; first < end; first += tile) {
      const last = Math.min(end, first + tile);
      blocks.push([first, last, entries.length]);
      entries.push(first, end, start, end, 1);
      for (let other = s + FIELDS; other < segments.length; other += FIELDS) {
        const [from, to, prefixStart, prefixEnd] = segments.subarray(other, other + FIELDS);
        if (prefixStart < last && prefixEnd > first) {
          entries.push(from, to, prefixStart, prefixEnd, 0);
        }
      }
      ends.push(entries.length);
    }
  }
  const offset = blocks.length * 4;
  const heads = blocks.flatMap(([first, last, from], i) => [
    first,
    last,
    offset + from,
    offset + ends[i],
  ]);
  return { count: blocks.length, blocks: Int32Array.from([...heads, ...entries]) };
}
