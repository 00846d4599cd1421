import { type Language, words } from './language.js';

const query = `
(function_definition name: (_) @name) @function
(comment) @comment
(ERROR) @error
`;

export const bash: Language = {
  id: 'bash',
  name: 'Bash',
  extensions: ['.sh', '.bash', '.bats', '.ksh'],
  filenames: ['.bashrc', '.bash_profile', '.bash_aliases', '.profile', 'PKGBUILD'],
  interpreters: ['sh', 'bash', 'dash', 'ksh'],
  vscodeIds: ['shellscript'],
  wasm: 'tree-sitter-bash.wasm',
  query,
  docStyles: ['plain'],
  keywords:
    words(`break case continue coproc do done elif else esac eval exec exit export fi for function if in
    local readonly return select set shift source then time trap unset until while`),
  docs: {
    place: 'above',
    isDoc: (comment) => !/^#!|^#\s*shellcheck\b/.test(comment),
    joinsLines: true,
  },
  shape: {
    // Arguments have numbers, not names.
    parameters: () => [],
    returnType: () => null,
    nothing: new Set(),
    decorators: new Set(),
    // What a function writes last is what its caller captures with $(...).
    impliesValue: (_value, body) => /^(?:echo|printf)\b/.test(body.lastNamedChild?.text ?? ''),
  },
};
