/** Licences that let anyone train on and give away what was made from the text. */
export const PERMISSIVE = [
  'MIT',
  'BSD-2-Clause',
  'BSD-3-Clause',
  'Apache-2.0',
  'PSF-2.0',
  'ISC',
  'Unlicense',
] as const;
export type PermissiveLicence = (typeof PERMISSIVE)[number];

/** Wording that only the named licence has, after white space is made single and all is lower case. */
const WORDING: readonly [PermissiveLicence, RegExp][] = [
  ['Apache-2.0', /apache license,? version 2\.0|apache license version 2\.0, january 2004/],
  ['Unlicense', /this is free and unencumbered software released into the public domain/],
  ['PSF-2.0', /python software foundation license version 2/],
  [
    'BSD-3-Clause',
    /redistribution and use in source and binary forms.*(?:neither the names? of|the names? of any contributors).*be used to endorse/,
  ],
  [
    'BSD-2-Clause',
    /redistribution and use in source and binary forms.*redistributions? in binary form/,
  ],
  [
    'ISC',
    /permission to use, copy, modify,? and(?:\/or)? distribute this software for any purpose/,
  ],
  [
    'MIT',
    /permission is hereby granted,? free of charge,? to any person obtaining a copy.*the software is provided ['"]?as is/,
  ],
];

/** Wording of licences that ask for more than naming the author. One of them in the text means: hands off. */
const RESTRICTIVE =
  /gnu (?:lesser |affero |library )?general public license(?! compatible)|mozilla public license|eclipse public license|server side public license|business source license|commons clause|non-?commercial|creative commons attribution-share/;

/** Where a licence file stands: at the top of a repository, or in the metadata of a Python package. */
export const LICENCE_FILE =
  /^(?:[\w.-]+\.dist-info\/(?:licenses\/)?)?(?:mit-)?(?:licen[cs]e|copying|unlicense)(?:[-_.](?:md|txt|rst|mit|apache(?:-?2\.0)?|apache2|bsd|isc))*$/i;

/**
 * Which permissive licence a licence file grants, by its wording; null where it is another one, or unclear.
 * Where a project offers a choice in several files, each is read by itself.
 */
export function identifyLicence(text: string): PermissiveLicence | null {
  const plain = text
    .replace(/[“”„]/g, '"')
    .replace(/[#*>_=\s-]+/g, ' ')
    .toLowerCase();
  if (RESTRICTIVE.test(plain)) {
    return null;
  }
  // A file that bundles the notices of others names several: the first in the text is the project's own.
  let first: { licence: PermissiveLicence; at: number } | null = null;
  for (const [licence, wording] of WORDING) {
    const at = plain.search(wording);
    if (at >= 0 && (first === null || at < first.at)) {
      first = { licence, at };
    }
  }
  return first?.licence ?? null;
}
