/**
 * What a websocket is, values of the reference that are OR-ed: `WS_CHANNEL | WS_SESSION`. Spec X1.
 *
 * - `WS_SIMPLE`, `WS_CHANNEL`: a message comes in, what the handler returns goes out.
 * - `WS_GROUPCHAT`: the same, but what it returns goes to all clients of the room that the query names.
 * - `WS_SESSION`: a generator for each connection, that receives by `yield` and sends by `yield value`.
 * - `WS_THREADSAFE`: messages of one connection are handled one after the other, in their order. This is how it is
 *   without a flag too; it wins over `WS_NOTHREAD`. The value is that of the later versions: 134 of the earlier ones
 *   cannot be told from others once it is OR-ed with `WS_GROUPCHAT`.
 * - `WS_NOTHREAD`, `WS_NQ`: no queue. The handler is called for each message as it comes, also while others wait for
 *   something; answers are sent in the order in which they are ready.
 */
export const WS_SIMPLE = 1;
export const WS_CHANNEL = 1;
export const WS_GROUPCHAT = 5;
export const WS_NOTHREAD = 128;
export const WS_NQ = 128;
export const WS_SESSION = 256;
export const WS_THREADSAFE = 512;
