// Draws media/icon.png: a bat between angle brackets. node scripts/draw-icon.mjs
import { writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { crc32, deflateSync } from 'node:zlib';

const SIZE = 256;
const SAMPLES = 4; // a pixel is the mean of 4 x 4 samples
const TOP = [37, 48, 76];
const BOTTOM = [19, 25, 42];
const BAT = [244, 240, 226];
const BRACKET = [246, 173, 85];

/** The right half of the bat around x = 0, from the dip between the ears to the tail; y grows downwards. */
const HALF = [
  [0, -20],
  [5, -22],
  [9, -38],
  [16, -24],
  [19, -12],
  [26, -9],
  [38, -24],
  [56, -33],
  [78, -30],
  [70, -17],
  [66, -2],
  [66, 14],
  [54, 6],
  [44, 7],
  [37, 20],
  [28, 13],
  [18, 17],
  [9, 30],
  [0, 44],
];
const outline = [
  ...HALF,
  ...HALF.slice(1, -1)
    .reverse()
    .map(([x, y]) => [-x, y]),
];
const EYES = [
  [-6, -9],
  [6, -9],
];

const inPolygon = (x, y) => {
  let inside = false;
  for (let i = 0, j = outline.length - 1; i < outline.length; j = i++) {
    const [xi, yi] = outline[i];
    const [xj, yj] = outline[j];
    if (yi > y !== yj > y && x < ((xj - xi) * (y - yi)) / (yj - yi) + xi) {
      inside = !inside;
    }
  }
  return inside;
};

const toSegment = (x, y, [ax, ay], [bx, by]) => {
  const t = Math.max(
    0,
    Math.min(1, ((x - ax) * (bx - ax) + (y - ay) * (by - ay)) / ((bx - ax) ** 2 + (by - ay) ** 2)),
  );
  return Math.hypot(x - ax - t * (bx - ax), y - ay - t * (by - ay));
};

const inRoundedSquare = (x, y, half, radius) =>
  Math.hypot(Math.max(0, Math.abs(x) - half + radius), Math.max(0, Math.abs(y) - half + radius)) <=
  radius;

/** Colour and opacity at a point; the centre of the icon is the origin. */
function at(x, y) {
  if (!inRoundedSquare(x, y, 124, 44)) {
    return [0, 0, 0, 0];
  }
  const bx = x * 1.02;
  const by = (y + 22) * 1.02;
  if (inPolygon(bx, by) && !EYES.some(([ex, ey]) => Math.hypot(bx - ex, by - ey) < 2.8)) {
    return [...BAT, 255];
  }
  const ax = Math.abs(x);
  const bracket = Math.min(
    toSegment(ax, y, [46, 42], [74, 64]),
    toSegment(ax, y, [74, 64], [46, 86]),
  );
  if (bracket < 6.5 || toSegment(x, y, [11, 44], [-11, 84]) < 6.5) {
    return [...BRACKET, 255];
  }
  const shade = (y + 128) / 256;
  return [...TOP.map((top, i) => top + (BOTTOM[i] - top) * shade), 255];
}

function chunk(type, data) {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const out = Buffer.alloc(body.length + 8);
  out.writeUInt32BE(data.length, 0);
  body.copy(out, 4);
  out.writeUInt32BE(crc32(body), body.length + 4);
  return out;
}

const rows = [];
for (let row = 0; row < SIZE; row++) {
  const line = Buffer.alloc(1 + SIZE * 4);
  for (let column = 0; column < SIZE; column++) {
    const sum = [0, 0, 0, 0];
    for (let i = 0; i < SAMPLES * SAMPLES; i++) {
      const x = column + ((i % SAMPLES) + 0.5) / SAMPLES - SIZE / 2;
      const y = row + (Math.floor(i / SAMPLES) + 0.5) / SAMPLES - SIZE / 2;
      const [r, g, b, a] = at(x, y);
      [r * a, g * a, b * a, a].forEach((value, k) => {
        sum[k] += value;
      });
    }
    const alpha = sum[3];
    const pixel = alpha === 0 ? [0, 0, 0] : sum.slice(0, 3).map((value) => value / alpha);
    line.set([...pixel, alpha / SAMPLES ** 2].map(Math.round), 1 + column * 4);
  }
  rows.push(line);
}
const header = Buffer.alloc(13);
header.writeUInt32BE(SIZE, 0);
header.writeUInt32BE(SIZE, 4);
header.set([8, 6, 0, 0, 0], 8); // 8 bits, RGBA
const png = Buffer.concat([
  Buffer.from([137, 80, 78, 71, 13, 10, 26, 10]),
  chunk('IHDR', header),
  chunk('IDAT', deflateSync(Buffer.concat(rows), { level: 9 })),
  chunk('IEND', Buffer.alloc(0)),
]);
writeFileSync(join(dirname(dirname(fileURLToPath(import.meta.url))), 'media', 'icon.png'), png);
