/** The calculator's only door for other modules: its events. */
export { valueEvents, type ValueEvent } from './domain/value.events';
