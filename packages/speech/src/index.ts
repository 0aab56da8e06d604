export { conditions, type Condition } from './conditions';
export {
  generateDataset,
  setNames,
  type DatasetItem,
  type DatasetOptions,
  type Manifest,
  type Progress,
  type SetName,
} from './dataset';
export { MissingProgramsError, ProgramFailedError } from './programs';
export { noise, silence, tone } from './signals';
export { speak } from './synthesis';
export { heldOutVoice, trainingVoices, voices, type VoiceName } from './voices';
