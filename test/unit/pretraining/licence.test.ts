import { describe, expect, it } from 'vitest';
import { identifyLicence, LICENCE_FILE } from '../../../server/corpus/pretraining/licence.js';

const MIT = `Permission is hereby granted, free of charge, to any person obtaining a copy of this
software ... THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY`;
const BSD_2 = `Redistribution and use in source and binary forms, with or without modification ...
1. Redistributions of source code must ...
2. Redistributions in binary form must ...`;

describe('identifyLicence', () => {
  it.each([
    ['MIT', `The MIT License\n\nCopyright (c) Someone\n\n${MIT}`],
    ['BSD-2-Clause', BSD_2],
    [
      'BSD-3-Clause',
      `${BSD_2}\n3. Neither the name of the holder nor ... may be used to endorse it`,
    ],
    ['Apache-2.0', '                 Apache License\n           Version 2.0, January 2004'],
    ['ISC', 'Permission to use, copy, modify, and/or distribute this software for any purpose'],
    ['Unlicense', 'This is free and unencumbered software released into the public domain.'],
  ])('%s', (licence, text) => {
    expect(identifyLicence(text)).toBe(licence);
  });

  it.each([
    'GNU GENERAL PUBLIC LICENSE Version 3, 29 June 2007',
    `${MIT} ... "Commons Clause" License Condition v1.0`,
    'Mozilla Public License Version 2.0',
    'All rights reserved. Ask us.',
  ])('refuses: %s', (text) => {
    expect(identifyLicence(text)).toBeNull();
  });
});

describe('LICENCE_FILE', () => {
  it('knows the usual names', () => {
    for (const name of [
      'LICENSE',
      'LICENCE.md',
      'LICENSE-MIT',
      'COPYING',
      'UNLICENSE',
      'LICENSE.txt',
      'MIT-LICENSE',
      'thing-1.2.dist-info/licenses/COPYING',
    ]) {
      expect(name).toMatch(LICENCE_FILE);
    }
    for (const name of ['src/LICENSE', 'license.ts', 'LICENSES.csv']) {
      expect(name).not.toMatch(LICENCE_FILE);
    }
  });
});
