// How much longer than on a developer's machine waiting may take: PATIENCE=8 under emulation.
export const patience = Number(process.env['PATIENCE'] ?? 1);
