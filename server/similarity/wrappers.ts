import type { LanguageId } from '../languages/types.js';

/** What a member of a class or a file of the language needs around it before the grammar takes it. */
const WRAPPERS: Partial<Record<LanguageId, readonly [string, string][]>> = {
  typescript: [
    ['class C {\n', '\n}'],
    ['(', '\n)'],
    ['({\n', '\n})'],
  ],
  tsx: [
    ['class C {\n', '\n}'],
    ['(', '\n)'],
    ['({\n', '\n})'],
  ],
  javascript: [
    ['class C {\n', '\n}'],
    ['(', '\n)'],
    ['({\n', '\n})'],
  ],
  java: [['class C {\n', '\n}']],
  csharp: [['class C {\n', '\n}']],
  cpp: [['class C {\n', '\n};']],
  kotlin: [['class C {\n', '\n}']],
  scala: [['class C {\n', '\n}']],
  rust: [['impl C {\n', '\n}']],
  lua: [['t = {\n', '\n}']],
};
const PHP_WRAPPERS: readonly [string, string][] = [
  ['<?php\n', '\n'],
  ['<?php class C {\n', '\n}'],
];
const BARE: [string, string] = ['', ''];
const ALONE = [BARE];
/** In these a member alone is most often no file: the wrapper is tried first. */
const MEMBERS_FIRST = new Set<LanguageId>(['java', 'csharp']);

/**
 * What no file of the language can begin with, but a class body can: a method with a modifier, with types on its
 * parameters or its result, or with its brace in the line of its parameters.
 */
const MEMBER = new RegExp(
  [
    // A name after a modifier in one line.
    String.raw`(?:(?:public|private|protected|static|override|readonly|async|get|set)[ \t]+)+(?!function\b)[#\w$]+[?!]?[ \t]*(?:[(<:]|=(?!>))`,
    String.raw`constructor\(\s*(?:public|private|protected|readonly)\s`,
    // A call to a word that is no keyword, which then goes on as no call does.
    String.raw`(?!(?:async|function|if|while|switch|for|with|catch|import|super)\b)[#\w$]+\((?:\s*\)\s*:|\s*[\w$]+\??\s*:|[\w$,\s]*\) ?\{)`,
  ]
    .map((form) => `^\\s*${form}`)
    .join('|'),
);
const SURE_MEMBER: Partial<Record<LanguageId, RegExp>> = {
  typescript: MEMBER,
  tsx: MEMBER,
  javascript: MEMBER,
  php: /^\s*(?:(?:public|private|protected|static|abstract|final)\s+)+function\s+&?\s*\w+\s*\(/,
};

/** Texts to put before and after a unit so that the grammar takes it as a file, the likeliest first. */
export function wrappersOf(language: LanguageId): readonly (readonly [string, string])[] {
  const own = WRAPPERS[language] ?? [];
  if (language === 'php') {
    return PHP_WRAPPERS;
  }
  return MEMBERS_FIRST.has(language) ? [...own, BARE] : [BARE, ...own];
}

/** Those of the language that are worth trying for a code. */
export function wrappersFor(
  language: LanguageId,
  code: string,
): readonly (readonly [string, string])[] {
  if (language === 'php' && /^\s*<\?/.test(code)) {
    return ALONE;
  }
  const wrappers = wrappersOf(language);
  return isSureMember(language, code) ? wrappers.slice(1) : wrappers;
}

/** Whether the code is sure to have a syntax error in the first wrapper, so that it need not be tried. */
export function isSureMember(language: LanguageId, code: string): boolean {
  return SURE_MEMBER[language]?.test(code) ?? false;
}
