import { fieldText, type Language, parameter, words } from './language.js';

const query = `
(function_declaration name: (_) @name) @function
(method_declaration name: (_) @name) @method
(func_literal) @lambda
(return_statement (_)) @returns.value
(comment) @comment
(ERROR) @error
`;

export const go: Language = {
  id: 'go',
  name: 'Go',
  extensions: ['.go'],
  filenames: [],
  interpreters: [],
  vscodeIds: ['go'],
  wasm: 'tree-sitter-go.wasm',
  query,
  docStyles: ['godoc', 'plain'],
  keywords:
    words(`break case chan const continue default defer else fallthrough false for func go goto if import
    interface iota map nil package range return select struct switch true type var`),
  docs: {
    place: 'above',
    // Directives (`//go:build`, `//nolint`) and the C preamble of cgo are not docs.
    isDoc: (comment) => !/^\/\/(?:go:|nolint|export |line )/.test(comment),
    joinsLines: true,
  },
  shape: {
    parameters(value) {
      const list = value.childForFieldName('parameters')?.namedChildren ?? [];
      return list.flatMap((node) => {
        const type = fieldText(node, 'type');
        const rest = node.type === 'variadic_parameter_declaration';
        return node
          .childrenForFieldName('name')
          .filter((name) => name.isNamed)
          .map((name) => parameter(name.text, type, { rest }));
      });
    },
    returnType: (value) => fieldText(value, 'result'),
    nothing: words('()'),
    decorators: new Set(),
    name(name, definition) {
      const receiver = definition.childForFieldName('receiver')?.namedChildren[0];
      const type = receiver === undefined ? null : fieldText(receiver, 'type');
      const owner = type === null ? null : /[A-Za-z_]\w*/.exec(type);
      return name === null
        ? null
        : { name: name.text, qualifier: owner === null ? [] : [owner[0]] };
    },
  },
};
