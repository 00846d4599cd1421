import { renderPlainDoc } from '../languages/docs/plain.js';
import type { Similarity } from '../similarity/similarity.js';
import type { DocCandidate } from './candidates.js';
import type { LoadedModel } from './loadedModel.js';
import { rankDocs } from './ranking.js';
import type { UnitView } from './view.js';
import { DOC_TEMPERATURE, writeDocs } from './writeDocs.js';

export interface DocumentOptions {
  /** Docs to choose from, the greedy one among them. */
  candidates?: number;
  seed?: number;
  signal?: AbortSignal;
}

/**
 * Documents a unit: docs within the frame of its parameters and return, one of them greedy, ranked by their round
 * trip.
 * @returns best first, no two alike; empty where the model wrote no summary
 */
export async function documentUnit(
  loaded: LoadedModel,
  similarity: Similarity,
  view: UnitView,
  options: DocumentOptions = {},
): Promise<DocCandidate[]> {
  const { candidates = 4, seed = 0, signal } = options;
  const requests = Array.from({ length: candidates }, (_, i) => ({
    unit: view,
    frame: view,
    temperature: i === 0 ? 0 : DOC_TEMPERATURE,
  }));
  const written = (await writeDocs(loaded, requests, { seed, signal })).filter(
    (each) => each !== null,
  );
  const docs = new Map(written.map(({ doc }) => [renderPlainDoc(doc), doc]));
  const ranked = await rankDocs(loaded, similarity, view, docs, signal);
  return ranked.map((each) => ({
    ...each,
    spelt: written.find(({ doc }) => doc === each.doc)?.spelt ?? [],
  }));
}
