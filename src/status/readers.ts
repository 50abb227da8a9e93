/** Pages that are open at once in one process. */
const most = 50;

/** Ends them. */
const open = new Set<() => void>();

/** @returns false when there are too many */
export function addReader(end: () => void): boolean {
  if (open.size >= most) return false;
  open.add(end);
  return true;
}

export const removeReader = (end: () => void): void => void open.delete(end);

/** At the end of a process, which would wait for its readers: they come back by themselves, to another one. */
export function endReaders(): void {
  for (const end of open) end();
}
