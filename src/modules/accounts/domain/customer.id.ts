/** How customers are named. */
export const CUSTOMER_ID = /^[A-Za-z0-9._-]{1,64}$/;
