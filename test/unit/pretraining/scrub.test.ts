import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { scrubCode, scrubDocText } from '../../../server/corpus/pretraining/scrub.js';

describe('scrubDocText', () => {
  it.each([
    ['Sends a letter to jane.roe+x@mail.example.org at once.', 'Sends a letter to at once.'],
    ['Sorts the list, see https://sort.example/quick?x=1 for more.', 'Sorts the list for more.'],
    ['Sorts the list (see <http://sort.example>).', 'Sorts the list.'],
    ['Reads the file. Author: Jane Roe', 'Reads the file.'],
    ['Reads the file (written by Jane Roe).', 'Reads the file.'],
    ['Reads the file. TODO(jroe): faster', 'Reads the file. TODO: faster'],
    ['Maps a user@host pair to a group.', 'Maps a user@host pair to a group.'],
    ['Returns the author of a book.', 'Returns the author of a book.'],
  ])('%s', (from, to) => {
    expect(scrubDocText(from)).toBe(to);
  });

  it('leaves no address in, wherever it stands', () => {
    const word = fc.stringMatching(/^[a-z]{1,8}$/);
    fc.assert(
      fc.property(fc.array(word), word, word, fc.array(word), (before, user, host, after) => {
        const text = [...before, `${user}@${host}.com`, `https://${host}.org/${user}`, ...after];
        expect(scrubDocText(text.join(' '))).not.toMatch(/@\w|:\/\//);
      }),
    );
  });
});

describe('scrubCode', () => {
  it('replaces addresses, and leaves code that only looks alike', () => {
    expect(scrubCode('send("jane@roe.example.org")\n@decorator\nx = a@b')).toBe(
      'send("user@example.com")\n@decorator\nx = a@b',
    );
  });

  it('takes out lines of credits and the names of those who promised work', () => {
    const code = '{\n  // Author: Jane Roe\n  // TODO(jroe): more\n  return author;\n}';
    expect(scrubCode(code)).toBe('{\n  // TODO: more\n  return author;\n}');
  });
});
