import { fieldText, type Language, parameter, words } from './language.js';

const query = `
(function_declaration name: (_) @name) @function
(assignment_statement
  (variable_list . name: (_) @name .) (expression_list . value: (function_definition) @value .)) @function
(variable_declaration (assignment_statement
  (variable_list . name: (_)  .) (expression_list . value: (function_definition) .)) @inner) @outer
(field name: (_) @name value: (function_definition) @value) @function
(function_definition) @lambda
(variable_declaration (assignment_statement
  (variable_list . name: (identifier) @scope.name .) (expression_list . value: (table_constructor) .))) @scope
(return_statement (expression_list)) @returns.value
(comment) @comment
(ERROR) @error
`;

export const lua: Language = {
  id: 'lua',
  name: 'Lua',
  extensions: ['.lua', '.rockspec'],
  filenames: [],
  interpreters: ['lua', 'luajit'],
  vscodeIds: ['lua'],
  wasm: 'tree-sitter-lua.wasm',
  query,
  docStyles: ['ldoc', 'plain'],
  keywords:
    words(`and break do else elseif end false for function goto if in local nil not or repeat return then
    true until while`),
  docs: {
    place: 'above',
    isDoc: (comment) => !/^--\s*(?:luacheck|stylua|selene)|^-{8,}$/.test(comment),
    joinsLines: true,
  },
  shape: {
    parameters(value) {
      const list = value.childForFieldName('parameters')?.namedChildren ?? [];
      return list
        .filter((node) => node.type === 'identifier' || node.type === 'vararg_expression')
        .map((node) => parameter(node.text, null, { rest: node.type === 'vararg_expression' }));
    },
    returnType: () => null,
    nothing: new Set(),
    decorators: new Set(),
    emptyBodies: true,
    name(name, definition) {
      switch (name?.type) {
        case 'dot_index_expression':
        case 'method_index_expression': {
          const table = fieldText(name, 'table') ?? '';
          const key = fieldText(name, 'field') ?? fieldText(name, 'method') ?? '';
          const method = name.type === 'method_index_expression';
          return { name: key, qualifier: table.split(/[.:]/), method };
        }
        case 'identifier':
          // `[key] = function` in a table is bound to a value, not to a name.
          return definition.child(0)?.type === '[' ? null : { name: name.text, qualifier: [] };
        case 'string':
          return { name: name.text.replace(/^(['"])(.*)\1$/s, '$2'), qualifier: [] };
        default:
          return null;
      }
    },
  },
};
