import type { Node } from 'web-tree-sitter';
import { fieldText, type Language, parameter, words } from './language.js';
import type { Parameter } from './types.js';

const query = `
(method_declaration name: (_) @name) @method
(local_function_statement name: (_) @name) @function
(constructor_declaration name: (_) @name) @constructor
(destructor_declaration name: (_) @name) @method
(operator_declaration) @method
(conversion_operator_declaration) @method
[(lambda_expression) (anonymous_method_expression) (accessor_declaration)] @lambda
(namespace_declaration name: (_) @scope.name) @scope
(class_declaration name: (_) @scope.name) @class
(struct_declaration name: (_) @scope.name) @class
(interface_declaration name: (_) @scope.name) @class
(record_declaration name: (_) @scope.name) @class
(return_statement (_)) @returns.value
(yield_statement (_)) @returns.value
(comment) @comment
(ERROR) @error
`;

/** A `params` array has no node of its own in this grammar: its type and name stand in the list. */
function parameters(value: Node): Parameter[] {
  const list = value.childForFieldName('parameters');
  const found: Parameter[] = [];
  let restType: string | null = null;
  for (let i = 0; i < (list?.childCount ?? 0); i++) {
    const node = list?.child(i);
    const field = list?.fieldNameForChild(i);
    if (node?.type === 'parameter') {
      const optional = node.children.some((child) => child.type === '=');
      found.push(parameter(fieldText(node, 'name') ?? '', fieldText(node, 'type'), { optional }));
    } else if (node !== null && node !== undefined && field === 'type') {
      restType = node.text;
    } else if (node !== null && node !== undefined && field === 'name') {
      found.push(parameter(node.text, restType, { rest: true }));
    }
  }
  return found;
}

export const csharp: Language = {
  id: 'csharp',
  name: 'C#',
  extensions: ['.cs', '.csx'],
  filenames: [],
  interpreters: ['dotnet-script'],
  vscodeIds: ['csharp'],
  wasm: 'tree-sitter-c_sharp.wasm',
  query,
  docStyles: ['xmldoc', 'plain'],
  keywords:
    words(`abstract as async await base bool break byte case catch char checked class const continue decimal
    default delegate do double else enum event explicit extern false finally fixed float for foreach get goto if
    implicit in int interface internal is lock long namespace new null object operator out override params partial
    private protected public readonly record ref return sbyte sealed set short sizeof stackalloc static string
    struct switch this throw true try typeof uint ulong unchecked unsafe ushort using value var virtual void
    volatile when where while yield`),
  docs: {
    place: 'above',
    isDoc: (comment) => /^\/\/\/(?!\/)|^\/\*\*(?!\/)/.test(comment),
    joinsLines: true,
  },
  shape: {
    parameters,
    returnType: (value) => fieldText(value, 'returns') ?? fieldText(value, 'type'),
    nothing: words('void Task ValueTask'),
    decorators: words('attribute_list'),
    body(value) {
      const body = value.childForFieldName('body');
      return body?.type === 'arrow_expression_clause' ? body.lastNamedChild : body;
    },
    name(name, definition) {
      switch (definition.type) {
        case 'operator_declaration':
          return { name: `operator ${fieldText(definition, 'operator') ?? ''}`, qualifier: [] };
        case 'conversion_operator_declaration':
          return { name: `operator ${fieldText(definition, 'type') ?? ''}`, qualifier: [] };
        case 'destructor_declaration':
          return name === null ? null : { name: `~${name.text}`, qualifier: [] };
        default:
          return name === null ? null : { name: name.text, qualifier: [] };
      }
    },
  },
};
