/** A voice, the Debian program that speaks it, and whose voice it is. */
export interface Voice {
  readonly program: 'flite' | 'festival';
  /** The program's own name for the voice. */
  readonly id: string;
  /** The recorded person: two voices of one person count as one when a speaker is held out. */
  readonly speaker: string;
  readonly debianPackage: string;
}

export const voices = {
  rms: { program: 'flite', id: 'rms', speaker: 'rms', debianPackage: 'flite' },
  slt: { program: 'flite', id: 'slt', speaker: 'slt', debianPackage: 'flite' },
  awb: { program: 'flite', id: 'awb', speaker: 'awb', debianPackage: 'flite' },
  kal16: { program: 'flite', id: 'kal16', speaker: 'kal', debianPackage: 'flite' },
  'slt-hts': {
    program: 'festival',
    id: 'cmu_us_slt_arctic_hts',
    speaker: 'slt',
    debianPackage: 'festvox-us-slt-hts',
  },
  'kal-diphone': { program: 'festival', id: 'kal_diphone', speaker: 'kal', debianPackage: 'festvox-kallpc16k' },
  'ked-diphone': { program: 'festival', id: 'ked_diphone', speaker: 'ked', debianPackage: 'festvox-kdlpc16k' },
} as const satisfies Record<string, Voice>;

export type VoiceName = keyof typeof voices;

/** Heard in training and in every other set. */
export const trainingVoices = [
  'rms',
  'slt',
  'awb',
  'kal16',
  'slt-hts',
  'kal-diphone',
] as const satisfies readonly VoiceName[];

/** A speaker who occurs in the `test` set and nowhere else. */
export const heldOutVoice: VoiceName = 'ked-diphone';
