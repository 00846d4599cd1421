import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { UserError } from '../../util/errors.js';
import { identifyLicence, LICENCE_FILE, PERMISSIVE, type PermissiveLicence } from './licence.js';
import { type PretrainingSplit, SPLITS } from './record.js';
import { commitOf, type Snapshot } from './snapshot.js';

/** One public source, as the list of sources names it. */
export interface Source {
  /** `owner/name` of a repository, or what a package is called. */
  name: string;
  /** Where anyone finds it. */
  url: string;
  /** Where it lies on this machine: a git directory or a folder. */
  path: string;
  split: PretrainingSplit;
  /** The commit, or the release of what is no repository; null for the commit that is there. */
  version: string | null;
  /** Found by an earlier run, or set by a person who read one that the wording alone does not tell. */
  licence: PermissiveLicence | null;
  /** Folders that are read; all when empty. */
  folders: readonly string[];
}

/**
 * Reads a list of sources: `{"sources": [{name, url, version?, split?, licence?, folders?}, ...]}`. What a run writes as
 * its manifest is such a list too. Each source lies in the folder of its name under `root`.
 */
export function readSources(file: string, root: string): Source[] {
  let list: { sources?: unknown } | null;
  try {
    list = JSON.parse(readFileSync(file, 'utf8')) as typeof list;
  } catch (error) {
    throw new UserError(`${file} cannot be read as JSON (${(error as Error).message}).`);
  }
  const entries = list?.sources;
  if (!Array.isArray(entries) || entries.length === 0) {
    throw new UserError(
      `${file} must hold a list of sources: {"sources": [{"name", "url"}, ...]}.`,
    );
  }
  const sources = entries.map((entry, index) => readSource(entry, index, root));
  const twice = sources.find(({ name }, i) => sources.findIndex((s) => s.name === name) !== i);
  if (twice !== undefined) {
    throw new UserError(`${file} names ${twice.name} twice; keep one.`);
  }
  return sources;
}

function readSource(entry: unknown, index: number, root: string): Source {
  const fields = (typeof entry === 'object' && entry !== null ? entry : {}) as Record<
    string,
    unknown
  >;
  const text = (key: string): string => {
    const value = fields[key];
    if (typeof value !== 'string' || value === '') {
      throw new UserError(`source ${index + 1} needs "${key}", a text that is not empty.`);
    }
    return value;
  };
  const oneOf = <T extends string>(key: string, allowed: readonly T[], otherwise: T | null) => {
    const value = fields[key] ?? otherwise;
    if (value !== null && !allowed.includes(value as T)) {
      throw new UserError(`source ${index + 1}: "${key}" must be one of ${allowed.join(', ')}.`);
    }
    return value as T | null;
  };
  const folders = fields.folders ?? [];
  if (!Array.isArray(folders) || folders.some((folder) => typeof folder !== 'string')) {
    throw new UserError(`source ${index + 1}: "folders" must be a list of folder names.`);
  }
  return {
    name: text('name'),
    url: text('url'),
    path: resolve(root, text('name')),
    split: oneOf('split', SPLITS, 'train') ?? 'train',
    version: (fields.version ?? null) === null ? null : text('version'),
    licence: oneOf('licence', PERMISSIVE, null),
    folders: folders as string[],
  };
}

const COMMIT = /^[0-9a-f]{40}$/;

/** What keeps a source from being read as the list has it; null where nothing does. */
export function problemWith({ path, version }: Source): string | null {
  if (!existsSync(path)) {
    return 'is missing';
  }
  const commit = commitOf(path);
  if (version === null) {
    return commit === null ? 'is no git repository and has no "version" in the list' : null;
  }
  if (!COMMIT.test(version) || version === commit) {
    return null;
  }
  return commit === null ? 'is no git repository' : `is at ${commit}`;
}

/** The beginning of a licence file; what follows it is notices for bundled parts. */
const LICENCE_CHARS = 6_000;

/**
 * The licence of a source: what the list says, else the first permissive one among the licence files at the top
 * of the snapshot (a choice of several is common). Null: the source must not be used.
 */
export function licenceOf(source: Source, snapshot: Snapshot): PermissiveLicence | null {
  if (source.licence !== null) {
    return source.licence;
  }
  const names = snapshot.files
    .map(({ path }) => path)
    .filter((path) => LICENCE_FILE.test(path))
    .sort();
  for (const { bytes } of snapshot.read(names)) {
    const text = new TextDecoder('utf-8').decode(bytes).slice(0, LICENCE_CHARS);
    const licence = identifyLicence(text);
    if (licence !== null) {
      return licence;
    }
  }
  return null;
}
