import type { Node } from 'web-tree-sitter';
import { fieldText, type Language, parameter, words } from './language.js';

const query = `
(function_item name: (_) @name) @function
(closure_expression) @lambda
(mod_item name: (_) @scope.name) @scope
(impl_item type: (_) @scope.name) @class
(trait_item name: (_) @scope.name) @class
(attribute_item) @decorator
(return_expression (_)) @returns.value
(line_comment) @comment
(block_comment) @comment
(ERROR) @error
`;

/** What a pattern binds, without the type and the marks before it: `&(x, y)` and `Point(x, y)` are `(x, y)`. */
function patternName(node: Node): string {
  return (fieldText(node, 'pattern') ?? '_')
    .replace(/^(?:&|mut\s|ref\s|\s)+/, '')
    .replace(/^[\w:]+\s*(?=[({])/, '')
    .replace(/^\(\s*(\w+)\s*\)$/, '$1');
}

export const rust: Language = {
  id: 'rust',
  name: 'Rust',
  extensions: ['.rs'],
  filenames: [],
  interpreters: [],
  vscodeIds: ['rust'],
  wasm: 'tree-sitter-rust.wasm',
  query,
  docStyles: ['rustdoc', 'plain'],
  keywords:
    words(`Self as async await break const continue crate dyn else enum extern false fn for if impl in let
    loop match mod move mut pub ref return self static struct super trait true type union unsafe use where while`),
  docs: {
    place: 'above',
    // Four slashes and `/***` are plain comments by the language's own rule.
    isDoc: (comment) => /^\/\/\/(?!\/)|^\/\*\*(?![*/])/.test(comment),
    joinsLines: true,
  },
  shape: {
    parameters(value) {
      const list = value.childForFieldName('parameters')?.namedChildren ?? [];
      return list
        .filter((node) => node.type === 'parameter')
        .map((node) => parameter(patternName(node), fieldText(node, 'type')));
    },
    returnType: (value) => fieldText(value, 'return_type'),
    nothing: words('() !'),
    decorators: words('attribute_item'),
  },
};
