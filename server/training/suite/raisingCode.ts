import { rebuild, type UnitView } from '../../inference/view.js';
import type { LanguageId } from '../../languages/types.js';
import type { Similarity } from '../../similarity/similarity.js';

/** What raises an error in each language; Java refuses statements that it knows are never reached. */
const RAISE: Record<LanguageId, string> = {
  typescript: 'throw new Error();',
  tsx: 'throw new Error();',
  javascript: 'throw new Error();',
  python: 'raise RuntimeError()',
  go: 'panic("");',
  java: 'if (true) throw new RuntimeException();',
  rust: 'panic!();',
  c: '__builtin_trap();',
  cpp: '__builtin_trap();',
  ruby: 'raise',
  php: 'throw new \\Exception();',
  csharp: 'throw new System.Exception();',
  kotlin: 'throw RuntimeException();',
  scala: 'throw new RuntimeException();',
  lua: 'error("")',
  bash: 'exit 1;',
};

/** `this(...)`, `super(...)`, `outer.super(...)` or `<T>this(...)`, after comments. */
const JAVA_CALL =
  /^\s*\{(?:\s|\/\/.*|\/\*(?:[^*]|\*(?!\/))*\*\/)*(?:<[^>]*>\s*)?(?:[\w.]+\.)?(?:this|super)\s*\(/;

/**
 * A unit that raises an error before all that it does: what it did stays behind it, so that a compiler misses no use of
 * an import. Where its body is an expression, the error stands in its place. Null where no form parses, or compiles: a
 * constructor that has to call another one first.
 */
export function raisingCode(view: UnitView, similarity: Similarity): string | null {
  if (beginsWithConstructor(view)) {
    return null;
  }
  const raise = RAISE[view.language];
  const first = view.rest.replace(
    /^(\s*(?:=>?\s*)?\{)|^(\r?\n[ \t]*)/,
    (_, brace?: string, margin?: string) =>
      brace === undefined ? `${margin}${raise}${margin}` : `${brace} ${raise}`,
  );
  const forms = [` => { ${raise} }`, ` = ${raise}`, ` ${raise}`, ` { ${raise} }`];
  const rests = first === view.rest ? forms : [first, ...forms];
  return rests.map((rest) => rebuild(view, rest)).find((code) => similarity.parses(code)) ?? null;
}

/** Java's explicit calls of constructors come before all else in a body, as those of Scala's `this` always do. */
function beginsWithConstructor({ language, name, rest }: UnitView): boolean {
  return (language === 'scala' && name === 'this') || (language === 'java' && JAVA_CALL.test(rest));
}
