import { TextDocument } from 'vscode-languageserver-textdocument';
import type { Position } from '../corpus/unit.js';
import { assertAddsDocOnly } from '../inference/docEdit.js';
import { loadParser } from '../languages/parser.js';
import { errorMessage, UserError } from '../util/errors.js';
import { sha256 } from '../util/hash.js';
import { LruCache } from '../util/lruCache.js';
import type { ModelStatus } from './modelStatus.js';
import { type SettingsStore, styleFor } from './settings.js';
import type { Place } from './units.js';
import { Cancelled, type ModelWorker } from './worker/modelWorker.js';

/** A doc that passed its checks, ready to be inserted. */
export interface CheckedDoc {
  /** As it stands in the file; the first line without indentation. */
  comment: string;
  edit: { position: Position; newText: string };
  roundTrip: number | null;
}

const CACHE_SIZE = 500;

/** Docs of functions: asked of the model once for each function as it is written, and kept. */
export class DocService {
  private readonly cache = new LruCache<string, Omit<CheckedDoc, 'edit'> & { newText: string }>(
    CACHE_SIZE,
  );
  /** Why there is no doc, for hovers. */
  private readonly refusals = new LruCache<string, string>(CACHE_SIZE);
  private background: { key: string; controller: AbortController; ended: Promise<void> } | null =
    null;

  constructor(
    private readonly model: ModelWorker,
    private readonly status: ModelStatus,
    private readonly settings: SettingsStore,
    private readonly log: (line: string) => void,
  ) {}

  /** The doc if it is there already; never asks the model. */
  cached(place: Place): CheckedDoc | null {
    const hit = this.cache.get(this.key(place));
    return hit
      ? { ...hit, edit: { position: place.unit.docInsert.position, newText: hit.newText } }
      : null;
  }

  /** Why the model had no doc for the function when it was last asked; null where it was not, or had one. */
  refusal(place: Place): string | null {
    return this.refusals.get(this.key(place)) ?? null;
  }

  /**
   * The doc of an undocumented function, checked against the file as the place has it.
   * @throws UserError with a message to show; Cancelled
   */
  async document(place: Place, signal: AbortSignal): Promise<CheckedDoc> {
    this.yieldBackground();
    const hit = this.cached(place);
    return hit ? this.check(place, hit) : this.ask(place, signal);
  }

  /**
   * Has the doc made for hovers; one that was begun for another function gives way.
   * @returns settles when it has ended, whatever came of it; at once where there is nothing to make
   */
  async documentInBackground(place: Place): Promise<void> {
    const key = this.key(place);
    if (this.background?.key === key) {
      return this.background.ended;
    }
    if (
      this.status.obstacle() !== null ||
      this.cache.get(key) !== undefined ||
      this.refusals.get(key) !== undefined
    ) {
      return;
    }
    this.yieldBackground();
    const controller = new AbortController();
    const ended = this.ask(place, controller.signal).then(
      () => undefined,
      (error: unknown) => {
        if (!(error instanceof Cancelled)) {
          this.log(`no doc for ${place.unit.qualifiedName}: ${errorMessage(error)}`);
        }
      },
    );
    const begun = { key, controller, ended };
    this.background = begun;
    await ended;
    if (this.background === begun) {
      this.background = null;
    }
  }

  /** A person asks for something: what was begun on suspicion gives way. */
  yieldBackground(): void {
    this.background?.controller.abort();
    this.background = null;
  }

  /** The model changed: what the old one wrote is forgotten. */
  clear(): void {
    this.yieldBackground();
    this.cache.clear();
    this.refusals.clear();
  }

  private async ask(place: Place, signal: AbortSignal): Promise<CheckedDoc> {
    const obstacle = this.status.obstacle();
    if (obstacle !== null) {
      throw new UserError(obstacle);
    }
    try {
      return await this.askModel(place, signal);
    } catch (error) {
      if (error instanceof UserError) {
        this.refusals.set(this.key(place), error.message);
      }
      throw error;
    }
  }

  private async askModel(place: Place, signal: AbortSignal): Promise<CheckedDoc> {
    const { file, unit } = place;
    const answer = await this.model.call(
      'document',
      {
        text: file.text,
        language: file.language.id,
        line: unit.signatureRange.start.line,
        style: styleFor(this.settings.latest, file.languageId),
      },
      signal,
    );
    const { comment, edit, roundTrip } = answer;
    const doc = await this.check(place, { comment, edit, roundTrip });
    this.cache.set(this.key(place), { comment, roundTrip, newText: edit.newText });
    return doc;
  }

  /** As the editor would apply it: the doc added, every other byte as it was, and the file read as before. */
  private async check({ file, unit }: Place, doc: CheckedDoc): Promise<CheckedDoc> {
    const { uri, languageId, version, text } = file;
    const document = TextDocument.create(uri, languageId, version, text);
    const { position, newText } = doc.edit;
    const range = { start: position, end: position };
    const edited = TextDocument.applyEdits(document, [{ range, newText }]);
    const start = document.offsetAt(position);
    if (edited.slice(0, start) + edited.slice(start + newText.length) !== text) {
      throw new UserError(`The doc of ${unit.name} would change other text, so it is withheld.`);
    }
    const parser = await loadParser(file.language.id);
    try {
      assertAddsDocOnly(parser, file.text, file.units, file.units.indexOf(unit), doc.edit);
    } catch (error) {
      throw new UserError(errorMessage(error));
    }
    return doc;
  }

  /** A doc fits as long as the function, its indentation and the style asked for stay the same. */
  private key({ file, unit }: Place): string {
    const style = styleFor(this.settings.latest, file.languageId);
    return sha256(
      JSON.stringify([file.uri, style, unit.docInsert.indent, unit.qualifiedName, unit.code]),
    );
  }
}
