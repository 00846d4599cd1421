import type { TokenFile, TokenSequence } from '../../corpus/pretraining/tokenFile.js';
import { Random } from '../../util/random.js';

/** Where a run stands in its data. */
export interface DataPosition {
  epoch: number;
  /** Sequences of the epoch that were taken. */
  index: number;
}

/** Takes sequences from a token file: the first epoch in its own order, which is random, the others shuffled by its seed. */
export class PretrainingData {
  private order: Int32Array | null;

  constructor(
    private readonly file: TokenFile,
    readonly position: DataPosition = { epoch: 0, index: 0 },
  ) {
    this.order = this.orderOf(position.epoch);
  }

  /** Sequences of about `tokens` tokens, at least one. */
  take(tokens: number): TokenSequence[] {
    const taken: TokenSequence[] = [];
    for (let room = tokens; taken.length === 0 || room > 0; ) {
      if (this.position.index >= this.file.header.sequences) {
        this.position.epoch++;
        this.position.index = 0;
        this.order = this.orderOf(this.position.epoch);
      }
      const at = this.position.index++;
      const sequence = this.file.sequence(this.order?.[at] ?? at);
      taken.push(sequence);
      room -= sequence.ids.length;
    }
    return taken;
  }

  private orderOf(epoch: number): Int32Array | null {
    if (epoch === 0) {
      return null;
    }
    const indices = Array.from({ length: this.file.header.sequences }, (_, i) => i);
    return Int32Array.from(new Random(this.file.header.seed * 7919 + epoch).shuffle(indices));
  }
}
