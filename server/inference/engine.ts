import { extractUnits } from '../corpus/extract.js';
import type { Range, UnitText } from '../corpus/unit.js';
import { parsePlainDoc, renderPlainDoc } from '../languages/docs/plain.js';
import { detectStyle, renderDoc } from '../languages/docs/styles.js';
import { loadParser } from '../languages/parser.js';
import type { Doc, DocStyle, LanguageId } from '../languages/types.js';
import { formOfWeights, type WeightsForm } from '../model/weights/folder.js';
import { loadSimilarity } from '../similarity/similarity.js';
import { initBackend, type BackendReport } from '../tensor/backend.js';
import { UserError } from '../util/errors.js';
import type { ModelInUse } from '../store/workspace.js';
import { builtInModel } from './builtInModel.js';
import type { CodeCandidate } from './candidates.js';
import { assertAddsDocOnly, docInsertion, type Insertion } from './docEdit.js';
import { documentUnit } from './documentUnit.js';
import { generateCode } from './generateCode.js';
import { loadModel, type LoadedModel } from './loadedModel.js';
import { codeTargetAt, type CodeTarget } from './target.js';
import { indentRest, viewOf } from './view.js';

export interface EngineInfo {
  backend: BackendReport;
  /** The model's name and folder. */
  model: string;
  modelDir: string;
  parameters: number;
  /** How the folder holds the matrices. */
  weights: WeightsForm;
  adapter: string | null;
  /** Whether it is the one that ships with BatCoder, as it came. */
  builtIn: boolean;
}

export interface DocumentRequest {
  text: string;
  language: LanguageId;
  /** 0-based; any line of the function, the innermost one is meant. */
  line: number;
  style?: DocStyle | 'auto';
}

export interface DocumentResult {
  unit: UnitText;
  doc: Doc;
  /** The doc as it will stand in the file, in its style. */
  comment: string;
  edit: Insertion;
  /** How much of the code can be rebuilt from the doc, in [0, 1]. */
  roundTrip: number | null;
  /** Parts that the model had no words for, spelt from the identifiers: parameter names, `@returns`. */
  spelt: string[];
  /** All docs that were considered, in plain form, best first. */
  candidates: { plain: string; roundTrip: number }[];
}

export type GenerateRequest =
  | { text: string; language: LanguageId; line: number }
  | { language: LanguageId; doc: string; signature?: string };

export interface GenerateResult {
  candidates: (CodeCandidate & { /** Replaces `range`. */ newText: string })[];
  /** Where the code goes; null where the request was no place in a file. */
  range: Range | null;
  doc: string;
  signature: string;
  /** Why there are fewer candidates than asked for, or none. */
  reason: string | null;
}

/** Documents code and writes code from docs, with the model in use for a workspace. */
export interface Engine {
  info(): EngineInfo;
  /** @throws UserError where there is nothing to document at the line, or the model has nothing to say */
  document(request: DocumentRequest, signal?: AbortSignal): Promise<DocumentResult>;
  /** @throws UserError where no doc comment is at the line */
  generate(request: GenerateRequest, count: number, signal?: AbortSignal): Promise<GenerateResult>;
  dispose(): void;
}

/**
 * Opens the engine with a model.
 * @throws UserError where the model cannot be loaded
 */
export async function openEngine({ model, adapter }: ModelInUse): Promise<Engine> {
  const backend = await initBackend();
  return new ModelEngine(backend, await loadModel(model, adapter));
}

class ModelEngine implements Engine {
  constructor(
    private readonly backend: BackendReport,
    private readonly loaded: LoadedModel,
  ) {}

  info(): EngineInfo {
    const { backend, loaded } = this;
    return {
      backend,
      model: loaded.name,
      modelDir: loaded.dir,
      parameters: loaded.parameters,
      weights: formOfWeights(loaded.dir),
      adapter: loaded.adapterDir,
      builtIn: loaded.dir === builtInModel() && loaded.adapterDir === null,
    };
  }

