import type { LanguageId } from '../languages/types.js';

/**
 * What a syntax node does in a program, whatever its language calls it. A literal: built from a list the object would
 * be a hash table, and every look at a role a search in it.
 */
export const ROLE = {
  generic: 0,
  drop: 1,
  skip: 2,
  pass: 3,
  name: 4,
  path: 5,
  number: 6,
  string: 7,
  constant: 8,
  binary: 9,
  unary: 10,
  assign: 11,
  declare: 12,
  declaration: 13,
  call: 14,
  new: 15,
  keywordCall: 16,
  member: 17,
  index: 18,
  collection: 19,
  keyed: 20,
  if: 21,
  unless: 22,
  else: 23,
  while: 24,
  until: 25,
  doWhile: 26,
  doUntil: 27,
  loop: 28,
  for: 29,
  forEach: 30,
  switch: 31,
  case: 32,
  try: 33,
  catch: 34,
  finally: 35,
  return: 36,
  throw: 37,
  jump: 38,
  lambda: 39,
  function: 40,
  block: 41,
  comprehension: 42,
  compFor: 43,
  compIf: 44,
  parameters: 45,
  arguments: 46,
  guard: 47,
  slice: 48,
  cast: 49,
  scope: 50,
  later: 51,
  import: 52,
  shortCircuit: 53,
  shell: 54,
} as const;

export type Role = keyof typeof ROLE;

type RoleTable = Partial<Record<Role, string>>;

