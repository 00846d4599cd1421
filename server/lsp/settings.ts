import type { Connection } from 'vscode-languageserver';
import type { DocStyle } from '../languages/types.js';
import { DEFAULT_SETTINGS, SETTINGS_SECTION, type Settings } from '../protocol.js';

/** Takes what has the right type from `given`, and the default for the rest: settings are typed by hand. */
export function readSettings(given: unknown): Settings {
  return merge(DEFAULT_SETTINGS, given) as Settings;
}

function merge(defaults: unknown, given: unknown): unknown {
  if (!isRecord(defaults)) {
    return typeof given === typeof defaults && !Number.isNaN(given) ? given : defaults;
  }
  if (!isRecord(given)) {
    return defaults;
  }
  const names = Object.keys(defaults);
  // An open table, like docStyle: any name with a text.
  if (names.length === 0) {
    return Object.fromEntries(
      Object.entries(given).filter(([, value]) => typeof value === 'string'),
    );
  }
  return Object.fromEntries(names.map((name) => [name, merge(defaults[name], given[name])]));
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The settings of the client: asked for once, and again when the client says that they changed. */
export class SettingsStore {
  private current: Settings;
  private asked: Promise<Settings> | null = null;
  private pulls = false;

  constructor(private readonly connection: Connection) {
    this.current = DEFAULT_SETTINGS;
  }

  /** @param pulls whether the client answers `workspace/configuration` */
  initialize(initial: unknown, pulls: boolean): void {
    this.current = readSettings(initial);
    this.pulls = pulls;
  }

  /** The settings as last read; right after the first {@link get}. */
  get latest(): Settings {
    return this.current;
  }

  get(): Promise<Settings> {
    if (!this.pulls) {
      return Promise.resolve(this.current);
    }
    this.asked ??= this.connection.workspace.getConfiguration(SETTINGS_SECTION).then(
      (given: unknown) => (this.current = readSettings(given)),
      () => this.current,
    );
    return this.asked;
  }

  /** The patterns that the editor hides: its own setting `files.exclude`, where the client tells. */
  async excludedFiles(): Promise<string[]> {
    if (!this.pulls) {
      return [];
    }
    const given: unknown = await this.connection.workspace
      .getConfiguration('files.exclude')
      .catch(() => null);
    return isRecord(given) ? Object.keys(given).filter((pattern) => given[pattern] === true) : [];
  }

  /** @param pushed what came with the notification, for clients that push */
  changed(pushed: unknown): Promise<Settings> {
    this.asked = null;
    if (!this.pulls && isRecord(pushed) && SETTINGS_SECTION in pushed) {
      this.current = readSettings(pushed[SETTINGS_SECTION]);
    }
    return this.get();
  }
}

/** The style asked for by a setting, or `auto`. */
export function styleFor(settings: Settings, languageId: string): DocStyle | 'auto' {
  return (settings.docStyle[languageId] as DocStyle | undefined) ?? 'auto';
}
