import { Injectable } from '@nestjs/common';
import { decimalText } from '../../kernel/money';
import { PersonalData } from '../../platform/keys/personal-data';
import { PersonCipher } from '../../platform/keys/person-cipher';
import type { DocumentDto } from './documents.dto';
import type { CustomerOrderDto } from './orders.dto';
import type { DocumentRow, OrderDetails } from './views/document.view';

/** Puts documents together, and opens what is sealed in them. */
@Injectable()
export class DocumentsReader {
  constructor(private readonly keys: PersonalData) {}

  /**
   * @param parts all rows of one customer
   * @returns `undefined` when nobody knows the customer, and nobody did
   * @throws ViewsUnavailable the keys are out of reach
   */
  async document(id: string, parts: readonly DocumentRow[]): Promise<DocumentDto | undefined> {
    const key = await this.keys.of(id);
    if (parts.length === 0 && key !== 'erased') return undefined;
    const sealed = parts.find(({ customer }) => customer !== null)?.customer ?? null;
    const { name, contact, addresses } =
      sealed !== null && key instanceof PersonCipher
        ? key.openLeaves(sealed)
        : { name: null, contact: null, addresses: [] };
    return { id, name, contact, addresses, orders: parts.flatMap(shownOrder) };
  }
}

/** An order as it is shown; nothing for the row of the customer. */
export function shownOrder({ order_id: orderId, details }: DocumentRow): CustomerOrderDto[] {
  return details === null ? [] : [{ orderId, ...shownDetails(details) }];
}

function shownDetails({ status, items, total, placedAt }: OrderDetails): Omit<CustomerOrderDto, 'orderId'> {
  return {
    status,
    items: items.map(({ price, ...item }) => ({ ...item, price: decimalText(price) })),
    total,
    placedAt: new Date(placedAt).toISOString(),
  };
}
