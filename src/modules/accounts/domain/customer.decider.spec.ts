import { specification } from '../../../kernel/specification';
import { EraseCustomerCommand, SaveCustomerCommand } from './customer.commands';
import { customer, customerDecider } from './customer.decider';
import { exampleCustomer, type Customer } from './customer.document';
import type { CustomerEvent } from './customer.events';

const metadata = { commandId: 'c', identity: 'alice', correlationId: 'c', receivedAt: 1 };
const other = 'siv1.AAAAAAAAAAAAAAAAAAAAAAAAAAAA';
const save = (document: Customer) => new SaveCustomerCommand('123456', { customer: document }, metadata);
const erase = new EraseCustomerCommand('123456', {}, metadata);
const created: CustomerEvent = { type: 'CustomerCreated', data: { customer: exampleCustomer } };
const erased: CustomerEvent = { type: 'CustomerErased', data: {} };
const { given } = specification(customerDecider);

describe('A customer', () => {
  it('is created, and replaced by a document that is other', () => {
    const [card] = exampleCustomer.creditCards;
    if (card === undefined) throw new Error('the example has a card');
    const changed: Customer = {
      ...exampleCustomer,
      name: { ...exampleCustomer.name, suffix: other },
      addresses: [],
      creditCards: [{ ...card, last4: '1111', hash: 'h' }],
    };

    given().when(save(exampleCustomer)).thenEvents(created);
    given(created).when(save(exampleCustomer)).thenEvents();
    given(created)
      .when(save(changed))
      .thenEvents({
        type: 'CustomerChanged',
        data: {
          customer: changed,
          changed: [
            'name.suffix',
            'creditCards[0].number',
            'addresses[0].type',
            'addresses[0].address1',
            'addresses[0].city',
            'addresses[0].state',
            'addresses[0].postalCode',
          ],
        },
      });
  });

  it('is erased once, and stays so', () => {
    given(created).when(erase).thenEvents(erased);
    given(created, erased).when(erase).thenEvents();
    given(created, erased).when(save(exampleCustomer)).thenRejected('CUSTOMER_ERASED');
    given().when(erase).thenRejected('CUSTOMER_NOT_FOUND');
  });

  it('is told to be new to who has created it', () => {
    expect(customer.reply(null, save(exampleCustomer) as never, [created] as never)).toEqual({
      id: '123456',
      created: true,
    });
    expect(customer.reply(null, save(exampleCustomer) as never, [])).toEqual({ id: '123456', created: false });
  });

  it.each(['Rajesh', 'siv1.short', '****'])('takes nothing that is not sealed: %s', (clear) => {
    const { contact } = exampleCustomer;
    const leaked = { ...exampleCustomer, contact: { ...contact, email: clear } };

    expect(SaveCustomerCommand.schema.safeParse({ customer: leaked }).success).toBe(false);
    expect(() => customer.events.decode('CustomerCreated', 1, { customer: leaked })).toThrow('does not match');
  });
});
