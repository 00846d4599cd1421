/**
 * tfjs-core registers no gradient by itself: this module registers all of them, and every op
 * of ours imports it, so that no order of imports can leave one out.
 */
// tfjs-core first: its flags must be known before gradients are registered, whatever a bundler's order is.
import '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-core/dist/register_all_gradients';
