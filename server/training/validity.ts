import { repeatsItself } from '../inference/prose.js';
import { firstSentence } from '../inference/view.js';
import { parsePlainDoc } from '../languages/docs/plain.js';

/** R_doc of the method. */
export type Validity = 0 | 0.5 | 1;

/** What a doc must speak of. */
export interface DocFacts {
  /** Names of the unit's parameters, in order. */
  parameters: readonly string[];
  /** Whether the unit returns a value. */
  returnsValue: boolean;
}

export interface DocCheck {
  validity: Validity;
  /** Why it is not 1, in words; empty where it is. */
  faults: string[];
}

/**
 * R_doc: 1 for one summary sentence with every parameter named once, none invented, and a return described iff a value
 * is returned; 0.5 where the summary runs on or the rest is not so; 0 for an empty, truncated or leaking doc, and for
 * one that repeats itself (a summary must be a sentence). The three levels are BatCoder's (arXiv 2602.02554,
 * section 3); what makes each is ours.
 * @param text a doc in the model's plain form
 * @param truncated whether the model was cut off at the length cap
 * @param leaks the leak rule's verdict, from leak.ts
 */
export function checkDoc(
  text: string,
  facts: DocFacts,
  truncated: boolean,
  leaks: boolean,
): DocCheck {
  if (truncated) {
    return { validity: 0, faults: ['over the length cap'] };
  }
  if (leaks) {
    return { validity: 0, faults: ['holds code of the body'] };
  }
  const doc = parsePlainDoc(text);
  if (!saysSomething(doc.summary)) {
    return { validity: 0, faults: ['no summary sentence'] };
  }
  if (
    [doc.summary, ...doc.params.map((param) => param.text), doc.returns ?? ''].some(repeatsItself)
  ) {
    return { validity: 0, faults: ['repeats itself'] };
  }
  const faults: string[] = [];
  // Docs that the model is taught are cut to one; in a paragraph it could tell the code line by line.
  if (firstSentence(doc.summary) !== doc.summary) {
    faults.push('more than one summary sentence');
  }
  const named = doc.params.map((param) => param.name);
  for (const name of facts.parameters) {
    const count = named.filter((other) => other === name).length;
    if (count !== 1) {
      faults.push(
        count === 0 ? `parameter ${name} missing` : `parameter ${name} named ${count} times`,
      );
    }
  }
  for (const param of doc.params) {
    if (!facts.parameters.includes(param.name)) {
      faults.push(`parameter ${param.name} invented`);
    } else if (!/\p{L}/u.test(param.text)) {
      faults.push(`parameter ${param.name} not described`);
    }
  }
  const returns = doc.returns !== null && /\p{L}/u.test(doc.returns);
  if (returns !== facts.returnsValue) {
    faults.push(
      facts.returnsValue ? 'return not described' : 'a return described where there is none',
    );
  }
  return { validity: faults.length === 0 ? 1 : 0.5, faults };
}

/** At least two words. */
function saysSomething(summary: string): boolean {
  const words = summary.match(/\p{L}[\p{L}\p{N}_'’-]*/gu) ?? [];
  return words.length >= 2;
}
