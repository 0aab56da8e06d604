/** A calendar month as it is written, `2026-01`. */
export const monthPattern = /^\d{4}-(0[1-9]|1[0-2])$/;
