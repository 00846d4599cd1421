// Functions found in the packages that are installed here, compared with the TypeScript compiler's own tree.
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';
import { beforeAll, describe, expect, it } from 'vitest';
import { extractUnits } from '../../server/corpus/extract.js';
import { decodeSource } from '../../server/corpus/read.js';
import { loadParser } from '../../server/languages/parser.js';
import { languageForPath } from '../../server/languages/table.js';

const MODULES = join(import.meta.dirname, '..', '..', 'node_modules');
const MAX_BYTES = Number(process.env.PARITY_BYTES ?? 400_000);

/** Packages with sources of many hands and styles; whole folders, in order. */
const PACKAGES = (
  process.env.PARITY_PACKAGES ??
  `typescript/lib fast-check/lib vscode-jsonrpc/lib vscode-languageserver/lib vscode-languageclient/lib mocha/lib
  eslint/lib typescript-eslint/dist web-tree-sitter zod lodash undici/lib cheerio/src acorn/dist chai seedrandom
  markdown-it/lib semver playwright-core/lib ajv/lib @tensorflow/tfjs-core/src @types magic-string yargs fs-extra`
).split(/\s+/);
const MAX_FILES = Number(process.env.PARITY_FILES ?? 400);

interface Found {
  name: string;
  start: number;
  end: number;
  body: string;
}

function* sources(folder: string): Generator<string> {
  for (const entry of readdirSync(folder, { withFileTypes: true }).sort((a, b) =>
    a.name < b.name ? -1 : 1,
  )) {
    const path = join(folder, entry.name);
    if (entry.isDirectory() && entry.name !== 'node_modules') {
      yield* sources(path);
    } else if (/\.[cm]?[jt]sx?$/.test(entry.name) && !/\.d\.[cm]?ts$|\.min\./.test(entry.name)) {
      yield path;
    }
  }
}

function nameOf(node: ts.Node, text: string): string | null {
  const written = (name: ts.Node) =>
    ts.isStringLiteralLike(name) ? text.slice(name.getStart() + 1, name.end - 1) : name.getText();
  if (ts.isConstructorDeclaration(node)) {
    return 'constructor';
  }
  if (ts.isFunctionDeclaration(node)) {
    return node.name?.text ?? 'default';
  }
  if (ts.isMethodDeclaration(node) || ts.isAccessor(node)) {
    return written(node.name);
  }
  if (!ts.isArrowFunction(node) && !ts.isFunctionExpression(node)) {
    return null;
  }
  const { parent } = node;
  if (ts.isVariableDeclaration(parent)) {
    return ts.isIdentifier(parent.name) ? parent.name.text : null;
  }
  if (ts.isPropertyAssignment(parent) || ts.isPropertyDeclaration(parent)) {
    return written(parent.name);
  }
  const assigned =
    ts.isBinaryExpression(parent) &&
    parent.operatorToken.kind === ts.SyntaxKind.EqualsToken &&
    parent.right === node;
  if (assigned && ts.isIdentifier(parent.left)) {
    return parent.left.text;
  }
  if (assigned && ts.isPropertyAccessExpression(parent.left)) {
    return parent.left.name.text;
  }
  if (assigned && ts.isElementAccessExpression(parent.left)) {
    const key = parent.left.argumentExpression;
    return ts.isStringLiteral(key) ? written(key) : null;
  }
  return null;
}

/** What `range` covers: the node that owns the name, and the whole statement where it holds nothing else. */
function definition(node: ts.Node): ts.Node {
  if (!ts.isArrowFunction(node) && !ts.isFunctionExpression(node)) {
    return node;
  }
  const { parent } = node;
  const statement = parent.parent;
  if (ts.isVariableDeclaration(parent) && ts.isVariableDeclarationList(statement)) {
    const whole = statement.declarations.length === 1 && ts.isVariableStatement(statement.parent);
    return whole ? statement.parent : parent;
  }
  return ts.isBinaryExpression(parent) && ts.isExpressionStatement(statement) ? statement : parent;
}

function compilerFunctions(path: string, text: string): Found[] | null {
  const kind = path.endsWith('x') ? ts.ScriptKind.TSX : undefined;
  const file = ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true, kind);
  const { parseDiagnostics } = file as unknown as { parseDiagnostics: readonly unknown[] };
  if (parseDiagnostics.length > 0) {
    return null;
  }
  const found: Found[] = [];
  const visit = (node: ts.Node): void => {
    const { body } = node as ts.FunctionLikeDeclaration;
    const name = body === undefined ? null : nameOf(node, text);
    if (name !== null && body !== undefined) {
      const whole = definition(node);
      found.push({
        name,
        start: whole.getStart(),
        // A class field's semicolon is not part of it here, as in the grammar.
        end: ts.isPropertyDeclaration(whole) ? node.end : whole.end,
        body: `${body.getStart()}-${body.end}`,
      });
    }
    ts.forEachChild(node, visit);
  };
  visit(file);
  return found;
}

describe('the sources of npm packages', () => {
  let files: string[];

  beforeAll(() => {
    files = PACKAGES.flatMap((name) => {
      try {
        return [...sources(join(MODULES, name))];
      } catch {
        return [];
      }
    }).filter((path) => statSync(path).size <= MAX_BYTES);
    const step = Math.max(1, files.length / MAX_FILES);
    files = files.filter((_, i) => Math.floor(i / step) !== Math.floor((i - 1) / step));
  });

  it('has the functions that the compiler finds, with the same ranges, and no others', async () => {
    let [total, missed, compared, withErrors] = [0, 0, 0, 0];
    const invented: string[] = [];
    const problems: string[] = [];
    for (const path of files) {
      const language = languageForPath(path);
      const text = decodeSource(readFileSync(path));
      const expected = compilerFunctions(path, text);
      if (language === null || expected === null) {
        continue;
      }
      const { units, hasErrors } = extractUnits(await loadParser(language.id), text);
      if (hasErrors) {
        withErrors += 1;
        problems.push(`${path}: the grammar sees a syntax error`);
        continue;
      }
      compared += 1;
      const file = ts.createSourceFile('x.ts', text, ts.ScriptTarget.Latest);
      const offset = ({ line, character }: { line: number; character: number }) =>
        ts.getPositionOfLineAndCharacter(file, line, character);
      const keys = new Map<string, string>();
      for (const { name, range, bodyRange } of units) {
        const body = `${offset(bodyRange.start)}-${offset(bodyRange.end)}`;
        keys.set(body, JSON.stringify([name, offset(range.start), offset(range.end)]));
      }
      for (const { name, start, end, body } of expected) {
        total += 1;
        const key = JSON.stringify([name, start, end]);
        if (keys.get(body) !== key) {
          missed += 1;
          problems.push(
            `${path}: expected ${key}, found ${keys.get(body)}: ${text.slice(start, start + 60)}`,
          );
        }
        keys.delete(body);
      }
      invented.push(...[...keys.values()].map((key) => `${path}: invented ${key}`));
    }
    console.log(
      `${compared} files, ${total} functions, ${missed} missed, ${invented.length} invented; ${withErrors} files with errors`,
      problems.slice(0, 30),
      invented.slice(0, 20),
    );
    expect(compared).toBeGreaterThan(200);
    expect(total).toBeGreaterThan(2_000);
    expect(invented).toEqual([]);
    expect(1 - missed / total, problems.slice(0, 20).join('\n')).toBeGreaterThanOrEqual(0.995);
  });
});
