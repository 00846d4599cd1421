"""Programs close to the solutions of a suite, some right and some wrong.

python3 scripts/similarity/mutants.py SUITE.jsonl[.gz] SEED > ANSWERS.jsonl

Each solution is changed in ways that keep what it does and in ways that mostly do not; whether a mutant is right is for
its task's tests to say (`batcoder bench similarity --suite SUITE --answers ANSWERS`). The suite has HumanEval's fields.
"""

import ast
import builtins
import copy
import gzip
import json
import random
import sys

KEPT, BROKEN = 6, 6
OPERATORS = [ast.Add, ast.Sub, ast.Mult, ast.FloorDiv, ast.Mod]
COMPARISONS = [ast.Lt, ast.LtE, ast.Gt, ast.GtE, ast.Eq, ast.NotEq]
TURNED = {ast.Lt: ast.Gt, ast.Gt: ast.Lt, ast.LtE: ast.GtE, ast.GtE: ast.LtE, ast.Eq: ast.Eq, ast.NotEq: ast.NotEq}
CALLEES = ["len", "sum", "max", "min", "sorted", "abs", "int", "str"]


def load(name):
    return ast.Name(name, ast.Load())


def blocks(tree):
    return [
        block
        for node in ast.walk(tree)
        for block in (getattr(node, "body", None), getattr(node, "orelse", None))
        if isinstance(block, list)
    ]


def places(tree, fits):
    return [(block, i) for block in blocks(tree) for i, at in enumerate(block) if fits(block, i, at)]


def nodes(tree, kind, fits=lambda node: True):
    return [node for node in ast.walk(tree) if isinstance(node, kind) and fits(node)]


def rename(tree, draw):
    names = {n.id for n in nodes(tree, ast.Name) if isinstance(n.ctx, ast.Store)} | {a.arg for a in nodes(tree, ast.arg)}
    new = {name: f"v{i}" for i, name in enumerate(sorted(names))}
    for node in ast.walk(tree):
        if isinstance(node, ast.Name):
            node.id = new.get(node.id, node.id)
        elif isinstance(node, ast.arg):
            node.arg = new[node.arg]
    return bool(new)


def turn_comparison(tree, draw):
    node = draw(nodes(tree, ast.Compare, lambda n: len(n.ops) == 1 and type(n.ops[0]) in TURNED))
    node.left, node.comparators[0] = node.comparators[0], node.left
    node.ops = [TURNED[type(node.ops[0])]()]


def turn_branch(tree, draw):
    node = draw(nodes(tree, ast.If, lambda n: n.orelse and not isinstance(n.orelse[0], ast.If)))
    node.test = ast.UnaryOp(ast.Not(), node.test)
    node.body, node.orelse = node.orelse, node.body


def spell_augmented(tree, draw):
    block, i = draw(places(tree, lambda b, i, at: isinstance(at, ast.AugAssign) and isinstance(at.target, ast.Name)))
    at = block[i]
    block[i] = ast.Assign([at.target], ast.BinOp(load(at.target.id), at.op, at.value))


def name_result(tree, draw):
    block, i = draw(places(tree, lambda b, i, at: isinstance(at, ast.Return) and not isinstance(at.value, (ast.Name, type(None)))))
    block[i : i + 1] = [ast.Assign([ast.Name("answer_", ast.Store())], block[i].value), ast.Return(load("answer_"))]


def write_out_list(tree, draw):
    block, i = draw(places(tree, lambda b, i, at: isinstance(at, ast.Return) and isinstance(at.value, ast.ListComp) and len(at.value.generators) == 1))
    made = block[i].value
    loop = made.generators[0]
    body = [ast.Expr(ast.Call(ast.Attribute(load("made_"), "append", ast.Load()), [made.elt], []))]
    for test in loop.ifs:
        body = [ast.If(test, body, [])]
    start = ast.Assign([ast.Name("made_", ast.Store())], ast.List([], ast.Load()))
    block[i : i + 1] = [start, ast.For(loop.target, loop.iter, body, []), ast.Return(load("made_"))]


def guard_to_else(tree, draw):
    block, i = draw(places(tree, lambda b, i, at: isinstance(at, ast.If) and not at.orelse and isinstance(at.body[-1], ast.Return) and i + 1 < len(b)))
    block[i].orelse = block[i + 1 :]
    del block[i + 1 :]