/** Node types that mean the same in every grammar that has them. */
const COMMON: RoleTable = {
  drop: `type_annotation type_parameters type_arguments modifiers modifier visibility_modifier attribute_item
    decorator annotation marker_annotation attribute_list mutable_specifier dimensions storage_class_specifier
    type_qualifier access_specifier lifetime_parameters where_clause throws line_continuation type_parameter_list
    type_parameter_constraints_clause accessibility_modifier override_modifier readonly_modifier visibility
    type_argument_list virtual_specifier trailing_return_type optional_chain super_interfaces superclass
    class_heritage base_list base_clause type_constraints noexcept lambda_capture_specifier php_tag escape_interpolation
    heredoc_beginning`,
  skip: `empty_statement pass_statement import_statement import_from_statement import_declaration use_declaration
    predefined_type primitive_type integral_type void_type boolean_type
    floating_point_type generic_type array_type pointer_type scoped_type_identifier sized_type_specifier nullable_type
    user_type optional_type named_type union_type reference_type function_type type_identifier placeholder_type_specifier
    implicit_type slice_type map_type channel_type qualified_type interface_type struct_type tuple_type type type_spec
    preproc_include using_directive namespace_use_declaration package_clause package_header package_declaration
    import using_declaration label statement_identifier label_name struct_item enum_item trait_item global_declaration`,
  pass: `program module source_file translation_unit compilation_unit chunk class_declaration class_body class_definition
    class_specifier field_declaration_list declaration_list impl_item expression_statement parenthesized_expression
    parenthesized_statements object_definition template_body export_statement decorated_definition as_pattern
    compound_statement statement_block body_statement function_body constructor_body template_declaration
    satisfies_expression as_expression non_null_expression unsafe_block unsafe_statement
    labeled_statement when_subject statement_list statement block switch_body switch_block match_block case_block
    condition_clause do_group then do with_clause checked_statement
    checked_expression local_declaration_statement lexical_declaration variable_declaration local_variable_declaration
    var_declaration const_declaration global_statement argument value_argument let_chain labeled_expression
    annotated_expression annotated_lambda arrow_expression_clause synchronized_statement lock_statement
    using_statement with_statement with_item indented_block var_spec_list bracketed_argument_list subscript_argument_list
    template_function generic_function generic_name class class_member_declaration array_element_initializer
    interpolation template_substitution simple_expansion literal_element switch_label
    case_pattern expression_element ascription_expression rest_assignment tuple_element group parenthesized_list_splat list_splat_pattern try_block else_statement colon_block default_arguments namespace_definition`,
  name: `identifier simple_identifier constant instance_variable class_variable global_variable field_identifier
    property_identifier private_property_identifier shorthand_property_identifier shorthand_property_identifier_pattern
    variable_name name blank_identifier special_variable_name this self super this_expression super_expression
    namespace_identifier package_identifier shorthand_field_identifier operator_identifier discard undefined_name iota
    vararg_expression implicit_parameter`,
  path: `scoped_identifier qualified_identifier scope_resolution qualified_name class_constant_access_expression
    nested_identifier relative_scope stable_identifier class_literal typeof_expression meta_property callable_reference
    method_reference dependent_name`,
  number: `integer float number int_literal float_literal imaginary_literal integer_literal real_literal rational complex
    decimal_integer_literal hex_integer_literal octal_integer_literal binary_integer_literal number_literal
    decimal_floating_point_literal hex_floating_point_literal floating_point_literal negative_literal`,
  string: `string string_literal template_string interpreted_string_literal raw_string_literal encapsed_string
    interpolated_string_expression concatenated_string chained_string interpolated_string multiline_string_literal
    raw_string ansi_c_string verbatim_string_literal simple_symbol hash_key_symbol delimited_symbol nowdoc heredoc
    regex char_literal character_literal character rune_literal interpolated_verbatim_string system_lib_string bare_string
    bare_symbol string_array symbol_array subshell_literal text_block heredoc_body user_defined_literal`,
  constant: `true false null nil none undefined boolean boolean_literal null_literal unit_expression ellipsis unit nullptr`,
  binary: `binary_expression binary_operator boolean_operator comparison_operator binary infix_expression in_expression
    is_expression is_pattern_expression instanceof_expression range_expression range test_operator check_expression range_test`,
  unary: `unary_expression unary_operator not_operator unary unary_op_expression prefix_unary_expression prefix_expression
    postfix_unary_expression postfix_expression pointer_expression reference_expression spread_element list_splat
    await_expression await yield yield_expression update_expression inc_statement dec_statement spread_expression
    dictionary_splat splat_argument hash_splat_argument block_argument receive_statement co_await_expression
    co_yield_statement yield_statement clone_expression error_suppression_expression variadic_unpacking variadic_argument
    negated_command ref_expression defined preproc_defined`,
  assign: `assignment_expression assignment assignment_statement short_var_declaration reference_assignment_expression
    augmented_assignment augmented_assignment_expression operator_assignment compound_assignment_expr`,
  declare: `variable_declarator init_declarator let_declaration var_spec const_spec val_definition var_definition
    const_item static_item variable_assignment named_expression static_variable_declaration let_condition
    property_declaration field_initializer_statement resource lambda_capture_initializer`,
  declaration: 'declaration',
  call: `call call_expression method_invocation invocation_expression function_call function_call_expression
    member_call_expression nullsafe_member_call_expression scoped_call_expression macro_invocation command
    explicit_constructor_invocation constructor_invocation constructor_delegation_call
    constructor_initializer`,
  new: `new_expression object_creation_expression implicit_object_creation_expression instance_expression struct_expression
    composite_literal array_creation_expression compound_literal_expression implicit_array_creation_expression`,
  keywordCall: `print_statement exec_statement echo_statement print_intrinsic delete_statement assert_statement
    delete_expression sizeof_expression unset_statement exit_statement declaration_command unset_command
    include_expression require_expression send_statement debugger_statement`,
  member: `member_expression attribute selector_expression field_expression field_access member_access_expression
    navigation_expression dot_index_expression conditional_access_expression nullsafe_member_access_expression
    scoped_property_access_expression method_index_expression member_binding_expression`,
  index: `subscript subscript_expression index_expression array_access element_access_expression element_reference
    bracket_index_expression slice_expression`,
  collection: `array list tuple set dictionary object hash table_constructor array_initializer initializer_list
    array_expression tuple_expression collection_literal literal_value initializer_expression collection_expression
    array_creation object_literal list_literal anonymous_object_creation_expression right_assignment_list
    field_initializer_list expression_list variable_list`,
  keyed: `pair keyword_argument keyed_element field field_initializer element_initializer hash_pair`,
  if: `if_statement if_expression if elif_clause else_if_clause elsif elseif_statement if_modifier
    conditional_expression ternary_expression conditional preproc_if preproc_ifdef preproc_elif preproc_elifdef`,
  unless: 'unless unless_modifier',
  else: 'else_clause else preproc_else',
  while: 'while_statement while_expression while while_modifier',
  until: 'until until_modifier',
  doWhile: 'do_statement do_while_statement do_while_expression',
  doUntil: 'repeat_statement',
  loop: 'loop_expression',
  for: 'for_statement c_style_for_statement',
  forEach:
    'for_in_statement enhanced_for_statement for_range_loop foreach_statement for_expression for',
  switch: `switch_statement switch_expression expression_switch_statement type_switch_statement match_statement
    match_expression when_expression case case_match select_statement`,
  case: `switch_case switch_default case_statement default_statement switch_block_statement_group switch_rule
    switch_section switch_expression_arm expression_case default_case case_clause match_arm when_entry when in_clause
    match_conditional_expression match_default_expression case_item communication_case type_case`,
  try: 'try_statement try_with_resources_statement begin',
  catch: 'catch_clause except_clause rescue catch_block except_group_clause',
  finally: 'finally_clause ensure finally_block',
  return: 'return_statement return return_expression co_return_statement',
  throw: 'throw_statement throw_expression raise_statement',
  jump: `break_statement break_expression break continue_statement continue_expression continue next redo retry
    goto_statement fallthrough_statement`,
  lambda: `lambda arrow_function function_expression anonymous_function func_literal closure_expression lambda_expression
    lambda_literal anonymous_method_expression generator_function do_block async_block`,
  function: `function_definition function_declaration function_item method_declaration method_definition
    constructor_declaration local_function_statement method singleton_method secondary_constructor
    generator_function_declaration compact_constructor_declaration destructor_declaration operator_declaration
    conversion_operator_declaration constructor_or_destructor_definition`,
  comprehension:
    'list_comprehension set_comprehension dictionary_comprehension generator_expression',
  compFor: 'for_in_clause generator',
  compIf: 'if_clause guard if_guard unless_guard',
  parameters: `parameters formal_parameters parameter_list function_value_parameters method_parameters lambda_parameters
    closure_parameters block_parameters class_parameters inferred_parameters bracketed_parameter_list bindings`,
  arguments: `arguments argument_list value_arguments`,
  slice: 'slice',
  later: 'go_statement defer_statement',
  cast: 'cast_expression type_conversion_expression type_cast_expression type_assertion_expression',
};

