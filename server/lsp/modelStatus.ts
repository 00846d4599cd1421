import type { Connection } from 'vscode-languageserver';
import { type ModelState, StateChanged } from '../protocol.js';

/** The one state of the model; every change goes to the client. */
export class ModelStatus {
  private state: ModelState = { kind: 'starting' };
  /** What a running training covers up. */
  private beneath: ModelState = this.state;
  private waiting: (() => void)[] = [];

  constructor(private readonly connection: Connection) {}

  get current(): ModelState {
    return this.state;
  }

  /** The model changed; while a training runs, its progress goes on being shown. */
  set(state: ModelState): void {
    this.beneath = state;
    if (this.state.kind !== 'training') {
      this.show(state);
    }
  }

  training(state: Extract<ModelState, { kind: 'training' }>): void {
    this.show(state);
  }

  trainingEnded(): void {
    this.show(this.beneath);
    this.waiting.splice(0).forEach((resolve) => resolve());
  }

  /** Settles once no training runs. */
  async untilIdle(): Promise<void> {
    while (this.state.kind === 'training') {
      await new Promise<void>((resolve) => this.waiting.push(resolve));
    }
  }

  /** Null where docs and code can be asked for; otherwise why not. A training that runs is no obstacle. */
  obstacle(): string | null {
    const { beneath } = this;
    switch (beneath.kind) {
      case 'starting':
        return 'BatCoder is still loading its model; try again in a moment.';
      case 'failed':
        return `BatCoder's model could not be loaded: ${beneath.message}`;
      case 'training':
      case 'ready':
        return null;
    }
  }

  private show(state: ModelState): void {
    this.state = state;
    void this.connection.sendNotification(StateChanged.method, state);
  }
}
