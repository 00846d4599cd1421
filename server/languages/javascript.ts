import type { Node } from 'web-tree-sitter';
import {
  fieldText,
  type Language,
  parameter,
  type UnitName,
  type UnitShape,
  words,
} from './language.js';
import type { Parameter } from './types.js';

const FUNCTIONS = '[(function_expression) (generator_function)]';

const common = `
(function_declaration name: (_) @name) @function
(generator_function_declaration name: (_) @name) @function
(method_definition name: (_) @name) @method
(variable_declarator name: (identifier) @name value: ${FUNCTIONS} @value) @function
(variable_declarator name: (identifier) @name value: (arrow_function) @value) @arrow
(pair key: (_) @name value: ${FUNCTIONS} @value) @function
(pair key: (_) @name value: (arrow_function) @value) @arrow
(assignment_expression left: (_) @name right: ${FUNCTIONS} @value) @function
(assignment_expression left: (_) @name right: (arrow_function) @value) @arrow
(export_statement value: [(function_expression) (generator_function)] @value) @function
[(function_expression) (generator_function) (arrow_function)] @lambda
(class_declaration name: (_) @scope.name) @class
(class name: (_) @scope.name) @class
(variable_declarator name: (identifier) @scope.name value: (object)) @scope
(variable_declarator name: (identifier) @scope.name value: (class !name)) @class
(pair key: (property_identifier) @scope.name value: (object)) @scope
(export_statement declaration: (_) @inner) @outer
(lexical_declaration . (variable_declarator) @inner .) @outer
(variable_declaration . (variable_declarator) @inner .) @outer
(expression_statement (assignment_expression) @inner) @outer
(return_statement (_)) @returns.value
(yield_expression) @returns.value
(comment) @comment
(ERROR) @error
`;

const javascriptQuery = `${common}
(field_definition property: (_) @name value: ${FUNCTIONS} @value) @function
(field_definition property: (_) @name value: (arrow_function) @value) @arrow
`;

const typescriptQuery = `${common}
(public_field_definition name: (_) @name value: ${FUNCTIONS} @value) @function
(public_field_definition name: (_) @name value: (arrow_function) @value) @arrow
(abstract_class_declaration name: (_) @scope.name) @class
(internal_module name: (_) @scope.name) @scope
(module name: (_) @scope.name) @scope
(function_signature name: (_) @name) @overload
(method_signature name: (_) @name) @overload
(decorator) @decorator
`;

/** What exports and prototypes add to a name says nothing about where the function belongs. */
const PASS_THROUGH = words('this module exports prototype');

function boundName(name: Node | null): UnitName | null {
  if (name === null) {
    return { name: 'default', qualifier: [] };
  }
  switch (name.type) {
    case 'string':
      return { name: name.text.slice(1, -1), qualifier: [] };
    case 'member_expression': {
      const property = name.childForFieldName('property');
      const owner = fieldText(name, 'object') ?? '';
      const path = /^[\w$.#]+$/.test(owner) ? owner.split('.') : [];
      return property === null
        ? null
        : { name: property.text, qualifier: path.filter((part) => !PASS_THROUGH.has(part)) };
    }
    case 'subscript_expression': {
      const index = name.childForFieldName('index');
      return index?.type === 'string' ? { name: index.text.slice(1, -1), qualifier: [] } : null;
    }
    case 'identifier':
    case 'property_identifier':
    case 'private_property_identifier':
    case 'computed_property_name':
    case 'number':
      return { name: name.text, qualifier: [] };
    default:
      return null;
  }
}

function typeOf(node: Node, field: string): string | null {
  return fieldText(node, field)?.replace(/^:\s*/, '') ?? null;
}

function formalParameter(node: Node): Parameter | null {
  switch (node.type) {
    case 'required_parameter':
    case 'optional_parameter': {
      const pattern = node.childForFieldName('pattern');
      if (pattern === null || pattern.type === 'this') {
        return null;
      }
      const rest = pattern.type === 'rest_pattern';
      const optional =
        node.type === 'optional_parameter' || node.childForFieldName('value') !== null;
      return parameter(pattern.text.replace(/^\.\.\.\s*/, ''), typeOf(node, 'type'), {
        optional,
        rest,
      });
    }
    case 'assignment_pattern':
      return parameter(fieldText(node, 'left') ?? '', null, { optional: true });
    case 'rest_pattern':
      return parameter(node.text.replace(/^\.\.\.\s*/, ''), null, { rest: true });
    case 'identifier':
    case 'object_pattern':
    case 'array_pattern':
      return parameter(node.text, null);
    default:
      return null;
  }
}

const shape: UnitShape = {
  parameters(value) {
    const single = value.childForFieldName('parameter');
    if (single !== null) {
      return [parameter(single.text, null)];
    }
    const list = value.childForFieldName('parameters')?.namedChildren ?? [];
    return list.map(formalParameter).filter((each) => each !== null);
  },
  returnType: (value) => typeOf(value, 'return_type'),
  nothing: words('void never undefined Promise<void> Promise<never> Promise<undefined>'),
  decorators: words('decorator'),
  impliesValue: (_value, body) => body.type !== 'statement_block',
  name: boundName,
  isConstructor: (name, owner) => name === 'constructor' && owner !== null,
};

const docs: Language['docs'] = {
  place: 'above',
  isDoc: (comment) => comment.startsWith('/**') && comment !== '/**/',
  joinsLines: false,
};

const ecmaKeywords = `async await break case catch class const continue debugger default delete do else export
  extends false finally for from function get if import in instanceof let new null of return set static super switch
  this throw true try typeof undefined var void while with yield`;

const typeKeywords = `abstract any as asserts bigint boolean declare enum implements infer interface is keyof
  module namespace never number object override private protected public readonly require satisfies string symbol
  type unique unknown`;

export const javascript: Language = {
  id: 'javascript',
  name: 'JavaScript',
  extensions: ['.js', '.mjs', '.cjs', '.jsx'],
  filenames: [],
  interpreters: ['node'],
  vscodeIds: ['javascript', 'javascriptreact'],
  wasm: 'tree-sitter-javascript.wasm',
  query: javascriptQuery,
  docStyles: ['jsdoc', 'tsdoc', 'plain'],
  keywords: words(ecmaKeywords),
  docs,
  shape,
};

export const typescript: Language = {
  id: 'typescript',
  name: 'TypeScript',
  extensions: ['.ts', '.mts', '.cts'],
  filenames: [],
  interpreters: ['deno', 'tsx', 'ts-node'],
  vscodeIds: ['typescript'],
  wasm: 'tree-sitter-typescript.wasm',
  query: typescriptQuery,
  docStyles: ['tsdoc', 'jsdoc', 'plain'],
  keywords: words(`${ecmaKeywords} ${typeKeywords}`),
  docs,
  shape,
};

export const tsx: Language = {
  ...typescript,
  id: 'tsx',
  name: 'TSX',
  extensions: ['.tsx'],
  interpreters: [],
  vscodeIds: ['typescriptreact'],
  wasm: 'tree-sitter-tsx.wasm',
};
