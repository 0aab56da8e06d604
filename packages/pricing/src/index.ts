export { checkBook, standardBook, type PriceBook } from './price-book';
export { delta, price, rate, type Rating, type RatedUsage } from './price';
