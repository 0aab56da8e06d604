/**
 * What a trained model may consist of: safetensors, CTranslate2 and JSON, never pickle. An artifact with any other file is refused
 * whole, because whoever loads a version trusts its manifest.
 */
const allowed = [
  /^adapter\/[\w.-]+\.(safetensors|json)$/,
  /^ctranslate2\/[\w.-]+\.(bin|json|txt)$/,
  /^model-card\.json$/,
];

export function isAllowedInArtifact(path: string): boolean {
  return allowed.some((form) => form.test(path));
}

/** Without these nothing can be served. */
export const requiredInArtifact = ['ctranslate2/model.bin', 'model-card.json'] as const;

const ZIP = [0x50, 0x4b, 0x03, 0x04];
const PICKLE_PROTOCOL = 0x80;
const NEWEST_PICKLE = 5;

/** True for the first bytes of a pickle (protocol 2 to 5) or of a zip, which is what PyTorch wraps pickles in. */
export function looksLikePickle(head: Uint8Array): boolean {
  const [first, second] = head;
  const isPickle = first === PICKLE_PROTOCOL && second !== undefined && second >= 2 && second <= NEWEST_PICKLE;
  return isPickle || ZIP.every((byte, i) => head[i] === byte);
}
