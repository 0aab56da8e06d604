import type { Quote } from '@attune/events';
import type { RunQuote } from './hold';

export function toWireQuote(quote: RunQuote): Quote {
  return {
    used_ms: Number(quote.usedMs),
    new_ms: Number(quote.newMs),
    included_ms: Number(quote.includedMs),
    overage_ms: Number(quote.overageMs),
    amount_cents: Number(quote.amountCents),
    currency: quote.book.currency,
    price_book: quote.book.version,
  };
}
