import type { Sealed } from '../core/catalog/resources.ts';
import type { OrganizationId } from '../core/ids.ts';
import { deriveSealingKeys, NONCE_BYTES, open, type SealingKeys, seal } from '../core/sealing.ts';
import type { Dice } from '../ports/dice.ts';
import type { Vault } from './engine.ts';

/** Seals and opens secrets with the keys made from the main secrets. */
export class SealedVault implements Vault {
  readonly #keys: SealingKeys;
  readonly #dice: Dice;

  constructor(mainSecrets: readonly string[], dice: Dice) {
    this.#keys = deriveSealingKeys(mainSecrets);
    this.#dice = dice;
  }

  seal(organization: OrganizationId, rowId: string, text: string): Sealed {
    const nonce = this.#dice.bytes(NONCE_BYTES);
    return seal(text, { keys: this.#keys, nonce, context: { organization, id: rowId } });
  }

  open(organization: OrganizationId, rowId: string, sealed: Sealed): string {
    return open(sealed, { keys: this.#keys, context: { organization, id: rowId } });
  }
}
