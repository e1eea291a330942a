/** Minor versions of Docker's API 1.x that the daemon accepts. */
export const oldestMinor = 24;
export const newestMinor = 51;

/** Oldest and newest version of Docker's API. */
export const oldestVersion = `1.${oldestMinor}`;
export const newestVersion = `1.${newestMinor}`;

/** Version of Docker Engine that serves this API. Clients compare it with the oldest version that they support. */
export const dockerVersion = "28.5.2";
