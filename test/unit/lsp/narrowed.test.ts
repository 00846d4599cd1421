import fc from 'fast-check';
import { expect, test } from 'vitest';
import { TextDocument } from 'vscode-languageserver-textdocument';
import { narrowed } from '../../../server/lsp/inlineCompletion.js';

const doc = (text: string) => TextDocument.create('file:///x.ts', 'typescript', 1, text);

/** Ghost text for replacing `old` (the first occurrence) by `newText` with the cursor at `|`. */
function ghost(marked: string, old: string, newText: string) {
  const cursor = marked.indexOf('|');
  const text = marked.replace('|', '');
  const document = doc(text);
  const start = text.indexOf(old);
  const item = narrowed(document, start, start + old.length, newText, document.positionAt(cursor));
  return (
    item && {
      insert: item.insertText,
      result: TextDocument.applyEdits(document, [
        { range: item.range!, newText: item.insertText as string },
      ]),
    }
  );
}

test('a body over several lines becomes the text at the cursor', () => {
  expect(ghost('f() {\n  |\n}', ' {\n  \n}', ' {\n  return 1;\n}')).toEqual({
    insert: 'return 1;',
    result: 'f() {\n  return 1;\n}',
  });
});

test('the same between the braces of one line', () => {
  expect(ghost('f() {|}', ' {}', ' {\n  return 1;\n}')?.result).toBe('f() {\n  return 1;\n}');
});

test('blank lines before the cursor give way to code that goes above them', () => {
  expect(ghost('"""Doc."""\n    |\n', '', '')).toBeNull();
  const document = doc('def f():\n    """Doc."""\n    \n');
  const end = document.getText().indexOf('"""\n') + 3;
  const item = narrowed(document, end, end, '\n    return 1', { line: 2, character: 4 });
  expect(item?.insertText).toBe('return 1');
});

test('what would change another line is no ghost text', () => {
  expect(ghost('f() {\n  |\n}', 'f() {\n  \n}', 'g() { return 1; }')).toBeNull();
});

test('whatever is offered: it does what the edit does, on the line of the cursor', () => {
  const text = fc.string({ unit: fc.constantFrom('a', 'b', ' ', '\n', '{', '}'), maxLength: 30 });
  fc.assert(
    fc.property(text, text, fc.nat(30), fc.nat(30), fc.nat(30), (old, newText, a, b, c) => {
      const document = doc(old);
      const [start, end] = [a % (old.length + 1), b % (old.length + 1)].sort((x, y) => x - y);
      const cursor = document.positionAt(c % (old.length + 1));
      const item = narrowed(document, start, end, newText, cursor);
      if (!item) {
        return;
      }
      const { range } = item;
      expect(range!.start.line).toBe(cursor.line);
      expect(range!.end.line).toBe(cursor.line);
      const done = TextDocument.applyEdits(document, [
        { range: range!, newText: item.insertText as string },
      ]);
      // Blank text between the edit and the cursor may be gone; nothing else may differ.
      const wanted = old.slice(0, start) + newText + old.slice(end);
      expect(done.replace(/\s/g, '')).toBe(wanted.replace(/\s/g, ''));
    }),
  );
});
