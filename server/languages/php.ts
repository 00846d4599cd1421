import { fieldText, type Language, parameter, words } from './language.js';

const query = `
(function_definition name: (_) @name) @function
(method_declaration name: (_) @name) @method
[(anonymous_function) (arrow_function)] @lambda
(class_declaration name: (_) @scope.name) @class
(interface_declaration name: (_) @scope.name) @class
(trait_declaration name: (_) @scope.name) @class
(enum_declaration name: (_) @scope.name) @class
(namespace_definition name: (_) @scope.name body: (_)) @scope
(return_statement (_)) @returns.value
(yield_expression) @returns.value
(comment) @comment
(ERROR) @error
`;

export const php: Language = {
  id: 'php',
  name: 'PHP',
  extensions: ['.php', '.phtml', '.inc'],
  filenames: [],
  interpreters: ['php'],
  vscodeIds: ['php'],
  wasm: 'tree-sitter-php.wasm',
  query,
  docStyles: ['phpdoc', 'plain'],
  keywords:
    words(`abstract and array as break callable case catch class clone const continue declare default do
    echo else elseif empty enddeclare endfor endforeach endif endswitch endwhile enum extends false final finally fn
    for foreach function global goto if implements include include_once instanceof insteadof interface isset list
    match namespace new null or print private protected public readonly require require_once return static switch
    throw trait true try unset use var while xor yield`),
  docs: { place: 'above', isDoc: (comment) => comment.startsWith('/**'), joinsLines: false },
  shape: {
    parameters(value) {
      const list = value.childForFieldName('parameters')?.namedChildren ?? [];
      return list
        .filter((node) => node.type.endsWith('_parameter'))
        .map((node) =>
          parameter(
            (fieldText(node, 'name') ?? '').replace(/^[&$]+/, ''),
            fieldText(node, 'type'),
            {
              optional: node.childForFieldName('default_value') !== null,
              rest: node.type === 'variadic_parameter',
            },
          ),
        );
    },
    returnType: (value) => fieldText(value, 'return_type'),
    nothing: words('void never'),
    decorators: words('attribute_list'),
    isConstructor: (name, owner) => name === '__construct' && owner !== null,
  },
};
