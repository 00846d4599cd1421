// A worker without a model: the same loop as the product's, with answers made by rule. A function's
// name tells how to misbehave: `slow...` takes its time, `crash...` kills the thread, `bad...` writes a
// doc that is none, `mute...` has no code.
import { setTimeout as sleep } from 'node:timers/promises';
import { parentPort } from 'node:worker_threads';
import { extractUnits } from '../../server/corpus/extract.js';
import type { UnitText } from '../../server/corpus/unit.js';
import { docInsertion } from '../../server/inference/docEdit.js';
import { renderDoc } from '../../server/languages/docs/render.js';
import { loadParser } from '../../server/languages/parser.js';
import { languageById } from '../../server/languages/table.js';
import type { LanguageId } from '../../server/languages/types.js';
import type { ModelState } from '../../server/protocol.js';
import { UserError } from '../../server/util/errors.js';
import { serveWorker } from '../../server/lsp/worker/serve.js';

const READY: ModelState = {
  kind: 'ready',
  model: 'mock',
  parameters: 1_000_000,
  weights: '32-bit floats',
  adapter: null,
  backend: 'none',
  backendReason: 'answers are made by rule',
  builtIn: false,
};

async function unitAt(text: string, language: LanguageId, line: number): Promise<UnitText> {
  const { units } = extractUnits(await loadParser(language), text);
  const unit = units.findLast(
    ({ range }) => range.start.line <= line && line <= range.end.line + 1,
  );
  if (!unit) {
    throw new UserError('There is no function at this line.');
  }
  return unit;
}

async function misbehave(name: string, signal: AbortSignal): Promise<void> {
  if (name.startsWith('crash')) {
    process.nextTick(() => {
      throw new Error('crashed on purpose');
    });
    await sleep(1000);
  }
  if (name.startsWith('slow')) {
    await sleep(3000, undefined, { signal });
  }
}

const FAILED: ModelState = { kind: 'failed', message: 'it has no weights' };
let fails = process.env['BATCODER_MOCK'] === 'failing';

serveWorker(parentPort!, (send) => ({
  open: () => Promise.resolve(fails ? FAILED : READY),
  async document({ text, language, line, style }, signal) {
    const unit = await unitAt(text, language, line);
    await misbehave(unit.name, signal);
    const doc = {
      summary: `Explains ${unit.name}.`,
      params: unit.parameters.map(({ name }) => ({ name, text: `the ${name}` })),
      returns: unit.returns.value ? 'what comes out' : null,
    };
    const chosen = style === 'auto' ? languageById(language).docStyles[0] : style;
    const { indent } = unit.docInsert;
    const comment = unit.name.startsWith('bad')
      ? '/** closed */ too early */'
      : renderDoc(doc, chosen, {
          language,
          parameters: unit.parameters,
          returnsType: unit.returns.type,
          indent,
        });
    return { comment, edit: docInsertion(text, unit, comment), roundTrip: 0.5 };
  },
  async generate({ text, language, line, count }, signal) {
    const unit = await unitAt(text, language, line);
    await misbehave(unit.name, signal);
    const { start, end } = unit.bodyRange;
    if (unit.name.startsWith('mute')) {
      return { range: { start, end }, reason: 'No whole function came out.', candidates: [] };
    }
    const inBraces = text.split('\n')[start.line][start.character] === '{';
    const indent = ' '.repeat(unit.range.start.character + 2);
    const bodies = Array.from({ length: count }, (_, i) => `return ${i};`);
    return {
      range: { start, end },
      reason: null,
      candidates: bodies.map((body, i) => ({
        newText: inBraces
          ? `{\n${indent}${body}\n${' '.repeat(unit.range.start.character)}}`
          : body,
        score: 1 - i / 10,
      })),
    };
  },
  async train({ steps, exclude }, signal, yieldToRequests) {
    const start = Date.now();
    const wanted = steps === 0 ? 20 : steps;
    let step = 0;
    for (; step < wanted && !signal.aborted; step++) {
      await sleep(20);
      await yieldToRequests();
      const progress = {
        phase: 'train',
        fraction: (step + 1) / wanted,
        message: `step ${step + 1} of ${wanted}, without [${exclude.join()}]`,
        etaSeconds: 1,
        step,
      };
      send({ type: 'progress', progress });
    }
    fails = false;
    send({ type: 'state', state: READY });
    return {
      ended: signal.aborted ? 'stopped' : 'finished',
      before: 0.25,
      after: signal.aborted ? null : 0.5,
      adopted: !signal.aborted,
      steps: step,
      seconds: (Date.now() - start) / 1000,
      runFolder: '/nowhere',
    };
  },
}));
