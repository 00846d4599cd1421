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

const cQuery = `
(function_definition) @function
(return_statement (_)) @returns.value
(comment) @comment
(ERROR) @error
`;

const cppQuery = `${cQuery}
(lambda_expression) @lambda
(namespace_definition name: (_) @scope.name) @scope
(class_specifier name: (_) @scope.name body: (_)) @class
(struct_specifier name: (_) @scope.name body: (_)) @class
(union_specifier name: (_) @scope.name body: (_)) @class
(template_declaration (_) @inner .) @outer
(friend_declaration (function_definition) @inner) @outer
(co_return_statement (_)) @returns.value
(co_yield_statement (_)) @returns.value
`;

const WRAPPERS =
  words(`pointer_declarator reference_declarator parenthesized_declarator array_declarator
  attributed_declarator variadic_declarator init_declarator function_declarator`);

/** The next declarator inward: a pointer to a function returning an array is written inside out. */
function inner(node: Node): Node | null {
  return (
    node.childForFieldName('declarator') ??
    node.namedChildren.find((child) => /declarator|identifier|_name$/.test(child.type)) ??
    null
  );
}

/** The declarator that has the function's own parameters: the innermost one. */
function functionDeclarator(definition: Node): Node | null {
  let found: Node | null = null;
  for (
    let node = definition.childForFieldName('declarator');
    node !== null && (WRAPPERS.has(node.type) || node.type === 'operator_cast');
    node = inner(node)
  ) {
    if (node.type === 'function_declarator') {
      found = node;
    } else if (node.type === 'operator_cast') {
      return node;
    }
  }
  return found;
}

function formalParameter(node: Node): Parameter | null {
  if (!/^(?:optional_|variadic_)?parameter_declaration$/.test(node.type)) {
    return null;
  }
  let declarator = node.childForFieldName('declarator');
  while (declarator !== null && WRAPPERS.has(declarator.type)) {
    declarator = inner(declarator);
  }
  if (declarator === null || declarator.type !== 'identifier') {
    return null;
  }
  const text = node.text;
  const at = declarator.startIndex - node.startIndex;
  // What remains of the declaration without the name is the type: `char *` of `char *b[]`.
  const type = `${text.slice(0, at)} ${text.slice(at + declarator.text.length)}`
    .replace(/=[\s\S]*$/, '')
    .replace(/\s+/g, ' ')
    .trim();
  return parameter(declarator.text, type === '' ? null : type, {
    optional: node.type === 'optional_parameter_declaration',
    rest: node.type === 'variadic_parameter_declaration',
  });
}

function declaredName(definition: Node): UnitName | null {
  const declarator = functionDeclarator(definition);
  if (declarator === null) {
    return null;
  }
  if (declarator.type === 'operator_cast') {
    return { name: `operator ${fieldText(declarator, 'type') ?? ''}`, qualifier: [] };
  }
  let name = declarator.childForFieldName('declarator');
  const qualifier: string[] = [];
  while (name?.type === 'qualified_identifier') {
    const scope = fieldText(name, 'scope');
    if (scope !== null) {
      qualifier.push(scope.replace(/<[\s\S]*$/, ''));
    }
    name = name.childForFieldName('name');
  }
  if (name?.type === 'template_function' || name?.type === 'template_method') {
    name = name.childForFieldName('name');
  }
  if (name?.type === 'operator_cast') {
    return { name: `operator ${fieldText(name, 'type') ?? ''}`, qualifier, method: true };
  }
  return name === null
    ? null
    : { name: name.text.replace(/\s+/g, ' '), qualifier, method: qualifier.length > 0 };
}

const shape: UnitShape = {
  parameters(value) {
    const declarator = functionDeclarator(value);
    const list = declarator?.childForFieldName('parameters')?.namedChildren ?? [];
    const all = list.map(formalParameter).filter((each) => each !== null);
    const old = list.filter((node) => node.type === 'identifier');
    return [...all, ...old.map((node) => parameter(node.text, null))];
  },
  returnType(value) {
    const declarator = functionDeclarator(value);
    const trailing = declarator?.namedChildren.find(
      (child) => child.type === 'trailing_return_type',
    );
    if (trailing !== undefined) {
      return trailing.text.replace(/^->\s*/, '');
    }
    const type = fieldText(value, 'type');
    let stars = '';
    let node = value.childForFieldName('declarator');
    for (
      ;
      node !== null && /^(?:pointer|reference)_declarator$/.test(node.type);
      node = inner(node)
    ) {
      stars += node.child(0)?.text ?? '';
    }
    if (node !== null && declarator !== null && node.id !== declarator.id) {
      // Written around the name: a pointer to a function or to an array comes back.
      stars += ' (*)';
    }
    return type === null ? null : `${type} ${stars.trim()}`.trim();
  },
  nothing: words('void'),
  decorators: new Set(),
  body: (value) =>
    value.childForFieldName('body') ??
    value.namedChildren.find(({ type }) => type === 'try_statement') ??
    null,
  name: (_name, definition) => declaredName(definition),
  isConstructor: (name, owner) => name === owner,
};

const docs: Language['docs'] = {
  place: 'above',
  // C has no marks of its own: what stands right above a function is its doc, but not a ruler or a lint switch.
  isDoc: (comment) => !/^\/[/*]\s*(?:NOLINT|clang-format|={3,}|-{3,}|\*{8,})/.test(comment),
  joinsLines: true,
};

const cKeywords = `auto break case char const continue default do double else enum extern float for goto if inline
  int long register restrict return short signed sizeof static struct switch typedef union unsigned void volatile
  while`;

export const c: Language = {
  id: 'c',
  name: 'C',
  extensions: ['.c', '.h'],
  filenames: [],
  interpreters: [],
  vscodeIds: ['c'],
  wasm: 'tree-sitter-c.wasm',
  query: cQuery,
  docStyles: ['doxygen', 'plain'],
  keywords: words(cKeywords),
  docs,
  shape,
};

export const cpp: Language = {
  ...c,
  id: 'cpp',
  name: 'C++',
  extensions: [
    '.cpp',
    '.cc',
    '.cxx',
    '.c++',
    '.hpp',
    '.hh',
    '.hxx',
    '.h++',
    '.inl',
    '.ipp',
    '.tpp',
  ],
  vscodeIds: ['cpp', 'cuda-cpp'],
  wasm: 'tree-sitter-cpp.wasm',
  query: cppQuery,
  keywords:
    words(`${cKeywords} alignas alignof and bool catch class co_await co_return co_yield concept
    consteval constexpr constinit const_cast decltype delete dynamic_cast explicit export false final friend
    mutable namespace new noexcept not nullptr operator or override private protected public reinterpret_cast
    requires static_assert static_cast template this throw true try typeid typename using virtual wchar_t xor`),
};
