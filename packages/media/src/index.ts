export * from './audio.errors';
export * from './normalize';
export { SandboxFailed } from './sandbox';
export * from './sniff';