  async document(request: DocumentRequest, signal?: AbortSignal): Promise<DocumentResult> {
    const { loaded } = this;
    const { text, language } = request;
    const parser = await loadParser(language);
    const { units } = extractUnits(parser, text);
    const index = innermost(units, request.line);
    if (index < 0) {
      throw new UserError(`Line ${request.line + 1} is in no function that could be documented.`);
    }
    const unit = units[index];
    if (unit.doc !== null) {
      throw new UserError(`${unit.qualifiedName} has a doc already.`);
    }
    const view = viewOf(unit);
    const prompt = loaded.prompts.document(view);
    // The reconstruction needs as much room again as the code.
    if (prompt.length * 2.5 > loaded.model.config.contextLength) {
      throw new UserError(
        `${unit.qualifiedName} is too long for this model: ${prompt.length} tokens.`,
      );
    }
    const similarity = await loadSimilarity(language);
    const candidates = await documentUnit(loaded, similarity, view, { signal });
    if (candidates.length === 0) {
      throw new UserError(
        `The model found nothing to say about ${unit.qualifiedName}: every summary it wrote was empty or repeated itself. Train it longer.`,
      );
    }
    const [best] = candidates;
    const comments = units.flatMap((each) => (each.doc === null ? [] : [each.doc]));
    const style =
      request.style === undefined || request.style === 'auto'
        ? detectStyle(comments, language)
        : request.style;
    const comment = renderDoc(best.doc, style, {
      language,
      parameters: unit.parameters,
      returnsType: unit.returns.type,
      indent: unit.docInsert.indent,
    });
    const edit = docInsertion(text, unit, comment);
    assertAddsDocOnly(parser, text, units, index, edit);
    return {
      unit,
      doc: best.doc,
      comment,
      edit,
      roundTrip: best.roundTrip,
      spelt: best.spelt,
      candidates: candidates.map(({ plain, roundTrip }) => ({ plain, roundTrip })),
    };
  }

  async generate(
    request: GenerateRequest,
    count: number,
    signal?: AbortSignal,
  ): Promise<GenerateResult> {
    const { loaded } = this;
    const { language } = request;
    const target = await targetOf(request);
    const { doc, signature, before } = target;
    const file = 'line' in request ? request.text : '';
    const asked = { language, doc, signature, before, file };
    const answer = await generateCode(loaded, asked, count, { signal });
    return {
      candidates: answer.candidates.map((candidate) => ({
        ...candidate,
        newText: newTextOf(target, candidate, request),
      })),
      range: 'line' in request ? target.range : null,
      doc,
      signature,
      reason: answer.reason,
    };
  }

  dispose(): void {
    this.loaded.dispose();
  }
}

/** The innermost unit with the line in its range, its signature's lines first; -1 where there is none. */
function innermost(units: readonly UnitText[], line: number): number {
  const holds = ({ start, end }: Range): boolean => start.line <= line && end.line >= line;
  const bySignature = units.findLastIndex((unit) => holds(unit.signatureRange));
  return bySignature >= 0 ? bySignature : units.findLastIndex((unit) => holds(unit.range));
}

async function targetOf(request: GenerateRequest): Promise<CodeTarget> {
  if (!('line' in request)) {
    const nowhere = { line: 0, character: 0 };
    return {
      doc: renderPlainDoc(parsePlainDoc(request.doc)),
      signature: request.signature?.trim() ?? '',
      before: undefined,
      range: { start: nowhere, end: nowhere },
      indent: '',
      lead: '',
    };
  }
  const target = codeTargetAt(await loadParser(request.language), request.text, request.line);
  if (target === null) {
    throw new UserError(
      `Line ${request.line + 1} is in no doc comment: write what the code should do there.`,
    );
  }
  return target;
}

function newTextOf(
  target: CodeTarget,
  { body, code }: CodeCandidate,
  request: GenerateRequest,
): string {
  if (!('line' in request)) {
    return code;
  }
  const text = target.lead + indentRest(body, target.indent);
  return request.text.includes('\r\n') ? text.replace(/\n/g, '\r\n') : text;
}
