/** A static web server. */
export interface FolderServer {
  /** Address of the folder, with a slash at its end. */
  address: string;
  /** Requested paths that are no files of the folder. */
  missing: string[];
  stop(): Promise<void>;
}

/** Serves the files of a folder at a path of a server on loopback. */
export function serveFolder(folder: string, at: string): FolderServer {
  const missing: string[] = [];
  const server = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    async fetch({ url }) {
      const { pathname } = new URL(url);
      const path = decodeURIComponent(pathname.replace(/\/$/, "/index.html"));
      const file = Bun.file(`${folder}/${path.slice(at.length)}`);
      if (path.startsWith(at) && (await file.exists())) return new Response(file);
      missing.push(path);
      return new Response("not found", { status: 404 });
    },
  });
  return { address: new URL(at, server.url).href, missing, stop: () => server.stop(true) };
}
