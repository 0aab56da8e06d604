import { ModelsReconciler } from '../reconciler';

/**
 * Before a TestApi starts: its reconciler, which passes at boot and every 15 s, does not run. What it does is left to the test, which
 * would else meet it half done.
 */
export function withoutReconciler(): void {
  jest.spyOn(ModelsReconciler.prototype, 'onApplicationBootstrap').mockImplementation();
}
