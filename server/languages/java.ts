import type { Node } from 'web-tree-sitter';
import { fieldText, type Language, parameter, words } from './language.js';
import type { Parameter } from './types.js';

const query = `
(method_declaration name: (_) @name) @method
(constructor_declaration name: (_) @name) @constructor
(compact_constructor_declaration name: (_) @name) @constructor
(lambda_expression) @lambda
(class_declaration name: (_) @scope.name) @class
(interface_declaration name: (_) @scope.name) @class
(enum_declaration name: (_) @scope.name) @class
(record_declaration name: (_) @scope.name) @class
(annotation_type_declaration name: (_) @scope.name) @class
(enum_constant name: (_) @scope.name body: (_)) @class
(return_statement (_)) @returns.value
(block_comment) @comment
(line_comment) @comment
(ERROR) @error
`;

function formalParameter(node: Node): Parameter | null {
  switch (node.type) {
    case 'formal_parameter':
      return parameter(fieldText(node, 'name') ?? '', fieldText(node, 'type'));
    case 'spread_parameter': {
      const declarator = node.namedChildren.find((child) => child.type === 'variable_declarator');
      const type = node.namedChildren.find(
        (child) => !['modifiers', 'variable_declarator'].includes(child.type),
      );
      const name = declarator === undefined ? null : fieldText(declarator, 'name');
      return name === null ? null : parameter(name, type?.text ?? null, { rest: true });
    }
    default:
      return null;
  }
}

export const java: Language = {
  id: 'java',
  name: 'Java',
  extensions: ['.java'],
  filenames: [],
  interpreters: [],
  vscodeIds: ['java'],
  wasm: 'tree-sitter-java.wasm',
  query,
  docStyles: ['javadoc', 'plain'],
  keywords:
    words(`abstract assert boolean break byte case catch char class const continue default do double else
    enum extends false final finally float for goto if implements import instanceof int interface long native new
    null package permits private protected public record return sealed short static strictfp super switch
    synchronized this throw throws transient true try var void volatile while yield`),
  docs: { place: 'above', isDoc: (comment) => comment.startsWith('/**'), joinsLines: false },
  shape: {
    parameters(value) {
      const list = value.childForFieldName('parameters')?.namedChildren ?? [];
      return list.map(formalParameter).filter((each) => each !== null);
    },
    returnType: (value) => fieldText(value, 'type'),
    nothing: words('void'),
    decorators: words('annotation marker_annotation'),
  },
};
