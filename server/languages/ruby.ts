import { fieldText, type Language, parameter, words } from './language.js';

const query = `
(method name: (_) @name) @function
(singleton_method name: (_) @name) @method
[(block) (do_block) (lambda)] @lambda
(module name: (_) @scope.name) @class
(class name: (_) @scope.name) @class
(singleton_class value: (_) @scope.name) @class
(call !receiver arguments: (argument_list . [(method) (singleton_method)] @inner .)) @outer
(return (_)) @returns.value
(comment) @comment
(ERROR) @error
`;

/** Statements that end a method for what they do, not for what they give. */
const EFFECTS = /^(?:puts|print|p|pp|warn|raise|attr_\w+)\b|^@{0,2}\w+\s*(?:[-+*/|&]{0,2}=[^=~>])/;

export const ruby: Language = {
  id: 'ruby',
  name: 'Ruby',
  extensions: ['.rb', '.rake', '.gemspec', '.ru'],
  filenames: ['Rakefile', 'Gemfile', 'Guardfile', 'Capfile', 'Vagrantfile'],
  interpreters: ['ruby'],
  vscodeIds: ['ruby'],
  wasm: 'tree-sitter-ruby.wasm',
  query,
  docStyles: ['yard', 'plain'],
  keywords:
    words(`BEGIN END alias and begin break case class def defined? do else elsif end ensure false for if in
    module next nil not or redo rescue retry return self super then true undef unless until when while yield`),
  docs: {
    place: 'above',
    isDoc: (comment) =>
      !/^#!|^#\s*(?:frozen_string_literal|encoding|coding|rubocop|typed|-\*-)\b/.test(comment),
    joinsLines: true,
  },
  shape: {
    parameters(value) {
      const list = value.childForFieldName('parameters')?.namedChildren ?? [];
      return list
        .filter((node) => node.type !== 'comment')
        .map((node) => {
          const name = fieldText(node, 'name') ?? node.text.replace(/^[*&]+/, '');
          return parameter(name, null, {
            optional: node.childForFieldName('value') !== null,
            rest: /splat/.test(node.type),
          });
        })
        .filter(({ name }) => name !== '');
    },
    returnType: () => null,
    nothing: new Set(),
    decorators: new Set(),
    emptyBodies: true,
    impliesValue(value, body) {
      // A method gives the value of its last expression; setters and `initialize` are called for their effect.
      const name = fieldText(value, 'name') ?? '';
      const last = body.type === 'body_statement' ? body.lastNamedChild : body;
      const setter = /\w=$/.test(name);
      return last !== null && !setter && name !== 'initialize' && !EFFECTS.test(last.text);
    },
    isConstructor: (name, owner) => name === 'initialize' && owner !== null,
  },
};
