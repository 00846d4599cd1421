import { fieldText, type Language, parameter, words } from './language.js';

const query = `
(function_definition name: (_) @name) @function
(lambda_expression) @lambda
(class_definition name: (_) @scope.name) @class
(object_definition name: (_) @scope.name) @class
(trait_definition name: (_) @scope.name) @class
(enum_definition name: (_) @scope.name) @class
(return_expression (_)) @returns.value
(comment) @comment
(block_comment) @comment
(ERROR) @error
`;

export const scala: Language = {
  id: 'scala',
  name: 'Scala',
  extensions: ['.scala', '.sc', '.sbt'],
  filenames: [],
  interpreters: ['scala'],
  vscodeIds: ['scala'],
  wasm: 'tree-sitter-scala.wasm',
  query,
  docStyles: ['scaladoc', 'plain'],
  keywords:
    words(`abstract case catch class def do else enum export extends false final finally for given if
    implicit import lazy match new null object override package private protected return sealed super then this
    throw trait true try type using val var while with yield`),
  docs: { place: 'above', isDoc: (comment) => comment.startsWith('/**'), joinsLines: false },
  shape: {
    parameters(value) {
      return value
        .childrenForFieldName('parameters')
        .filter((list) => list.type === 'parameters')
        .flatMap((list) => list.namedChildren.filter((node) => node.type === 'parameter'))
        .map((node) => {
          const type = node.childForFieldName('type');
          return parameter(fieldText(node, 'name') ?? '', type?.text ?? null, {
            optional: node.childForFieldName('default_value') !== null,
            rest: type?.type === 'repeated_parameter_type',
          });
        });
    },
    returnType: (value) => fieldText(value, 'return_type'),
    nothing: words('Unit Nothing'),
    decorators: words('annotation'),
    // Without a type, `=` gives the value of the body; the old procedure form (no `=`) gives none.
    impliesValue: (value) => value.children.some((node) => node.type === '='),
    isConstructor: (name, owner) => name === 'this' && owner !== null,
  },
};
