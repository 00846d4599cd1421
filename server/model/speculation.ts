/** Tokens that a draft needs to have in common with what it goes on from. */
const MOST_MATCHED = 4;
const LEAST_MATCHED = 2;
const LONGEST_DRAFT = 8;

/**
 * Guesses how an answer goes on: like the text after the last place where its end stood before, in the prompt or the
 * answer (prompt-lookup decoding, Saxena 2023). The model checks all guesses in one pass, so a wrong one costs
 * little and none changes what is drawn.
 */
export class Drafter {
  private readonly history: number[];
  /** How many guesses are worth their cost by what became of the last ones. */
  private reach = LONGEST_DRAFT / 2;

  constructor(prompt: readonly number[]) {
    this.history = [...prompt];
  }

  /**
   * @param answer so far
   * @param most guesses
   */
  draft(promptLength: number, answer: readonly number[], most: number): number[] {
    const { history } = this;
    history.length = Math.min(history.length, promptLength + answer.length);
    for (let i = promptLength; i < promptLength + answer.length; i++) {
      history[i] = answer[i - promptLength];
    }
    const count = Math.min(most, Math.floor(this.reach));
    return count < 1 ? [] : continuation(history, count);
  }

  /** Learns from the last draft. */
  note(drafted: number, accepted: number): void {
    if (drafted > 0) {
      this.reach =
        accepted === drafted
          ? Math.min(LONGEST_DRAFT, this.reach + 2)
          : Math.max(1, (this.reach + accepted) / 2);
    }
  }
}

/** What followed the last earlier place of the longest run of final tokens. */
function continuation(history: readonly number[], count: number): number[] {
  const end = history.length;
  let best = 0;
  let from = -1;
  for (let place = end - 2; place >= LEAST_MATCHED - 1; place--) {
    let matched = 0;
    while (
      matched < MOST_MATCHED &&
      matched <= place &&
      history[place - matched] === history[end - 1 - matched]
    ) {
      matched++;
    }
    if (matched > best) {
      best = matched;
      from = place + 1;
      if (matched === MOST_MATCHED) {
        break;
      }
    }
  }
  return best >= LEAST_MATCHED ? history.slice(from, from + count) : [];
}
