import { systemClock } from '@attune/kernel';

export const CLOCK = Symbol('attune:clock');

export const clockProvider = { provide: CLOCK, useValue: systemClock };
