// Functions found in Python's own standard library, compared with Python's `ast`.
import { execFileSync, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { beforeAll, describe, expect, it } from 'vitest';
import { extractUnits } from '../../server/corpus/extract.js';
import { decodeSource } from '../../server/corpus/read.js';
import { type LanguageParser, loadParser } from '../../server/languages/parser.js';

/** Lines and columns (UTF-16) as `ast` has them: `def` line, and the end of the last statement. */
const SCRIPT = String.raw`
import ast, json, os, sys, sysconfig
root = sysconfig.get_paths()["stdlib"]
files = []
for folder, names, found in os.walk(root):
    names[:] = sorted(n for n in names if n not in ("site-packages", "dist-packages", "__pycache__"))
    files += [os.path.join(folder, f) for f in sorted(found) if f.endswith(".py")]
for path in files[:: max(1, len(files) // int(sys.argv[1]))]:
    try:
        source = open(path, encoding="utf-8", newline="").read()
        tree = ast.parse(source)
    except (SyntaxError, ValueError):
        continue
    lines = source.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    def utf16(line, column):
        prefix = lines[line - 1].encode()[:column].decode()
        return len(prefix.encode("utf-16-le")) // 2
    functions = []
    for node in ast.walk(tree):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            functions.append([node.name, node.lineno - 1, utf16(node.lineno, node.col_offset),
                node.end_lineno - 1, utf16(node.end_lineno, node.end_col_offset),
                min([d.lineno for d in node.decorator_list] + [node.lineno]) - 1,
                ast.get_docstring(node, clean=False) is not None,
                [a.arg for a in node.args.posonlyargs + node.args.args]])
    print(json.dumps({"path": path, "functions": functions}))
`;

type Function = [string, number, number, number, number, number, boolean, string[]];

const python = spawnSync('python3', ['--version']).status === 0;
if (!python) {
  console.log('skipped: python3 is not installed, so there is no ast to compare with');
}

describe.skipIf(!python)("Python's standard library", () => {
  let parser: LanguageParser;
  let files: { path: string; functions: Function[] }[];

  beforeAll(async () => {
    parser = await loadParser('python');
    const output = execFileSync('python3', ['-c', SCRIPT, process.env.PARITY_FILES ?? '300'], {
      encoding: 'utf8',
      maxBuffer: 1 << 28,
    });
    files = output
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { path: string; functions: Function[] });
  });

  it('has the functions that ast finds, with the same ranges, and no others', () => {
    let total = 0;
    let missed = 0;
    const invented: string[] = [];
    const problems: string[] = [];
    for (const { path, functions } of files) {
      const { units, hasErrors } = extractUnits(parser, decodeSource(readFileSync(path)));
      if (hasErrors) {
        problems.push(`${path}: tree-sitter sees a syntax error`);
        continue;
      }
      const keys = new Map(
        units.map(({ name, signatureRange, range, docRange }) => [
          JSON.stringify([
            name,
            signatureRange.start.line,
            signatureRange.start.character,
            range.end.line,
            range.end.character,
            range.start.line,
            docRange !== null,
          ]),
          name,
        ]),
      );
      for (const found of functions) {
        total += 1;
        if (!keys.delete(JSON.stringify(found.slice(0, 7)))) {
          missed += 1;
          problems.push(`${path}: missed ${JSON.stringify(found)}`);
        }
      }
      invented.push(...[...keys.keys()].map((key) => `${path}: invented ${key}`));
    }
    console.log(
      `${files.length} files, ${total} functions, ${missed} missed`,
      problems.slice(0, 20),
    );
    expect(files.length).toBeGreaterThan(200);
    expect(total).toBeGreaterThan(2_000);
    expect(invented).toEqual([]);
    expect(1 - missed / total, problems.slice(0, 20).join('\n')).toBeGreaterThanOrEqual(0.995);
  });

  it('has the parameters that ast has, but for the receiver', () => {
    let total = 0;
    const wrong: string[] = [];
    for (const { path, functions } of files) {
      const { units } = extractUnits(parser, decodeSource(readFileSync(path)));
      const byStart = new Map(
        units.map((unit) => [
          `${unit.signatureRange.start.line}:${unit.signatureRange.start.character}`,
          unit,
        ]),
      );
      for (const [name, line, column, , , , , params] of functions) {
        const unit = byStart.get(`${line}:${column}`);
        const expected = params.filter((each, i) => i > 0 || !['self', 'cls'].includes(each));
        const names = unit?.parameters.map((each) => each.name) ?? [];
        total += 1;
        if (expected.some((each, i) => names[i] !== each)) {
          wrong.push(`${path}: ${name}(${expected.join(', ')}) read as (${names.join(', ')})`);
        }
      }
    }
    expect(wrong.length / total, wrong.slice(0, 10).join('\n')).toBeLessThan(0.005);
  });
});
