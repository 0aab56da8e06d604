/** What would stand on a statement cannot be true: none is made, and a person has to look. */
export class ImpossibleBill extends Error {
  constructor(readonly reason: string) {
    super(`no statement can be made: ${reason}`);
    this.name = 'ImpossibleBill';
  }
}
