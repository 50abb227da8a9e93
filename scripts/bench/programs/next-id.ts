let last = 999;

/** Every row in turn, 1000 to 1999. */
export const nextId = (): number => (last = last === 1999 ? 1000 : last + 1);
