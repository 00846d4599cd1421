import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';

/**
 * The folder that holds what the build lays beside the code: `wasm/`, `native/` and the worker bundles.
 * In the product it is the bundle's own folder; from sources (tests) it is the `dist` of the repository.
 * @throws Error when nothing was built yet
 */
function assetRoot(): string {
  for (let folder = __dirname; ; folder = dirname(folder)) {
    for (const candidate of [folder, join(folder, 'dist')]) {
      if (existsSync(join(candidate, 'wasm', 'web-tree-sitter.wasm'))) {
        return candidate;
      }
    }
    if (dirname(folder) === folder) {
      throw new Error('BatCoder is not built: run `npm run build` first.');
    }
  }
}

/** The full path of an asset, for example `assetPath('wasm', 'tree-sitter-go.wasm')`. */
export function assetPath(...parts: string[]): string {
  return join(assetRoot(), ...parts);
}
