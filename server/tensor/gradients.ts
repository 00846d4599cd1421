/**
 * tfjs-core registers no gradient by itself: this module registers all of them, and every op
 * of ours imports it, so that no order of imports can leave one out.
 */
import '@tensorflow/tfjs-core/dist/register_all_gradients';
