import './gradients.js';
import {
  add,
  engine,
  keep,
  ones,
  type Scalar,
  type Tensor,
  tidy,
  Variable,
} from '@tensorflow/tfjs-core';

/** The differentiation that runs now, or null outside one. */
let active: {
  variables: ReadonlySet<Tensor>;
  /** By tensor id: the sums that are added to, and in the backward pass every gradient so far. */
  gradients: Map<number, Tensor>;
  /** The operation whose gradient is computed. */
  node: TapeNode | null;
} | null = null;

/** Whether an op should prepare a gradient of `input`: false for a variable that is held fixed. */
export function wantsGradient(input: Tensor): boolean {
  return active === null || !(input instanceof Variable) || active.variables.has(input);
}

/** Whether valueAndGrads is at work. */
export function differentiating(): boolean {
  return active !== null;
}

/**
 * What there already is of the gradient of an input: a kernel may add its part in place and return the same data.
 * @param input the tensor in the forward pass, its name within a gradient function
 */
export function gradientSum(input: Tensor | string): Tensor | null {
  const tensor = typeof input === 'string' ? active?.node?.inputs[input] : input;
  return (tensor && active?.gradients.get(tensor.id)) ?? null;
}

/** One operation that tfjs recorded. */
interface TapeNode {
  inputs: Record<string, Tensor>;
  outputs: Tensor[];
  saved: Tensor[];
  kernelName: string;
  gradient?: (dys: (Tensor | null)[]) => Record<string, () => Tensor>;
  /** In place of `gradient`: computes the output again from the saved input, to be recorded. */
  again?: () => Tensor;
  /** Computes the only output again from what is saved. */
  rebuild?: (saved: Tensor[]) => Tensor;
  /** That output, as long as the backward pass needs it. */
  rebuilt?: Tensor;
  /** The places in `saved` of what is not kept, each with the node that computes it again. */
  missing?: [number, TapeNode][];
}

/** What this file uses of tfjs's engine beyond its public interface; tfjs-core's version is fixed for that. */
interface Recorder {
  startTape(): void;
  endTape(): void;
  state: { activeTape: TapeNode[] | null; gradientDepth: number };
}

/**
 * The value of `loss` and its gradients by the given variables, which all must have an influence on it.
 * The caller disposes both.
 * @param sums earlier gradients that these are added to, in place where a kernel can: their tensors are used up
 *
 * tfjs's own variableGrads keeps every saved tensor and every gradient until the backward pass is
 * over; here each goes as soon as the pass is through with it, which about halves the peak of memory.
 * @throws Error where a variable has no influence on the loss, or inside another differentiation
 */
export function valueAndGrads(
  loss: () => Scalar,
  variables: readonly Variable[],
  sums: ReadonlyMap<Variable, Tensor> = new Map(),
): { value: Scalar; grads: Map<Variable, Tensor> } {
  const recorder = theRecorder();
  if (active || recorder.state.gradientDepth > 0) {
    throw new Error('valueAndGrads cannot run inside another differentiation.');
  }
  const gradients = new Map([...sums].map(([variable, sum]) => [variable.id, sum]));
  active = { variables: new Set(variables), gradients, node: null };
  try {
    return recorded(loss, (value, tape) => {
      gradients.set(value.id, ones(value.shape));
      const ids = variables.map(({ id }) => id);
      backward(tape, dependents(tape, ids), gradients);
      return { value, grads: found(variables, gradients) };
    });
  } catch (error) {
    gradients.forEach((gradient) => gradient.dispose());
    throw error;
  } finally {
    recorder.state.activeTape = null;
    active = null;
  }
}

function theRecorder(): Recorder {
  return engine() as unknown as Recorder;
}

/** Records `compute`, and then, with recording off, does `use`; what the tape saved is freed at the end. */
function recorded<T extends Tensor, R>(
  compute: () => T,
  use: (value: T, tape: TapeNode[]) => R,
): R {
  const recorder = theRecorder();
  recorder.startTape();
  const tape = recorder.state.activeTape!;
  let value: T;
  try {
    value = tidy(compute);
  } catch (error) {
    tape.forEach(release);
    throw error;
  } finally {
    recorder.endTape();
  }
  try {
    return use(value, tape);
  } catch (error) {
    value.dispose();
    throw error;
  } finally {
    tape.forEach(release);
  }
}

/**
 * Marks the output of the operation that ran last as cheap: `lean` need not keep it.
 * @param rebuild the same operation, from what its gradient has saved
 */
export function markCheap(output: Tensor, rebuild: (saved: Tensor[]) => Tensor): void {
  const last = active && theRecorder().state.activeTape?.at(-1);
  if (last?.outputs[0] === output) {
    last.rebuild = rebuild;
  }
}

/**
 * compute(), of which cheap outputs are not kept for the backward pass, which computes each of them once again: less
 * memory for little time. The gradients have the same bits as without.
 */
export function lean<T extends Tensor>(compute: () => T): T {
  const tape = active && theRecorder().state.activeTape;
  const start = tape?.length ?? 0;
  const output = compute();
  const nodes = tape?.slice(start) ?? [];
  const makers = new Map(
    nodes.flatMap((node) => (node.rebuild ? [[node.outputs[0].dataId, node]] : [])),
  );
  for (const node of nodes) {
    node.missing = node.saved.flatMap((saved, place): [number, TapeNode][] => {
      const maker = makers.get(saved.dataId);
      if (!maker) {
        return [];
      }
      saved.dispose();
      return [[place, maker]];
    });
  }
  return output;
}

/**
 * block(x), of which only x is kept for the backward pass, which computes the rest again: less memory for more time
 * (Chen et al., arXiv 1604.06174). The gradients have the same bits as without.
 * @param block computes the same each time, from x and from variables
 */
