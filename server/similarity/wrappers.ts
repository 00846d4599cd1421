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
/** In these a member alone is most often no file: the wrapper is tried first. */
const MEMBERS_FIRST = new Set<LanguageId>(['java', 'csharp']);

/** Texts to put before and after a unit so that the grammar takes it as a file, the likeliest first. */
export function wrappersOf(language: LanguageId): readonly (readonly [string, string])[] {
  const own = WRAPPERS[language] ?? [];
  if (language === 'php') {
    return PHP_WRAPPERS;
  }
  return MEMBERS_FIRST.has(language) ? [...own, BARE] : [BARE, ...own];
}
