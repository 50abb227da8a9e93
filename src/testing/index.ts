/** `skitai/testing`: starts the real app in processes of its own and talks to it. Spec rows V1, V2. */
export { launch, testClient } from "./start.ts";
export { TestClient } from "./client.ts";
export { CookieJar } from "./cookies.ts";
export { Result } from "./result.ts";
export type { Engine, LaunchOptions, TestOptions } from "./start.ts";
export type { DataOptions, Fields, FileFields, Query, RequestOptions } from "./request.ts";
export type { Segment, Stub, StubCalls } from "./stub.ts";
