/** The plans that billing sells, cheapest first. */
export const plans = ['free', 'bronze', 'silver', 'gold', 'enterprise'] as const;
export type Plan = (typeof plans)[number];