export function recomputed<T extends Tensor>(block: (x: T) => T, x: T): T {
  if (active === null) {
    return block(x);
  }
  const { state } = theRecorder();
  const outer = state.activeTape!;
  const inner: TapeNode[] = [];
  state.activeTape = inner;
  try {
    const output = tidy(() => block(x));
    const kept = keep(x.clone());
    outer.push({
      kernelName: 'Recomputed',
      inputs: { x, ...inputsOf(inner) },
      outputs: [output],
      saved: [kept],
      again: () => block(kept),
    });
    return output;
  } finally {
    state.activeTape = outer;
    inner.forEach(release);
  }
}

/** What the nodes read and did not make. */
function inputsOf(tape: readonly TapeNode[]): Record<string, Tensor> {
  const made = new Set(tape.flatMap(({ outputs }) => outputs.map(({ id }) => id)));
  return Object.fromEntries(
    tape
      .flatMap(({ inputs }) => Object.values(inputs))
      .filter(({ id }) => !made.has(id))
      .map((input) => [`input ${input.id}`, input]),
  );
}

function release(node: TapeNode): void {
  node.saved.forEach((saved) => saved.dispose());
  node.saved.length = 0;
  node.rebuilt?.dispose();
}

/** Computes again what was not kept. */
function complete(node: TapeNode): void {
  node.missing?.forEach(([place, maker]) => {
    maker.rebuilt ??= maker.rebuild!(maker.saved);
    node.saved[place] = maker.rebuilt.clone();
  });
}

/** @param gradients by tensor id; each leaves when the node that made its tensor is done */
function backward(tape: TapeNode[], depends: Dependents, gradients: Map<number, Tensor>): void {
  for (let i = tape.length - 1; i >= 0; i--) {
    const node = tape[i];
    if (depends.has(node) && node.outputs.some((output) => gradients.has(output.id))) {
      if (node.again) {
        replay(node.again, node, depends.tensors, gradients);
      } else {
        propagate(node, depends.tensors, gradients);
      }
    }
    release(node);
  }
}

/** Computes a node's output again and goes back through all that led to it. */
function replay(
  again: () => Tensor,
  { inputs: { x }, outputs: [output], saved: [kept] }: TapeNode,
  wanted: ReadonlySet<number>,
  gradients: Map<number, Tensor>,
): void {
  recorded(again, (value, tape) => {
    gradients.set(value.id, gradients.get(output.id)!);
    gradients.delete(output.id);
    const starts = wanted.has(x.id) ? [...wanted, kept.id] : wanted;
    backward(tape, dependents(tape, starts), gradients);
    value.dispose();
    const gradient = gradients.get(kept.id);
    if (gradient) {
      gradients.delete(kept.id);
      addGradient(x, gradient, gradients);
    }
  });
}

/** The gradients of the variables. */
function found(
  variables: readonly Variable[],
  gradients: ReadonlyMap<number, Tensor>,
): Map<Variable, Tensor> {
  const all = new Map<Variable, Tensor>();
  for (const variable of variables) {
    const gradient = gradients.get(variable.id);
    if (!gradient) {
      throw new Error(
        `The variable ${variable.name} of shape [${variable.shape.join()}] has no influence on the loss.`,
      );
    }
    all.set(variable, gradient);
  }
  return all;
}

/** The nodes and tensors whose values depend on the variables. */
class Dependents {
  readonly tensors: Set<number>;
  private readonly nodes = new Set<TapeNode>();

  constructor(starts: Iterable<number>) {
    this.tensors = new Set(starts);
  }

  add(node: TapeNode): void {
    this.nodes.add(node);
    node.outputs.forEach((output) => this.tensors.add(output.id));
  }

  has(node: TapeNode): boolean {
    return this.nodes.has(node);
  }
}

/** @param starts ids of tensors that depend on the variables, or are these */
function dependents(tape: TapeNode[], starts: Iterable<number>): Dependents {
  const all = new Dependents(starts);
  for (const node of tape) {
    if (Object.values(node.inputs).some((input) => all.tensors.has(input.id))) {
      all.add(node);
    }
  }
  return all;
}

/** Takes the gradients of a node's outputs out of the map and adds those of its inputs. */
function propagate(
  node: TapeNode,
  wanted: ReadonlySet<number>,
  gradients: Map<number, Tensor>,
): void {
  const dys = node.outputs.map((output) => gradients.get(output.id) ?? null);
  const inputs = Object.entries(node.inputs).filter(([, input]) => wanted.has(input.id));
  const { gradient, kernelName } = node;
  if (!gradient) {
    throw new Error(`The kernel ${kernelName} has no gradient.`);
  }
  complete(node);
  active!.node = node;
  const results = tidy(() => {
    const byName = gradient(dys);
    const made = new Set<Tensor | null>(dys);
    return inputs.map(([name]) => {
      const result = byName[name]();
      const own = made.has(result) ? result.clone() : result;
      made.add(own);
      return own;
    });
  });
  node.outputs.forEach((output) => {
    gradients.get(output.id)?.dispose();
    gradients.delete(output.id);
  });
  inputs.forEach(([, input], i) => addGradient(input, results[i], gradients));
}

/** Adds to what there is of an input's gradient, where a kernel has not done so in place. */
function addGradient(input: Tensor, gradient: Tensor, gradients: Map<number, Tensor>): void {
  const earlier = gradients.get(input.id);
  if (!earlier) {
    gradients.set(input.id, gradient);
    return;
  }
  if (gradient.dataId !== earlier.dataId) {
    gradients.set(input.id, add(earlier, gradient));
    earlier.dispose();
  }
  gradient.dispose();
}
