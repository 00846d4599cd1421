import './gradients.js';
import {
  type Tensor,
  Variable,
  variableGrads as tfjsVariableGrads,
  type Scalar,
} from '@tensorflow/tfjs-core';

/** The variables of the differentiation that runs now, or null outside one. */
let active: ReadonlySet<Tensor> | null = null;

/** Whether an op should prepare a gradient of `input`: false for a variable that is held fixed. */
export function wantsGradient(input: Tensor): boolean {
  return active === null || !(input instanceof Variable) || active.has(input);
}

/**
 * The value of `loss` and its gradients by the given variables, which all must have an influence on it.
 * The caller disposes both.
 */
export function valueAndGrads(
  loss: () => Scalar,
  variables: readonly Variable[],
): { value: Scalar; grads: Map<Variable, Tensor> } {
  const outer = active;
  active = new Set(variables);
  try {
    const { value, grads } = tfjsVariableGrads(loss, [...variables]);
    return { value, grads: new Map(variables.map((v) => [v, grads[v.name]])) };
  } finally {
    active = outer;
  }
}
