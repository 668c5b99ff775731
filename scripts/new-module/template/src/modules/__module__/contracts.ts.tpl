/** The only door of this module for others: its events. */
export { __nounName__Events, type __Noun__Event } from './domain/__noun__.events';
