/** How many items a list call asks for at once. */
export const PAGE_SIZE = 100;

/** Every item of a list, over all its pages. */
export async function allPages<T>(
  load: (page: { offset: number; limit: number }) => Promise<{ total_results: number; result: T[] }>,
): Promise<T[]> {
  const all: T[] = [];
  for (;;) {
    const page = await load({ offset: all.length, limit: PAGE_SIZE });
    all.push(...page.result);
    if (page.result.length === 0 || all.length >= page.total_results) return all;
  }
}
