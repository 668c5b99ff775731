import { seedCustomer } from '../../test/support/customers.ts';
import { signIn } from '../../test/support/sign-in.ts';
import { rawRequest } from './load-result.ts';
import { monotonicMs } from './stream-audience.ts';

const { id: _id, ...document } = seedCustomer;

/** Who works with customers and orders of the running product. */
export class BackOffice {
  readonly #port: number;
  readonly #token: string;

  private constructor(port: number, token: string) {
    this.#port = port;
    this.#token = token;
  }

  static async at(port: number): Promise<BackOffice> {
    const scope = 'read:accounts write:accounts read:orders write:orders admin';
    return new BackOffice(port, await signIn(`http://127.0.0.1:${port}`, 'back-office', scope));
  }

  /** Makes a customer as large as the seed's, another one each time it is sent. */
  get creation(): string {
    return this.#raw('/accounts/customer/create', document);
  }

  /** One order for each customer. */
  ordersOf(customerIds: readonly string[]): string[] {
    return customerIds.map((customerId) => {
      const items = [{ productId: 'cup', title: 'Cup', price: '3.50', quantity: 2 }];
      return this.#raw('/orders', { customerId, items });
    });
  }

  /** Gives a customer another name. @throws Error when the product refuses */
  async rename(id: string, firstName: string): Promise<void> {
    const body = { ...document, id, name: { ...document.name, firstName } };
    const answer = await this.#ask('POST', '/accounts/customer/create', body);
    if (answer.status > 201) throw new Error(`renaming ${id} was answered ${answer.status}`);
  }

  /** First name in the document of orders; undefined when it knows none. */
  async nameInOrders(id: string): Promise<string | undefined> {
    const { body } = await this.#ask('GET', `/orders/order/${id}`);
    const { name } = body as { readonly name?: { readonly firstName: string } | null };
    return name?.firstName;
  }

  /** @returns milliseconds from the 200 of accounts until the document of orders shows the change */
  async delayOfChange(id: string, firstName: string): Promise<number> {
    await this.rename(id, firstName);
    const answeredAtMs = monotonicMs();
    while ((await this.nameInOrders(id)) !== firstName) {
      if (monotonicMs() - answeredAtMs > 10_000) throw new Error(`orders do not hear of ${id}`);
    }
    return monotonicMs() - answeredAtMs;
  }

  /** @returns milliseconds from asking to erase a customer until nothing of the person can be read anywhere */
  async erase(id: string): Promise<number> {
    const startedAtMs = monotonicMs();
    const { status } = await this.#ask('DELETE', `/accounts/customer/${id}`);
    if (status !== 204) throw new Error(`erasing ${id} was answered ${status}`);
    const isGone = async (): Promise<boolean> => {
      const [customer, history, order] = await Promise.all([
        this.#ask('GET', `/accounts/customer/${id}`),
        this.#ask('GET', `/accounts/customer/${id}/history`),
        this.#ask('GET', `/orders/order/${id}`),
      ]);
      const told = JSON.stringify([customer.body, history.body, order.body]);
      return customer.status === 410 && !told.includes(document.name.lastName);
    };
    while (!(await isGone())) {
      if (monotonicMs() - startedAtMs > 10_000) throw new Error(`${id} can still be read`);
    }
    return monotonicMs() - startedAtMs;
  }

  #raw(path: string, body: object): string {
    const headers = { authorization: `Bearer ${this.#token}` };
    return rawRequest({ port: this.#port, method: 'POST', path, body, headers });
  }

  async #ask(method: string, path: string, body?: object): Promise<{ status: number; body: unknown }> {
    const answer = await fetch(`http://127.0.0.1:${this.#port}${path}`, {
      method,
      headers: { authorization: `Bearer ${this.#token}`, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await answer.text();
    return { status: answer.status, body: text === '' ? undefined : (JSON.parse(text) as unknown) };
  }
}
