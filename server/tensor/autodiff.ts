import './gradients.js';
import { add, engine, ones, type Scalar, type Tensor, tidy, Variable } from '@tensorflow/tfjs-core';

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
  const recorder = engine() as unknown as Recorder;
  if (active || recorder.state.gradientDepth > 0) {
    throw new Error('valueAndGrads cannot run inside another differentiation.');
  }
  const gradients = new Map([...sums].map(([variable, sum]) => [variable.id, sum]));
  active = { variables: new Set(variables), gradients, node: null };
  recorder.startTape();
  try {
    const value = tidy(loss);
    const tape = recorder.state.activeTape ?? [];
    // What the backward pass computes is not recorded.
    recorder.state.gradientDepth--;
    try {
      gradients.set(value.id, ones(value.shape));
      return { value, grads: backward(tape, variables, gradients) };
    } finally {
      recorder.state.gradientDepth++;
    }
  } catch (error) {
    gradients.forEach((gradient) => gradient.dispose());
    throw error;
  } finally {
    recorder.endTape();
    recorder.state.activeTape?.forEach(release);
    recorder.state.activeTape = null;
    active = null;
  }
}

function release(node: TapeNode): void {
  node.saved.forEach((saved) => saved.dispose());
  node.saved.length = 0;
}

/** @param gradients by tensor id; each leaves when the node that made its tensor is done */
function backward(
  tape: TapeNode[],
  variables: readonly Variable[],
  gradients: Map<number, Tensor>,
): Map<Variable, Tensor> {
  const depends = dependents(tape, variables);
  for (let i = tape.length - 1; i >= 0; i--) {
    const node = tape[i];
    if (depends.has(node) && node.outputs.some((output) => gradients.has(output.id))) {
      propagate(node, depends.tensors, gradients);
    }
    release(node);
  }
  const found = new Map<Variable, Tensor>();
  for (const variable of variables) {
    const gradient = gradients.get(variable.id);
    if (!gradient) {
      throw new Error(
        `The variable ${variable.name} of shape [${variable.shape.join()}] has no influence on the loss.`,
      );
    }
    found.set(variable, gradient);
  }
  return found;
}

/** The nodes and tensors whose values depend on the variables. */
class Dependents {
  readonly tensors = new Set<number>();
  private readonly nodes = new Set<TapeNode>();

  add(node: TapeNode): void {
    this.nodes.add(node);
    node.outputs.forEach((output) => this.tensors.add(output.id));
  }

  has(node: TapeNode): boolean {
    return this.nodes.has(node);
  }
}

function dependents(tape: TapeNode[], variables: readonly Variable[]): Dependents {
  const found = new Dependents();
  variables.forEach((variable) => found.tensors.add(variable.id));
  for (const node of tape) {
    if (Object.values(node.inputs).some((input) => found.tensors.has(input.id))) {
      found.add(node);
    }
  }
  return found;
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
  inputs.forEach(([, input], i) => {
    const earlier = gradients.get(input.id);
    if (!earlier) {
      gradients.set(input.id, results[i]);
      return;
    }
    if (results[i].dataId !== earlier.dataId) {
      gradients.set(input.id, add(earlier, results[i]));
      earlier.dispose();
    }
    results[i].dispose();
  });
}
