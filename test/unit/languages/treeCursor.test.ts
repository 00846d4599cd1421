import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TreeCursor } from 'web-tree-sitter';
import { describe, expect, test } from 'vitest';
import { loadParser } from '../../../server/languages/parser.js';
import { languageForFile } from '../../../server/languages/table.js';
import { TreeWalk } from '../../../server/languages/treeCursor.js';

const FOLDER = join(import.meta.dirname, '../../fixtures/languages');
const FILES = readdirSync(FOLDER).filter((file) => !file.endsWith('.expected'));

function walked(walk: TreeWalk): number[] {
  const found: number[] = [];
  let depth = 0;
  for (;;) {
    found.push(walk.type, walk.field, walk.start, walk.end, depth);
    if (walk.toFirstChild()) {
      depth++;
      continue;
    }
    while (!walk.toNextSibling()) {
      if (depth === 0) {
        walk.close();
        return found;
      }
      walk.toParent();
      depth--;
    }
  }
}

function expected(cursor: TreeCursor, depth = 0): number[] {
  const own = [cursor.nodeTypeId, cursor.currentFieldId, cursor.startIndex, cursor.endIndex, depth];
  if (cursor.gotoFirstChild()) {
    do {
      own.push(...expected(cursor, depth + 1));
    } while (cursor.gotoNextSibling());
    cursor.gotoParent();
  }
  return own;
}

describe('TreeWalk', () => {
  // It calls functions of the library that are not its published interface: an upgrade may change them.
  test.each(FILES)('visits in %s what the library’s own cursor does', async (file) => {
    const text = readFileSync(join(FOLDER, file), 'utf8');
    const parser = await loadParser(languageForFile(file, text)!.id);
    const tree = parser.parse(`${text}\n/* “ü” */`)!;
    const cursor = tree.walk();
    expect(walked(new TreeWalk(tree))).toEqual(expected(cursor));
    cursor.delete();
    tree.delete();
  });
});

describe('parseClean', () => {
  test.each(FILES)(
    'gives for every beginning of %s a tree exactly where it has no error',
    async (file) => {
      const text = readFileSync(join(FOLDER, file), 'utf8');
      const parser = await loadParser(languageForFile(file, text)!.id);
      for (let end = text.length; end > 0; end -= 151) {
        const [tree, clean] = [
          parser.parse(text.slice(0, end))!,
          parser.parseClean(text.slice(0, end)),
        ];
        expect(clean === null, `${end}`).toBe(tree.rootNode.hasError);
        if (clean !== null) {
          expect(clean.rootNode.toString()).toBe(tree.rootNode.toString());
        }
        tree.delete();
        clean?.delete();
      }
    },
  );
});
