import 'reflect-metadata';
import { bootstrap } from '../../src/bootstrap';
import { PaymentsModule } from '../../src/modules/payments/payments.module';
import { simulatorAt } from '../../src/modules/payments/payments.simulator';
import type { SimulationPace } from '../../src/modules/payments/simulation.pace';
import { PlatformModule } from '../../src/platform/platform.module';

const users = 1_000;
const paymentsPerSecond = 200;

/** Some ask for money too, and are paid; nobody is real. */
const pace: SimulationPace = {
  usersMax: users,
  everyMs: {
    register: 10,
    'pay-virtual': 1_000 / paymentsPerSecond,
    'pay-real': 3_600_000,
    'ask-virtual': 100,
    'ask-real': 3_600_000,
    settle: 20,
    look: 2_000,
  },
  inFlightMax: 64,
};
const payments = { ...PaymentsModule.feature, tasks: [simulatorAt(pace)] };

/** The payments of the product, with a thousand virtual users in place of fifty, who pay two hundred times a second. */
void bootstrap({
  modules: (settings) => [PlatformModule.forRoot([payments], settings), { module: PaymentsModule }],
});
