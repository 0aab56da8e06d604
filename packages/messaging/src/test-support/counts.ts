/** How often a test of delivery does its work: a few times on every run, as often as the promise says under `bench/delivery`. */
export const times = (few: number, all: number): number => (process.env.ATTUNE_DELIVERY === 'whole' ? all : few);