def swap_assignments(tree, draw):
    block, i = draw(places(tree, lambda b, i, at: i > 0 and isinstance(at, ast.Assign) and isinstance(b[i - 1], ast.Assign)))
    block[i - 1], block[i] = block[i], block[i - 1]


def change_constant(tree, draw):
    node = draw(nodes(tree, ast.Constant, lambda n: isinstance(n.value, (int, str)) and not isinstance(n.value, bool)))
    node.value = node.value + draw([1, -1, 2]) if isinstance(node.value, int) else node.value + "x"


def change_comparison(tree, draw):
    node = draw(nodes(tree, ast.Compare, lambda n: len(n.ops) == 1))
    node.ops = [draw([each for each in COMPARISONS if not isinstance(node.ops[0], each)])()]


def change_operator(tree, draw):
    node = draw(nodes(tree, ast.BinOp))
    node.op = draw([each for each in OPERATORS if not isinstance(node.op, each)])()


def swap_operands(tree, draw):
    node = draw(nodes(tree, ast.BinOp, lambda n: isinstance(n.op, (ast.Sub, ast.Div, ast.Mod, ast.FloorDiv, ast.Pow))))
    node.left, node.right = node.right, node.left


def drop_statement(tree, draw):
    block, i = draw(places(tree, lambda b, i, at: len(b) > 1))
    del block[i]


def negate(tree, draw):
    node = draw(nodes(tree, (ast.If, ast.While, ast.IfExp)))
    node.test = ast.UnaryOp(ast.Not(), node.test)


def change_variable(tree, draw):
    reads = nodes(tree, ast.Name, lambda n: isinstance(n.ctx, ast.Load) and not hasattr(builtins, n.id))
    node = draw(reads)
    node.id = draw(sorted({n.id for n in reads} - {node.id}))


def change_callee(tree, draw):
    node = draw(nodes(tree, ast.Call, lambda n: isinstance(n.func, ast.Name)))
    node.func.id = draw([each for each in CALLEES if each != node.func.id])


def turn_arguments(tree, draw):
    draw(nodes(tree, ast.Call, lambda n: len(n.args) > 1)).args.reverse()


def leave_early(tree, draw):
    block, i = draw(places(tree, lambda b, i, at: isinstance(at, (ast.Assign, ast.AugAssign)) and i + 1 < len(b)))
    target = block[i].targets[0] if isinstance(block[i], ast.Assign) else block[i].target
    block.insert(i + 1, ast.Return(load(target.id if isinstance(target, ast.Name) else "None")))


KEEPING = [rename, turn_comparison, turn_branch, spell_augmented, name_result, write_out_list, guard_to_else, swap_assignments]
BREAKING = [change_constant, change_comparison, change_operator, swap_operands, drop_statement, negate, change_variable, change_callee, turn_arguments, leave_early]


def apply(change, function, chance):
    """Whether there was a place for the change."""

    def draw(choices):
        if not choices:
            raise LookupError
        return chance.choice(choices)

    try:
        return change(function, draw) is not False
    except LookupError:
        return False


def mutants(task, seed):
    chance = random.Random(f"{seed} {task['task_id']}")
    tree = ast.parse(task["prompt"] + task["canonical_solution"])
    seen = {ast.unparse(tree)}
    for k in range(KEPT + BROKEN):
        changed = copy.deepcopy(tree)
        function = next(n for n in changed.body if isinstance(n, ast.FunctionDef) and n.name == task["entry_point"])
        if ast.get_docstring(function) is not None and len(function.body) > 1:
            del function.body[0]
        keeping = chance.sample(KEEPING, chance.randint(1, 4) if k < KEPT else chance.randint(0, 1))
        done = [each.__name__ for each in keeping if apply(each, function, chance)]
        if k >= KEPT:
            breaking = chance.choice(BREAKING)
            if not apply(breaking, function, chance):
                continue
            done.append(breaking.__name__)
        if not done:
            continue
        program = ast.unparse(ast.fix_missing_locations(changed))
        if program not in seen:
            seen.add(program)
            yield {"task_id": task["task_id"], "solution": program, "changes": done}


def main():
    path, seed = sys.argv[1], int(sys.argv[2])
    with (gzip.open if path.endswith(".gz") else open)(path, "rt", encoding="utf-8") as lines:
        for line in lines:
            for mutant in mutants(json.loads(line), seed):
                print(json.dumps(mutant))


main()
