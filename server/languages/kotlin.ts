import type { Node } from 'web-tree-sitter';
import { type Language, parameter, words } from './language.js';
import type { Parameter } from './types.js';

const query = `
(function_declaration name: (_) @name) @function
(secondary_constructor) @constructor
[(lambda_literal) (anonymous_function) (getter) (setter)] @lambda
(class_declaration name: (_) @scope.name) @class
(object_declaration name: (_) @scope.name) @class
(companion_object) @class
(return_expression (_)) @returns.value
(block_comment) @comment
(line_comment) @comment
(ERROR) @error
`;

function child(node: Node, type: string): Node | null {
  return node.namedChildren.find((each) => each.type === type) ?? null;
}

/** Modifiers and defaults are siblings of the parameters in this grammar, in the order of the text. */
function parameters(value: Node): Parameter[] {
  const found: Parameter[] = [];
  let rest = false;
  for (const node of child(value, 'function_value_parameters')?.children ?? []) {
    const last = found.at(-1);
    if (node.type === 'parameter_modifiers') {
      rest = /\bvararg\b/.test(node.text);
    } else if (node.type === 'parameter') {
      const [name, type] = node.namedChildren;
      found.push(parameter(name.text, type?.text ?? null, { rest }));
      rest = false;
    } else if (node.type === '=' && last !== undefined) {
      last.optional = true;
    }
  }
  return found;
}

function body(value: Node): Node | null {
  if (value.type === 'secondary_constructor') {
    return child(value, 'block');
  }
  const outer = child(value, 'function_body');
  return outer?.child(0)?.type === '=' ? outer.lastNamedChild : (outer?.firstNamedChild ?? null);
}

export const kotlin: Language = {
  id: 'kotlin',
  name: 'Kotlin',
  extensions: ['.kt', '.kts'],
  filenames: [],
  interpreters: [],
  vscodeIds: ['kotlin'],
  wasm: 'tree-sitter-kotlin.wasm',
  query,
  docStyles: ['kdoc', 'plain'],
  keywords:
    words(`abstract actual annotation as break by catch class companion const constructor continue
    crossinline data do else enum expect external false final finally for fun get if import in infix init inline
    inner interface internal is lateinit noinline null object open operator out override package private protected
    public reified return sealed set super suspend tailrec this throw true try typealias val var vararg when where
    while`),
  docs: { place: 'above', isDoc: (comment) => comment.startsWith('/**'), joinsLines: false },
  shape: {
    parameters,
    returnType(value) {
      const nodes = value.namedChildren;
      const list = nodes.findIndex((node) => node.type === 'function_value_parameters');
      const after = nodes.slice(list + 1).find((node) => !node.type.endsWith('comment'));
      const isType =
        after !== undefined && !/^(?:function_body|type_constraints)$/.test(after.type);
      return isType && value.type === 'function_declaration' ? after.text : null;
    },
    nothing: words('Unit Nothing'),
    decorators: words('annotation'),
    body,
    impliesValue: (_value, node) => node.type !== 'block',
    name: (name) => ({ name: name?.text ?? 'constructor', qualifier: [] }),
  },
};
