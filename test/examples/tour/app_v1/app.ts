import type { Context } from "skitai";

/** A plain fetch function: no framework at all. */
export const app = (request: Request, context: Context): Response => {
  const { pathname } = new URL(request.url);
  return pathname === "/"
    ? new Response(`Hello World Ver.1, my style is ${context.urlFor("/style.css")}\n`)
    : new Response(`Ver.1 has no ${pathname}\n`, { status: 404 });
};
