import type { Node } from 'web-tree-sitter';
import { fieldText, type Language, parameter, words } from './language.js';
import type { Parameter } from './types.js';

const query = `
(function_definition name: (_) @name) @function
(lambda) @lambda
(class_definition name: (_) @scope.name) @class
(decorated_definition definition: (_) @inner) @outer
(return_statement (_)) @returns.value
(yield) @returns.value
(comment) @comment
(ERROR) @error
`;

function formalParameter(node: Node): Parameter | null {
  switch (node.type) {
    case 'identifier':
    case 'tuple_pattern':
      return parameter(node.text, null);
    case 'list_splat_pattern':
    case 'dictionary_splat_pattern':
      return parameter(node.text.replace(/^\*+\s*/, ''), null, { rest: true });
    case 'default_parameter':
    case 'typed_default_parameter':
      return parameter(fieldText(node, 'name') ?? '', fieldText(node, 'type'), { optional: true });
    case 'typed_parameter': {
      const inner = node.firstNamedChild;
      const plain = inner === null ? null : formalParameter(inner);
      return plain === null ? null : { ...plain, type: fieldText(node, 'type') };
    }
    default:
      return null;
  }
}

export const python: Language = {
  id: 'python',
  name: 'Python',
  extensions: ['.py', '.pyi', '.pyw'],
  filenames: ['SConstruct', 'SConscript'],
  interpreters: ['python', 'pypy'],
  vscodeIds: ['python'],
  wasm: 'tree-sitter-python.wasm',
  query,
  docStyles: ['google', 'numpy', 'sphinx', 'plain'],
  keywords:
    words(`False None True and as assert async await break case class continue def del elif else except
    finally for from global if import in is lambda match nonlocal not or pass raise return try type while with yield`),
  docs: {
    place: 'inside',
    // A bytes or formatted literal is not a docstring.
    isDoc: (literal) => /^[uU]?[rR]?['"]/.test(literal),
    joinsLines: false,
  },
  shape: {
    parameters(value) {
      const list = value.childForFieldName('parameters')?.namedChildren ?? [];
      const all = list.map(formalParameter).filter((each) => each !== null);
      // The receiver is no parameter to a reader of the doc.
      return all.filter(({ name }, index) => index > 0 || !['self', 'cls'].includes(name));
    },
    returnType: (value) => fieldText(value, 'return_type'),
    nothing: words(`None NoReturn Never "None" 'None' typing.NoReturn`),
    decorators: words('decorator'),
    isConstructor: (name, owner) => name === '__init__' && owner !== null,
  },
};
