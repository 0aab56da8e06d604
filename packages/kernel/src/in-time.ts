/**
 * What `answer` resolves or rejects with, unless that takes longer than `ms` milliseconds: then it rejects with `message`, and whatever
 * comes later is dropped.
 */
export async function inTime<T>(answer: Promise<T>, ms: number, message = 'no answer in time'): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(message)), ms);
  });
  try {
    return await Promise.race([answer, late]);
  } finally {
    clearTimeout(timer);
  }
}
