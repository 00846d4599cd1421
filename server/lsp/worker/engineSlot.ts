import type { Engine } from '../../inference/engine.js';
import { UserError } from '../../util/errors.js';

/** The engine in use: at most one, but while a trained model takes its place. */
export class EngineSlot {
  private engine: Engine | null = null;

  /** The engine to ask. */
  get current(): Engine {
    if (this.engine === null) {
      throw new UserError(
        'The model could not be loaded; the log says why ("BatCoder: Show Log").',
      );
    }
    return this.engine;
  }

  /** Frees the engine in use, then opens another: no request may run meanwhile. */
  async replace(open: () => Promise<Engine>): Promise<Engine> {
    this.engine?.dispose();
    this.engine = null;
    this.engine = await open();
    return this.engine;
  }

  /**
   * Opens another engine beside the one in use and swaps them between two requests, so that none loses its model.
   * @param idle returns when no request runs
   */
  async swap(open: () => Promise<Engine>, idle: () => Promise<void>): Promise<Engine> {
    const next = await open();
    await idle();
    this.engine?.dispose();
    this.engine = next;
    return next;
  }
}
