import { describe, expect, it } from 'vitest';
import { cleanDoc, plainText } from '../../../server/corpus/pretraining/docCleaning.js';
import type { UnitText } from '../../../server/corpus/unit.js';
import { renderPlainDoc } from '../../../server/languages/docs/plain.js';
import type { LanguageId } from '../../../server/languages/types.js';

/** A unit with these parameters; only what doc cleaning looks at is real. */
function unit(language: LanguageId, names: string[], returnsValue = true): UnitText {
  const parameters = names.map((name) => ({ name, type: null, optional: false, rest: false }));
  return { language, parameters, returns: { type: null, value: returnsValue } } as UnitText;
}

function cleaned(language: LanguageId, names: string[], comment: string, value = true): string {
  const doc = cleanDoc(unit(language, names, value), comment);
  return typeof doc === 'string' ? `rejected: ${doc}` : renderPlainDoc(doc);
}

describe('docs that are kept', () => {
  it('keeps the first paragraph, the parameters in the order of the signature, and the return', () => {
    const comment = `/**
     * Finds the shelf that a book stands on. Looks in the archive last.
     *
     * A later paragraph says more than a summary does.
     * @param {string} title the title,
     *   with its subtitle
     * @param {number} floor - where to begin
     * @returns {Shelf} the shelf, or null
     * @author Jane Roe <jane@roe.example>
     */`;
    expect(cleaned('javascript', ['floor', 'title'], comment)).toBe(
      [
        'Finds the shelf that a book stands on. Looks in the archive last.',
        '@param floor where to begin',
        '@param title the title, with its subtitle',
        '@returns the shelf, or null',
      ].join('\n'),
    );
  });

  it('reads numpy sections and drops the roles of reStructuredText', () => {
    const comment = `"""Return the norm of a :class:\`~space.Vector\`.

    Parameters
    ----------
    vector : array_like
        The components, in order.
    kind : {'max', 'sum'}
        How they are added up.

    Returns
    -------
    norm : float
        The norm, never negative.

    Notes
    -----
    Contributed by someone.
    """`;
    expect(cleaned('python', ['vector', 'kind'], comment)).toBe(
      [
        'Return the norm of a `space.Vector`.',
        '@param vector The components, in order.',
        '@param kind How they are added up.',
        '@returns The norm, never negative.',
      ].join('\n'),
    );
  });

  it('turns the tags of C# into plain words', () => {
    const comment = `/// <summary>
/// Opens the gate for a <see cref="T:Zoo.Keeper"/> who has a key.
/// </summary>
/// <param name="keeper">The one at the gate.</param>`;
    expect(cleaned('csharp', ['keeper'], comment)).toMatch(
      /^Opens the gate for a .*Keeper.* who has a key\.\n@param keeper The one at the gate\.$/,
    );
  });

  it('leaves out a return where nothing comes back, and texts that say nothing', () => {
    const comment =
      '/**\n * Closes the gate at night.\n * @param gate gate\n * @returns nothing at all\n */';
    expect(cleaned('java', ['gate'], comment, false)).toBe('Closes the gate at night.');
  });

  it('takes sentences off that lead elsewhere', () => {
    const comment =
      '// Fold folds the list from the left. See FoldRight too. For example:\n//   Fold(xs)';
    expect(cleaned('go', ['xs'], comment)).toBe('Fold folds the list from the left.');
  });

  it('takes the type off that the doc of an attribute begins with', () => {
    expect(cleaned('python', [], '"""bool: Whether the door is open."""')).toBe(
      'Whether the door is open.',
    );
    expect(cleaned('python', [], '"""Optional[:class:`Key`]: The key that fits."""')).toBe(
      'The key that fits.',
    );
  });

  it('ends a long summary at a sentence', () => {
    const long = `Sorts the rows. ${'It is stable and does not copy them. '.repeat(20)}`;
    const summary = cleaned('rust', [], `/// ${long}`);
    expect(summary.length).toBeLessThanOrEqual(320);
    expect(summary).toMatch(/them\.$/);
  });

  it('accepts a part of an options object, and a pattern whose name a doc cannot know', () => {
    const nested =
      '/**\n * Draws the chart again.\n * @param options how to\n * @param options.depth how deep it goes\n */';
    expect(cleaned('typescript', ['options'], nested)).toContain('@param options how to');
    const pattern = '/**\n * Draws the chart again.\n * @param settings how to draw it\n */';
    expect(cleaned('typescript', ['{ depth }'], pattern)).toBe('Draws the chart again.');
  });
});

describe('docs that are dropped', () => {
  it.each([
    ['empty', '/** */'],
    ['empty', '/** @param a the first of them */'],
    ['too-short', '/** Constructor. */'],
    ['licence', '/** Copyright 2020 Some Company. Does a thing that is useful. */'],
    ['to-do', '/** TODO: say what this does and why. */'],
    ['reference-only', '/** {@inheritDoc} */'],
    ['reference-only', '/** See the other method for what it does. */'],
    ['directive', '/** eslint-disable no-console, because of the terminal */'],
    ['code', '/** return this.items.map((item) => item.name); */'],
    ['code', '/** if (items.length > limit) { trim(items) */'],
    ['symbols', '/** ======== setters and ====== ++++ ---- **** ---- ==== **/'],
    ['not-english', '/** 返回列表中的第一个元素，如果列表为空则返回空值。 */'],
    ['not-english', '/** Возвращает первый элемент списка или ничего. */'],
    [
      'not-english',
      '/** Devuelve el primer elemento de la lista que cumple las condiciones dadas por el usuario */',
    ],
    [
      'mismatched-parameters',
      '/**\n * Moves the cursor there.\n * @param x where\n * @param y where as well\n */',
    ],
  ])('%s: %s', (reason, comment) => {
    expect(cleaned('typescript', ['a'], comment)).toBe(`rejected: ${reason}`);
  });

  it('too-long: a first sentence that never ends', () => {
    expect(cleaned('go', [], `// Run ${'goes on and '.repeat(60)}`)).toBe('rejected: too-long');
  });
});

describe('plainText', () => {
  it.each([
    ['the <code>key</code> of an <a href="x">entry</a>', 'the `key` of an entry'],
    ['a [map](https://maps.example/a_(b)) of it', 'a map of it'],
    ['uses [`Vec`] and [`Box`](std::boxed::Box)', 'uses `Vec` and `Box`'],
    ['the ``name`` and +value+ of **it**', 'the `name` and `value` of it'],
    ['sizes &lt;= 4 &amp; more', 'sizes <= 4 & more'],
    ['one + two + three', 'one + two + three'],
  ])('%s', (from, to) => {
    expect(plainText(from)).toBe(to);
  });
});
