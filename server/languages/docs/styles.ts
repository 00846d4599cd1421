/** Docs as they stand in files: reading any style, writing each, and telling which a file uses. */
export { detectStyle } from './detect.js';
export { parseDoc } from './parse.js';
export { renderDoc, type RenderContext } from './render.js';
