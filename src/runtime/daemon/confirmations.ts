/** Folder where it is kept what was confirmed, unless told otherwise. */
export const defaultConfirmations = '/var/lib/policyd';