/** Where a grammar uses a name for something else. */
const OWN: Partial<Record<LanguageId, RoleTable>> = {
  python: {
    forEach: 'for_statement',
    drop: 'type',
    import: 'import_statement import_from_statement',
    path: 'dotted_name',
    scope: 'global_statement nonlocal_statement',
  },
  csharp: {
    cast: 'as_expression',
    declare: 'declaration_expression',
    comprehension: 'query_expression',
    compFor: 'from_clause',
    compIf: 'where_clause',
  },
  ruby: {
    lambda: 'block do_block lambda',
    skip: 'file line encoding',
    pass: 'begin_block end_block',
  },
  rust: {
    unary: 'try_expression reference_expression',
    binary: 'range_pattern',
    call: 'call_expression macro_invocation',
    skip: 'label lifetime',
  },
  kotlin: {
    forEach: 'for_statement',
    try: 'try_expression',
    unary: 'unary_expression spread_expression',
    cast: 'as_expression',
  },
  lua: { declaration: 'variable_declaration' },
  php: {
    scope: 'global_declaration',
    collection: 'array_creation_expression',
    keyed: 'array_element_initializer',
  },
  scala: { try: 'try_expression', function: 'function_definition', drop: 'annotation modifiers' },
  bash: {
    switch: 'case_statement',
    forEach: 'for_statement',
    string: 'string raw_string word ansi_c_string concatenation',
    shortCircuit: 'list',
    shell: 'redirected_statement pipeline',
    pass: 'command_substitution test_command arithmetic_expansion command_name do_group subshell simple_expansion',
    unary: 'expansion',
  },
  go: { skip: 'type_declaration label_name', assign: 'receive_statement' },
};

/** The role of every node type of a grammar. */
export function rolesFor(
  language: LanguageId,
  typeNames: readonly (string | null)[],
  isNamed: (id: number) => boolean,
): Uint8Array {
  const byName = new Map<string, number>();
  for (const table of [COMMON, OWN[language] ?? {}]) {
    for (const [role, names] of Object.entries(table)) {
      const code = ROLE[role as Role];
      names.split(/\s+/).forEach((name) => byName.set(name, code));
    }
  }
  const roles = new Uint8Array(typeNames.length);
  typeNames.forEach((name, id) => {
    if (name === null) {
      return;
    }
    if (!isNamed(id) && TOKEN_NAMES.has(name)) {
      roles[id] = ROLE.name;
    } else if (!isNamed(id)) {
      roles[id] = PUNCTUATION.has(name) ? ROLE.drop : ROLE.skip;
    } else if (name.includes('comment')) {
      roles[id] = ROLE.drop;
    } else {
      roles[id] = byName.get(name) ?? (name.startsWith('preproc_') ? ROLE.drop : ROLE.generic);
    }
  });
  return roles;
}

/** Names that are tokens in the grammar of C#. */
const TOKEN_NAMES = new Set(['this', 'base']);
const PUNCTUATION = new Set(['(', ')', '{', '}', '[', ']', ',', ';', ':', '"', "'", '`', '${', '']);
