import { TsRestModule } from '@ts-rest/nest';

/** ts-rest as the house uses it: answers are checked against the contract too, and refusals go to the one error filter. */
export const tsRestModule = TsRestModule.register({ isGlobal: true, validateResponses: true });
